# SPDX-License-Identifier: GPL-2.0-or-later
"""The edits that are tried, the small tree that they are made on, and what they come to: bench/data/mutants.

What is right is told by the data file alone, as replacements of text; nothing here asks qpatch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

DATA = Path(__file__).parents[1] / "data" / "mutants"
Tree = dict[str, str]

_METAVARIABLE = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Focus:
    """The text that an edit is about: a definition, an entry, a line; `begins` is how it begins in `path`."""

    path: str
    begins: str

    def span(self, tree: Tree) -> tuple[int, int] | None:
        """Return where the text begins and ends, with its line end; None where it is not there, or not once."""
        text = tree.get(self.path, "")
        starts = [found.start() for found in re.finditer("^" + re.escape(self.begins), text, re.MULTILINE)]
        if len(starts) != 1:
            return None
        start = starts[0]
        line_end = text.index("\n", start) + 1
        if text[start:line_end].rstrip().endswith(("{", ")")) and not self.begins.startswith("#"):
            closing = text.find("\n}", start)
            return (start, text.index("\n", closing + 1) + 1) if closing >= 0 else (start, line_end)
        while text[:line_end].endswith("\\\n"):
            line_end = text.index("\n", line_end) + 1
        return start, line_end

    @property
    def name(self) -> str:
        """The name of the symbol: the last word before its parameters, its size or its block."""
        words = re.findall(r"\w+", re.split(r"[(\[{='\"]", self.begins.replace("(*", " "))[0])
        return str(words[-1]) if words else ""


@dataclass(frozen=True)
class Shown:
    """A line of the focus that a hunk shows: its text, whether the edit removes it, whether the next one adjoins."""

    line: str
    removed: bool
    adjoins_next: bool

    @property
    def indentation(self) -> str:
        """The white space that the line begins with."""
        return self.line[: len(self.line) - len(self.line.lstrip())]

    @property
    def is_statement(self) -> bool:
        """Whether it is a whole statement of C."""
        return self.line.endswith(";") and not self.line.lstrip().startswith((".", "#"))

    @property
    def callee(self) -> str:
        """The function that the line calls, '' for none."""
        found = re.search(r"\b([a-z_]\w+)\(", self.line)
        return found[1] if found and found[1] not in ("if", "while", "for", "switch", "return") else ""


@dataclass(frozen=True)
class Case:
    """An edit (or a patch of some), the tree before and after it, and what of the tree it shows."""

    name: str
    data: dict[str, Any]
    before: Tree
    after: Tree

    @property
    def focus(self) -> Focus:
        """What the edit is about."""
        return Focus(**self.data["focus"])

    @property
    def evidence(self) -> Focus | None:
        """What a capability that decides about the edit is told by."""
        return Focus(**self.data["evidence"]) if "evidence" in self.data else None

    @property
    def is_removal(self) -> bool:
        """Whether the edit only takes away."""
        return bool(self.data.get("removal"))

    @property
    def is_conditional(self) -> bool:
        """Whether a capability decides what becomes of it."""
        return "when" in self.data or "landed" in self.data

    @property
    def is_c(self) -> bool:
        """Whether the focus is in C."""
        return self.focus.path.endswith((".c", ".h"))

    @property
    def is_function(self) -> bool:
        """Whether the focus is a function's definition."""
        return self.focus.path.endswith(".c") and "(" in self.focus.begins and "=" not in self.focus.begins

    def on(self, before: Tree, after: Tree) -> Case:
        """Return the case on another tree."""
        return replace(self, before=before, after=after)

    def text(self) -> str:
        """Return the text of the focus, '' where it is not there."""
        span = self.focus.span(self.before)
        return self.before[self.focus.path][slice(*span)] if span else ""

    def shown(self) -> list[Shown]:
        """Return the lines of the focus that the hunks in its file show, in order."""
        lines = self.text().split("\n")
        return [entry for hunk in self._hunks() for entry in _located(hunk, self.data.get("binds", {}), lines)]

    def _hunks(self) -> list[str]:
        edits = [edit for edit in self.data["edits"] if edit.get("path") == self.focus.path]
        return [
            text for edit in edits for text in [*edit.get("one-of", ()), *([edit["hunk"]] if "hunk" in edit else ())]
        ]


@cache
def cases() -> tuple[Case, ...]:
    """Return the cases of the data file. Raises ValueError where an `old` text is not there once."""
    entries = yaml.safe_load((DATA / "cases.yaml").read_text(encoding="utf-8"))
    return tuple(Case(entry["name"], entry, small_tree(), changed(small_tree(), entry["changes"])) for entry in entries)


def small_tree() -> Tree:
    """Return the tree that the edits are made on."""
    top = DATA / "tree"
    files = sorted(path for path in top.rglob("*") if path.is_file())
    return {str(path.relative_to(top)): path.read_text(encoding="utf-8") for path in files}


def changed(tree: Tree, changes: list[dict[str, str]]) -> Tree:
    """Return `tree` with each text `old`, which is there once, replaced. Raises ValueError where it is not."""
    result = dict(tree)
    for change in changes:
        text = result[change["path"]]
        if text.count(change["old"]) != 1:
            raise ValueError(f"{change['old']!r} is not once in {change['path']}")
        result[change["path"]] = text.replace(change["old"], change["new"])
    return result


def _located(hunk: str, binds: dict[str, str], lines: list[str]) -> list[Shown]:
    """Return the lines of the focus that one hunk shows; none where one of them is not there."""
    wanted = [
        (line[:1], _METAVARIABLE.sub(lambda found: binds[found[1]], line[2:]).strip())
        for line in hunk.splitlines()
        if line[:1] != "+" and line.strip()
    ]
    found: list[tuple[str, int]] = []
    index, pieces = 0, []
    for sign, code in wanted:
        if code.rstrip(",;") == "...":
            pieces.append(-1)
            continue
        index = next((at for at in range(index, len(lines)) if lines[at].strip() == code), -1) + 1
        if not index:
            return []
        found.append((sign, index - 1))
        pieces.append(index - 1)
    return [Shown(lines[at], sign == "-", _adjoins(pieces, at)) for sign, at in found]


def _adjoins(pieces: list[int], at: int) -> bool:
    place = pieces.index(at)
    return place + 1 < len(pieces) and pieces[place + 1] == at + 1
