# SPDX-License-Identifier: GPL-2.0-or-later
"""The preload lab: what it compiles, how the library gets into QEMU, and a whole run with a double of QEMU."""

from __future__ import annotations

import asyncio
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lab_support import observation
from lab_vm_support import artifacts, plan, program

from qpatch.lab.model import EventSource, Verdict
from qpatch.lab.preload import lab as preload
from qpatch.lab.preload.devices import PreloadedDevices
from qpatch.lab.preload.lab import PreloadLab, PreparedPreloadLab
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Collection

    import pytest

    from qpatch.lab.preload.artifacts import Artifacts
    from qpatch.lab.protocol import Lab, PreparedLab
    from qpatch.trees.progress import Progress

DOUBLE = str(Path(__file__).with_name("lab_qemu_double.py"))


def test_it_is_a_lab(tmp_path: Path) -> None:
    lab: Lab = PreloadLab()  # that both fit the protocols is for mypy to check
    prepared: PreparedLab = PreparedPreloadLab(artifacts(tmp_path))
    assert lab.name == "preload"
    assert prepared.reason_against(plan("steps: [migrate]")) == ""


def test_the_guests_of_the_machines_are_compiled_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Collection[str]] = []

    def prepare(guests: Collection[str], _progress: Progress) -> Artifacts:
        asked.append(guests)
        return artifacts(tmp_path)

    monkeypatch.setattr(preload, "prepare", prepare)
    plans = [plan("steps: [migrate]", machine=machine) for machine in ("virt-gicv2", "virt-gicv3-its", "q35")]
    assert PreloadLab().prepare(plans, NoProgress()).artifacts == artifacts(tmp_path)
    assert asked == [{"aarch64", "x86_64"}]


def test_qemu_is_told_to_load_the_library_and_where_its_devices_are(tmp_path: Path) -> None:
    compiled = artifacts(tmp_path)
    devices = PreloadedDevices(plan("steps: [migrate]"), compiled)
    short = tmp_path / "s" / "library.so"
    attached = devices.attach(program(("qemu",)), tmp_path, {compiled.library: short}, ("reset:1:EIO",))
    assert attached.environment == {"LD_PRELOAD": str(short), "QPATCH_EMU": str(tmp_path / "devices.conf")}
    assert attached.sysfs == (tmp_path / "dev0",)
    assert {"protocol=v2", "fault=reset:1:EIO"} <= {*(tmp_path / "devices.conf").read_text().splitlines()}


def test_only_the_last_of_several_devices_pauses(tmp_path: Path) -> None:
    planned = plan("{devices: 2, steps: [migrate]}", "{name: p, title: p, device: {stop-copy-pause: 70}}")
    compiled = artifacts(tmp_path)
    devices = PreloadedDevices(planned, compiled)
    devices.attach(program(("qemu",), (5, 2)), tmp_path, {compiled.library: tmp_path}, ())
    first, second = ({*text.splitlines()} for text in (tmp_path / "devices.conf").read_text().split("\n\n"))
    assert {"name=dev0", "protocol=v1", "stop-copy-pause=0"} <= first
    assert {"name=dev1", "protocol=v1", "stop-copy-pause=70"} <= second


def test_a_run_its_timeline_and_its_bundle(tmp_path: Path) -> None:
    qemu = dataclasses.replace(program((sys.executable, DOUBLE)), environment={"DOUBLE": ""})
    planned = plan("steps: [interrupts, raise: 0, fence, check, migrate, fence, check]", source=qemu)
    lab = PreparedPreloadLab(artifacts(tmp_path))
    record = asyncio.run(lab.run(planned, tmp_path / "run"))
    assert record.failure == ""
    with record.logs["qemu0"].open("a") as log:
        log.write('{"emu":1,"n":0,"t":1,"device":"dev0","event":"reset"}\n')
    timeline = lab.timeline(record)
    assert [event.name for event in timeline if event.origin is EventSource.UAPI] == ["reset"]
    assert len(timeline) >= len(record.events) + 1
    bundle = lab.write_bundle(planned, record, observation(Verdict.LOST), tmp_path / "bundle", binaries=False)
    assert bundle == tmp_path / "bundle"
    assert 'LD_PRELOAD="$FILES"/library.so' in (bundle / "source" / "qemu.sh").read_text()
