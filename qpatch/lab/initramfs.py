# SPDX-License-Identifier: GPL-2.0-or-later
"""An archive of files that Linux unpacks when it starts: cpio in the format `newc`.

Documentation/driver-api/early-userspace/buffer-format.rst of Linux describes it. The same files give the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DIRECTORY = 0o040755
_PROGRAM = 0o100755
_END = "TRAILER!!!"


def initramfs(files: Mapping[str, bytes]) -> bytes:
    """Return the archive of `files`, contents by their paths, each of which can be executed.

    The kernel makes no directory by itself: those of the paths come first.
    """
    directories = dict.fromkeys(parent for path in files for parent in _parents(path))
    members = [
        *((name, _DIRECTORY, b"") for name in directories),
        *((name, _PROGRAM, content) for name, content in files.items()),
    ]
    entries = [_entry(number, name, mode, content) for number, (name, mode, content) in enumerate(members, 1)]
    return b"".join([*entries, _entry(0, _END, 0, b"")])


def _parents(path: str) -> Iterator[str]:
    """Yield the directories that lead to `path`, the outermost first."""
    parts = path.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])


def _entry(number: int, name: str, mode: int, content: bytes) -> bytes:
    word = name.encode() + b"\0"
    # inode, mode, owner, group, links, time, size, device (2), device of a special file (2), length of the name, check
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(word), 0)
    return _padded(b"070701" + b"".join(b"%08X" % field for field in fields) + word) + _padded(content)


def _padded(part: bytes) -> bytes:
    return part + b"\0" * (-len(part) % 4)
