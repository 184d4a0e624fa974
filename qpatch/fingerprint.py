# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests of content: of values that the user gave, and of qpatch itself.

What is kept under such a digest cannot be stale: whatever could change it gives another digest.
"""

from __future__ import annotations

import enum
import hashlib
import os
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIGEST_BYTES = 20
_CODE = (".py", ".yaml", ".j2")
# What reads the sources besides qpatch's own code.
_PARSERS = ("tree-sitter", "tree-sitter-c")


def fingerprint(*values: object) -> str:
    """Return the digest of `values`: plain values, and dataclasses and collections of such.

    A field of a dataclass in which two equal objects may differ (`compare=False`) is no part of it. Raises TypeError
    for any other value: nothing may be left out in silence.
    """
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in _parts(values):
        digest.update(part)
    return digest.hexdigest()


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


def _parts(value: object) -> Iterator[bytes]:
    """Yield bytes that no other value gives: each part begins with its kind, and its length where that may differ."""
    if value is None or isinstance(value, bool | int | float | enum.Enum | Path):
        yield f"{type(value).__name__} {value!r}\n".encode()
    elif isinstance(value, str | bytes):
        content = value.encode(errors="surrogatepass") if isinstance(value, str) else value
        yield f"{type(value).__name__} {len(content)}\n".encode()
        yield content
    elif is_dataclass(value) and not isinstance(value, type):
        yield f"{type(value).__qualname__}\n".encode()
        yield from _parts([getattr(value, field.name) for field in fields(value) if field.compare])
    elif isinstance(value, Mapping):
        yield from _parts(sorted(value.items()))
    elif isinstance(value, AbstractSet):
        yield from _parts(sorted(value))
    elif isinstance(value, Sequence):
        yield f"{len(value)}\n".encode()
        for item in value:
            yield from _parts(item)
    else:
        raise TypeError(f"{type(value).__name__} has no fingerprint")
