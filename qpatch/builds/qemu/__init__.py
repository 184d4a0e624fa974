# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds of QEMU: configure in a virtual environment, ninja, and which objects a change concerns."""
