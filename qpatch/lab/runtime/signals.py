# SPDX-License-Identifier: GPL-2.0-or-later
"""Signals that end what the lab does: it cleans up first, so that nothing is left running."""

from __future__ import annotations

import asyncio
import signal


def cancel_on_signals() -> None:
    """Let signals cancel the present task; further ones do not disturb its cleaning up. Ignored ones stay so."""
    task = asyncio.current_task()
    assert task is not None

    def cancel() -> None:
        if not task.cancelling():
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, cancel)
