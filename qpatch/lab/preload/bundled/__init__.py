# SPDX-License-Identifier: GPL-2.0-or-later
"""What a bundle has besides the lab's own modules: what repeats and judges."""
