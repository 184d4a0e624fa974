# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries the lab's own code to where there is Python and no package: into bundles, and into virtual machines."""
