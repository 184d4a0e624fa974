# SPDX-License-Identifier: GPL-2.0-or-later
"""Labs: QEMU processes migrate a VFIO device; what happened becomes a timeline, and the timeline a verdict."""
