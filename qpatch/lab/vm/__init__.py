# SPDX-License-Identifier: GPL-2.0-or-later
"""The vm lab: a real kernel, booted under TCG, whose own VFIO is used by programs and by QEMUs in it."""
