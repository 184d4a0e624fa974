# SPDX-License-Identifier: GPL-2.0-or-later
"""Cells and their results: what was asked for, what became of it, as plain data that JSON holds and gives back."""
