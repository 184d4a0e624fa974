# SPDX-License-Identifier: GPL-2.0-or-later
"""Bundles that are damaged, changed, broken off or run where they cannot be: a sentence, an exit code, nothing left."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab_bundle_support import double_run, reproduce

from qpatch.errors import EnvironmentFault
from qpatch.lab.preload.bundled import repeat, start
from qpatch.lab.preload.bundled.sums import SUMS, damage, write_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FLOW = "lab/qpatch/lab/runtime/flow.py"
DATA = "lab/qpatch/lab/observer/bounds.yaml"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return double_run(tmp_path, "loses").bundle()


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Return a directory for temporary files whose path is short enough for the lab."""
    with tempfile.TemporaryDirectory(prefix="t") as directory:
        yield Path(directory)


@pytest.mark.parametrize("name", ["run.json", "library.so", FLOW, DATA])
def test_a_file_that_is_cut_short(bundle: Path, name: str) -> None:
    content = (bundle / name).read_bytes()
    (bundle / name).write_bytes(content[: len(content) // 2])
    assert damage(bundle) == f"not as it was written: {name} (if that is on purpose, remove {SUMS})"


@pytest.mark.parametrize("name", ["run.json", "guest", FLOW, DATA, "source/devices.conf", "destination/qemu.sh"])
def test_a_file_that_is_missing(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    assert damage(bundle) == f"the bundle is not whole: it has no {name}"


def test_a_missing_file_is_told(bundle: Path) -> None:
    (bundle / "guest").unlink()
    done = reproduce(bundle)
    assert (done.returncode, done.stderr) == (2, "not repeated: the bundle is not whole: it has no guest\n")


def test_many_missing_files_are_counted(bundle: Path) -> None:
    for file in (bundle / "lab" / "qpatch" / "lab" / "runtime").iterdir():
        file.unlink()
    assert damage(bundle).endswith(" more")
    assert damage(bundle).count(", ") == 3


def test_what_is_for_people_may_be_changed(bundle: Path) -> None:
    for name in ("source/devices.conf", "destination/qemu.sh"):
        with (bundle / name).open("a") as file:
            file.write("# changed\n")
    (bundle / "README").unlink()
    assert damage(bundle) == ""
    (bundle / "guest").write_text("changed")
    assert damage(bundle) != ""
    write_sums(bundle)
    assert damage(bundle) == ""


def test_checksums_are_those_of_sha256sum(bundle: Path) -> None:
    checked = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS], cwd=bundle, check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize("content", ["[]", "{"])
def test_what_nobody_thought_of_is_not_a_verdict(bundle: Path, content: str) -> None:
    """An exit code of 1 would say that the QEMU is mended."""
    (bundle / SUMS).unlink()
    (bundle / "run.json").write_text(content)
    done = reproduce(bundle)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("not repeated: ")


def test_a_bundle_without_its_code(bundle: Path) -> None:
    (bundle / "lab").rename(bundle / "elsewhere")
    done = reproduce(bundle)
    assert done.returncode == 2
    assert done.stderr.endswith("not repeated: ModuleNotFoundError: No module named 'qpatch'\n")


def test_an_old_python_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert start.exit_code() == 2
    assert capsys.readouterr().err == "not repeated: this needs Python 3.11 or newer\n"


def test_a_program_that_never_says_which_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = tmp_path / "silent"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    monkeypatch.setattr(repeat, "_VERSION_SECONDS", 0.1)
    with pytest.raises(EnvironmentFault, match="silent does not say its version"):
        repeat._version(silent)


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, *(pytest.param(number, marks=pytest.mark.lab) for number in (signal.SIGTERM, signal.SIGHUP))],
)
def test_an_interrupted_bundle_leaves_nothing(bundle: Path, scratch: Path, number: signal.Signals) -> None:
    running = started(bundle, scratch)
    wait_for(lambda: list(scratch.glob("qpatch-run-*/qemu0/log")) and processes(scratch))
    running.send_signal(number)
    _, said = running.communicate(timeout=30)
    assert (running.returncode, said) == (130, "interrupted\n")
    assert not list(scratch.iterdir())
    assert not processes(scratch)


def test_a_reader_that_goes_away_is_no_traceback(bundle: Path, scratch: Path) -> None:
    running = started(bundle, scratch)
    assert running.stdout is not None
    assert running.stdout.readline()
    running.stdout.close()
    assert running.stderr is not None
    assert running.stderr.read() == "not repeated to the end: nobody reads what it says\n"
    assert running.wait() == 2
    assert not list(scratch.iterdir())


@pytest.mark.lab
def test_two_at_once(bundle: Path, scratch: Path) -> None:
    both = [started(bundle, scratch, "--times", "1") for _ in range(2)]
    for one in both:
        said, _ = one.communicate(timeout=60)
        assert said.endswith("reproduced: lost in 1 of 1 runs\n")


def started(bundle: Path, scratch: Path, *options: str) -> subprocess.Popen[str]:
    """Start the bundle, which leaves signals ignored that were: whoever runs the tests may have them ignored."""
    return subprocess.Popen(
        [
            "env",
            "--default-signal=INT,TERM,HUP",
            sys.executable,
            "-I",
            "-S",
            bundle / "reproduce",
            *(options or ("--times", "50")),
        ],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(scratch)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def processes(scratch: Path) -> list[str]:
    """Return the command lines that name `scratch`."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = file.read_text(errors="replace")
        except OSError:  # it has ended
            continue
        if str(scratch) in text:
            found.append(text.replace("\0", " "))
    return found


def wait_for(condition: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
