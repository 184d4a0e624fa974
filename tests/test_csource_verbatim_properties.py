# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever changes in a file of text, cut into verbatim hunks and applied to the old file, gives the new one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from csource_support import anchor
from hypothesis import given, settings
from hypothesis import strategies as some

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Edit, VerbatimOperation
from qpatch.csource.matching.verbatim import parse_verbatim
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.workspace import EditWorkspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PATH = "a.txt"
NO_NEWLINE = "\\ No newline at end of file\n"
LINES = some.lists(
    some.sampled_from(["a", "b", "", " ", "\t", "c\r", "}", "\x0c", "caf\udce9", "@{{", "- x"]), max_size=12
)
FILES = some.builds(lambda lines, newline: "\n".join(lines) + "\n" * newline, LINES, some.booleans())


def split(text: str) -> list[str]:
    """Return the lines of a file with their ends."""
    lines = [f"{line}\n" for line in text.split("\n")]
    return [*lines[:-1], *([lines[-1][:-1]] if lines[-1] != "\n" else [])]


def hunks(old: Sequence[str], new: Sequence[str], context: int) -> Iterator[str]:
    """Yield verbatim hunks that make `new` of `old`, from the last to the first."""
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for group in reversed(list(matcher.get_grouped_opcodes(context))):
        lines: list[str] = []
        for tag, first, last, start, end in group:
            if tag == "equal":
                lines += [f" {line}" for line in old[first:last]]
            else:
                lines += [f"-{line}" for line in old[first:last]] + [f"+{line}" for line in new[start:end]]
        yield "".join(line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}" for line in lines)


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@settings(max_examples=300, deadline=None)
@given(FILES, FILES, some.integers(0, 12))
def test_hunks_of_a_change_make_it(old: str, new: str, context: int) -> None:
    """With any context: applied rightly, or refused; with the whole file for context: applied."""
    space = EditWorkspace(Overlay(DictTree({PATH: encoded(old)})), ParseCache())
    before, after = split(old), split(new)
    for hunk in hunks(before, after, context):
        result = apply_edit(Edit(anchor("file ", path=PATH), VerbatimOperation(parse_verbatim(hunk))), space)
        if not isinstance(result, Applied):
            assert context < len(before) and isinstance(result, Ambiguous | AlreadyThere | Drifted)
            return
    assert space.tree.read(PATH) == encoded(new)


@settings(max_examples=150, deadline=None)
@given(FILES, FILES)
def test_a_whole_change_is_there_once_it_was_made(old: str, new: str) -> None:
    """A hunk of a whole file applies, and then it is there, unless only blank lines are left to tell."""
    if old == new:
        return
    space = EditWorkspace(Overlay(DictTree({PATH: encoded(old)})), ParseCache())
    before, after = split(old), split(new)
    (hunk,) = hunks(before, after, len(before) + len(after))
    edit = Edit(anchor("file ", path=PATH), VerbatimOperation(parse_verbatim(hunk)))
    assert isinstance(apply_edit(edit, space), Applied)
    assert space.tree.read(PATH) == encoded(new)
    again = apply_edit(edit, space)
    if new.strip():
        assert not isinstance(again, Drifted)
    if isinstance(again, Applied):  # What was made holds what it was made of: the hunk fits the new file as well.
        assert encoded(old) in encoded(new) or not new.strip()
