# SPDX-License-Identifier: GPL-2.0-or-later
"""The tests of VFIO's uAPI (kernel-selftests/uapi): compiled, run on devices, and read."""
