"""Says why a hunk fits nowhere: the nearest code, what differs token by token, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.match import matches_in, nested_blocks
from qpatch.csource.pattern import ELLIPSIS_KIND, Pattern
from qpatch.csource.results import Candidate, Drifted, Place
from qpatch.csource.term import Term

if TYPE_CHECKING:
    from qpatch.csource.edit import Edit
    from qpatch.csource.hunk import Hunk
    from qpatch.csource.locate import Located

MOST_CANDIDATES = 3
_LEAST_LIKENESS = 0.35
_MOST_DIFFERENCES = 8


@dataclass(frozen=True)
class _Near:
    """A run of target members that resembles a run of pattern items."""

    chunk: tuple[Term, ...]
    members: tuple[Term, ...]
    likeness: float


def explain_miss(edit: Edit, hunk: Hunk, before: Pattern, block: Term, located: Located) -> Drifted:
    """Explain why `before` matches nowhere in `block`."""
    chunks = _chunks(before.items)
    failing = [chunk for chunk in chunks if not _fits(chunk, before, block)]
    if not failing:
        return _order(edit, chunks, before, block, located)
    chunk = max(failing, key=lambda items: sum(len(item.tokens) for item in items))
    nearest = _nearest(chunk, block)
    candidates = tuple(_candidate(near, located) for near in nearest)
    scattered = _scattered(chunk, before, block)
    message = f"{edit.anchor}: the hunk fits nowhere"
    if scattered:
        message += f"; its statements are there, but {scattered}"
    suggestion = _suggestion(hunk, before, nearest[0], located) if nearest else ""
    return Drifted(message, located.path, candidates, suggestion=suggestion)


def differences(pattern: Sequence[str], target: Sequence[str]) -> tuple[str, ...]:
    """Return in words what differs between two lists of tokens; placeholders fit anything."""
    phrases = []
    matcher = difflib.SequenceMatcher(None, list(pattern), list(target), autojunk=False)
    for operation, low, high, first, last in matcher.get_opcodes():
        expected, found = _words(pattern[low:high]), _words(target[first:last])
        if operation == "equal" or _may_stand_for(pattern[low:high], last - first):
            continue
        if operation == "insert" and _beside_ellipsis(pattern, low):
            continue
        if operation == "replace":
            phrases.append(f"expected '{expected}', found '{found}'")
        elif operation == "delete":
            phrases.append(f"'{expected}' is missing")
        else:
            after = f" after '{pattern[low - 1]}'" if low else ""
            phrases.append(f"found '{found}'{after}, which the hunk does not have")
    return tuple(phrases[:_MOST_DIFFERENCES])


def likeness(pattern: Sequence[str], target: Sequence[str]) -> float:
    """Return how alike two lists of tokens are, 0 to 1; what an ellipsis may stand for is not counted against it."""
    matcher = difflib.SequenceMatcher(None, list(pattern), list(target), autojunk=False)
    common = sum(size for _, _, size in matcher.get_matching_blocks())
    wanted = [token for token in pattern if not _is_placeholder(token)]
    if "..." in pattern:
        return common / max(1, len(wanted))
    return 2 * common / max(1, len(wanted) + len(target) - (len(pattern) - len(wanted)))


def _is_placeholder(token: str) -> bool:
    return token == "..." or token.startswith("$")


def _may_stand_for(tokens: Sequence[str], count: int) -> bool:
    """Tell whether `tokens` are placeholders for `count` tokens; a metavariable mostly is a single one."""
    return bool(tokens) and all(map(_is_placeholder, tokens)) and ("..." in tokens or count <= len(tokens))


def _beside_ellipsis(pattern: Sequence[str], index: int) -> bool:
    return "..." in pattern[max(0, index - 1):index + 1]


def _words(tokens: Sequence[str]) -> str:
    words = " ".join(tokens)
    return words if len(words) <= 100 else words[:97] + "..."  # noqa: PLR2004


def _chunks(items: Sequence[Term]) -> list[tuple[Term, ...]]:
    """Split items at the ellipses between them."""
    chunks: list[list[Term]] = [[]]
    for item in items:
        if item.kind == ELLIPSIS_KIND:
            chunks.append([])
        else:
            chunks[-1].append(item)
    return [tuple(chunk) for chunk in chunks if chunk]


def _fits(chunk: Sequence[Term], before: Pattern, block: Term) -> bool:
    return bool(matches_in(before.part(tuple(chunk)), block, block.items))


def _order(edit: Edit, chunks: list[tuple[Term, ...]], before: Pattern, block: Term, located: Located) -> Drifted:
    """All the parts fit, each by itself: they stand in another order, or bind differently."""
    lines = []
    for chunk in chunks:
        match = matches_in(before.part(chunk), block, block.items)[0]
        lines.append(Candidate(_place(match.items, located), 1.0, (f"'{_words(chunk[0].tokens)}' is here",)))
    lines.sort(key=lambda candidate: candidate.place.line)
    return Drifted(f"{edit.anchor}: every part of the hunk is there, but not in the order of the hunk", located.path,
                   tuple(lines), suggestion="put the hunk's lines in the order of the lines named above")


def _nearest(chunk: Sequence[Term], block: Term) -> list[_Near]:
    wanted = [token for item in chunk for token in item.tokens]
    near = []
    for members in _windows(block, len(chunk)):
        score = likeness(wanted, [token for member in members for token in member.tokens])
        if score >= _LEAST_LIKENESS:
            near.append(_Near(tuple(chunk), members, min(score, 1.0)))
    near.sort(key=lambda entry: -entry.likeness)
    kept: list[_Near] = []
    for entry in near:
        if not any(set(entry.members) & set(other.members) for other in kept):
            kept.append(entry)
    return kept[:MOST_CANDIDATES]


def _windows(block: Term, size: int) -> Iterator[tuple[Term, ...]]:
    """Yield the runs of members of the block, and of the blocks in it, of about `size`."""
    for candidate in (block, *nested_blocks(block)):
        members = candidate.items
        for length in range(size, size + 3):
            for first in range(len(members) - length + 1):
                yield tuple(members[first:first + length])


def _candidate(near: _Near, located: Located) -> Candidate:
    expected = [token for item in near.chunk for token in item.tokens]
    found = [token for member in near.members for token in member.tokens]
    return Candidate(_place(near.members, located), near.likeness, differences(expected, found))


def _place(members: Sequence[Term], located: Located) -> Place:
    source = located.parsed.source
    start = members[0].start
    snippet = source[source.rfind(b"\n", 0, start) + 1:members[-1].end].decode(errors="replace")
    return Place(located.path, source.count(b"\n", 0, start) + 1, snippet)


def _scattered(chunk: Sequence[Term], before: Pattern, block: Term) -> str:
    """Say where the items of a chunk stand if each of them is there by itself."""
    if len(chunk) < 2:  # noqa: PLR2004
        return ""
    positions = []
    for item in chunk:
        matches = matches_in(before.part((item,)), block, block.items)
        if not matches:
            return ""
        positions.append(matches[0].items[0].start)
    return "not next to each other" if positions == sorted(positions) else "in another order"


def _suggestion(hunk: Hunk, before: Pattern, near: _Near, located: Located) -> str:
    """Return the lines that would match, with the gutter of the lines they replace."""
    numbers = sorted({before.line_of(leaf).number for item in near.chunk for leaf in item.leaves()})
    signs = {line.sign for line in hunk.lines if line.number in range(numbers[0], numbers[-1] + 1)}
    gutter = signs.pop() if len(signs) == 1 else "-" if "-" in signs else " "
    snippet = _place(near.members, located).snippet
    lines = snippet.splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    written = "\n".join(f"{gutter} {line[margin:]}".rstrip() for line in lines)
    return f"in the hunk, write for line {numbers[0]}" + (
        f" to {numbers[-1]}" if numbers[-1] != numbers[0] else "") + f":\n{written}"
