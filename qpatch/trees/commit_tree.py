# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of one commit, as the edit engine wants them, read through one `git cat-file --batch`."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from functools import cached_property
from typing import IO, TYPE_CHECKING, Self

from typing_extensions import override

from qpatch.csource.source import C_SUFFIXES, FOLDER, SourceTree
from qpatch.errors import EnvironmentFault
from qpatch.trees.commands import GitError
from qpatch.trees.mentions import MentionCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qpatch.trees.git import Repository

_LONGEST_LINK = 4096  # bytes: PATH_MAX, limits.h
_MODE_DIGITS = len("100644")


class CommitTree(SourceTree):
    """The files of one commit as a `qpatch.csource.source.SourceTree`; use it as a context manager.

    Symbolic links and submodules are not files: they are neither listed nor read. Safe to use from several
    threads; nothing is ever written to the repository. `memory` keeps the results of searches.
    """

    def __init__(self, repository: Repository, commit: str, memory: MentionCache | None = None) -> None:
        self.repository = repository
        self.commit = commit
        self._memory = memory or MentionCache(None)
        self._lock = threading.Lock()
        self._reader: subprocess.Popen[bytes] | None = None
        self._blobs: dict[str, bytes | None] = {}
        self._listed: dict[str, tuple[str, ...]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the git process and save what was searched; reading again starts another."""
        self._memory.save()
        with self._lock:
            reader, self._reader = self._reader, None
        if reader is not None:
            reader.communicate()

    @cached_property
    def date(self) -> int:
        """The committer date in seconds since 1970, UTC."""
        return self.repository.date_of(self.commit)

    @cached_property
    def modes(self) -> Mapping[str, str]:
        """The git mode (100644, 100755, 120000 or 160000) of every path, links and submodules included."""
        return self._modes_under("")

    def _modes_under(self, folder: str) -> dict[str, str]:
        arguments = ("ls-tree", "-r", "-z", "--full-tree", self.commit, *(("--", folder) if folder else ()))
        entries = (entry.partition("\t") for entry in _split_at_nul(self.repository.run(*arguments)))
        return {path: details[:_MODE_DIGITS] for details, _, path in entries}

    @override
    def mode(self, path: str) -> str | None:
        if path in self.modes:
            return self.modes[path]
        return FOLDER if any(other.startswith(f"{path}/") for other in self.modes) else None

    @override
    def paths(self, under: str = "") -> Sequence[str]:
        if under not in self._listed:
            modes = self._modes_under(under) if under else self.modes
            self._listed[under] = tuple(sorted(path for path, mode in modes.items() if _is_file(mode)))
        return self._listed[under]

    @override
    def read(self, path: str) -> bytes | None:
        with self._lock:
            if path not in self._blobs:
                self._blobs[path] = self._fetch(path)
            content = self._blobs[path]
        if content is None or not self._may_be_link(content):
            return content
        return content if _is_file(self.modes[path]) else None

    @override
    def mentioning(self, word: str, suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        endings = tuple(suffixes)
        return self._memory.lookup(word, endings, lambda: self._grep((word,), endings, "--word-regexp"))

    @override
    def containing(self, texts: Sequence[str], suffixes: Iterable[str] = C_SUFFIXES) -> Sequence[str]:
        endings = tuple(suffixes)
        key = " ".join(f"*{text}*" for text in texts)  # no word has a star: the two kinds of searches share a memory
        return self._memory.lookup(key, endings, lambda: self._grep(texts, endings))

    @staticmethod
    def _may_be_link(content: bytes) -> bool:
        # A link's text is a path; a source file is longer or has a newline. So the listing is rarely needed.
        return 0 < len(content) < _LONGEST_LINK and b"\n" not in content

    def _grep(self, texts: Sequence[str], suffixes: tuple[str, ...], *options: str) -> tuple[str, ...]:
        arguments = (
            "grep",
            "-lz",
            "--no-color",
            "--no-textconv",
            "--fixed-strings",
            *options,
            *(word for text in texts for word in ("-e", text)),
            self.commit,
            "--",
            *(f"*{suffix}" for suffix in suffixes),
        )
        process = self.repository.start(*arguments)
        output, stderr = process.communicate()
        if process.returncode not in (0, 1):  # 1: no file mentions it
            raise GitError(arguments, stderr.decode(errors="replace"))
        return tuple(sorted(name.removeprefix(f"{self.commit}:") for name in _split_at_nul(output)))

    def _fetch(self, path: str) -> bytes | None:
        if "\n" in path or "\0" in path or not path:
            return None
        if self._reader is None:
            self._reader = self.repository.start("cat-file", "--batch", stderr=subprocess.DEVNULL)
        requests, answers = _pipes(self._reader)
        try:
            requests.write(f"{self.commit}:{path}\n".encode(errors="surrogateescape"))
            requests.flush()
        except BrokenPipeError as error:
            raise GitError(("cat-file", "--batch"), "ended early") from error
        header = answers.readline().split(b" ")
        if not header[-1].endswith(b"\n"):
            raise GitError(("cat-file", "--batch"), "ended early")
        if header[-1] in (b"missing\n", b"ambiguous\n", b"submodule\n"):
            return None
        content = answers.read(int(header[-1]) + 1)[:-1]
        return content if header[-2] == b"blob" else None


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise EnvironmentFault("git-failed", os.strerror(errno.EPIPE))
    return process.stdin, process.stdout


def _split_at_nul(output: bytes) -> list[str]:
    return output.decode(errors="surrogateescape").split("\0")[:-1]


def _is_file(mode: str) -> bool:
    return mode.startswith("100")
