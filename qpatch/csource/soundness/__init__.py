# SPDX-License-Identifier: GPL-2.0-or-later
"""What edits would break without showing it: the flow of control, returns, labels, names lost or there twice."""
