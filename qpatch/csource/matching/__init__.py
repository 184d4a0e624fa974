# SPDX-License-Identifier: GPL-2.0-or-later
"""Semantic hunks: reading them, compiling them into patterns, matching, and turning a match into replacements."""
