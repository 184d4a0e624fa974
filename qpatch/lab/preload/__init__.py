# SPDX-License-Identifier: GPL-2.0-or-later
"""The preload lab: a library that is loaded before QEMU (LD_PRELOAD) is the kernel's VFIO and the device behind it.

All that is particular to this lab is in this package: the library and the guests that it compiles, the library's
configuration and log, the sysfs directories that QEMU looks for, and bundles that repeat a run.
"""
