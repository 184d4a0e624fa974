#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A QEMU's double with a device: it logs what the preloaded library would, and its guest acknowledges interrupts.

The environment variable FAULT says what is broken, as one word; without it all goes well. See `lab_qemu_double` for
DOUBLE, which breaks the monitor and the serial line.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from typing import Any

from lab_qemu_double import Double

FAULT = os.environ.get("FAULT", "")
FAILURES = ("fails", "refuses", "stranded")
LATE_SECONDS, STALL_SECONDS = 0.3, 1.1  # more than the bounds of bounds.yaml
ENOSPC, EFAULT, EIO = 28, 14, 5


class DeviceDouble(Double):
    def __init__(self) -> None:
        super().__init__()
        self.uri = ""
        self.is_source = "-incoming" not in sys.argv
        self.number = 0
        self.state = "running"
        self.sequences: dict[int, int] = {}
        self.log("start", "", mono_ns=time.monotonic_ns(), real_ns=time.time_ns())

    def log(self, name: str, device: str = "dev0", **fields: Any) -> None:
        line = {"emu": 1, "n": self.number, "t": time.monotonic_ns(), "device": device, "event": name, **fields}
        print(json.dumps(line, separators=(",", ":")), file=sys.stderr, flush=True)
        self.number += 2 if FAULT == "gap" and name == "state" else 1

    def goes_to(self, *states: str) -> None:
        for state in states:
            change: dict[str, Any] = {"from": self.state, "to": state, "errno": 0}
            self.log("state", **change)
            self.state = state

    def on_command(self, message: dict[str, Any]) -> None:
        self.uri = message.get("arguments", {}).get("uri", self.uri).removeprefix("unix:")
        if message["execute"] == "migrate-incoming":
            self.accept_at("channel", self.uri)
        super().on_command(message)

    def accept(self, name: str, server: socket.socket) -> None:
        """Take over when the source has connected: it does so at its end."""
        if name == "channel":
            server.accept()
            self.selector.unregister(server)
            self.takes_over(failing=FAULT in FAILURES)
        else:
            super().accept(name, server)

    def after(self, command: str, *, failing: bool) -> None:
        if command == "migrate":
            self.migrates_away(failing=FAULT in FAILURES)
        elif command == "migrate-incoming":
            self.migrates("setup")
        elif command == "cont" and self.migration != "none":
            self.goes_to("running")
            self.runs("running")
        else:
            super().after(command, failing=failing)

    def migrates_away(self, *, failing: bool) -> None:
        self.migrates("setup", "active")
        if FAULT != "both-run":
            self.goes_to("stop-copy", "stop")
        self.runs("postmigrate")
        socket.socket(socket.AF_UNIX).connect(self.uri)
        self.migrates("failed" if failing else "completed")
        if failing and FAULT != "stranded":
            self.goes_to("running")
            self.runs("running")

    def takes_over(self, *, failing: bool) -> None:
        self.migrates("active")
        self.goes_to("resuming")
        if FAULT == "refuses":
            self.log("refuse", operation="data-write", reason="config", errno=EIO)
        error = EIO if FAULT in ("refuses", "unnoticed") else 0
        self.log("data-write", bytes=0 if error else 16, total=0 if error else 16, errno=error)
        if failing:
            print("qemu-system-double: load of migration failed", file=sys.stderr, flush=True)
            self.migrates("failed")
            sys.exit(1)
        time.sleep(STALL_SECONDS if FAULT == "slow" else 0)
        if FAULT == "noisy":
            print("qemu-system-double: the device is odd", file=sys.stderr, flush=True)
        self.goes_to("running")
        self.migrates("completed")
        self.runs("running")

    def on_serial(self, line: str, stream: Any) -> None:
        words = line.split()
        if words[0] in ("raise", "raises"):
            self.raises(int(words[2]) if len(words) > 2 else 0)
        elif words[0] == "kicks" and FAULT == "unmapped" and not self.is_source:
            self.log("dma-write", iova=0x1000, errno=EFAULT)
        if words[0] == "check" and FAULT in ("stale", "corrupt") and not self.is_source:
            stream.write(f"ok stale={int(FAULT == 'stale')} corrupt={int(FAULT == 'corrupt')} memory=ok state=ok\n")
            stream.flush()
            return
        super().on_serial(line, stream)

    def raises(self, vector: int) -> None:
        sequence = self.sequences[vector] = self.sequences.get(vector, 0) + 1
        self.log("irq-raise", index="msix", vector=vector, sequence=sequence, cause="guest", sent=True)
        self.log("irq-consume", index="msix", vector=vector)
        if self.is_source or FAULT not in ("loses", "astray"):
            time.sleep(LATE_SECONDS if FAULT == "late" and not self.is_source else 0)
            self.log("irq-ack", index="msix", vector=vector, sequence=sequence, spurious=False)
        if self.is_source:
            return
        for _ in range({"twice": 1, "storm": 250, "astray": 1}.get(FAULT, 0)):
            other = vector + (FAULT == "astray")
            self.log("irq-ack", index="msix", vector=other, sequence=0, spurious=True)


if __name__ == "__main__":
    double = DeviceDouble()
    for name in ("monitor", "serial"):
        double.listen(name)
    double.run()
