# SPDX-License-Identifier: GPL-2.0-or-later
"""From edits to commits, mails and checks."""
