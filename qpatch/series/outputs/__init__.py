# SPDX-License-Identifier: GPL-2.0-or-later
"""The forms, besides mails, in which a series leaves qpatch; one module each, listed in `kinds`."""
