# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules that a bundle has in the place of others: those read data that qpatch has checked, and need no package."""
