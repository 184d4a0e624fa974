# SPDX-License-Identifier: GPL-2.0-or-later
"""Expresses commits of a git history as strategies, mechanically, and renders each on its own parent."""
