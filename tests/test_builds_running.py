# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that a build runs, and the lock that they hold."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kill_support import HANGS, wait_for

from qpatch.builds.lock import inherited_lock
from qpatch.builds.running import Runner
from qpatch.errors import EnvironmentFault


def runner(directory: Path, lock: int = -1) -> Runner:
    return Runner({"PATH": os.environ["PATH"], "LC_ALL": "C"}, directory / "logs" / "build.log", lock)


def test_output_is_returned_kept_and_shown_line_by_line(tmp_path: Path) -> None:
    seen: list[str] = []
    ran = runner(tmp_path).run(["sh", "-c", "echo one; echo two >&2; exit 3"], tmp_path, seen.append)
    assert (ran.returncode, ran.succeeded, ran.output) == (3, False, "one\ntwo\n")
    assert seen == ["one", "two"]
    log = (tmp_path / "logs" / "build.log").read_text()
    assert log.startswith(f"$ cd {tmp_path} && sh -c ")
    assert log.endswith("one\ntwo\n")


def test_logs_of_several_programs_follow_each_other(tmp_path: Path) -> None:
    for word in ("first", "second"):
        runner(tmp_path).run(["echo", word], tmp_path)
    log = (tmp_path / "logs" / "build.log").read_text().splitlines()
    assert [line for line in log if not line.startswith("$")] == ["first", "second"]


def test_processor_time_is_that_of_the_program_and_its_children(tmp_path: Path) -> None:
    burn = f"{sys.executable} -c 'import time\nwhile time.process_time() < 0.3: pass'"
    ran = runner(tmp_path).run(["sh", "-c", f"{burn}; true"], tmp_path)
    assert 0.3 <= ran.cpu_seconds <= ran.seconds * 2


def test_a_missing_program_is_a_fault_of_the_machine(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault) as raised:
        runner(tmp_path).run(["no-such-compiler"], tmp_path)
    assert raised.value.code == "program-missing"
    assert "no-such-compiler" in raised.value.message


def test_a_full_disk_is_a_fault_of_the_machine(tmp_path: Path) -> None:
    script = "echo 'cc1: error: x.o: No space left on device' >&2; exit 1"
    with pytest.raises(EnvironmentFault) as raised:
        runner(tmp_path).run(["sh", "-c", script], tmp_path)
    assert raised.value.code == "disk-full"
    assert "build.log" in raised.value.hint


def test_an_interruption_ends_the_program_and_its_children(tmp_path: Path) -> None:
    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner(tmp_path).run(["sh", "-c", "sleep 1000 & echo $! >child; echo ready; wait"], tmp_path, interrupt)
    child = int((tmp_path / "child").read_text())
    wait_for(lambda: not alive(child))


def test_the_program_ends_where_qpatch_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2]); from qpatch.builds.running import "
        "Runner; import os; Runner(dict(os.environ), Path(sys.argv[1], 'log')).run(['sh', '-c', 'echo $$ >pid; "
        "exec sleep 1000'], Path(sys.argv[1]))"
    )
    root = str(Path(__file__).parents[1])
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), root])
    pid = tmp_path / "pid"
    wait_for(lambda: pid.exists() and pid.read_text().endswith("\n"))
    process.send_signal(signal.SIGKILL)
    process.wait(HANGS)
    wait_for(lambda: not alive(int(pid.read_text())))


def test_the_lock_is_held_by_what_was_started(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with inherited_lock(path, pytest.fail) as lock:
        child = subprocess.Popen(["sleep", "1000"], pass_fds=(lock,))
    waited: list[str] = []
    try:
        started = time.monotonic()
        killer = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -9 {child.pid}"])
        with inherited_lock(path, waited.append):
            assert time.monotonic() - started >= 0.25
    finally:
        child.kill()
        child.wait()
        killer.wait()
    (said,) = waited
    assert re.fullmatch(rf"waiting for `.+` \(process {os.getpid()}\), which has been building here for \d+ s", said)


def test_a_lock_says_who_holds_it_as_far_as_it_can_be_known(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    waited: list[str] = []
    for entry in ("", "4242\n", '{"pid": 1, "command": "qpatch build good", "since": 0}\n'):
        holder = subprocess.Popen(["flock", path, "sleep", "0.3"])
        wait_for(lambda: subprocess.run(["flock", "-n", path, "true"], check=False).returncode != 0)
        path.write_text(entry)
        with inherited_lock(path, waited.append):
            holder.wait()
    assert waited[:2] == ["waiting for another qpatch, which builds here"] * 2
    assert waited[2].startswith("waiting for `qpatch build good` (process 1), which has been building here for ")


@pytest.mark.parametrize(("program", "name"), [("/bin/qpatch", "qpatch"), ("/lib/qpatch/__main__.py", "qpatch")])
def test_a_holder_is_named_as_it_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, name: str
) -> None:
    monkeypatch.setattr(sys, "argv", [program, "build", "a b", "x" * 200])
    with inherited_lock(tmp_path / "lock", pytest.fail):
        entry = json.loads((tmp_path / "lock").read_text())
    assert entry["command"] == f"{name} build 'a b' {'x' * 200}"[:120]


def test_a_holder_that_was_killed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(["flock", path, "sleep", "0.3"])
    wait_for(lambda: subprocess.run(["flock", "-n", path, "true"], check=False).returncode != 0)
    path.write_text(f'{{"pid": {2**22 + 1}, "command": "qpatch build", "since": {time.time()}}}')
    waited: list[str] = []
    with inherited_lock(path, waited.append):
        holder.wait()
    assert waited[0].endswith(" s; it has ended, but not what it had started")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
