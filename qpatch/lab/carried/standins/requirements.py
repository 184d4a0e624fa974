# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for `qpatch.requirements` in a bundle: which program is missing, but not how to install it."""

from __future__ import annotations

from qpatch.errors import EnvironmentFault


def missing_program(name: str) -> EnvironmentFault:
    """Return the error for a program that is not on PATH."""
    return EnvironmentFault("program-missing", f"{name} is not on PATH")
