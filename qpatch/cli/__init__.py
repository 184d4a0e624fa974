# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: one module per verb, parsing and printing only."""
