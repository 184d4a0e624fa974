# SPDX-License-Identifier: GPL-2.0-or-later
"""Named predicates on the source of a tree, computed from the code and never from its version."""
