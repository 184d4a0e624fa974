# SPDX-License-Identifier: GPL-2.0-or-later
"""What ninja is asked to make, what its counts become, and which generated files belong to a file of QEMU."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from qpatch.builds.backend import BuildDirectories, BuildFailed
from qpatch.builds.qemu.backend import QemuBackend
from qpatch.builds.qemu.ninja import run_ninja
from qpatch.builds.qemu.objects import generated_from, is_code
from qpatch.builds.qemu.venv import python_environment
from qpatch.builds.recipe import QemuRecipe, QemuTarget, qemu_recipe
from qpatch.builds.running import Runner
from qpatch.builds.toolchain import compiler_version
from qpatch.errors import UserError
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from pathlib import Path


class Recorder(NoProgress):
    """Progress that remembers what it was told: each step with its total and what was done of it."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, int | None, int]] = []

    def begin(self, step: str, total: int | None) -> None:
        self.steps.append((step, total, 0))

    def advance(self, amount: int) -> None:
        step, total, done = self.steps[-1]
        self.steps[-1] = (step, total, done + amount)


@pytest.fixture
def place(tmp_path: Path) -> BuildDirectories:
    (tmp_path / "build").mkdir()
    return BuildDirectories(tmp_path, tmp_path / "build", tmp_path / "cache" / "shared", tmp_path / "log")


def program(directory: Path, name: str, script: str) -> str:
    """Write a program; return a PATH that has it first."""
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (directory / name).chmod(0o755)
    return os.pathsep.join((str(directory), os.environ["PATH"]))


def runner(place: BuildDirectories, script: str) -> Runner:
    return Runner({"PATH": program(place.source / "bin", "ninja", script)}, place.log)


@pytest.mark.parametrize(("jobs", "words"), [(0, "all"), (3, "-j3 all")])
def test_the_number_of_jobs_is_ninjas_own_unless_given(place: BuildDirectories, jobs: int, words: str) -> None:
    result = run_ninja(runner(place, 'echo "$@"'), place, ["all"], jobs, NoProgress())
    assert (result.succeeded, result.output) == (True, f"{words}\n")


def test_steps_are_counted_over_the_plans_of_one_run(place: BuildDirectories) -> None:
    progress = Recorder()
    lines = ("[0/1] Regenerating", "[1/1] Regenerated", "[1/2] a.o", "[2/3] b.o", "[3/3] c.o", "ninja: done")
    result = run_ninja(runner(place, f"printf '%s\\n' {' '.join(map(repr, lines))}"), place, ["a", "b"], 0, progress)
    assert result.steps == 4
    assert progress.steps == [("building 2 objects", 1, 1), ("building 2 objects", 2, 3)]


@pytest.mark.parametrize(
    ("file", "generated"),
    [
        ("trace-events", ["trace/trace-root.c", "trace/trace-root.h"]),
        ("hw/trace-events", ["trace/trace-hw.c", "trace/trace-hw.h"]),
        ("hw/vfio/trace-events", ["trace/trace-hw_vfio.c", "trace/trace-hw_vfio.h"]),
        ("qemu-options.hx", ["qemu-options.h", "qemu-options.def"]),
        ("hw/vfio/pci.c", []),
        ("docs/interop/migration.json", []),
    ],
)
def test_files_that_qemu_generates(file: str, generated: list[str]) -> None:
    assert list(generated_from(file)) == generated


def test_a_schema_generates_types_and_commands() -> None:
    generated = list(generated_from("qapi/migration.json"))
    assert {"qapi/qapi-types-migration.h", "qapi/qapi-commands-migration.c"} <= set(generated)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("hw/vfio/pci.c", True),
        ("trace-events", True),
        ("hw/vfio/trace-events", True),
        ("qapi/migration.json", True),
        ("docs/migration.json", False),
        ("package.json", False),
        ("docs/qapi/overview.json", False),
        ("MAINTAINERS", False),
    ],
)
def test_files_that_objects_depend_on(file: str, code: bool) -> None:
    assert is_code(file) == code


@pytest.mark.parametrize(
    ("release", "option"), [("5.2.0", "--meson=$VENV/bin/meson"), ("10.2.2", "--python=$VENV/bin/python3")]
)
def test_the_reproducer_gives_configure_what_the_release_takes(
    place: BuildDirectories, release: str, option: str
) -> None:
    _, configure, ninja = QemuBackend(qemu_recipe(release), "aarch64-softmmu").reproducer(place)
    assert configure.startswith(f"PATH=$VENV/bin:$PATH $SOURCE/configure {option} ")
    assert ninja == "PATH=$VENV/bin:$PATH ninja qemu-system-aarch64"


def test_an_environment_without_packages_is_made_once_in_a_new_cache(place: BuildDirectories) -> None:
    programs = python_environment((), place)
    assert programs.parent.parent == place.shared
    assert (programs / "python3").exists()
    made = (programs.parent / "pyvenv.cfg").stat().st_mtime_ns
    assert python_environment((), place) == programs
    assert (programs.parent / "pyvenv.cfg").stat().st_mtime_ns == made


def test_a_compiler_that_does_not_tell_its_version_is_still_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", program(tmp_path / "bin", "tcc", "echo tcc 0.9; exit 1"))
    assert compiler_version("tcc") == "tcc 0.9"


def test_a_failed_configure_is_told_by_its_last_lines(place: BuildDirectories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qpatch.builds.qemu.backend.require", lambda _group: None)
    program(place.source, "configure", "seq 30; echo ERROR: no luck; exit 1")
    recipe = QemuRecipe(from_="10", kind="qemu", python=(), configure=(), targets={"any": QemuTarget(goal="any")})
    with pytest.raises(BuildFailed) as failed:
        QemuBackend(recipe, "any").configure(place, NoProgress())
    assert failed.value.message.splitlines()[1:] == [*map(str, range(22, 31)), "ERROR: no luck"]


def test_a_recipe_that_is_no_yaml_is_told_by_its_name(isolated: Path) -> None:
    file = isolated / "config" / "qpatch" / "recipes" / "odd.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("kind: [", encoding="utf-8")
    with pytest.raises(UserError) as refused:
        qemu_recipe("10.2.2")
    assert refused.value.code == "bad-recipe"
