# SPDX-License-Identifier: GPL-2.0-or-later
"""The kinds of anchors: `table` has one row for each, the other modules say how they are found and worked on."""
