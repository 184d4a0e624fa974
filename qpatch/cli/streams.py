# SPDX-License-Identifier: GPL-2.0-or-later
"""The standard streams of the process: none that is closed, full, or of a narrow encoding breaks a run off.

What cannot be said does not change what a run comes to. Results are another matter: a full standard output is an error.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_SURROGATE = re.compile("[\ud800-\udfff]")
_MODES = {"stdin": "r", "stdout": "w", "stderr": "w"}


def prepare_streams() -> None:
    """Open what is closed on the null device, and let characters that a stream cannot hold be written as escapes.

    The descriptors 0 to 2 are taken then: no file that is opened later can come to be written to in their place.
    """
    for name, mode in _MODES.items():
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - open to the end
        elif isinstance(stream, io.TextIOWrapper) and mode == "w" and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def silence(stream: TextIO) -> None:
    """Let what is still to be written to `stream` go to the null device, also what Python flushes at its end."""
    with contextlib.suppress(OSError, ValueError):  # a stream in memory has no descriptor
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


@contextlib.contextmanager
def best_effort(stream: TextIO) -> Iterator[None]:
    """Let writing messages to `stream` fail without consequence: on a full disk, or where the reader went away."""
    try:
        yield
        stream.flush()
    except OSError:
        silence(stream)


def json_text(text: str, stream: TextIO) -> str:
    """Return the JSON `text` so that `stream` gets UTF-8 of it: what it could not hold becomes an escape of JSON."""
    if (stream.encoding or "utf-8").replace("-", "").lower() != "utf8":
        return re.sub(r"[^\x00-\x7f]", _escaped, text)
    return _SURROGATE.sub(_escaped, text)


def _escaped(character: re.Match[str]) -> str:
    units = character[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
