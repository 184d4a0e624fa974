#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU's double for tests of the lab: speaks QMP with its events, and answers for a guest, at once.

The environment variable DOUBLE says how it misbehaves, as words `EVENT=DEED`. EVENT is the first word of a serial line
or a command of the monitor; DEED is `die` (SIGSEGV), `mute` (no answer), `stop` (the VM stops by itself, the guest is
mute), `error` (the guest's or QEMU's error) or `fail` (of migrate and migrate-incoming: the migration fails), `fatal`
(the guest meets with an exception), `linger` and `stay` (of migrate: the VM goes on to its last state when it was asked
for a few times, or never).
"""

from __future__ import annotations

import json
import os
import re
import selectors
import signal
import socket
import sys
import time
from datetime import UTC, datetime
from typing import Any

DEEDS = dict(word.split("=") for word in os.environ.get("DOUBLE", "").split())
GREETING = {"QMP": {"version": {"qemu": {"major": 10, "minor": 2, "micro": 0}, "package": ""}, "capabilities": []}}


class Double:
    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.monitor: Any = None
        self.status = "inmigrate" if "-incoming" in sys.argv else "paused"
        self.migration = "none"
        self.lingers = 0  # times to ask for its state

    def listen(self, name: str) -> None:
        place = re.search(rf"id={name},path=([^,]+)", " ".join(sys.argv))
        assert place
        self.accept_at(name, place[1])

    def accept_at(self, name: str, place: str) -> None:
        server = socket.socket(socket.AF_UNIX)
        server.bind(place)
        server.listen()
        self.selector.register(server, selectors.EVENT_READ, (name, server, None))

    def run(self) -> None:
        while True:
            for key, _ in self.selector.select():
                name, connection, stream = key.data
                if stream is None:
                    self.accept(name, connection)
                elif received := connection.recv(65536).decode():
                    getattr(self, name)(received, stream)
                else:
                    self.selector.unregister(key.fileobj)

    def accept(self, name: str, server: socket.socket) -> None:
        connection, _ = server.accept()
        stream = connection.makefile("w")
        self.selector.register(connection, selectors.EVENT_READ, (f"on_{name}", connection, stream))
        if name == "monitor":
            self.monitor = stream
            self.say(GREETING)
        else:
            self.guest = stream

    def say(self, message: dict[str, Any]) -> None:
        self.monitor.write(json.dumps(message) + "\r\n")
        self.monitor.flush()

    def event(self, name: str, **data: Any) -> None:
        self.say({"event": name, "data": data, "timestamp": {"seconds": 0, "microseconds": 0}})

    def runs(self, status: str) -> None:
        self.status = status
        self.event("RESUME" if status == "running" else "STOP")

    def migrates(self, *statuses: str) -> None:
        for status in statuses:
            self.migration = status
            self.event("MIGRATION", status=status)

    def on_monitor(self, received: str, _: Any) -> None:
        """Answer commands: the client sends no newline, and several of its tasks may each send one."""
        rest = received.strip()
        while rest:
            message, end = json.JSONDecoder().raw_decode(rest)
            rest = rest[end:].lstrip()
            self.on_command(message)

    def on_command(self, message: dict[str, Any]) -> None:
        tag = {"id": message["id"]} if "id" in message else {}
        command, deed = message["execute"], self.deed(message["execute"])
        if deed == "mute":
            return
        if deed == "error":
            self.say({**tag, "error": {"class": "GenericError", "desc": f"no {command} today"}})
            return
        if command == "query-status":
            self.linger()
        answers = {
            "query-status": {"status": self.status, "running": self.status == "running"},
            "query-migrate": {
                "status": self.migration,
                "downtime": 3,
                "total-time": 9,
                **({"error-desc": "it was to fail"} if self.migration == "failed" else {}),
            },
        }
        self.say({**tag, "return": answers.get(command, {})})
        self.after(command, failing=deed == "fail")

    def linger(self) -> None:
        self.lingers -= 1
        if self.lingers == 0:
            self.status = "postmigrate"

    def after(self, command: str, *, failing: bool) -> None:
        end = "failed" if failing else "completed"
        if command == "quit":
            sys.exit(0)
        if command == "cont":
            # Its guest's clock is the host's, and never stands still: this is all that is traced of it.
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            print(f"{stamp} runstate_set current_run_state 6 (prelaunch) new_state 9 (running)", flush=True)
            self.runs("running")
            self.guest.write("ready aarch64 gicv2 devices=1 cpus=2\n")
            self.guest.flush()
        elif command == "migrate":
            self.migrates("setup", "active")
            stays = DEEDS.get(command, "") in ("linger", "stay")
            self.runs("finish-migrate" if stays else "postmigrate")
            self.lingers = 4 if DEEDS.get(command, "") == "linger" else 0
            self.migrates(end)
            if failing:
                self.runs("running")
        elif command == "migrate-incoming":
            self.migrates("setup", "active", end)
            if failing:
                sys.exit(1)
            self.runs("running")

    def on_serial(self, line: str, stream: Any) -> None:
        word, *rest = line.split()
        deed = self.deed(word)
        if deed == "stop":
            self.runs("internal-error")
        if deed in ("stop", "mute"):
            return
        answers = {
            "irq": f"ok vectors={rest[-1] if rest else 0}",
            "status": "ok raised=1 acked=1 spurious=0 handled=1",
            "ticks": f"ok ticks={time.monotonic_ns()} hertz=1000000000",
            "check": "ok stale=0 corrupt=0 memory=ok state=ok",
        }
        bad = {"error": "error no", "fatal": "\nfatal exception 4 at 0x40"}
        stream.write(bad.get(deed, answers.get(word, "ok")) + "\n")
        stream.flush()

    def deed(self, event: str) -> str:
        deed = DEEDS.get(event, "")
        if deed == "die":
            print("something terrible", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        return deed


if __name__ == "__main__":
    double = Double()
    for name in ("monitor", "serial"):
        double.listen(name)
    double.run()
