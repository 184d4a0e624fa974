# SPDX-License-Identifier: GPL-2.0-or-later
"""The structure of the C code: files form layers, and every file names its license."""

from __future__ import annotations

import re
import shutil
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from release_support import need

ROOT = Path(__file__).parents[1] / "kernel-selftests"
_INCLUDE = re.compile(r'^#include "([^"]+\.h)"', re.MULTILINE)  # and not tables, *.def
# -Wall rejects calls of what no included header declares, so that calls cannot run in circles, either.
SOURCES = sorted(file for file in ROOT.rglob("*") if file.suffix in (".c", ".h"))


def includes(file: Path) -> set[Path]:
    return {(file.parent / name).resolve() for name in _INCLUDE.findall(file.read_text(encoding="utf-8"))}


def test_no_file_includes_in_a_circle() -> None:
    """A `.c` and the header of its name are one part."""
    graph: dict[Path, set[Path]] = {}
    for file in SOURCES:
        part = file.with_suffix("")
        graph.setdefault(part, set()).update({other.with_suffix("") for other in includes(file)} - {part})
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError with the circle
    assert {part.name for part in order} >= {"device", "interpose", "platform", "machine"}


@pytest.mark.parametrize(
    "folder",
    ["emu/device", "emu/preload", "module", "guest", "guest/aarch64", "guest/x86_64", "guest/linux", "uapi/vfio/lib"],
)
def test_every_file_includes_its_own_header_first(folder: str) -> None:
    wrong = [
        source.name
        for source in sorted((ROOT / folder).glob("*.c"))
        if (header := source.with_suffix(".h")).exists()
        and _INCLUDE.findall(source.read_text(encoding="utf-8"))[:1] != [header.name]
    ]
    assert not wrong


def test_the_device_knows_nothing_of_its_users_but_what_they_agree_on() -> None:
    device, shared = ROOT / "emu" / "device", ROOT / "abi"
    outside = {other for file in device.glob("*.[ch]") for other in includes(file) if other.parent != device}
    assert {other.parent for other in outside} == {shared}
    assert not any(includes(file) for file in shared.glob("*.h"))


def test_every_source_file_names_its_license() -> None:
    files = [file for file in ROOT.rglob("*") if file.is_file() and file.suffix not in (".md", ".o")]
    unnamed = [
        str(file.relative_to(ROOT)) for file in files if "SPDX-License-Identifier: GPL-2.0-or-later" not in _first(file)
    ]
    assert not unnamed
    assert len(files) > 100


@pytest.mark.tree
@pytest.mark.skipif(not shutil.which("perl"), reason="no perl")
def test_the_module_is_in_the_style_of_the_kernel(tmp_path: Path) -> None:
    """As kbuild compiles it: what checkpatch says of the model, which user space compiles too, is not asked."""
    with need("linux-6.12").open() as tree:
        for name in ("checkpatch.pl", "spelling.txt", "const_structs.checkpatch"):
            (tmp_path / name).write_bytes(tree.read(f"scripts/{name}") or b"")
    files = sorted((ROOT / "module").glob("*.[ch]"))
    command = ["perl", str(tmp_path / "checkpatch.pl"), "--strict", "--no-tree", "--terse", "-f", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout
    assert len(files) > 5


@pytest.mark.skipif(
    not all(map(shutil.which, ("make", "aarch64-linux-gnu-gcc"))), reason="no make, or no compiler for aarch64"
)
def test_the_program_of_the_linux_guest_has_all_that_the_shared_driver_needs(tmp_path: Path) -> None:
    """Its machine and interrupts are Linux's: what the shared files come to call has to be there as well."""
    done = subprocess.run(
        ["make", "-s", "-C", str(ROOT / "guest"), f"O={tmp_path}", "linux"], capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stderr
    assert (tmp_path / "guest-linux-aarch64").is_file()


def _first(file: Path) -> str:
    """Return the first line, or the one after a script's interpreter."""
    first, _, rest = file.read_text(encoding="utf-8").partition("\n")
    return rest.split("\n", 1)[0] if first.startswith("#!") else first
