# SPDX-License-Identifier: GPL-2.0-or-later
"""The script of a bundle, in this process: what it prints and returns, and that it ends every QEMU it has started."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from lab_bundle_support import EXPECTED, BundledRun, run

from qpatch.lab.preload import reproduce

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["run"]


@pytest.fixture(autouse=True)
def nothing_is_left(run: BundledRun) -> Iterator[None]:
    """Every QEMU notes its process in PIDS; none of them may be left."""
    pids = run.qemu.with_name("PIDS")
    pids.touch()
    yield
    deadline = time.monotonic() + 10
    left = [Path("/proc", pid) for pid in pids.read_text().split()]
    while any(process.exists() for process in left) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(process.exists() for process in left)


def misbehave(run: BundledRun, how: str, command: str) -> None:
    """Let the QEMU die, or be mute, at a command of its monitor or a word of its serial line."""
    run.qemu.with_name(how).write_text(command)


def test_a_run_that_is_repeated(run: BundledRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert reproduce.main(run.bundle(), ["--times", "2"]) == 0
    assert capsys.readouterr().out == (EXPECTED + "reproduced: lost\n") * 2 + "reproduced 2 of 2 times\n"


def test_a_difference_is_shown_and_is_no_success(run: BundledRun, capsys: pytest.CaptureFixture[str]) -> None:
    run.qemu.with_name("LOSE").unlink()
    assert reproduce.main(run.bundle(), ["--times", "2"]) == 1
    printed = capsys.readouterr().out
    assert "--- expected.txt\n+++ this run\n" in printed
    assert "\n-vector 1: raised 1\n+vector 1: answered 1, raised 1\n" in printed
    assert printed.endswith("reproduced 0 of 2 times\n")


def test_once_of_two_is_enough(run: BundledRun, capsys: pytest.CaptureFixture[str]) -> None:
    misbehave(run, "LOSE_ONCE", "")
    run.qemu.with_name("LOSE").unlink()
    assert reproduce.main(run.bundle(), ["--times", "2"]) == 0
    assert capsys.readouterr().out.endswith("reproduced 1 of 2 times\n")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("qmp_capabilities", "qemu0 ended or does not answer: qmp_capabilities"),
        ("migrate", "qemu0 ended or does not answer: migrate"),
        ("raise", "qemu0 ended or does not answer: raise 0 0"),
    ],
)
def test_a_qemu_that_dies_ends_the_repetition(
    run: BundledRun, capsys: pytest.CaptureFixture[str], command: str, message: str
) -> None:
    misbehave(run, "DIE", command)
    assert reproduce.main(run.bundle(), []) == 2
    printed = capsys.readouterr().err
    assert f"{message}; the end of its log:\n" in printed
    assert printed.endswith("it dies\n")


def test_a_destination_that_has_ended_has_received_and_does_not_run(
    run: BundledRun, capsys: pytest.CaptureFixture[str]
) -> None:
    misbehave(run, "DIE", "query-status")
    assert reproduce.main(run.bundle(), []) == 2
    assert "not repeated: qemu1 ended or does not answer: running" in capsys.readouterr().err


def test_a_qemu_without_sockets_is_waited_for_with_a_bound(
    run: BundledRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduce, "WAIT_SECONDS", 0.2)
    run.qemu.write_text(f"#!/bin/sh\necho $$ >> '{run.qemu.with_name('PIDS')}'\nexec sleep 3600\n")
    assert reproduce.main(run.bundle(), []) == 2
    assert "qemu0: waited 0 seconds for qmp.sock to be there" in capsys.readouterr().err


def test_a_qemu_that_does_not_quit_is_killed(
    run: BundledRun, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reproduce, "WAIT_SECONDS", 3.0)
    misbehave(run, "MUTE", "quit")
    assert reproduce.main(run.bundle(), []) == 0
    assert "reproduced: lost" in capsys.readouterr().out


def test_logs_are_kept_where_that_is_asked_for(run: BundledRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert reproduce.main(run.bundle(), ["--keep"]) == 0
    (logs,) = [line.removeprefix("logs: ") for line in capsys.readouterr().out.splitlines() if line.startswith("logs")]
    assert '"event":"irq-raise"' in (Path(logs) / "qemu0" / "log").read_text()
    shutil.rmtree(logs)


def test_without_keep_nothing_of_the_run_is_left(run: BundledRun, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = run.bundle()
    with tempfile.TemporaryDirectory(prefix="t") as short:
        monkeypatch.setattr(tempfile, "tempdir", short)
        assert reproduce.main(bundle, []) == 0
        assert list(Path(short).iterdir()) == []


def test_a_bundle_that_was_edited_wrongly_is_told(run: BundledRun, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = run.bundle()
    (bundle / "qemu1" / "devices.conf").unlink()
    assert reproduce.main(bundle, []) == 2
    assert "not repeated: " in capsys.readouterr().err


def test_a_wait_for_words_begins_with_the_migration(run: BundledRun, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = run.bundle()
    content = json.loads((bundle / "actions.json").read_text())
    for action in content["actions"]:
        if action["fields"].get("until") in ("active", "sent"):
            action["fields"] = {"until": "logged", "words": ["irq-raise", '"vector":1']}  # logged before
    (bundle / "actions.json").write_text(json.dumps(content))
    run.qemu.with_name("ACTIVE").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reproduce, "WAIT_SECONDS", 0.5)
        assert reproduce.main(bundle, []) == 2
    assert "waited 0 seconds for logged" in capsys.readouterr().err


def test_a_device_has_a_directory_as_qemu_looks_for_it(tmp_path: Path) -> None:
    (tmp_path / "devices.conf").write_text(
        "[device]\nname=dev0\ngroup=100\ncdev=vfio100\n\n[device]\nname=dev1\ngroup=101\ncdev=vfio101\n"
    )
    reproduce.make_sysfs(tmp_path)
    assert (tmp_path / "dev1" / "vfio-dev" / "vfio101" / "dev").read_text() == "1:3\n"
    assert str((tmp_path / "dev0" / "iommu_group").readlink()) == "../../groups/100"


def test_the_mark_of_the_directory_is_replaced_wherever_it_is(tmp_path: Path) -> None:
    value = {"uri": "unix:@RUN@/s/m", "list": ["@RUN@", 3, None], "deep": {"a": "@RUN@@RUN@"}}
    assert reproduce.with_directory(value, Path("/r")) == {
        "uri": "unix:/r/s/m",
        "list": ["/r", 3, None],
        "deep": {"a": "/r/r"},
    }


def line(name: str, **fields: Any) -> str:
    return json.dumps({"emu": 1, "device": "dev0", "event": name, **fields}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("text", "key_events"),
    [
        (line("state", **{"from": "stop", "to": "resuming", "errno": 5}), ["state stop -> resuming, errno 5"]),
        (
            line("set-irqs", index="msix", action="trigger", data="eventfd", errno=0),
            ["set-irqs msix trigger eventfd"],
        ),
        (line("set-irqs", index="err", action="trigger", data="eventfd", errno=22), []),
        (line("config-write", errno=0), ["config-write"]),
        (line("data-read", errno=5), ["data-read, errno 5"]),
        (line("refuse", operation="data-write", reason="irqs"), ["refuse data-write: irqs"]),
        (line("fault", operation="reset", result="EIO"), ["fault reset: EIO"]),
        (
            line("irq-raise", index="msix", vector=3, cause="set-irqs"),
            ["raise msix 3 because of set-irqs", "vector 3: raised 1"],
        ),
        (line("irq-swallow", vector=2), ["vector 2: swallowed 1"]),
        (line("irq-ack", vector=2, spurious=True), ["vector 2: spurious 1"]),
        (line("open"), []),
    ],
)
def test_the_line_of_each_key_event(text: str, key_events: list[str]) -> None:
    assert reproduce.key_events(text, []) == {"dev0": key_events}


def test_key_events_leave_out_what_differs_from_run_to_run() -> None:
    def events(*lines: str) -> dict[str, list[str]]:
        return reproduce.key_events("\n".join(lines), ["arm_gic"])

    data = '{"emu":1,"n":1,"t":%d,"device":"dev0","event":"data-write","bytes":%d,"total":9,"errno":0}'
    lines = (data % (1, 10), data % (2, 20), "1@2.3:vmstate_load ram, ram", data % (3, 30))
    assert events(*lines) == {"dev0": ["data-write"]}
    assert events(
        '2026-01-01T00:00:00Z vmstate_load {"emu":1,"event":"fault","device":"dev0","operation":"raise",'
        '"result":"swallow"}'
    ) == {"dev0": ["fault raise: swallow"]}
    assert events(
        '{"emu":1,"event":"refuse","device":"dev1","operation":"data-write","reason":"config"}',
        '{"emu":1,"event":"data-wri',
    ) == {"dev1": ["refuse data-write: config"]}


def test_key_events_of_two_devices_may_interleave_in_any_way() -> None:
    lines = [f'{{"emu":1,"event":"config-write","device":"dev{number}","errno":0}}' for number in (0, 1)]
    load = "1@2.3:vmstate_load arm_gic, arm_gic"
    either, other = (reproduce.key_events("\n".join([*order, load]), ["arm_gic"]) for order in (lines, lines[::-1]))
    assert either == other == {"dev0": ["config-write", "load arm_gic"], "dev1": ["config-write", "load arm_gic"]}
