# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests of content: of values that the user gave, of qpatch itself, and of programs that it runs.

What is kept under such a digest cannot be stale: whatever could change it gives another digest.
"""

from __future__ import annotations

import enum
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path

_DIGEST_BYTES = 20
_CODE = (".py", ".yaml", ".j2")
# What reads the sources besides qpatch's own code.
_PARSERS = ("tree-sitter", "tree-sitter-c")


def fingerprint(*values: object) -> str:
    """Return the digest of `values`: plain values, and dataclasses and collections of such.

    A field of a dataclass in which two equal objects may differ (`compare=False`) is no part of it. Raises TypeError
    for any other value: nothing may be left out in silence.
    """
    parts: list[bytes] = []
    _append(values, parts)
    return hashlib.blake2b(b"".join(parts), digest_size=_DIGEST_BYTES).hexdigest()


@cache
def own_fingerprint() -> str:
    """Return the digest of qpatch's own files, and of the versions of its parsers."""
    from importlib.metadata import version

    root = Path(__file__).parent
    files = sorted(
        os.path.join(directory, name)  # noqa: PTH118 - several times faster than Path, at every start
        for directory, _, names in os.walk(root)
        for name in names
        if name.endswith(_CODE)
    )
    content = {file[len(str(root)) :]: Path(file).read_bytes() for file in files}
    return fingerprint(content, {name: version(name) for name in _PARSERS})


def program_fingerprint(name: str) -> str:
    """Return the digest of which program `name` is: where PATH has it, its size, and when it was written.

    A program that is put in its place, as by an update, has another one. Nothing is run: that would take longer.
    """
    found = shutil.which(name)
    if found is None:
        return fingerprint(name, None)
    place = os.path.realpath(found)
    state = os.stat(place)  # noqa: PTH116 - `place` is a string, and a Path would be made of it for this alone
    return fingerprint(name, found, place, state.st_size, state.st_mtime_ns)


def _append(value: object, parts: list[bytes]) -> None:
    """Append bytes that no other value gives: they begin with its kind, and its length where that may differ."""
    if isinstance(value, bool | int | float | enum.Enum | Path | None):
        parts.append(f"{type(value).__name__} {value!r}\n".encode())
    elif isinstance(value, str | bytes):
        content = value.encode(errors="surrogatepass") if isinstance(value, str) else value
        parts += (f"{type(value).__name__} {len(content)}\n".encode(), content)
    elif is_dataclass(value) and not isinstance(value, type):
        parts.append(f"{type(value).__qualname__}\n".encode())
        for field in fields(value):
            if field.compare:
                _append(getattr(value, field.name), parts)
    elif isinstance(value, Mapping):
        parts.append(b"mapping\n")
        _append(sorted(value.items()), parts)
    elif isinstance(value, AbstractSet):
        parts.append(b"set\n")
        _append(sorted(value), parts)
    elif isinstance(value, Sequence):
        parts.append(f"{len(value)}\n".encode())
        for item in value:
            _append(item, parts)
    else:
        raise TypeError(f"{type(value).__name__} has no fingerprint")
