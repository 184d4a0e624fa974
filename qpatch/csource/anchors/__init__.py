# SPDX-License-Identifier: GPL-2.0-or-later
"""What an edit holds on to: finding the symbol, checking that it is as the strategy says, the block inside it."""
