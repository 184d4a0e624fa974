# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree's own perl scripts, checkpatch.pl and get_maintainer.pl, run without a checkout.

Both look around for a source tree. They get a look-alike in a temporary directory: the entries at the top of
the base commit (empty), the directories that MAINTAINERS names, and the few files that they read
(`tools.yaml`).
"""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from qpatch.cells.rendered import Remark
from qpatch.errors import EnvironmentFault
from qpatch.series.mails import Recipients
from qpatch.trees.private import directories_of, scratch_directory, top_level_modes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.trees.commit_tree import CommitTree

_REMARK = re.compile(r"(?P<file>.*?):(?P<line>\d+): (?P<level>ERROR|WARNING|CHECK): ?(?P<text>.*)")
_ADDRESS = re.compile(r"(?P<address>.*?<[^>]*>|\S+)(?: \((?P<role>.*)\))?")
_MAINTAINERS = "MAINTAINERS"
_FILE_ENTRY = re.compile(rb"^[FX]:[ \t]*([\w./,+-]*[\w,+-])[ \t]*$", re.MULTILINE)
_SHOWN = 500  # of a script's complaint, in characters
_FOUND = 1  # checkpatch's exit code for a patch with errors; warnings alone give 0 or 1, as releases differ


@dataclass(frozen=True)
class Tool:
    """One script of a tree: its path, its options, and the files it reads besides."""

    script: str
    options: tuple[str, ...]
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Workbench:
    """The look-alike of a tree, ready for the scripts of `component` ('qemu' or 'linux')."""

    directory: Path
    component: str

    def checkpatch(self, mails: Sequence[Path], *, signed: bool) -> tuple[Remark, ...] | None:
        """Run the tree's checkpatch.pl once over `mails`; None where the tree has none.

        `signed` asks for the check of Signed-off-by lines. Raises EnvironmentFault `script-failed`.
        """
        options = () if signed else ("--no-signoff",)
        done = self._run("checkpatch", [*options, *map(str, mails)])
        if done is None:
            return None
        texts = {mail.name: mail.read_text(errors="replace").split("\n") for mail in mails}
        matches = filter(None, map(_REMARK.fullmatch, done.stdout.decode(errors="replace").splitlines()))
        remarks = tuple(_remark(match, texts) for match in matches)
        if done.returncode not in ((0, _FOUND) if remarks else (0,)):
            raise _failure(done)
        return remarks

    def maintainers(self, mails: Sequence[Path]) -> Recipients:
        """Ask the tree's get_maintainer.pl once whom to send `mails`: lists as `to`, people as `cc`.

        A tree without the script gives none. Raises EnvironmentFault `script-failed`.
        """
        done = self._run("maintainers", list(map(str, mails)))
        if done is None:
            return Recipients()
        if done.returncode:
            raise _failure(done)
        lists: list[str] = []
        people: list[str] = []
        for match in filter(None, map(_ADDRESS.fullmatch, done.stdout.decode(errors="replace").splitlines())):
            (lists if "list" in (match["role"] or "").split(":")[0] else people).append(match["address"])
        return Recipients(tuple(sorted(set(lists))), tuple(sorted(set(people), key=_sort_key)))

    def _run(self, name: str, arguments: list[str]) -> subprocess.CompletedProcess[bytes] | None:
        tool = load_tools()[self.component][name]
        if not (self.directory / tool.script).is_file():
            return None
        command = ["perl", tool.script, *tool.options, *arguments]
        try:
            return subprocess.run(
                command,
                cwd=self.directory,
                env=self._environment(),
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
        except FileNotFoundError as error:
            raise EnvironmentFault("perl-missing", f"{tool.script} of the tree needs perl") from error

    def _environment(self) -> dict[str, str]:
        # The scripts read configuration from HOME; perl's hashes have a random order unless told otherwise.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PERL"))}
        return {**kept, "HOME": str(self.directory), "LC_ALL": "C", "PERL_HASH_SEED": "0"}


def _failure(done: subprocess.CompletedProcess[bytes]) -> EnvironmentFault:
    complaint = done.stderr.decode(errors="replace").strip()[-_SHOWN:] or f"exit code {done.returncode}"
    return EnvironmentFault("script-failed", f"{done.args[1]} of the tree: {complaint}")


@contextmanager
def workbench(tree: CommitTree, component: str) -> Iterator[Workbench]:
    """Make the look-alike of `tree`; it is removed at the end."""
    tools = load_tools()[component].values()
    contents = {path: tree.read(path) for tool in tools for path in (tool.script, *tool.reads)}
    with scratch_directory("tools") as directory:
        _make_look_alike(tree, contents.get(_MAINTAINERS) or b"", directory)
        for path, content in contents.items():
            if content is not None:
                (directory / path).parent.mkdir(parents=True, exist_ok=True)
                (directory / path).write_bytes(content)
        yield Workbench(directory, component)


@lru_cache(maxsize=1)
def load_tools() -> Mapping[str, Mapping[str, Tool]]:
    """Return the scripts of each component by purpose, from tools.yaml."""
    text = resources.files("qpatch.series").joinpath("tools.yaml").read_text(encoding="utf-8")
    document = yaml.load(text, yaml.CSafeLoader)
    return {
        component: {
            name: Tool(tool["script"], tuple(tool["options"]), tuple(tool["reads"])) for name, tool in tools.items()
        }
        for component, tools in document.items()
    }


def _make_look_alike(tree: CommitTree, maintainers: bytes, directory: Path) -> None:
    """Make the entries at the top, and the directories that MAINTAINERS names without a slash at the end.

    get_maintainer.pl looks whether these are directories: the entry `F: hw/vfio` means all below it then.
    """
    directories = directories_of(tree.repository, tree.commit)
    named = {match.decode() for match in _FILE_ENTRY.findall(maintainers)} & directories
    for path in named | {path for path in directories if "/" not in path}:
        (directory / path).mkdir(parents=True, exist_ok=True)
    for path in top_level_modes(tree.repository, tree.commit).keys() - directories:
        (directory / path).touch()


def _remark(match: re.Match[str], texts: Mapping[str, list[str]]) -> Remark:
    file, line = Path(match["file"]).name, int(match["line"])
    lines = texts.get(file, [])
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    return Remark(file=file, line=line, level=match["level"], text=match["text"], source=source)


def _sort_key(address: str) -> str:
    return address.strip('"').casefold()
