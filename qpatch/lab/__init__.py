# SPDX-License-Identifier: GPL-2.0-or-later
"""The preload lab: real QEMU processes migrate an emulated VFIO device; what was seen becomes a verdict."""
