#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Repeats one run of qpatch's preload lab from a bundle, and compares what happens with the original run.

It needs Python 3.9 and nothing else: beside it lie the emulated device (libqpatch-emu.so), the guest, and for each
QEMU a script with its command line. It does the actions of actions.json over QMP and the guest's serial line, prints
the key events of each device, and what differs from expected.txt. The exit code is 0 if at least one repetition does
not differ, 1 if all do (a race may need --times 20), 2 if the run could not be repeated.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

WAIT_SECONDS = 60.0  # for each thing that is waited for: machines may be busy
POLL_SECONDS = 0.01
LAST_LINES = 6  # of a log, where something went wrong
RUN = "@RUN@"  # stands for the directory of the run in actions
SOCKETS = "s"
ENDS = ("completed", "failed", "cancelled")
_LIBRARY_LINE = '{"emu":1,'
_LOADED = re.compile(r"(?:^|[\s:])vmstate_load ([^,]+), ")
_COLLAPSED = ("config-write", "data-read", "data-write")
_INTERRUPTS = ("intx", "msi", "msix")
_INTERRUPT_EVENTS = {"irq-raise": "raised", "irq-swallow": "swallowed", "irq-ack": "answered"}


class NotReproduced(Exception):
    """The run could not be repeated; the message says what did not happen."""


# What happened, as far as it is the same in every run.


def events_by_actor(logs: Mapping[str, str], controllers: Collection[str]) -> list[str]:
    """Return the key events of all devices, as expected.txt has them; `logs` are texts by the processes' names."""
    return [
        line
        for actor in sorted(logs)
        for device, events in sorted(key_events(logs[actor], controllers).items())
        for line in (f"[{actor} {device}]", *events)
    ]


def key_events(log: str, controllers: Collection[str]) -> dict[str, list[str]]:
    """Return the key events of each device of a process as lines, from its log.

    Times, sizes and counts of data are left out, and so is how the events of several devices interleave. `controllers`
    are the names of interrupt controllers, whose loading is an event of every device.
    """
    steps: dict[str, list[str]] = {}
    counts: dict[str, dict[int, dict[str, int]]] = {}
    for line in log.splitlines():
        start = line.find(_LIBRARY_LINE)
        event = _parsed(line[start:]) if start >= 0 else None
        if event is None:
            _add(steps.values(), _load(line, controllers))
        elif event["device"]:
            _add([steps.setdefault(event["device"], [])], _step(event))
            _count(event, counts.setdefault(event["device"], {}))
    return {
        device: lines + [f"vector {number}: {_listed(counted)}" for number, counted in sorted(counts[device].items())]
        for device, lines in steps.items()
    }


def _listed(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{what} {number}" for what, number in sorted(counted.items()))


def _add(lists: Iterable[list[str]], step: str) -> None:
    for steps in lists:
        if step and steps[-1:] != [step]:
            steps.append(step)


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None  # cut short, since QEMU was killed
    return found


def _load(line: str, controllers: Collection[str]) -> str:
    loaded = _LOADED.search(line)
    return f"load {loaded[1]}" if loaded and loaded[1] in controllers else ""


def _step(event: Mapping[str, Any]) -> str:
    """Return the line for an event of the library, '' for one that is not a key event, or differs in each run."""
    name = event["event"]
    error = f", errno {event['errno']}" if event.get("errno") else ""
    if name == "state":
        return f"state {event['from']} -> {event['to']}{error}"
    if name == "set-irqs" and event["index"] in _INTERRUPTS:
        return f"set-irqs {event['index']} {event['action']} {event['data']}{error}"
    if name in _COLLAPSED:
        return f"{name}{error}"
    if name == "refuse":
        return f"refuse {event['operation']}: {event['reason']}"
    if name == "fault":
        return f"fault {event['operation']}: {event['result']}"
    if name == "irq-raise" and event["cause"] != "guest":
        return f"raise {event['index']} {event['vector']} because of {event['cause']}"
    return ""


def _count(event: Mapping[str, Any], counts: dict[int, dict[str, int]]) -> None:
    """Count what happened to the interrupts of a device: when they are raised and answered differs in each run."""
    what = _INTERRUPT_EVENTS.get(event["event"])
    if what is not None:
        what = "spurious" if event.get("spurious") else what
        counted = counts.setdefault(int(event.get("vector", 0)), {})
        counted[what] = counted.get(what, 0) + 1


# Repeating the run.


class ReplayedQemu:
    """One QEMU: its process, its monitor and its guest's serial line."""

    def __init__(self, actor: str, bundle: Path, run: Path) -> None:
        self.actor = actor
        self.directory = run / actor
        self.sockets = run / SOCKETS / actor
        self.log = self.directory / "log"
        self.log_at_migration = 0
        for directory in (self.directory, self.sockets):
            directory.mkdir(parents=True)
        shutil.copy(bundle / actor / "devices.conf", self.directory)
        make_sysfs(self.directory)
        environment = {**os.environ, "RUN": str(run)}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["sh", str(bundle / f"{actor}.sh")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def connect(self) -> None:
        """Connect to the monitor and the serial line as soon as QEMU has made their sockets."""
        self.monitor = self._connected("qmp.sock")
        self.serial = self._connected("serial.sock")
        self.monitor.readline()
        self.execute("qmp_capabilities", {})

    def execute(self, command: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the monitor answers; an error counts as an answer. Raises NotReproduced."""
        if command == "migrate":
            self.log_at_migration = self.log.stat().st_size
        try:
            self.monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self.monitor.flush()
            while line := self.monitor.readline():
                answer: dict[str, Any] = json.loads(line)
                if "return" in answer or "error" in answer:
                    returned = answer.get("return", answer)
                    return returned if isinstance(returned, dict) else {}
        except OSError as error:
            raise self._ended(command) from error
        raise self._ended(command)

    def ask(self, line: str) -> str:
        """Return the guest's answer to a line. Raises NotReproduced."""
        try:
            self.serial.write(f"{line}\n")
            self.serial.flush()
            answer = self.serial.readline()
        except OSError as error:
            raise self._ended(line) from error
        if not answer:
            raise self._ended(line)
        return answer

    def wait(self, fields: Mapping[str, Any]) -> None:
        """Wait for what an action waits for. Raises NotReproduced."""
        what = fields["until"]
        conditions: dict[str, Callable[[], bool]] = {
            "running": lambda: self._status("query-status") == "running",
            "active": lambda: self._status("query-migrate") in ("active", *ENDS),
            "sent": lambda: self._status("query-migrate") in ENDS,
            "received": lambda: self.process.poll() is not None or self._status("query-migrate") in ENDS,
            "logged": lambda: self._status("query-migrate") in ENDS or self._has_logged(fields["words"]),
        }
        if what == "ready":
            self.serial.readline()
        elif what in conditions:
            self._until(what, conditions[what])

    def text(self, offset: int = 0) -> str:
        """Return what is in the log after `offset`."""
        with self.log.open("rb") as log:
            log.seek(offset)
            return log.read().decode("utf-8", "replace")

    def quit(self) -> None:
        """Ask QEMU to end."""
        try:
            self.execute("quit", {})
            self.process.wait(WAIT_SECONDS)
        except (NotReproduced, subprocess.TimeoutExpired):
            self.kill()

    def kill(self) -> None:
        """End the process and all that it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _connected(self, name: str) -> IO[str]:
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(WAIT_SECONDS)

        def connect() -> bool:
            try:
                end.connect(str(self.sockets / name))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            return True

        self._until(f"{name} to be there", connect)
        return end.makefile("rw", encoding="utf-8", newline="\n")

    def _status(self, command: str) -> str:
        """Return the `status` in the answer to a query; a QEMU that has ended has failed."""
        try:
            return str(self.execute(command, {}).get("status", ""))
        except NotReproduced:
            return "failed"

    def _has_logged(self, words: Iterable[str]) -> bool:
        required = list(words)
        return any(all(word in line for word in required) for line in self.text(self.log_at_migration).splitlines())

    def _ended(self, when: str) -> NotReproduced:
        last = "\n".join(self.text().splitlines()[-LAST_LINES:])
        return NotReproduced(f"{self.actor} ended or does not answer: {when}; the end of its log:\n{last}")

    def _until(self, what: str, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while not condition():
            if self.process.poll() is not None:
                raise self._ended(what)
            if time.monotonic() > end:
                raise NotReproduced(f"{self.actor}: waited {WAIT_SECONDS:.0f} seconds for {what}")
            time.sleep(POLL_SECONDS)


def make_sysfs(directory: Path) -> None:
    """Make the sysfs directory of each device: a link to its group, and the number of its character device."""
    for section in (directory / "devices.conf").read_text().split("[device]")[1:]:
        values = dict(line.split("=", 1) for line in section.splitlines() if "=" in line)
        device = directory / values["name"]
        character_device = device / "vfio-dev" / values["cdev"]
        character_device.mkdir(parents=True)
        (character_device / "dev").write_text("1:3\n")
        (device / "iommu_group").symlink_to(f"../../groups/{values['group']}")


def replay(bundle: Path, run: Path, actions: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Do the actions; return the logs of all QEMUs by their names. Raises NotReproduced."""
    machines: dict[str, ReplayedQemu] = {}
    try:
        for action in actions:
            actor, fields = action["actor"], with_directory(action["fields"], run)
            if action["what"] == "start":
                machines[actor] = ReplayedQemu(actor, bundle, run)
                machines[actor].connect()
            elif action["what"] == "serial":
                machines[actor].ask(fields["line"])
            elif action["what"] == "qmp":
                machines[actor].execute(fields["command"], fields["arguments"])
            elif action["what"] == "sleep":
                time.sleep(fields["milliseconds"] / 1000)
            elif action["what"] == "wait":
                machines[actor].wait(fields)
            elif action["what"] == "quit":
                machines[actor].quit()
    finally:
        for machine in machines.values():
            machine.kill()
    return {actor: machine.text() for actor, machine in machines.items()}


def with_directory(value: Any, run: Path) -> Any:
    """Return `value` with the run's directory in the place of its mark."""
    if isinstance(value, dict):
        return {key: with_directory(item, run) for key, item in value.items()}
    if isinstance(value, list):
        return [with_directory(item, run) for item in value]
    return value.replace(RUN, str(run)) if isinstance(value, str) else value


def repeat(bundle: Path, content: Mapping[str, Any], *, keep: bool) -> list[str]:
    """Repeat the run in a directory of its own and return its key events. Raises NotReproduced."""
    run = Path(tempfile.mkdtemp(prefix="qpatch-"))  # a path of more than some 80 bytes leaves no room for sockets
    try:
        (run / SOCKETS).mkdir()
        for name in content["files"]:
            (run / SOCKETS / name).symlink_to(bundle / name)
        return events_by_actor(replay(bundle, run, content["actions"]), content["controllers"])
    finally:
        if keep:
            print(f"logs: {run}")
        else:
            shutil.rmtree(run, ignore_errors=True)


def main(bundle: Path, arguments: Sequence[str] | None = None) -> int:
    """Repeat the run of `bundle` once or several times; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=1, help="how often to repeat it (default: once)")
    parser.add_argument("--keep", action="store_true", help="keep the logs, and say where they are")
    options = parser.parse_args(arguments)
    content = json.loads((bundle / "actions.json").read_text())
    expected = (bundle / "expected.txt").read_text().splitlines()
    reproduced = 0
    for _ in range(options.times):
        try:
            events = repeat(bundle, content, keep=options.keep)
        except (NotReproduced, OSError, ValueError) as error:
            print(f"not repeated: {error}", file=sys.stderr)
            return 2
        print("\n".join(events))
        difference = list(difflib.unified_diff(expected, events, "expected.txt", "this run", lineterm="", n=1))
        print("\n".join(difference) if difference else f"reproduced: {content['verdict']}")
        reproduced += not difference
    if options.times > 1:
        print(f"reproduced {reproduced} of {options.times} times")
    return 0 if reproduced else 1


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent))
