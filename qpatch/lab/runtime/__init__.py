# SPDX-License-Identifier: GPL-2.0-or-later
"""Carries out one run: starts the processes, leads them through the scenario, and always ends them."""
