# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel modules as files: what each needs, and the order in which they are loaded without depmod."""

from __future__ import annotations

import lzma
import re
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_NEEDS = re.compile(rb"\0depends=([^\0]*)\0")
_XZ = ".xz"


def module_name(file: str) -> str:
    """Return what the kernel calls the module in `file`: without a suffix, and with underscores."""
    return file.partition(".")[0].replace("-", "_")


def by_name(files: Iterable[Path]) -> dict[str, Path]:
    """Return modules by their names; of two with one name, the first."""
    found: dict[str, Path] = {}
    for file in files:
        found.setdefault(module_name(file.name), file)
    return found


def content(module: Path) -> bytes:
    """Return the module as the kernel loads it, unpacked."""
    packed = module.read_bytes()
    return lzma.decompress(packed) if module.suffix == _XZ else packed


def loading_order(wanted: Iterable[str], known: Mapping[str, Path]) -> list[Path]:
    """Return the modules `wanted` (by their names) with all that they need, each after what it needs itself.

    What a module needs and nobody knows is taken to be built into the kernel: the kernel says so where it is not.
    Raises EnvironmentFault `module-missing` where one that is wanted is not there.
    """
    ordered: dict[str, Path] = {}
    entered: set[str] = set()

    def add(name: str) -> None:
        if name not in known or name in entered:
            return
        entered.add(name)
        for needed in _needs(known[name]):
            add(needed)
        ordered[name] = known[name]

    for name in map(module_name, wanted):
        if name not in known:
            raise EnvironmentFault("module-missing", f"there is no module {name} among {', '.join(sorted(known))}")
        add(name)
    return list(ordered.values())


def _needs(module: Path) -> list[str]:
    found = _NEEDS.search(content(module))
    return [module_name(name) for name in found[1].decode().split(",") if name] if found else []
