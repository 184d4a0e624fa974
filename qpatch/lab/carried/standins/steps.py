# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for `qpatch.lab.definitions.steps` in a bundle: the kinds of steps by their names, without any check."""

from __future__ import annotations

from qpatch.lab.carried.plain import class_of


def __getattr__(name: str) -> type:
    """Return the kind of steps that is called `name`."""
    if name.startswith("__"):
        raise AttributeError(name)
    return class_of(name)
