# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds of QEMU and the kernel: each patch of a series, from one build per release that is kept."""
