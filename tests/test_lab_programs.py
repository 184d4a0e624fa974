# SPDX-License-Identifier: GPL-2.0-or-later
"""Which binary the lab runs: one that is built, one that is kept, a distribution's, or the user's own."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from builder_support import BINARY, TARGET, TREE, bench
from kill_support import wait_for
from miniature_support import miniature_strategy, needs_compiler
from series_support import git

from qpatch.errors import EnvironmentFault, UserError
from qpatch.lab.campaign.programs import BinaryChoice, Programs, UnavailableProgram, binary_program, release_numbers
from qpatch.lab.plan import QemuProgram
from qpatch.strategy.load import load_strategy
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from builder_support import Bench

    from qpatch.trees.job import FetchJob

__all__ = ["bench"]
DEBIAN = Path("/debian/qemu-system-aarch64")
MONITOR = f"""\
#!{sys.executable}
import json, sys
assert sys.argv[sys.argv.index("-M") + 1] == "none"
print(json.dumps({{"QMP": {{"version": {{"qemu": {{"micro": 3, "minor": 1, "major": 9}}}}}}}}))
for line in sys.stdin:
    name = json.loads(line)["execute"]
    print(json.dumps({{"return": {{"arch": "aarch64"}} if name == "query-target" else {{}}}}))
"""


class Listener(NoProgress):
    """Progress that remembers its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


@dataclass
class Distribution:
    """A distribution that has the release called TREE; `asked` are the targets it was asked for."""

    fault: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def binaries(self, _job: FetchJob, _name: str, _release: str, target: str) -> tuple[object, ...]:
        self.asked.append(target)
        if self.fault is not None:
            raise self.fault

        return (
            SimpleNamespace(
                command=(str(DEBIAN),), environment={"LD_LIBRARY_PATH": "/debian/lib"}, arguments=("-L", "/debian/data")
            ),
        )


@pytest.fixture
def distribution(monkeypatch: pytest.MonkeyPatch) -> Distribution:
    made = Distribution()
    monkeypatch.setattr("qpatch.builds.prebuilt.fetch.prebuilt_binaries", made.binaries)
    return made


def programs(choice: BinaryChoice = BinaryChoice.AUTOMATIC, progress: NoProgress | None = None) -> Programs:

    return Programs(progress or NoProgress(), choice)


def known_by_name(bench: Bench) -> str:
    """Make the miniature tree a release with a name, which is in the store of the user."""
    configuration = bench.home / "config" / "qpatch" / "config.yaml"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.write_text(
        f"""\
trees:
  qemu-99: {{path: {bench.tree}}}
releases:
- {{name: qemu-99, kind: qemu, release: '10.2', candidates: [{{local: {{path: {bench.tree}}}}}]}}
""",
        encoding="utf-8",
    )
    return "qemu-99"


@needs_compiler
def test_a_baseline_that_is_kept_comes_first(
    bench: Bench, capsys: pytest.CaptureFixture[str], distribution: Distribution
) -> None:
    _, built = bench.build(capsys, "baseline")
    (found,) = programs().of_tree(str(bench.tree), [None], [TARGET])
    file, source = built["products"][BINARY], git(bench.tree, "rev-parse", "HEAD^{tree}")
    assert found == QemuProgram("baseline", TREE, (10, 2), TARGET, (file,), {}, built_from=source)
    assert distribution.asked == []


@needs_compiler
def test_a_release_with_a_name_is_the_distributions(bench: Bench, distribution: Distribution) -> None:
    (found,) = programs().of_tree(known_by_name(bench), [None], [TARGET])
    assert found == QemuProgram(
        "baseline",
        "qemu-99",
        (10, 2),
        TARGET,
        (str(DEBIAN),),
        {"LD_LIBRARY_PATH": "/debian/lib"},
        ("-L", "/debian/data"),
    )


@needs_compiler
def test_what_no_distribution_has_is_built_and_that_is_said(bench: Bench, distribution: Distribution) -> None:
    distribution.fault = EnvironmentFault("no-prebuilt", "nobody has it")
    listener = Listener()
    (found,) = programs(progress=listener).of_tree(known_by_name(bench), [None], [TARGET])
    assert isinstance(found, QemuProgram)
    assert Path(found.command[0]).is_file()
    assert any("nobody has it" in note for note in listener.notes)
    assert any("is built" in note for note in listener.notes)


@needs_compiler
def test_a_path_is_never_a_distributions(bench: Bench, distribution: Distribution) -> None:
    (found,) = programs().of_tree(str(bench.tree), [None], [TARGET])
    assert isinstance(found, QemuProgram)
    assert found.command != (str(DEBIAN),)
    assert distribution.asked == []


@needs_compiler
def test_a_full_disk_is_no_reason_to_build(bench: Bench, distribution: Distribution) -> None:
    distribution.fault = EnvironmentFault("disk-full", "no room")
    (found,) = programs().of_tree(known_by_name(bench), [None], [TARGET])
    assert isinstance(found, UnavailableProgram)
    assert (found.status, found.error) == ("failed", distribution.fault)


@needs_compiler
def test_a_choice_is_obeyed(bench: Bench, capsys: pytest.CaptureFixture[str], distribution: Distribution) -> None:
    name = known_by_name(bench)
    (built,) = programs(BinaryChoice.BUILD).of_tree(name, [None], [TARGET])
    assert isinstance(built, QemuProgram)
    assert Path(built.command[0]).is_file()
    assert distribution.asked == []
    (prebuilt,) = programs(BinaryChoice.PREBUILT).of_tree(name, [None], [TARGET])
    assert isinstance(prebuilt, QemuProgram)
    assert prebuilt.command == (str(DEBIAN),)


@needs_compiler
def test_a_strategy_is_built(bench: Bench, distribution: Distribution) -> None:
    good = load_strategy(bench.directory / "strategies" / "good.yaml")
    baseline, found = programs(BinaryChoice.PREBUILT).of_tree(str(bench.tree), [None, good], [TARGET])
    assert isinstance(found, QemuProgram)
    assert (found.strategy, found.tree, found.release) == ("good", TREE, (10, 2))
    assert len(found.built_from) == len(git(bench.tree, "rev-parse", "HEAD^{tree}"))
    assert found.built_from not in ("", git(bench.tree, "rev-parse", "HEAD^{tree}"))
    assert Path(found.command[0]).is_file()
    assert isinstance(baseline, QemuProgram)
    assert baseline.built_from == "", "whatever a distribution built its programs from"
    assert distribution.asked == [TARGET]


@needs_compiler
def test_what_is_off_by_default_is_turned_on(bench: Bench, distribution: Distribution) -> None:
    file = bench.directory / "strategies" / "good.yaml"
    on = "qemu:\n  globals: {vfio-pci.x-first: true, vfio-pci.x-how: 'a,b'}\n"
    file.write_text(file.read_text().replace("qemu:\n", on), encoding="utf-8")
    baseline, found = programs(BinaryChoice.PREBUILT).of_tree(str(bench.tree), [None, load_strategy(file)], [TARGET])
    assert isinstance(found, QemuProgram)
    assert found.arguments == ("-global", "vfio-pci.x-first=on", "-global", "vfio-pci.x-how=a,,b")
    assert isinstance(baseline, QemuProgram) and "-global" not in baseline.arguments


@needs_compiler
def test_what_does_not_apply_is_told(bench: Bench) -> None:
    good = load_strategy(bench.directory / "strategies" / "good.yaml")
    (bench.tree / "hw" / "vfio" / "migration.c").write_text("int nothing;\n")
    git(bench.tree, "commit", "-q", "-a", "-m", "drift")
    (found,) = programs().of_tree(str(bench.tree), [good], [TARGET])
    assert isinstance(found, UnavailableProgram)
    assert (found.strategy, found.status, found.error) == ("good", "drifted", None)
    assert found.reason


@needs_compiler
def test_what_does_not_build_says_how_to_see_why(bench: Bench) -> None:
    broken = load_strategy(miniature_strategy(bench.directory, "type-error"))
    (found,) = programs().of_tree(str(bench.tree), [broken], [TARGET])
    assert isinstance(found, UnavailableProgram)
    assert found.status == "failed"
    assert f"`qpatch build type-error --tree {bench.tree} --target {TARGET}`" in found.reason


def test_an_unknown_tree_holds_nothing_up(distribution: Distribution) -> None:
    (found,) = programs().of_tree("qemu-0.1", [None], [TARGET])
    assert isinstance(found, UnavailableProgram)
    assert isinstance(found.error, UserError)
    assert found.error.code == "unknown-tree"


def test_a_release_that_was_not_fetched_is_the_distributions(distribution: Distribution) -> None:
    (found,) = programs().of_tree("qemu-7.2", [None], ["x86_64-softmmu"])
    assert isinstance(found, QemuProgram)
    assert (found.tree, found.release, found.target) == ("qemu-7.2", (7, 2), "x86_64-softmmu")


def test_a_release_without_sources_is_the_distributions_and_no_strategy_is_built(distribution: Distribution) -> None:
    (found,) = programs().of_tree("qemu-11.1", [None], [TARGET])
    assert isinstance(found, QemuProgram)
    assert found.release == (11, 1)
    (found,) = programs().of_tree(
        "qemu-11.1", [load_strategy(Path(__file__).parent.parent / "strategies" / "qemu-defer.yaml")], [TARGET]
    )
    assert isinstance(found, UnavailableProgram)
    assert "there are no sources of qemu-11.1" in found.reason


def test_linux_is_not_migrated(distribution: Distribution) -> None:
    (found,) = programs(BinaryChoice.PREBUILT).of_tree("linux-6.12", [None], [TARGET])
    assert isinstance(found, UnavailableProgram)
    assert found.error is not None
    assert found.error.code == "not-qemu"


@pytest.mark.parametrize(("release", "numbers"), [("10.0.13", (10, 0)), ("7.2", (7, 2)), ("10", (10, 0)), ("", (0, 0))])
def test_numbers_of_a_release(release: str, numbers: tuple[int, int]) -> None:
    assert release_numbers(release) == numbers


def binary(directory: Path, text: str) -> Path:
    file = directory / "qemu-system-aarch64"
    file.write_text(text)
    file.chmod(0o755)
    return file


def test_a_binary_is_asked_what_it_is(tmp_path: Path) -> None:
    file = binary(tmp_path, MONITOR)
    assert binary_program(file) == QemuProgram(
        "baseline", "qemu-system-aarch64-9.1.3", (9, 1), TARGET, (str(file),), {}
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("#!/bin/sh\nexit 0\n", "does not answer"),
        ("#!/bin/sh\necho '{}'\n", "does not answer"),
        ("#!/bin/sh\necho invalid option >&2\nexit 1\n", "invalid option"),
        ("#!/no/such/interpreter\n", "does not start here"),
        ("\x7fELF\x02\x01 of another processor", "for another processor"),
    ],
)
def test_what_is_no_qemu(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        binary_program(binary(tmp_path, text))
    assert caught.value.code == "bad-binary"


def test_a_binary_that_says_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = binary(tmp_path, f"#!/bin/sh\nsleep 3600 & echo $! > {tmp_path}/id\nwait\n")
    for seconds in (0.5, 5.0, 50.0):  # on a busy machine it may have said nothing since it had not begun
        monkeypatch.setattr("qpatch.lab.campaign.programs._START_SECONDS", seconds)
        with pytest.raises(UserError, match=rf"did not answer queries of its version within {seconds} s"):
            binary_program(program)
        if (tmp_path / "id").exists() and (tmp_path / "id").read_text().endswith("\n"):
            break
    child = Path("/proc", (tmp_path / "id").read_text().strip(), "cmdline")
    wait_for(lambda: not child.exists() or child.read_bytes() == b"")


def test_a_binary_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not start here"):
        binary_program(tmp_path / "missing")
