# SPDX-License-Identifier: GPL-2.0-or-later
"""Writing one commit into a bare repository through `git fast-import`, without a checkout or an index."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Self

from qpatch.errors import EnvironmentFault
from qpatch.trees.commands import GitError
from qpatch.trees.identity import Identity

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from qpatch.trees.git import Repository

# Imported commits are the same bytes on every machine, so their author is a fixed one.
IMPORTER = Identity("qpatch", "qpatch@localhost.invalid")

# Sources are imported once and read often: light compression and no deltas make both fast.
_SETTINGS = ("-c", "core.compression=1", "-c", "fastimport.unpackLimit=0")
_COMMAND = (*_SETTINGS, "fast-import", "--quiet", "--done", "--depth=0", "--force")


class FastImport:
    """A running `git fast-import`; leave the context without an exception to make what was written last.

    Nothing that it wrote can be seen in the repository before the end, and an exception drops all of it.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._marks = 0

    def __enter__(self) -> Self:
        self._process = self._repository.start(*_COMMAND)
        self._input = _stdin(self._process)
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _traceback: object) -> None:
        if kind is not None:
            self._process.kill()
            self._process.communicate()
            return
        self._write(b"done\n")
        stderr = self._process.communicate()[1]
        if self._process.returncode:
            raise GitError(("fast-import",), _reason(stderr))

    def blob(self, content: bytes) -> int:
        """Store `content` and return the mark to use for it in `commit`."""
        self._marks += 1
        self._write(b"blob\nmark :%d\ndata %d\n" % (self._marks, len(content)), content, b"\n")
        return self._marks

    def commit(self, ref: str, files: Mapping[str, tuple[str, int]], message: str, date: int) -> None:
        """Make `ref` a parentless commit of `files` (path to git mode and mark), dated `date` (UTC)."""
        text = message.encode()
        lines = [
            b"commit %s\n" % ref.encode(),
            b"committer %s %d +0000\n" % (str(IMPORTER).encode(), date),
            b"data %d\n" % len(text),
            text,
            b"\ndeleteall\n",
        ]
        lines += [
            b"M %s :%d %s\n" % (mode.encode(), mark, quoted(path)) for path, (mode, mark) in sorted(files.items())
        ]
        self._write(*lines)

    def _write(self, *chunks: bytes) -> None:
        try:
            self._input.writelines(chunks)
            self._input.flush()
        except BrokenPipeError as error:
            stderr = self._process.communicate()[1]
            raise GitError(("fast-import",), _reason(stderr)) from error


def quoted(path: str) -> bytes:
    """Return `path` as fast-import wants it: in quotes with C escapes where it holds anything special."""
    raw = path.encode(errors="surrogateescape")
    if re.fullmatch(rb"[^\x00-\x1f\x7f\"\\ ]+", raw):
        return raw
    escaped = re.sub(rb"[\x00-\x1f\x7f\"\\]", lambda match: b"\\%03o" % match[0][0], raw)
    return b'"' + escaped + b'"'


def _reason(stderr: bytes) -> str:
    lines = stderr.decode(errors="replace").splitlines()
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return "\n".join(dict.fromkeys(fatal or lines))


def _stdin(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdin is None:
        raise EnvironmentFault("git-failed", "git fast-import could not be written to")
    return process.stdin
