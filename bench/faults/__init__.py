# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults that are planted in QEMU, in the device and in the guest, and what the lab says of each: docs/lab-truth.md."""
