#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for QEMU where a bundle is repeated: answers on its monitor and serial sockets, logs as the library does.

Files beside it make it misbehave: LOSE has it lose the interrupts of vector 1 (LOSE_ONCE: in the first repetition);
DIE and MUTE hold a command of the monitor or a word of the serial line at which it ends, or no longer answers; ACTIVE
has its migrations never end. Where PIDS is there, it notes its process id in it.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import socket
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
MIGRATION = "active" if (HERE / "ACTIVE").exists() else "completed"
ANSWERS = {"query-status": {"status": "running"}, "query-migrate": {"status": MIGRATION}}


def log(event: str, **fields: object) -> None:
    line = {"emu": 1, "n": 0, "t": 0, "device": "dev0", "event": event, **fields}
    print(json.dumps(line, separators=(",", ":")), file=sys.stderr, flush=True)


def misbehaves(how: str, command: str) -> bool:
    file = HERE / how
    return file.exists() and file.read_text() == command


def obey(command: str) -> None:
    if misbehaves("DIE", command):
        print("it dies", file=sys.stderr, flush=True)
        os._exit(1)
    while misbehaves("MUTE", command):
        time.sleep(1)


def on_monitor(line: str) -> str:
    command = json.loads(line)["execute"]
    obey(command)
    if command == "migrate-incoming":
        log("state", **{"from": "running", "to": "resuming", "errno": 0})
        print("2026-01-01T00:00:00.000000Z vmstate_load arm_gic, arm_gic", file=sys.stderr, flush=True)
    return json.dumps({"return": ANSWERS.get(command, {})})


def on_serial(line: str) -> str:
    word, *arguments = line.split()
    obey(word)
    if word == "raise":
        log("irq-raise", index="msix", vector=int(arguments[1]), cause="guest", sent=True)
        if not (arguments[1] == "1" and loses()):
            log("irq-ack", index="msix", vector=int(arguments[1]), spurious=False)
    return "ok"


def loses() -> bool:
    once = HERE / "LOSE_ONCE"
    if once.exists():
        once.unlink()
        return True
    return (HERE / "LOSE").exists()


def main() -> None:
    command = " ".join(sys.argv)
    if (HERE / "PIDS").exists():
        with (HERE / "PIDS").open("a") as pids:
            pids.write(f"{os.getpid()}\n")
    for needed in re.findall(r"-kernel (\S+)|sysfsdev=([^,\s]+)", command):
        assert Path("".join(needed)).exists(), needed
    places = [re.search(rf"id={name},path=([^,]+)", command) for name in ("monitor", "serial")]
    greetings = ('{"QMP": {}}', "ready aarch64 gicv2 devices=1 cpus=2")
    handlers = (on_monitor, on_serial)
    selector = selectors.DefaultSelector()
    servers: dict[int, socket.socket] = {}
    for place, greeting, answer in zip(places, greetings, handlers, strict=True):
        assert place
        server = socket.socket(socket.AF_UNIX)
        server.bind(place[1])
        server.listen()
        servers[server.fileno()] = server
        selector.register(server, selectors.EVENT_READ, (greeting, answer))
    while True:
        for key, _ in selector.select():
            if key.fd in servers:
                greeting, answer = key.data
                connection, _ = servers[key.fd].accept()
                connection.sendall(f"{greeting}\n".encode())
                selector.register(connection, selectors.EVENT_READ, (connection.makefile("rw"), answer))
                continue
            stream, answer = key.data
            line = stream.readline()
            if not line:
                selector.unregister(key.fileobj)
                continue
            stream.write(f"{answer(line)}\n")
            stream.flush()
            if '"quit"' in line:
                return


if __name__ == "__main__":
    main()
