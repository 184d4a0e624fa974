# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares names, to tell what a symbol that is gone may be called now."""

from __future__ import annotations

import difflib


def likeness_of_names(old: str, new: str) -> float:
    """Return from 0 to 1 how alike two names are.

    The order of their words does not matter, and a name with all the words of the old one, and more, is as good as the
    same (`vfio_pci_reset` for `vfio_reset`): names get prefixes. The opposite says nothing: the shorter name is the
    more general one.
    """
    mine, others = old.split("_"), new.split("_")
    if set(mine) <= set(others):
        return 1.0
    in_order = difflib.SequenceMatcher(None, old, new).ratio()
    return max(in_order, difflib.SequenceMatcher(None, "_".join(sorted(mine)), "_".join(sorted(others))).ratio())


def are_alike(old: str, new: str, least: float) -> bool:
    """Tell whether the likeness of two names is at least `least`; quick where they have little in common."""
    if set(old.split("_")) <= set(new.split("_")):
        return True
    quick = difflib.SequenceMatcher(None, old, new)  # Its bounds hold in whatever order the words are.
    return quick.real_quick_ratio() >= least <= quick.quick_ratio() and likeness_of_names(old, new) >= least


def stems_of(name: str) -> tuple[str, ...]:
    """Return what other names must have to be looked at where all of a tree is: all words of `name` but one at an end.

    None for a name of one word.
    """
    words = [word for word in name.split("_") if word]
    return ("_".join(words[:-1]), "_".join(words[1:])) if words[1:] else ()
