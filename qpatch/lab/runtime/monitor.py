# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU's monitor (QMP): its commands, and the state that follows from its events."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING, Any

from qemu.qmp import ConnectError, ExecInterruptedError, ExecuteError, QMPClient, QMPError, Runstate

from qpatch.lab.model import EventSource
from qpatch.lab.runtime.process import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from qpatch.lab.runtime.recorder import Recorder

# How often a socket is tried that QEMU has not made yet: a start takes some hundred milliseconds.
_RETRY_SECONDS = 0.005

# qemu.qmp logs every connection that ends; what matters of it is reported by the lab.
logging.getLogger("qemu.qmp").addHandler(logging.NullHandler())


class RefusedError(Exception):
    """QEMU refused a command; the message is its own."""


class Monitor:
    """The monitor of one QEMU. `migration`, `running` and `stopped` are as its last events said.

    Before the first event of that kind the VM counts as neither running nor stopped.
    """

    def __init__(self, actor: str, recorder: Recorder) -> None:
        self.migration = ""
        self.running = False
        self.stopped = False
        self._actor = actor
        self._recorder = recorder
        self._client = QMPClient(actor)
        self._changed = asyncio.Condition()
        self._listening: asyncio.Task[None] | None = None

    async def connect(self, path: Path) -> None:
        """Connect as soon as QEMU has made the socket `path`; waits for ever: the caller sets the bound."""
        self._listening = asyncio.create_task(self._listen())
        try:
            await self._client.connect(await connected(path))
        except ConnectError as error:
            raise ConnectionLost(str(error)) from error

    async def execute(self, command: str, arguments: Mapping[str, Any]) -> Any:
        """Return what QEMU answers. Raises RefusedError, and ConnectionLost."""
        try:
            return await self._client.execute(command, dict(arguments) or None)
        except ExecuteError as error:
            raise RefusedError(str(error)) from error
        except (ExecInterruptedError, QMPError) as error:
            raise ConnectionLost(str(error)) from error

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for an event after which `condition` holds; for ever: the caller sets the bound."""
        async with self._changed:
            await self._changed.wait_for(condition)

    async def close(self) -> None:
        """Disconnect; a connection that QEMU has closed before is no error."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})
        if self._client.runstate != Runstate.IDLE:
            try:
                await self._client.disconnect()
            except (EOFError, OSError, QMPError):
                return

    async def _listen(self) -> None:
        async for message in self._client.events:
            data = message.get("data", {})
            name = str(message["event"])
            self._recorder.event(self._actor, EventSource.QMP, name, data if isinstance(data, dict) else {"data": data})
            async with self._changed:
                self._update(name, data)
                self._changed.notify_all()

    def _update(self, name: str, data: Any) -> None:
        if name == "MIGRATION":
            self.migration = str(data["status"])
        elif name in ("RESUME", "STOP"):
            self.running = name == "RESUME"
            self.stopped = name == "STOP"


async def connected(path: Path) -> socket.socket:
    """Return a socket that is connected to `path` as soon as somebody listens there; waits for ever."""
    connection = socket.socket(socket.AF_UNIX)
    connection.setblocking(False)
    try:
        while True:
            try:
                await asyncio.get_running_loop().sock_connect(connection, str(path))
                return connection
            except (FileNotFoundError, ConnectionRefusedError):
                await asyncio.sleep(_RETRY_SECONDS)
    except BaseException:
        connection.close()
        raise
