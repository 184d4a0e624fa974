# SPDX-License-Identifier: GPL-2.0-or-later
"""What the acceptance tests share: the command in-process or as processes, mutated trees, states of repositories."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from release_support import skip_missing
from series_support import git

from qpatch.cli.main import main
from qpatch.trees.store import default_store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pytest

    Change = Callable[[str], str]

QUICK = ("--no-checkpatch", "--no-maintainers")
SHIPPED = Path(__file__).parents[1] / "strategies"
SHIPPED_TEMPLATES = SHIPPED.parent / "templates"


@dataclass(frozen=True)
class Run:
    """How a run of the command ended: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def results(self) -> list[dict[str, Any]]:
        """The results in the JSON document on stdout."""
        found: list[dict[str, Any]] = json.loads(self.out)["results"]
        return found

    def untold(self, *fragments: str) -> list[str]:
        """Return the fragments that stderr does not hold; a traceback is one that it should not hold."""
        faults = [word for word in ("Traceback", "bug in qpatch") if word in self.err]
        return [*faults, *(fragment for fragment in fragments if fragment not in self.err)]

    def tells(self, *fragments: str) -> None:
        """Check that stderr holds every fragment, and no traceback."""
        assert "Traceback" not in self.err and "bug in qpatch" not in self.err, self.err
        for fragment in fragments:
            assert fragment in self.err, f"{fragment!r} is not in:\n{self.err}"


def run(capture: pytest.CaptureFixture[str], *words: str | Path) -> Run:
    """Run the command in this process."""
    capture.readouterr()
    code = main([str(word) for word in words])
    captured = capture.readouterr()
    return Run(code, captured.out, captured.err)


def start(*words: str | Path, new_session: bool = False) -> subprocess.Popen[str]:
    """Start the command as a process of its own, its streams piped."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-m", "qpatch", *map(str, words)],
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=new_session,
    )


def imported(name: str) -> tuple[Path, str]:
    """Return the shared repository and the commit of a release; skip the test where it was not fetched."""
    store = default_store()
    commit = store.commit_of(name)
    if commit is None:
        skip_missing(name)
    return store.repository.path, commit


def file_of(name: str, path: str) -> str:
    """Return a file of a release."""
    repository, commit = imported(name)
    return git(repository, "cat-file", "blob", f"{commit}:{path}") + "\n"


def mutated(directory: Path, name: str, changes: Mapping[str, str | Change]) -> Path:
    """Make a bare repository whose HEAD is the release `name` with files changed or added; nothing is copied."""
    repository, commit = imported(name)
    git(directory.parent, "clone", "-q", "--bare", "--shared", str(repository), str(directory))
    contents = {
        path: change if isinstance(change, str) else _changed(name, path, change) for path, change in changes.items()
    }
    lines = [
        f"100644 {git(directory, 'hash-object', '-w', '--stdin', stdin=text.encode())}\t{path}"
        for path, text in contents.items()
    ]
    index = ("-c", f"core.worktree={directory}", "-c", "core.bare=false")
    git(directory, *index, "read-tree", commit)
    git(directory, *index, "update-index", "--add", "--index-info", stdin="\n".join(lines).encode() + b"\n")
    tree = git(directory, *index, "write-tree")
    tip = git(directory, "commit-tree", tree, "-p", commit, "-m", "mutate")
    git(directory, "update-ref", "refs/heads/mutated", tip)
    git(directory, "symbolic-ref", "HEAD", "refs/heads/mutated")
    return directory


def _changed(name: str, path: str, change: Change) -> str:
    before = file_of(name, path)
    after = change(before)
    assert after != before, f"the mutation does not touch {path} of {name}"
    return after


def renamed(old: str, new: str) -> Change:
    """Return the mutation that renames a symbol wherever a file says it."""
    return lambda text: re.sub(rf"\b{re.escape(old)}\b", new, text)


def replaced(old: str, new: str) -> Change:
    """Return the mutation that replaces a text that occurs once."""

    def change(text: str) -> str:
        assert text.count(old) == 1, f"{text.count(old)} times: {old}"
        return text.replace(old, new)

    return change


def function_text(source: str, name: str) -> str:
    """Return a function's definition, its return type's line to its closing brace, as QEMU formats it."""
    found = re.search(rf"^(?:[a-z]\w* )+\*?{name}\([^;{{]*\)\n\{{\n.*?^\}}\n", source, re.MULTILINE | re.DOTALL)
    assert found, f"no function {name}"
    return found[0]


def inside(function: str, change: Change) -> Change:
    """Return the mutation `change` made in one function only."""

    def changed(text: str) -> str:
        body = function_text(text, function)
        return text.replace(body, change(body))

    return changed


def strategy_copy(directory: Path, name: str, *replacements: tuple[str, str]) -> Path:
    """Copy a shipped strategy, with text of it replaced, and all templates to `directory`; return its file."""
    (directory / "strategies").mkdir(parents=True, exist_ok=True)
    if not (directory / "templates").exists():
        shutil.copytree(SHIPPED_TEMPLATES, directory / "templates")
    text = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text, f"the strategy has no {old!r}"
        text = text.replace(old, new)
    file = directory / "strategies" / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def fixture_strategy(directory: Path, edits: str, name: str = "probe") -> Path:
    """Write a strategy of one patch with `edits` (YAML, unindented); return its file."""
    indented = "".join(f"        {line}\n" if line else "\n" for line in edits.strip("\n").split("\n"))
    file = directory / "strategies" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f'name: {name}\ntitle: "vfio: A probe"\nsummary: A probe.\nqemu:\n  cover: A probe.\n'
        f'  patches:\n    - subject: "vfio: Probe"\n      body: It is a probe.\n      edits:\n{indented}',
        encoding="utf-8",
    )
    return file


def files_below(directory: Path) -> dict[str, tuple[int, str]]:
    """Return the time of change and the content's digest of every file below `directory`."""
    return {
        str(path.relative_to(directory)): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def series_of(output: Path) -> dict[str, bytes]:
    """Return the files of every series below `output`, without locks."""
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in sorted(output.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def follow(file: Path, told: str) -> None:
    """Change the strategy, and what it shares, as the explanations `told` say: literally, as a stranger would."""
    found = [(miss[1], int(miss[2]), textwrap.dedent(miss[3]).strip("\n").split("\n")) for miss in _MISS.finditer(told)]
    assert found, f"no suggestion in:\n{told}"
    for name, number, suggestion in sorted(found, reverse=True):  # from the end, so that the line numbers stay right
        named = file if Path(name).name == file.name else Path(name)
        lines = named.read_text(encoding="utf-8").split("\n")
        end = _end_of_item(lines, number - 1)
        lines[number - 1 : end] = _followed(lines[number - 1 : end], suggestion)
        named.write_text("\n".join(lines), encoding="utf-8")


# A miss, as printed: the file and the line of the edit, and what is suggested.
_MISS = re.compile(
    r"^(\S+\.yaml):(\d+):\d+(?: \(used at [^)]+\))?: (?:drifted|ambiguous): .*\n(?:  .*\n)*?"
    r"  to mend the strategy:\n((?:    .*\n|\n)+)",
    re.MULTILINE,
)


def _end_of_item(lines: Sequence[str], start: int) -> int:
    margin = len(lines[start]) - len(lines[start].lstrip())
    return next(
        (
            index
            for index in range(start + 1, len(lines))
            if lines[index].strip() and len(lines[index]) - len(lines[index].lstrip()) <= margin
        ),
        len(lines),
    )


def _followed(item: list[str], suggestion: list[str]) -> list[str]:
    """Return the lines of an edit with its keys, or its hunk, as suggested."""
    head = item[0][: item[0].index("-")] + "  "
    if suggestion[0].startswith(("write the hunk", "write the enclosing")):
        first = next(index for index, line in enumerate(item) if line.strip() == "hunk: |2")
        return [*item[: first + 1], *(f"{head}  {line}" for line in suggestion[1:]), ""]
    item = [item[0].replace("- ", "  ", 1), *item[1:]]
    for line in suggestion:
        key = line.split(":")[0]
        item = [other for other in item if not other.startswith(f"{head}{key}: ")]
        item.insert(suggestion.index(line), head + line)
    return [item[0].replace("  " + item[0].lstrip(), "- " + item[0].lstrip()), *item[1:]]
