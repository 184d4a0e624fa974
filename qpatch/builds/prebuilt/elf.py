# SPDX-License-Identifier: GPL-2.0-or-later
"""What a program or library needs of others, read from its ELF file: sonames, the loader, the C library's version.

Running the loader (`ldd`) would tell as well, but it looks at this machine's libraries too: the answer must be the same
on every machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.segments import InterpSegment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")


@dataclass(frozen=True)
class ElfNeeds:
    """What one ELF file needs: `glibc` is the newest version of the C library's symbols, `loader` '' for a library."""

    sonames: tuple[str, ...]
    glibc: tuple[int, int]
    loader: str


def read_needs(file: Path) -> ElfNeeds | None:
    """Return what `file` needs, None where it is no ELF file."""
    try:
        with file.open("rb") as opened:
            elf = ELFFile(opened)
            loaders = [
                segment.get_interp_name() for segment in elf.iter_segments() if isinstance(segment, InterpSegment)
            ]
            return ElfNeeds(
                tuple(_sonames(elf)), max(_glibc_versions(elf), default=(0, 0)), loaders[0] if loaders else ""
            )
    except ELFError:
        return None


def _sonames(elf: ELFFile) -> Iterator[str]:
    for section in elf.iter_sections():
        if isinstance(section, DynamicSection):
            tags: Iterator[Any] = section.iter_tags("DT_NEEDED")  # their attribute `needed` is made at run time
            yield from (tag.needed for tag in tags)


def _glibc_versions(elf: ELFFile) -> Iterator[tuple[int, int]]:
    for section in elf.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for _, versions in section.iter_versions():
                matches = (_GLIBC.fullmatch(version.name) for version in versions)
                yield from ((int(match[1]), int(match[2])) for match in matches if match)
