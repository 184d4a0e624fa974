# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutants of the code that edits are made on, with the right answer known by how each is made; see docs/mutants.md."""
