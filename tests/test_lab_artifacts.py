# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's own library and guests: compiled once, whole or not at all, with words for what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from miniature_support import other_compiler

from qpatch.errors import EnvironmentFault, ExitCode
from qpatch.lab.preload.artifacts import SOURCES, prepare
from qpatch.strategy.places import shipped
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
needs_programs = pytest.mark.skipif(not all(map(shutil.which, ("cc", "make", "setpriv"))), reason="no compiler")
# Notes in the file `made` beside the sources what it makes.
MAKEFILE = """\
$(O)/%: source.c
\techo $* >>made
\tcc -c source.c -o $@
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A directory with sources that compile quickly."""
    for folder in ("emu", "guest"):
        (tmp_path / "sources" / folder).mkdir(parents=True)
        (tmp_path / "sources" / folder / "Makefile").write_text(MAKEFILE)
        (tmp_path / "sources" / folder / "source.c").write_text("int one;\n")
    (tmp_path / "sources" / "abi").mkdir()
    (tmp_path / "sources" / "abi" / "shared.h").touch()
    return tmp_path / "sources"


def made(sources: Path, folder: str = "emu") -> list[str]:
    file = sources / folder / "made"
    return file.read_text().split() if file.exists() else []


def prepared(sources: Path, guests: Sequence[str] = ()) -> Path:
    return prepare(guests, NoProgress(), sources=sources, store=sources.parent / "store").library


@needs_programs
def test_what_was_compiled_once_is_looked_up(sources: Path) -> None:
    first = prepared(sources)
    assert first.is_file()
    assert prepared(sources) == first
    assert made(sources) == ["libqpatch-emu.so"]


@needs_programs
def test_only_the_guests_that_are_wanted(sources: Path) -> None:
    found = prepare(["x86_64"], NoProgress(), sources=sources, store=sources.parent / "store")
    assert list(found.guests) == ["x86_64"]
    assert found.guests["x86_64"].is_file()
    assert made(sources, "guest") == ["guest-x86_64.bin"]


@needs_programs
@pytest.mark.parametrize("file", ["emu/source.c", "emu/Makefile", "emu/new.h", "emu/new.def", "abi/shared.h"])
def test_changed_sources_are_compiled_again(sources: Path, file: str) -> None:
    first = prepared(sources)
    with (sources / file).open("a") as source:
        source.write("\n")
    second = prepared(sources)
    assert second != first
    assert first.is_file()
    assert len(made(sources)) == 2


@needs_programs
def test_another_compiler_makes_another_library(sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepared(sources)
    monkeypatch.setenv("PATH", f"{other_compiler(tmp_path / 'bin')}:{os.environ['PATH']}")
    assert prepared(sources) != first


@needs_programs
def test_flags_of_the_environment_do_not_matter(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKEFLAGS", "--no-such-flag")
    monkeypatch.setenv("CFLAGS", "-nonsense")
    assert prepared(sources).is_file()


@needs_programs
def test_a_library_that_was_removed_is_made_again(sources: Path) -> None:
    prepared(sources).unlink()
    assert prepared(sources).is_file()


@needs_programs
def test_the_first_error_of_the_compiler_is_told_and_nothing_is_left(sources: Path) -> None:
    (sources / "emu" / "source.c").write_text("int one;\nint two = three;\nint four = five;\n")
    with pytest.raises(EnvironmentFault, match=r"source\.c:2:11: .*three.*undeclared") as caught:
        prepared(sources)
    assert (caught.value.code, caught.value.exit_code) == ("lab-artifacts-failed", ExitCode.ENVIRONMENT)
    store = sources.parent / "store"
    assert sorted(path.name for path in store.iterdir()) == ["libqpatch-emu.so.log", "lock"]
    (sources / "emu" / "source.c").write_text("int one;\n")
    assert prepared(sources).is_file()


@needs_programs
def test_a_make_that_makes_nothing(sources: Path) -> None:
    (sources / "emu" / "Makefile").write_text("%:\n\techo nothing to do here\n")
    with pytest.raises(EnvironmentFault, match="nothing to do here"):
        prepared(sources)


def test_sources_that_are_not_there(sources: Path) -> None:
    shutil.rmtree(sources / "emu")
    with pytest.raises(EnvironmentFault, match="not whole"):
        prepared(sources)


@needs_programs
@pytest.mark.parametrize(
    ("missing", "package"), [("make", "make"), ("cc", "gcc"), ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu")]
)
def test_a_missing_program_is_named_with_the_command_that_installs_it(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, package: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in {"cc", "gcc", "make", "setpriv", "aarch64-linux-gnu-gcc", "sh", "as", "ld"} - {missing}:
        (programs / name).symlink_to(shutil.which(name) or "/bin/true")
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(EnvironmentFault) as caught:
        prepared(sources, ["aarch64"])
    assert caught.value.code == "requirements-missing"
    assert f"{missing} is not on PATH" in caught.value.message
    assert caught.value.hint == f"as root: apt-get update && apt-get install --no-install-recommends {package}"


@needs_programs
def test_two_at_a_time_compile_once(sources: Path) -> None:
    script = (
        "import sys, pathlib; from qpatch.lab.preload.artifacts import prepare; "
        "from qpatch.trees.progress import NoProgress; "
        "sources, store = map(pathlib.Path, sys.argv[1:]); "
        "print(prepare([], NoProgress(), sources=sources, store=store).library)"
    )
    command = [sys.executable, "-c", script, str(sources), str(sources.parent / "store")]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)]
    first, second = (process.communicate(timeout=60)[0] for process in processes)
    assert first == second
    assert len(made(sources)) == 1


@needs_programs
def test_sources_ship_in_the_wheel(tmp_path: Path) -> None:
    build = pytest.importorskip("hatchling.build", reason="the wheel cannot be built here")
    del build
    done = subprocess.run(
        [sys.executable, "-c", "import hatchling.build as b, sys; print(b.build_wheel(sys.argv[1]))", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(tmp_path / done.stdout.split()[-1])],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"qpatch/shipped/{SOURCES}/emu/Makefile" in names


def test_the_sources_are_found_in_a_checkout() -> None:
    assert (shipped() / SOURCES).is_dir()
