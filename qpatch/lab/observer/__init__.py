# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what a run left, and says what happened: timeline, figures, verdict, picture."""
