# SPDX-License-Identifier: GPL-2.0-or-later
"""What an edit does at its anchor: hunks, additions, deletions, moves, signatures; and why it could not."""
