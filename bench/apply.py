# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the edits of the benchmark in a directory, with no more of qpatch than they need: its whole command.

    python -m bench.apply NAME DIRECTORY

A module of its own: what only the measurements import would be counted as qpatch's start.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bench.measuring import DirectoryTree
from qpatch.csource.apply import apply_edit
from qpatch.csource.checks import read_hunk
from qpatch.csource.edit import Anchor, Edit, HunkOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.results import Applied
from qpatch.csource.source import Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.workspace import EditWorkspace

if TYPE_CHECKING:
    from collections.abc import Sequence

DATA = Path(__file__).parent / "data"
TOGETHER = "together"


@dataclass(frozen=True)
class Task:
    """Edits by one name: qpatch's form, and the files that the other tools are pointed at."""

    name: str
    edits: tuple[Edit, ...]
    files: tuple[str, ...]


def load_tasks() -> list[Task]:
    """Read bench/data/edits.yaml."""
    data: dict[str, dict[str, Any]] = yaml.safe_load((DATA / "edits.yaml").read_text(encoding="utf-8"))
    return [Task(name, tuple(map(_edit, entry["edits"])), tuple(entry["files"])) for name, entry in data.items()]


def together(tasks: Sequence[Task]) -> Task:
    """Return all tasks as one, on the whole directory."""
    return Task(TOGETHER, tuple(edit for task in tasks for edit in task.edits), ("hw/vfio",))


def apply_with_qpatch(task: Task, directory: Path) -> None:
    """Make the edits of `task` to the files in `directory`. Raises RuntimeError where one does not apply."""
    tree = Overlay(DirectoryTree(directory))
    workspace = EditWorkspace(tree, ParseCache(macro_table("qemu")))
    for edit in task.edits:
        result = apply_edit(edit, workspace)
        if not isinstance(result, Applied):
            raise RuntimeError(f"{task.name}, {edit.anchor}: {result}")
    for path, content in tree.changed.items():
        (directory / path).write_bytes(content)


def _edit(entry: dict[str, str]) -> Edit:
    kind, _, name = entry["in"].partition(" ")
    anchor = Anchor(ANCHOR_KINDS[kind], name, entry["path"])
    return Edit(anchor, HunkOperation((read_hunk(entry["hunk"], anchor),)))


def main() -> int:
    """Make the edits that are named."""
    name, directory = sys.argv[1:]
    tasks = load_tasks()
    for task in (*tasks, together(tasks)):
        if task.name == name:
            apply_with_qpatch(task, Path(directory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
