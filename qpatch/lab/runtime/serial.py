# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's serial line: the lab writes a line, the guest answers with one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qpatch.lab.model import EventSource
from qpatch.lab.runtime.monitor import connected
from qpatch.lab.runtime.process import ConnectionLost

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.lab.runtime.recorder import Recorder


class SerialLine:
    """The serial line of one QEMU; the caller knows whether a guest is at its other end."""

    def __init__(self, actor: str, recorder: Recorder) -> None:
        self._actor = actor
        self._recorder = recorder
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, path: Path) -> None:
        """Connect as soon as QEMU has made the socket `path`; waits for ever: the caller sets the bound."""
        self._reader, self._writer = await asyncio.open_unix_connection(sock=await connected(path))

    async def ask(self, line: str) -> str:
        """Send `line` and return the guest's answer; waits for ever. Raises ConnectionLost."""
        assert self._writer is not None
        self._recorder.event(self._actor, EventSource.SERIAL, "command", {"line": line})
        self._writer.write(f"{line}\n".encode())
        await self._writer.drain()
        return await self.read_line()

    async def read_line(self) -> str:
        """Return the next line from the guest; waits for ever. Raises ConnectionLost."""
        assert self._reader is not None
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionLost("the serial line was closed")
        answer = line.decode(errors="replace").strip()
        self._recorder.event(self._actor, EventSource.SERIAL, "answer", {"line": answer})
        return answer

    def close(self) -> None:
        """Close the connection."""
        if self._writer is not None:
            self._writer.close()
