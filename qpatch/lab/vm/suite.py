# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the tests of the uAPI on a device of a real kernel, in a virtual machine, and reads what came of each.

Each test has two new devices: a state that outlives a close would stand in the way of the next test. A test on which
the kernel dies loses nothing but itself: the kernel is booted again for the tests that are left.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from qpatch.errors import EnvironmentFault
from qpatch.lab.selftests.kernels import KernelBoot, KernelSuite
from qpatch.lab.selftests.results import DeviceOutcome, Outcome, TestOutcome, read_program
from qpatch.lab.selftests.running import DEVICES
from qpatch.lab.vm.boot import PROGRAMS, Boot, Work, boot
from qpatch.lab.vm.console import BEGINS, DONE, End, pieces, read_console
from qpatch.lab.vm.devices import device_name, device_path, removal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from qpatch.lab.vm.boot import Emulator
    from qpatch.lab.vm.devices import KernelDevice
    from qpatch.lab.vm.kernels import Kernel
    from qpatch.trees.progress import Progress

_LIST_SECONDS = 60  # for a program to list its tests
_ENDED = re.compile(r"^qpatch: (?P<code>\d+) ended (?P<name>.*)\n", re.MULTILINE)
_STARTED = "qpatch: started "
_QUOTED = 12  # lines of the kernel's that a result has


class ProgramTest(NamedTuple):
    """One test of a program."""

    program: str
    name: str

    def __str__(self) -> str:
        """Name it as the kernel's log does."""
        return f"{self.program} {self.name}"


@dataclass(frozen=True)
class VirtualMachine:
    """What boots kernels: a static busybox, a QEMU, and the directory that keeps what came of it."""

    busybox: Path
    emulator: Emulator
    directory: Path


def listed_tests(programs: Iterable[Path]) -> list[ProgramTest]:
    """Return all tests of `programs`, as they list them. Raises EnvironmentFault `program-broken`."""
    return [ProgramTest(program.name, name) for program in programs for name in _names(program)]


def run_suite(
    kernel: Kernel,
    device: KernelDevice,
    programs: Sequence[Path],
    machine: VirtualMachine,
    title: str,
    progress: Progress,
    options: Mapping[str, str],
) -> KernelSuite:
    """Run all tests of `programs` on devices of `kernel`, which are called `title`.

    `options` are parameters of the kernel's modules. Raises as `boot` does.
    """
    tests = listed_tests(programs)
    known: dict[ProgramTest, TestOutcome] = {}
    boots: list[KernelBoot] = []
    while waiting := [test for test in tests if test not in known]:
        progress.begin(f"booting {kernel.title} for {len(waiting)} tests", None)
        work = Work(device.modules, _script(device, waiting), programs, options=options)
        place = machine.directory / f"boot{len(boots) + 1}"
        booted = boot(kernel, work, machine.busybox, place, machine.emulator)
        boots.append(KernelBoot(str(booted.end.end), booted.end.lines, booted.seconds, booted.directory))
        found = read_boot(booted, waiting)
        if not found:
            lost = TestOutcome("(the kernel)", "", Outcome.FAILED, _said(booted, "before the first test"))
            return KernelSuite(kernel.title, DeviceOutcome(title, (*_in_order(tests, known), lost)), tuple(boots))
        known |= found
    return KernelSuite(kernel.title, DeviceOutcome(title, _in_order(tests, known)), tuple(boots))


def read_boot(booted: Boot, waiting: Sequence[ProgramTest]) -> dict[ProgramTest, TestOutcome]:
    """Return what is known of the tests that were `waiting`: those after one on which the kernel died are missing.

    A test has failed, too, where the kernel complained while it ran.
    """
    outputs, said = _outputs(booted.output), pieces(booted.log)
    found: dict[ProgramTest, TestOutcome] = {}
    last: ProgramTest | None = None
    for test in waiting:
        if str(test) not in said and str(test) not in outputs:
            continue
        last = test
        ended = outputs.get(str(test))
        if ended is not None:
            found[test] = _complained(_read(test, *ended), said.get(str(test), ""))
    if booted.end.complete:
        missing = [test for test in waiting if test not in found]
        return found | {test: _failed(test, "the program has printed nothing") for test in missing}
    if last is not None:
        after = "after it" if last in found and found[last].outcome is not Outcome.FAILED else ""
        reason = _said(booted, after)
        found[last] = _failed(last, "\n".join(filter(None, (reason, found[last].reason if last in found else ""))))
    return found


def _names(program: Path) -> list[str]:
    try:
        done = subprocess.run(
            [program, "-l"], capture_output=True, text=True, timeout=_LIST_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentFault("program-broken", f"{program.name} does not list its tests: {error}") from error
    return done.stdout.split()


def _script(device: KernelDevice, tests: Sequence[ProgramTest]) -> str:
    """Return the shell script that runs `tests`, each with devices of its own."""
    names = [device_name(number) for number in range(DEVICES)]
    paths = " ".join(map(device_path, names))
    lines = [
        "run() {",
        f'    echo "<2>{BEGINS}$*" >/dev/kmsg',
        f'    echo "{_STARTED}$*"',
        *(f"    {device.creation(name)}" for name in names),
        f"    {PROGRAMS}/$1 -r $2 {paths}",
        "    code=$?",
        *(f"    {removal(name)}" for name in names),
        '    echo; echo "qpatch: $code ended $*"',
        "}",
        *(f"run {test}" for test in tests),
        f'echo "<2>{BEGINS}" >/dev/kmsg',  # what follows is of no test
    ]
    return "\n".join(lines) + "\n"


def _outputs(output: str) -> dict[str, tuple[str, int]]:
    """Return what each test printed that has ended, and its exit code."""
    found: dict[str, tuple[str, int]] = {}
    for part in output.split(_STARTED)[1:]:
        name, _, rest = part.partition("\n")
        if (ended := _ENDED.search(rest)) and ended["name"] == name:
            found[name] = (rest[: ended.start()], int(ended["code"]))
    return found


def _read(test: ProgramTest, printed: str, code: int) -> TestOutcome:
    """Return the outcome of a test that was run alone; a program that fails otherwise has failed in it."""
    outcomes = read_program(test.program, printed, code)
    worst = next((one for one in outcomes if one.outcome is Outcome.FAILED), None) or next(iter(outcomes), None)
    if worst is None:
        return _failed(test, f"the program has run no test, and ended with exit code {code}")
    return replace(worst, test=test.name)


def _complained(outcome: TestOutcome, log: str) -> TestOutcome:
    """Return `outcome`, failed where the kernel has complained in `log`, which it printed during the test."""
    end = read_console(f"{log}\n{DONE}")
    if end.end is End.FINISHED:
        return outcome
    reason = "\n".join(filter(None, (outcome.reason, f"the kernel: {end.end}", *end.lines[:_QUOTED])))
    return replace(outcome, outcome=Outcome.FAILED, reason=reason)


def _said(booted: Boot, when: str = "") -> str:
    """Return how the kernel ended, with its lines."""
    return "\n".join((f"the kernel {booted.end.end} {when}".strip(), *booted.end.lines[:_QUOTED]))


def _failed(test: ProgramTest, reason: str) -> TestOutcome:
    return TestOutcome(test.program, test.name, Outcome.FAILED, reason)


def _in_order(tests: Iterable[ProgramTest], known: Mapping[ProgramTest, TestOutcome]) -> tuple[TestOutcome, ...]:
    return tuple(known[test] for test in tests if test in known)
