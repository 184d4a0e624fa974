# SPDX-License-Identifier: GPL-2.0-or-later
"""qpatch: turns a design argument on a mailing list into RFC patch series on any release."""

__version__ = "0.1.0"
