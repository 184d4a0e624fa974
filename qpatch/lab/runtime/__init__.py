# SPDX-License-Identifier: GPL-2.0-or-later
"""One run with QEMU processes on this machine, for any lab: starts them, does the scenario's steps, ends them."""
