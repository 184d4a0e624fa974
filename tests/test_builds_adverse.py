# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds that are killed, starved of disk or tampered with: the next one is right."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builder_support import BINARY, BUILD, bench
from disk_support import mounted
from miniature_support import miniature_strategy, needs_compiler

from qpatch.builds.lock import inherited_lock
from qpatch.errors import ExitCode

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from builder_support import Bench

__all__ = ["bench"]
pytestmark = needs_compiler

BOUND = 60.0
KILLS = 12
# Of this length are the miniature's objects; what is written over one is neither an object nor empty.
GARBAGE = b"no object, but newer than its source\n"


def finished(process: subprocess.Popen[str]) -> tuple[int, dict[str, object]]:
    """Wait for a command with --json; return its exit code and its only result."""
    output, complaints = process.communicate(timeout=BOUND)
    assert output, complaints
    (result,) = json.loads(output)["results"]
    return process.returncode, result


def binary_of(result: dict[str, object]) -> bytes:
    products = result["products"]
    assert isinstance(products, dict)
    return Path(products[BINARY]).read_bytes()


@pytest.fixture
def expected(bench: Bench, tmp_path: Path) -> bytes:
    """What the good series builds where nothing goes wrong."""
    code, result = finished(bench.start("good", "--json", QPATCH_CACHE=str(tmp_path / "other-cache")))
    assert code == ExitCode.OK, result.get("error")
    return binary_of(result)


def test_a_killed_build_is_taken_up_again(bench: Bench, expected: bytes) -> None:
    started = time.monotonic()
    finished(bench.start("good", "--each-patch", "--json"))
    whole = time.monotonic() - started
    chance = random.Random(0)  # noqa: S311  # moments to kill at, no secrets
    at_work = 0
    for number in range(KILLS):
        shutil.rmtree(bench.workspace / "products", ignore_errors=True)
        if number % 3 == 0:
            shutil.rmtree(bench.workspace / BUILD, ignore_errors=True)
        process = bench.start("good", "--each-patch", "--json")
        time.sleep(chance.uniform(0.3, 1.0) * whole)
        if process.poll() is None:
            at_work += 1
            os.killpg(process.pid, signal.SIGKILL) if number % 2 else process.kill()
        process.communicate(timeout=BOUND)
    assert at_work >= KILLS / 3, "nearly every build had ended before it was killed"
    code, result = finished(bench.start("good", "--each-patch", "--json"))
    assert code == ExitCode.OK
    assert binary_of(result) == expected


def test_an_interrupted_build_says_so(bench: Bench) -> None:
    slow = bench.directory / "slow"
    slow.mkdir()
    real = shutil.which("cc")
    (slow / "cc").write_text(
        f'#!/bin/sh\ncase "$*" in *" -c "*) echo > {slow}/begun; sleep 30;; esac\nexec {real} "$@"\n'
    )
    (slow / "cc").chmod(0o755)
    process = bench.start("baseline", PATH=f"{slow}:{os.environ['PATH']}")
    deadline = time.monotonic() + BOUND
    while not (slow / "begun").exists():
        assert time.monotonic() < deadline, "waited for the compiler to start"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=BOUND)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "interrupted" in complaints
    assert "Traceback" not in complaints


def test_two_builds_at_once_do_not_harm_each_other(bench: Bench, expected: bytes) -> None:
    miniature_strategy(bench.directory, "warning")
    both = [bench.start(kind, "--each-patch", "--json") for kind in ("good", "warning")]
    (first, good), (second, _) = [finished(process) for process in both]
    assert (first, second) == (ExitCode.OK, ExitCode.OK)
    assert binary_of(good) == expected


def test_a_build_waits_for_another(bench: Bench) -> None:
    finished(bench.start("baseline", "--json"))
    waited: list[str] = []
    with inherited_lock(bench.workspace / "lock", waited.append):
        process = bench.start("baseline")
        assert process.stderr is not None
        assert f"waiting for another qpatch (process {os.getpid()})" in process.stderr.readline()
        assert process.poll() is None
    assert process.wait(BOUND) == ExitCode.OK
    assert waited == []


DAMAGES: dict[str, Callable[[Path, Path], object]] = {
    "object removed": lambda place, _: objects(place)[0].unlink(),
    "object overwritten": lambda place, _: [file.write_bytes(GARBAGE) for file in objects(place)],
    "binary": lambda place, _: (place / BINARY).unlink(),
    "build.ninja": lambda place, _: (place / "build.ninja").unlink(),
    "ninja log": lambda place, _: [(place / name).write_bytes(GARBAGE) for name in (".ninja_log", ".ninja_deps")],
    "build directory": lambda place, _: shutil.rmtree(place),
    "stamp": lambda place, _: place.with_suffix(".json").write_text("{"),
    "another stamp": lambda place, _: place.with_suffix(".json").write_text("[]"),
    "compile commands": lambda place, _: (place / "compile_commands.json").unlink(),
    "index": lambda _, workspace: (workspace / "index").write_bytes(GARBAGE),
    "source file": lambda _, workspace: (workspace / "source/hw/core/irq.c").write_text("int broken by hand;\n"),
    "source": lambda _, workspace: shutil.rmtree(workspace / "source"),
    "git directory": lambda _, workspace: shutil.rmtree(workspace / "git"),
    "product": lambda _, workspace: [file.write_bytes(GARBAGE) for file in (workspace / "products").rglob(BINARY)],
}


def objects(place: Path) -> list[Path]:
    return [path for path in place.rglob("*.o") if "migration" in path.name or "irq" in path.name]


@pytest.mark.parametrize("damage", ["build.ninja", "compile commands", "object removed", "build directory"])
def test_damage_is_noticed_where_only_objects_are_made(bench: Bench, damage: str) -> None:
    finished(bench.start("good", "--objects", "--json"))
    DAMAGES[damage](bench.workspace / BUILD, bench.workspace)
    code, result = finished(bench.start("good", "--objects", "--json"))
    assert code == ExitCode.OK, result


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_in_the_cache_is_noticed(bench: Bench, expected: bytes, damage: str) -> None:
    finished(bench.start("baseline", "--json"))
    assert len(objects(bench.workspace / BUILD)) == 2
    DAMAGES[damage](bench.workspace / BUILD, bench.workspace)
    code, result = finished(bench.start("good", "--each-patch", "--json"))
    assert code == ExitCode.OK
    assert binary_of(result) == expected


def test_a_full_disk_is_told_and_gone_once_there_is_room(bench: Bench, expected: bytes, tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=4000k") as disk:
        filler = disk / "filler"
        filler.write_bytes(b"\0" * 3_900_000)
        code, result = finished(bench.start("good", "--each-patch", "--json", QPATCH_CACHE=str(disk)))
        error = result["error"]
        assert isinstance(error, dict)
        assert (code, error["code"]) == (ExitCode.ENVIRONMENT, "disk-full"), error
        filler.unlink()
        code, result = finished(bench.start("good", "--each-patch", "--json", QPATCH_CACHE=str(disk)))
        assert code == ExitCode.OK, result.get("error")
        assert binary_of(result) == expected
