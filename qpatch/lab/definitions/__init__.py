# SPDX-License-Identifier: GPL-2.0-or-later
"""What runs are made of, as data: machines, device profiles, scenarios, and how releases of QEMU differ."""
