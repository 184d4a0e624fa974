# SPDX-License-Identifier: GPL-2.0-or-later
"""Many runs: what is to be run with which program, several at a time, and what is reported of them."""
