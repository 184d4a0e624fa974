# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of trees as text, for the mutations: replace, indent, take out, rename, count lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.mutants.cases import Case, Focus, Tree

FAR_NAMES = ("quux_wobble", "zeta_handler", "mangle_it")


def with_focus(tree: Tree, focus: Focus, text: str) -> Tree | None:
    """Return `tree` with the focus replaced by `text`, None where there is no focus."""
    span = focus.span(tree)
    if span is None:
        return None
    whole = tree[focus.path]
    return {**tree, focus.path: whole[: span[0]] + text + whole[span[1] :]}


def focus_of(tree: Tree, focus: Focus) -> str:
    """Return the text of the focus, '' where there is none."""
    span = focus.span(tree)
    return tree[focus.path][slice(*span)] if span else ""


def replace_line(text: str, line: str, new: str) -> str | None:
    """Return `text` with its one line `line` replaced by `new` (with line ends), None where it is not there once."""
    whole = "\n" + text
    if whole.count(f"\n{line}\n") != 1:
        return None
    return whole.replace(f"\n{line}\n", f"\n{new}")[1:]


def replaced(text: str, old: str, new: str) -> str:
    """Return `text` with the last `old` replaced."""
    head, found, tail = text.rpartition(old)
    return head + new + tail if found else text


def renamed(text: str, old: str, new: str) -> str:
    """Return `text` with the word `old` replaced."""
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", new, text)


def renamed_in_tree(tree: Tree, old: str, new: str) -> Tree:
    """Return `tree` with a word replaced everywhere."""
    return {path: renamed(text, old, new) for path, text in tree.items()}


def indented(text: str, by: str = "    ") -> str:
    """Return the lines of `text` indented, empty lines and directives left alone."""
    return "".join(line if line.strip() in ("",) or line[:1] == "#" else by + line for line in text.splitlines(True))


def line_of(tree: Tree, path: str, text: str) -> tuple[str, int] | None:
    """Return (path, line from 1) of the first line of `path` that begins with `text`, white space aside."""
    for number, line in enumerate(tree.get(path, "").splitlines(), 1):
        if line.strip().startswith(text.strip()):
            return path, number
    return None


def line_in_focus(case: Case, tree: Tree, text: str) -> tuple[str, int] | None:
    """Return (path, line) of a line within the focus."""
    span = case.focus.span(tree)
    if span is None:
        return None
    whole = tree[case.focus.path]
    first = whole[: span[0]].count("\n") + 1
    for number, line in enumerate(whole[slice(*span)].splitlines(), first):
        if line.strip().startswith(text.strip()):
            return case.focus.path, number
    return None


def before_focus(tree: Tree, focus: Focus, text: str) -> Tree | None:
    """Return `tree` with `text` put before the focus."""
    own = focus_of(tree, focus)
    return with_focus(tree, focus, text + own) if own else None
