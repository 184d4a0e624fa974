# SPDX-License-Identifier: GPL-2.0-or-later
"""A run that was never carried out, with a QEMU that is a script, from which bundles are written."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab_support import observation
from lab_vm_support import artifacts, plan, program

from qpatch.lab.model import Verdict
from qpatch.lab.plan import LabAction, RunRecord
from qpatch.lab.preload.bundle import Bundle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.plan import RunPlan
    from qpatch.lab.preload.artifacts import Artifacts

FAKE = Path(__file__).with_name("fake_qemu.py")
SHORT = "/run/qpatch-short"
CONFIGURATION = "[device]\nname=dev0\ngroup=100\ncdev=vfio100\nprotocol=v1\n"
LOG = """\
{"emu":1,"n":0,"t":5,"device":"","event":"start"}
{"emu":1,"n":1,"t":6,"device":"dev0","event":"irq-raise","index":"msix","vector":0,"cause":"guest","sent":true}
{"emu":1,"n":2,"t":7,"device":"dev0","event":"irq-ack","index":"msix","vector":0,"spurious":false}
{"emu":1,"n":3,"t":8,"device":"dev0","event":"irq-raise","index":"msix","vector":1,"cause":"guest","sent":true}
"""
DESTINATION = """\
{"emu":1,"n":0,"t":5,"device":"dev0","event":"state","from":"running","to":"resuming","errno":0}
1234@1795412154.594717:vmstate_load arm_gic, arm_gic
"""
EXPECTED = """\
[qemu0 dev0]
vector 0: answered 1, raised 1
vector 1: raised 1
[qemu1 dev0]
state running -> resuming
load arm_gic
"""


@dataclass
class BundledRun:
    """A run that was never run: a plan with the fake QEMU, its record, and where the bundle goes."""

    directory: Path
    plan: RunPlan
    artifacts: Artifacts
    record: RunRecord

    @property
    def place(self) -> Path:
        return self.directory / "results" / "bundle"

    def write(self, verdict: Verdict = Verdict.LOST, *, binaries: bool = False) -> Path | None:
        return Bundle(self.plan, self.artifacts, self.record, observation(verdict), binaries).write(self.place)

    @property
    def qemu(self) -> Path:
        """The script; files beside it say how it misbehaves (see fake_qemu.py)."""
        return Path(self.plan.source.command[0])

    def bundle(self, *, binaries: bool = False) -> Path:
        written = self.write(binaries=binaries)
        assert written is not None
        return written


def command_of(words: Sequence[str], short: Path, files: Path, actor: str) -> list[str]:
    return [
        "env",
        f"LD_PRELOAD={short}/library.so",
        f"QPATCH_EMU={files}/{actor}/devices.conf",
        *words,
        "-msg",
        "timestamp=on",
        "-kernel",
        f"{short}/guest",
        "-chardev",
        f"socket,id=monitor,path={short}/{actor}/qmp.sock,server=on,wait=off",
        "-chardev",
        f"socket,id=serial,path={short}/{actor}/serial.sock,server=on,wait=off",
        "-device",
        f"vfio-pci,sysfsdev={str(files).replace(',', ',,')}/{actor}/dev0,addr=0x4",
    ]


@pytest.fixture
def run(tmp_path: Path) -> BundledRun:
    files, short = tmp_path / "results" / "with, comma" / "1", Path(SHORT)
    fake = tmp_path / "qemu" / "qemu-system-aarch64"
    fake.parent.mkdir()
    fake.write_text(FAKE.read_text().replace("/usr/bin/env python3", sys.executable))
    fake.chmod(0o755)
    (fake.parent / "LOSE").touch()
    compiled = tmp_path / "artifacts"
    compiled.mkdir()
    planned = plan("steps: [migrate]", source=program((str(fake),), (5, 2)))
    actions = []
    for actor, text in (("qemu0", LOG), ("qemu1", DESTINATION)):
        (files / actor).mkdir(parents=True)
        (files / actor / "devices.conf").write_text(CONFIGURATION)
        (files / actor / "log").write_text(text)
        words = command_of(planned.source.command, short, files, actor)
        actions.append(LabAction("start", actor, {"command": words, "sockets": f"{short}/{actor}", "log": "l"}))
    uri = {"uri": f"unix:{short}/migration1"}
    actions += [
        LabAction("wait", "qemu0", {"until": "ready"}),
        *(LabAction("serial", "qemu0", {"line": f"raise 0 {vector}"}) for vector in (0, 1)),
        LabAction("qmp", "qemu1", {"command": "migrate-incoming", "arguments": uri}),
        LabAction("qmp", "qemu0", {"command": "migrate", "arguments": uri}),
        *(LabAction("wait", "qemu0", {"until": until}) for until in ("active", "sent")),
        *(LabAction("wait", "qemu1", {"until": until}) for until in ("received", "running")),
        LabAction("wait", "qemu0", {"until": "logged", "words": ["irq-raise"]}),
        LabAction("quit", "qemu0", {}),
        LabAction("quit", "qemu1", {}),
    ]
    logs = {actor: files / actor / "log" for actor in ("qemu0", "qemu1")}
    return BundledRun(tmp_path, planned, artifacts(compiled), RunRecord(files, (), logs, tuple(actions), 1.0))
