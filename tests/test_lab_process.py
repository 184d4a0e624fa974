# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMUs that do not behave: nothing hangs, everything says what it waited for, and nothing is left running."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import tempfile
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kill_support import HANGS, wait_for
from lab_vm_support import carry_out, plan, program

from qpatch.errors import EnvironmentFault
from qpatch.lab.definitions import release
from qpatch.lab.runtime.process import ConnectionLost, Process, ProcessExited, WaitTimeout

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from qpatch.lab.plan import RunRecord


def with_process(directory: Path, script: str, use: Any) -> Any:
    """Start `script`, return what `use(process)` returns, and kill it."""

    async def main() -> Any:
        process = await Process.start("qemu0", ["sh", "-c", script], directory / "log")
        try:
            return await use(process)
        finally:
            await process.kill()

    return asyncio.run(main())


def for_ever() -> Coroutine[Any, Any, None]:
    return asyncio.sleep(3600)


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_that_ends_is_noticed_at_once_and_the_end_of_its_log_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ProcessExited) as caught:
        with_process(
            tmp_path,
            "echo '{\"emu\":1}'; echo no such machine >&2; exit 3",
            lambda process: process.within(HANGS, "an answer", for_ever()),
        )
    assert str(caught.value) == (
        "qemu0 ended with exit code 3 while the lab waited for an answer; the last lines of its log:\nno such machine"
    )
    assert caught.value.code == 3


def test_a_signal_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProcessExited, match="was killed by SIGSEGV"):
        with_process(tmp_path, "kill -SEGV $$", lambda process: process.within(60, "an answer", for_ever()))


def test_a_wait_has_an_end_and_says_what_it_waited_for(tmp_path: Path) -> None:
    with pytest.raises(WaitTimeout, match=r"waited 0.2 s for an answer of qemu0; its log is empty"):
        with_process(tmp_path, "sleep 3600", lambda process: process.within(0.2, "an answer", for_ever()))


def test_what_came_while_the_lab_stood_still_is_no_timeout(tmp_path: Path) -> None:
    """The answer is there before the wait is over, but the event loop does not come to it."""

    async def answered() -> str:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            loop = asyncio.get_running_loop()

            def answer_and_stand_still() -> None:
                theirs.send(b"ok")
                time.sleep(0.5)

            loop.call_later(0.1, answer_and_stand_still)
            answer = (await loop.sock_recv(ours, 2)).decode()
            for _turn in range(10):  # it goes through as many hands
                await asyncio.sleep(0)
            return answer

    assert with_process(tmp_path, "sleep 3600", lambda process: process.within(0.2, "an answer", answered())) == "ok"


def test_a_closed_connection_is_the_death_of_the_process(tmp_path: Path) -> None:
    async def hang_up() -> None:
        raise ConnectionLost("closed")

    with pytest.raises(ProcessExited, match="exit code 4"):
        with_process(tmp_path, "sleep 0.2; exit 4", lambda process: process.within(60, "an answer", hang_up()))
    with pytest.raises(WaitTimeout, match="closed its socket and runs on"):
        with_process(tmp_path, "sleep 3600", lambda process: process.within(0.2, "an answer", hang_up()))


def test_the_log_is_appended_to_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("before\n", encoding="utf-8")
    with_process(tmp_path, "echo out; echo err >&2; echo out again", lambda process: process.ended(60))
    assert (tmp_path / "log").read_text(encoding="utf-8") == "before\nout\nerr\nout again\n"


def test_children_of_the_process_are_killed_with_it(tmp_path: Path) -> None:
    async def children(process: Process) -> int:
        while not (text := (tmp_path / "log").read_text(encoding="utf-8")).endswith("\n"):
            await asyncio.sleep(0.01)
        return int(text)

    child = with_process(tmp_path, "sleep 3600 & echo $!; wait", children)
    wait_for(lambda: not alive(child))


def run(directory: Path, script: str, **limits: float) -> RunRecord:
    """Run a scenario whose QEMU is a shell `script`."""
    qemu = directory / "qemu"
    qemu.write_text(f"#!/bin/sh\n{textwrap.dedent(script)}", encoding="utf-8")
    qemu.chmod(qemu.stat().st_mode | stat.S_IXUSR)
    short = release.table().model_copy(update={"limits": release.table().limits.model_copy(update=limits)})
    with pytest.MonkeyPatch.context() as patch:
        for module in ("vm", "migration"):
            patch.setattr(f"qpatch.lab.runtime.{module}.table", lambda: short)
        found = plan("steps: [migrate]", source=program((str(qemu),)))
        return asyncio.run(carry_out(found, directory))


@pytest.fixture(autouse=True)
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sockets go to a directory that must be empty afterwards; below `tmp_path` their names may be too long."""
    with tempfile.TemporaryDirectory(prefix="t", dir=release.table().short_directory) as sockets:
        monkeypatch.setattr("qpatch.lab.runtime.run.short_directory", lambda: sockets)
        yield
        assert list(Path(sockets).iterdir()) == []


def test_a_qemu_that_dies_at_the_start_is_a_fault_of_the_surroundings(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault) as caught:
        run(tmp_path, "echo 'qemu: unsupported machine type' >&2; exit 1")
    assert caught.value.code == "qemu-died"
    assert caught.value.exit_code == 6
    assert "unsupported machine type" in caught.value.message
    assert "-M virt,gic-version=2" in caught.value.hint


def test_a_binary_for_another_processor_is_one_too(tmp_path: Path) -> None:
    qemu = tmp_path / "qemu"
    qemu.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(11) + b"\xff\xff" + bytes(44))
    qemu.chmod(0o755)
    with pytest.raises(EnvironmentFault, match="is a program for another processor"):
        asyncio.run(carry_out(plan("steps: [migrate]", source=program((str(qemu),))), tmp_path))


def test_a_program_that_is_not_there_is_one_too(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="No such file"):
        asyncio.run(carry_out(plan("steps: [migrate]", source=program(("/none/qemu",))), tmp_path))


def test_a_qemu_that_says_nothing_is_a_failure_of_the_lab_with_a_bound(tmp_path: Path) -> None:
    record = run(tmp_path, "echo Waiting for Godot; sleep 3600", start=0.3)
    assert record.failure.startswith("waited 0.3 s for QEMU to answer on its monitor of qemu")
    assert "Waiting for Godot" in record.failure
    assert [event.fields["signal"] for event in record.events if event.name == "exit"] == [signal.SIGKILL] * 2
    assert [event.fields["message"] for event in record.events if event.name == "failure"] == [record.failure]


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    qemu = tmp_path / "qemu"
    qemu.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/ids\nexec sleep 3600\n", encoding="utf-8")
    qemu.chmod(0o755)

    async def main() -> None:
        task = asyncio.create_task(carry_out(plan("steps: [migrate]", source=program((str(qemu),))), tmp_path))
        while not (tmp_path / "ids").exists() or len((tmp_path / "ids").read_text(encoding="utf-8").split()) < 2:
            assert not task.done()
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()

    asyncio.run(main())
    assert not any(alive(int(word)) for word in (tmp_path / "ids").read_text(encoding="utf-8").split())
