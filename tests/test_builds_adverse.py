# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds that are killed, starved of disk or tampered with: the next one is right."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from builder_support import BINARY, BUILD, Bench, bench, make_bench, use_bench
from disk_support import mounted
from home_support import use_home
from kill_support import HANGS, PHASES, make_stops, wait_for
from miniature_support import miniature_strategy, needs_compiler

from qpatch.builds.lock import inherited_lock
from qpatch.errors import ExitCode

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Capture = pytest.CaptureFixture[str]

__all__ = ["bench"]
pytestmark = needs_compiler

KILLS = 12
# Of this length are the miniature's objects; what is written over one is neither an object nor empty.
GARBAGE = b"no object, but newer than its source\n"


def finished(process: subprocess.Popen[str]) -> tuple[int, dict[str, object]]:
    """Wait for a command with --json; return its exit code and its only result."""
    output, complaints = process.communicate(timeout=HANGS)
    assert output, complaints
    (result,) = json.loads(output)["results"]
    return process.returncode, result


def binary_of(result: dict[str, Any]) -> bytes:
    return Path(result["products"][BINARY]).read_bytes()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the good series builds where nothing goes wrong."""
    directory, home = (tmp_path_factory.mktemp(name) for name in ("expected", "home"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_home(monkeypatch, home)
        code, result = finished(make_bench(directory, home, monkeypatch).start("good", "--json"))
    assert code == ExitCode.OK, result.get("error")
    return binary_of(result)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The directory and home of a bench that several tests use one after the other."""
    return tmp_path_factory.mktemp("bench"), tmp_path_factory.mktemp("home")


@pytest.fixture
def used_bench(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> Bench:
    """A bench whose baseline is built, as an earlier test may have left it; nothing that it made is taken as it is."""
    bench = Bench(*places)
    use_home(monkeypatch, bench.home)
    if bench.tree.exists():
        use_bench(bench, monkeypatch)
        shutil.rmtree(bench.workspace / "products")
    else:
        make_bench(*places, monkeypatch)
    code, result = bench.build(capsys, "baseline")
    assert (code, result["status"]) == (ExitCode.OK, "built"), result
    return bench


@pytest.mark.slow
def test_a_killed_build_is_taken_up_again(bench: Bench, expected: bytes, tmp_path: Path) -> None:
    stops = make_stops(tmp_path / "stops", ("git", "cc", "ninja"))
    finished(bench.start("good", "--each-patch", "--json", PATH=stops.path))
    shutil.rmtree(bench.workspace / "products")
    stops.plan(0)
    finished(bench.start("good", "--each-patch", "--json", PATH=stops.path))
    calls = stops.calls
    at_work = 0
    for number in range(KILLS):
        shutil.rmtree(bench.workspace / "products", ignore_errors=True)
        if number % 3 == 0:
            shutil.rmtree(bench.workspace / BUILD, ignore_errors=True)
        stops.plan(1 + number * calls // KILLS, PHASES[number % len(PHASES)])
        process = bench.start("good", "--each-patch", "--json", PATH=stops.path)
        at_work += stops.kill(process, alone=number % 2 == 0)
    assert at_work >= KILLS - 2, "builds had ended before they were killed"
    stops.plan(0)
    code, result = finished(bench.start("good", "--each-patch", "--json", PATH=stops.path))
    assert (code, result["status"]) == (ExitCode.OK, "built")
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
    wait_for((slow / "begun").exists)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=HANGS)
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
        process = bench.start("good")
        assert process.stderr is not None
        assert f"(process {os.getpid()}), which has been building here for " in process.stderr.readline()
        assert process.poll() is None
    assert process.wait(HANGS) == ExitCode.OK
    assert waited == []


def test_what_is_built_is_found_while_another_builds(bench: Bench) -> None:
    for words in (["baseline"], ["good"]):
        finished(bench.start(*words, "--json"))
    with inherited_lock(bench.workspace / "lock", pytest.fail):
        for words in (["baseline"], ["good"]):
            code, again = finished(bench.start(*words, "--json"))
            assert (code, again["status"]) == (ExitCode.OK, "kept")


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
def test_damage_is_noticed_where_only_objects_are_made(used_bench: Bench, capsys: Capture, damage: str) -> None:
    used_bench.build(capsys, "good", "--objects")
    DAMAGES[damage](used_bench.workspace / BUILD, used_bench.workspace)
    code, result = used_bench.build(capsys, "good", "--objects")
    assert code == ExitCode.OK, result


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_in_the_cache_is_noticed(used_bench: Bench, capsys: Capture, expected: bytes, damage: str) -> None:
    assert len(objects(used_bench.workspace / BUILD)) == 2
    DAMAGES[damage](used_bench.workspace / BUILD, used_bench.workspace)
    code, result = used_bench.build(capsys, "good", "--each-patch")
    assert (code, result["status"]) == (ExitCode.OK, "built")
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
