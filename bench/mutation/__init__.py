# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutation testing: change one token of the code, and see whether a unit test notices."""
