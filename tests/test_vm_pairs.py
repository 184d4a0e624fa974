# SPDX-License-Identifier: GPL-2.0-or-later
"""Migrations in a virtual machine, without one: what the machine is told, and what is made of its record."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from lab_vm_support import plan, program
from vm_emulator_support import FakeEmulator

from qpatch.errors import EnvironmentFault
from qpatch.lab.carried import plain
from qpatch.lab.definitions.profile import load_profile
from qpatch.lab.definitions.scenario import load_scenario
from qpatch.lab.model import Verdict
from qpatch.lab.observer.observe import observe
from qpatch.lab.runtime.commandline import AttachedDevices, VmPaths
from qpatch.lab.vm import pairs
from qpatch.lab.vm.devices import device_name
from qpatch.lab.vm.inside import EVENTS, PLAN, RECORD, KernelDevices
from qpatch.lab.vm.kernels import Kernel
from qpatch.lab.vm.pairs import PreparedVmLab

if TYPE_CHECKING:
    from qpatch.lab.plan import RunPlan

MTTY = "{name: mtty, title: m, kernel-device: mtty}"
CLEAN = "[ 1.0] Linux version 6.12\n[ 9.0] qpatch: done\n"


def pair(scenario: str = "steps: [migrate]", release: tuple[int, int] = (10, 0)) -> RunPlan:
    found = program(("/bin/qemu,x",), release)
    return plan(scenario, MTTY, source=found)


def lab(directory: Path, machine: str = "") -> PreparedVmLab:
    """The lab, whose machine does what the Python code `machine` says; `run` is the directory of the run there."""
    guest, image, busybox = (directory / name for name in ("guest", "image", "busybox"))
    for file in (guest, image, busybox):
        file.write_text("")
    code = (
        "import sys; from pathlib import Path; words = sys.argv[1:]\n"
        "logs = [Path(word.removeprefix('file:')) for word in words if word.startswith('file:')]\n"
        "run = logs[0].parents[1]\n" + machine
    )
    kernel = Kernel("k", image, dict.fromkeys(("9p", "overlay"), busybox))
    emulator = FakeEmulator((sys.executable, "-c", code))
    return PreparedVmLab(kernel, busybox, emulator, {"aarch64": guest})


@pytest.fixture(autouse=True)
def _without_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qpatch.lab.vm.boot.loading_order", lambda _wanted, _known: [])


def ran(directory: Path, log: str, record: dict[str, Any] | None = None, said: str = "") -> tuple[Verdict, str]:
    """Return what is made of a run whose machine leaves this log and this record."""
    events = "".join(f"{json.dumps(one)}\n" for one in [{"offset": 0}, *(record or {}).pop("events", [])])
    leaves = f"(run / {EVENTS!r}).write_text({events!r})\n"
    leaves += f"(run / {RECORD!r}).write_text({json.dumps(record)!r})\n" if record is not None else ""
    prepared = lab(directory, f"logs[0].write_text({log!r}); logs[1].write_text({said!r})\n{leaves}")
    found = asyncio.run(prepared.run(pair(), directory / "run"))
    observation = observe(prepared.timeline(found), found.failure)
    return observation.verdict, observation.reason


def record(*events: dict[str, Any], failure: str = "") -> dict[str, Any]:
    return {"events": list(events), "logs": {}, "seconds": 1.0, "failure": failure}


def event(at: int, name: str, **fields: Any) -> dict[str, Any]:
    return {"at": at, "actor": "lab", "origin": "lab", "name": name, "device": "", "fields": fields}


def migrated(status: str = "completed") -> list[dict[str, Any]]:
    return [
        event(1, "undriven", vm="qemu0", device="mtty", harmless=""),
        event(2, "migrate", source="qemu0", destination="qemu1", to="vm", expect="completed", return_path=False),
        {"at": 3, "actor": "qemu0", "origin": "qmp", "name": "MIGRATION", "device": "", "fields": {"status": status}},
        {"at": 3, "actor": "qemu1", "origin": "qmp", "name": "MIGRATION", "device": "", "fields": {"status": status}},
        {"at": 4, "actor": "qemu1", "origin": "qmp", "name": "RESUME", "device": "", "fields": {}},
        event(
            5,
            "migrated",
            source="qemu0",
            destination="qemu1",
            status=status,
            source_status=status,
            destination_status=status,
            downtime_ms=7,
            error="",
        ),
        event(6, "fence", vm="qemu1"),
        event(7, "state", vm="qemu0", status="postmigrate"),
        event(8, "state", vm="qemu1", status="running"),
    ]


def test_a_migration_after_which_the_guest_answers_is_delivered_and_says_what_it_rests_on(tmp_path: Path) -> None:
    verdict, reason = ran(tmp_path, CLEAN, record(*migrated()))
    assert verdict is Verdict.DELIVERED
    assert reason.endswith(
        "the guest answers on the destination; it has no driver for the device, of which nothing was checked"
    )


def test_one_after_which_the_guest_was_not_asked_has_shown_nothing(tmp_path: Path) -> None:
    events = [one for one in migrated() if one["name"] != "fence"]
    verdict, reason = ran(tmp_path, CLEAN, record(*events))
    assert (verdict, "the guest was asked nothing" in reason) == (Verdict.LAB_ERROR, True)


def test_one_that_failed_is_not_delivered(tmp_path: Path) -> None:
    assert ran(tmp_path, CLEAN, record(*migrated("failed")))[0] is Verdict.FAILED


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("WARNING: CPU: 0 PID: 70 at samples/vfio-mdev/mtty.c:1 f+0x1/0x2 [mtty]", "the kernel warned: WARNING: CPU"),
        ("BUG: KASAN: slab-use-after-free in mtty_release+0x1/0x2", "the kernel oopsed: BUG: KASAN"),
    ],
)
def test_a_kernel_that_complains_is_told_whatever_the_qemus_say(tmp_path: Path, line: str, said: str) -> None:
    verdict, reason = ran(tmp_path, f"[ 2.0] {line}\n{CLEAN}", record(*migrated()))
    assert (verdict, reason.startswith(said)) == (Verdict.CRASHED, True), reason


def test_a_kernel_that_died_has_left_no_record(tmp_path: Path) -> None:
    log = "[ 1.0] Linux version 6.12\n[ 2.0] kernel BUG at samples/vfio-mdev/mtty.c:1!\n"
    verdict, reason = ran(tmp_path, log)
    assert (verdict, reason) == (Verdict.CRASHED, "the kernel oopsed: kernel BUG at samples/vfio-mdev/mtty.c:1!")


def test_what_the_lab_has_seen_until_the_kernel_died_is_kept(tmp_path: Path) -> None:
    log = "[ 1.0] Linux version 6.12\n[ 2.0] kernel BUG at samples/vfio-mdev/mtty.c:1!\n"
    lines = [json.dumps(one) for one in [{"offset": 5}, *migrated()[:2]]]
    half = "\n".join(lines) + '\n{"at": 3, "act'
    prepared = lab(tmp_path, f"logs[0].write_text({log!r}); (run / {EVENTS!r}).write_text({half!r})\n")
    found = asyncio.run(prepared.run(pair(), tmp_path / "run"))
    names = [event.name for event in prepared.timeline(found)]
    assert names == ["slower", "undriven", "migrate", "kernel-died"]


def test_a_machine_whose_console_is_lost_says_nothing_of_qemu(tmp_path: Path) -> None:
    verdict, reason = ran(tmp_path, "[ 1.0] Linux version 6.12\n")
    assert (verdict, reason) == (Verdict.LAB_ERROR, "the kernel: console lost: Linux version 6.12")


def test_what_was_printed_by_a_machine_that_did_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="did nothing: mount: no such device"):
        ran(tmp_path, CLEAN, said="mount: no such device\n")


def test_what_broke_the_run_off_in_the_machine_is_raised_here(tmp_path: Path) -> None:
    broken = {"error": {"code": "qemu-died", "message": "qemu0 ended with exit code 1", "hint": "its log"}}
    with pytest.raises(EnvironmentFault, match="qemu0 ended") as caught:
        ran(tmp_path, CLEAN, broken)
    assert (caught.value.code, caught.value.hint) == ("qemu-died", "its log")


def written(directory: Path, found: RunPlan) -> KernelDevices:
    """Have the plan written, and read it as the machine does."""
    told = pairs._Pair(found, directory, directory / "guest")
    told.write()
    content = plain.load(json.loads((directory / PLAN).read_text()))
    names = ("creations", "paths", "settings", "profiles", "lines", "environments")
    return KernelDevices(Path(content["guest"]), plan=found, **{name: content[name] for name in names})


def test_the_machine_is_told_how_each_qemu_is_started(tmp_path: Path) -> None:
    found = pair("steps: [migrate, migrate]")
    devices = written(tmp_path, found)
    assert [name for _, name in devices.creations] == [device_name(number) for number in range(3)]
    attached = AttachedDevices((Path("/sys/bus/mdev/devices/u"),))
    line = devices.line(
        found,
        found.source,
        attached,
        VmPaths(tmp_path / "s", Path("g")),
        incoming=True,
        paused=True,
    )
    words = " ".join(line.program)
    assert line.program[0] == "/bin/qemu,x"
    assert "sysfsdev=/sys/bus/mdev/devices/u,x-enable-migration=on" not in words
    assert "sysfsdev=/sys/bus/mdev/devices/u,enable-migration=on,x-device-dirty-page-tracking=off" in words
    assert f"path={tmp_path}/s/qmp.sock" in words
    assert line.program[-3:] == ("-incoming", "defer", "-S")


def test_a_destination_of_another_build_has_its_own_line(tmp_path: Path) -> None:
    found = replace(pair(), destination=program(("/bin/other",)))
    devices = written(tmp_path, found)
    assert (devices.lines["source"][0], devices.lines["destination"][0]) == ("/bin/qemu,x", "/bin/other")


def test_each_qemu_has_a_device_of_its_own_and_no_more_than_were_planned(tmp_path: Path) -> None:
    devices = KernelDevices(tmp_path, [(str(tmp_path / "create"), "u")], ["/sys/u"], "", {}, {}, {}, pair())
    attached = devices.attach(program(("q",)), tmp_path / "qemu0", {}, ())
    assert ((tmp_path / "create").read_text(), attached.sysfs) == ("u", (Path("/sys/u"),))
    with pytest.raises(EnvironmentFault, match="has 1 devices"):
        devices.attach(program(("q",)), tmp_path / "qemu1", {}, ())


def test_what_is_carried_into_the_machine_needs_python_alone(tmp_path: Path) -> None:
    written(tmp_path, pair())
    place = f"import sys; sys.path.insert(0, {str(tmp_path / 'lab')!r}); "
    code = f"{place}import qpatch.lab.vm.inside as one; print(one.__file__)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(tmp_path / "lab/qpatch/lab/vm/inside.py"), done.stderr
    from qpatch.lab.definitions.release import table

    limits = "from qpatch.lab.definitions.release import table; print(table().limits.migration, table().limits.stretch)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", place + limits],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(6 * table().limits.migration), str(table().limits.stretch)]


def test_paths_with_commas_are_shared_as_they_are(tmp_path: Path) -> None:
    work = pairs._Pair(pair(), tmp_path / "a,b c", tmp_path / "guest").work(Kernel("k", tmp_path, {}))
    assert f"local,path={tmp_path}/a,,b c,mount_tag=run,security_model=none,multidevs=remap" in work.arguments
    assert f"mkdir -p /root'{tmp_path}/a,b c'" in work.script
    assert work.modules == ("vfio_iommu_type1", "mtty")


def test_what_cannot_be_done_with_a_device_of_a_kernel_is_said_before() -> None:
    prepared = PreparedVmLab(Kernel("k", Path(), {}), Path(), FakeEmulator(), {})
    assert prepared.reason_against(pair()) == ""
    assert prepared.reason_against(plan("steps: [migrate]")) == ""  # on the project's own device
    assert "one device" in prepared.reason_against(pair("{devices: 2, steps: [migrate]}"))
    assert "from 9.1 on, and this is 7.2" in prepared.reason_against(pair(release=(7, 2)))
    iommufd = replace(pair(), scenario=load_scenario("iommufd"))
    assert "iommufd" in prepared.reason_against(iommufd)


def test_the_labs_own_device_is_not_in_the_emulating_lab() -> None:
    from qpatch.lab.preload.lab import PreparedPreloadLab

    prepared = PreparedPreloadLab(SimpleNamespace())  # type: ignore[arg-type]
    assert "mtty is a kernel's" in prepared.reason_against(pair())
    assert prepared.reason_against(plan("steps: [migrate]")) == ""
    assert load_profile("mtty").kernel_device == "mtty"
