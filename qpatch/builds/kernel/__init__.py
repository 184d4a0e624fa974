# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds of Linux: modules against a distribution's headers, and the lab's own kernel."""
