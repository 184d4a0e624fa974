# SPDX-License-Identifier: GPL-2.0-or-later
"""Says why a hunk fits nowhere: the nearest code, what differs token by token, and what to write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from qpatch.csource.matching.aligned import term_differences
from qpatch.csource.matching.compare import Likeness, words
from qpatch.csource.matching.hunk import Hunk, HunkError, Sign, is_ellipsis, parse_hunk
from qpatch.csource.matching.match import fits_in, fits_whole, matches_in, nested_blocks
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, Pattern
from qpatch.csource.matching.program import has_placeholder
from qpatch.csource.matching.suggestion import suggested_hunk
from qpatch.csource.operations.causes import causes_of
from qpatch.csource.operations.nesting import enclosed, folded, within
from qpatch.csource.results import Candidate, Drifted, SourcePlace
from qpatch.csource.tokens import IDENTIFIER
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qpatch.csource.edit import Edit
    from qpatch.csource.syntax.term import Term
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor


# A statement that stands in any function.
_TRIVIAL = re.compile(r"\s*(?:[{};]|(?:break|continue|goto\s+\w+|return(?:\s+-?\w+)?)\s*;)\s*")


@dataclass(frozen=True)
class _Near:
    """A run of target members that resembles a run of pattern items."""

    chunk: tuple[Term, ...]
    members: tuple[Term, ...]
    likeness: float


def explain_miss(
    edit: Edit, hunk: Hunk, before: Pattern, block: Term, located: LocatedAnchor, workspace: EditWorkspace
) -> Drifted:
    """Explain why `before` matches nowhere in `block`."""
    chunks = _chunks(before.items)
    failing = [chunk for chunk in chunks if not _fits(chunk, before, block)]
    if not failing:
        return _order(edit, chunks, before, block, located)
    chunk = max(failing, key=lambda items: sum(len(item.tokens) for item in items))
    scattered = _scattered(edit, chunk, before, block, located)
    if scattered is not None:
        return scattered
    causes = causes_of(edit.anchor, before, failing, located, workspace)
    seen = [cause.candidate for cause in causes if cause.candidate is not None]
    nearest = [_candidate(near, located) for near in _ranked(chunk, block)]
    told = "".join(f"; {cause.told}" for cause in causes[:1])
    return Drifted(
        f"{edit.anchor}: the hunk fits nowhere{told}",
        located.path,
        _without_repeats((*seen, *nearest)),
        suggestion=_suggestion(
            hunk, before, [] if seen else _successors(failing, before, block, workspace), block, located
        ),
        advice="\n".join(cause.told for cause in causes[1 : thresholds().limits.candidates]),
        searched=str(edit.anchor),
    )


def _without_repeats(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Return at most so many candidates as are shown, one for a line."""
    by_line = {candidate.place.line: candidate for candidate in reversed(list(candidates))}
    kept = [by_line[line] for line in reversed(by_line)]
    return tuple(kept[: thresholds().limits.candidates])


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
    return fits_in(before.part(tuple(chunk)), block.items)


def _order(edit: Edit, chunks: list[tuple[Term, ...]], before: Pattern, block: Term, located: LocatedAnchor) -> Drifted:
    """All the parts fit, each by itself: they stand in another order, or bind differently, or apart."""
    starts = [matches_in(before.part(chunk), block, block.items)[0].items[0].start for chunk in chunks]
    candidates = _parts(chunks, before, block, located)
    if len(chunks) == 1 and not any(map(has_placeholder, before.items)):
        return _longer(edit, before, block, located)
    if starts == sorted(starts):
        return Drifted(
            f"{edit.anchor}: every part of the hunk is there, but the hunk does not fit as a whole",
            located.path,
            candidates,
            advice="a metavariable would stand for different code, or `...` would reach from one case into another",
        )
    return Drifted(
        f"{edit.anchor}: every part of the hunk is there, but not in the order of the hunk",
        located.path,
        candidates,
        advice="put the hunk's lines in the order of the lines named above",
    )


def _longer(edit: Edit, before: Pattern, block: Term, located: LocatedAnchor) -> Drifted:
    """Explain a hunk that is a part of what it has to show all of, such as a signature."""
    near = Candidate(_place(block.items, located), 1.0, term_differences(before.items, block.items))
    return Drifted(
        f"{edit.anchor}: the hunk is a part of what is there, and has to show all of it",
        located.path,
        (near,),
        advice="where the parameters are declared below the list, edit the definition by a verbatim hunk",
    )


def _parts(
    chunks: Sequence[tuple[Term, ...]], before: Pattern, block: Term, located: LocatedAnchor
) -> tuple[Candidate, ...]:
    """Return where each of the chunks stands, in the order of the target; those that stand once, if there are any."""
    found = [(chunk, matches_in(before.part(chunk), block, block.items)) for chunk in chunks]
    once = [(chunk, matches) for chunk, matches in found if len(matches) == 1]
    lines = [
        Candidate(_place(matches[0].items, located), 1.0, (f"'{words(chunk[0].tokens)}' is here",))
        for chunk, matches in once or found
    ]
    return tuple({entry.place.line: entry for entry in sorted(lines, key=lambda entry: entry.place.line)}.values())


def _nearest(chunk: Sequence[Term], block: Term) -> list[_Near]:
    kept: list[_Near] = []
    for entry in _alike(chunk, block):
        if not any(set(entry.members) & set(other.members) for other in kept):
            kept.append(entry)
        if len(kept) == thresholds().limits.candidates:
            break
    return kept


def _alike(chunk: Sequence[Term], block: Term) -> list[_Near]:
    """Return the runs of members that resemble the chunk, the nearest first, without those far behind it."""
    likeness = Likeness([token for item in chunk for token in item.tokens])
    similarity = thresholds().similarity
    runs = [(members, _tokens(members)) for members in runs_of_members(block, len(chunk))]
    bounded = [(likeness.at_most(tokens), members, tokens) for members, tokens in runs]
    least, near = similarity.statements, []
    for bound, members, tokens in sorted(bounded, key=lambda entry: -entry[0]):
        if bound < least:
            break
        score = min(likeness.of(tokens), 1.0)
        least = max(least, score - similarity.behind_nearest)
        near.append(_Near(tuple(chunk), members, score))
    order = {members: index for index, (members, _) in enumerate(runs)}
    near.sort(key=lambda entry: (-entry.likeness, order[entry.members]))
    return [entry for entry in near if entry.likeness >= least]


def _tokens(members: Sequence[Term]) -> tuple[str, ...]:
    return tuple(chain.from_iterable([member.tokens for member in members]))


def runs_of_members(block: Term, size: int) -> Iterator[tuple[Term, ...]]:
    """Yield the runs of members of the block, and of the blocks in it, of about `size`."""
    for candidate in (block, *nested_blocks(block)):
        members = candidate.items
        for length in range(size, size + thresholds().limits.surplus_members + 1):
            for first in range(len(members) - length + 1):
                yield tuple(members[first : first + length])


def _candidate(near: _Near, located: LocatedAnchor) -> Candidate:
    return Candidate(_place(near.members, located), near.likeness, term_differences(near.chunk, near.members))


def _place(members: Sequence[Term], located: LocatedAnchor) -> SourcePlace:
    source = located.parsed.source
    start = members[0].start
    snippet = source[source.rfind(b"\n", 0, start) + 1 : members[-1].end].decode(errors="replace")
    return SourcePlace(located.path, source.count(b"\n", 0, start) + 1, snippet)


def _scattered(
    edit: Edit, chunk: Sequence[Term], before: Pattern, block: Term, located: LocatedAnchor
) -> Drifted | None:
    """Explain a chunk whose items are all there by themselves, if that is so and there are several."""
    matches = [matches_in(before.part((item,)), block, block.items) for item in chunk]
    if len(chunk) == 1 or not all(matches):
        return None
    starts = [found[0].items[0].start for found in matches if len(found) == 1]
    apart = starts == sorted(starts)
    how = "not next to each other" if apart else "in another order"
    suggestion = (
        "show what stands between them, or write `...` for it"
        if apart
        else "put the hunk's lines in the order of the lines named above, with `...` for what stands between them"
    )
    return Drifted(
        f"{edit.anchor}: the hunk fits nowhere; its statements are there, but {how}",
        located.path,
        _parts([(item,) for item in chunk], before, block, located),
        suggestion=suggestion,
    )


def _one_after_the_other(chunks: Sequence[tuple[Term, ...]], block: Term) -> list[_Near]:
    """Return the nearest code for each chunk, each behind the one before; none where other code is about as near."""
    chosen: list[_Near] = []
    for chunk in chunks:
        behind = chosen[-1].members[-1].end if chosen else 0
        near = [near for near in _ranked(chunk, block) if near.members[0].start >= behind]
        if len(near) > 1 and _is_rival(near[1], near[0]) and _has_its_words(near[1]) == _has_its_words(near[0]):
            return []
        chosen += near[:1]
    return chosen


def _ranked(chunk: Sequence[Term], block: Term) -> list[_Near]:
    """Return the nearest code to a chunk; of such as is about as near, that with similar names comes first."""
    near = _nearest(chunk, block)
    return sorted(near, key=lambda entry: (not _is_rival(entry, near[0]), not _has_its_words(entry)))


def _is_rival(near: _Near, nearest: _Near) -> bool:
    return nearest.likeness - near.likeness < thresholds().similarity.clearly_nearest


def _has_its_words(near: _Near) -> bool:
    """Tell whether each name of the hunk's that the code lacks is there with something put before or after it."""
    wanted, found = _words(near)
    return all(any(name in other for other in found - wanted) for name in wanted - found)


def _words(near: _Near) -> tuple[set[str], set[str]]:
    """Return the words of the hunk's part, and all tokens of the code."""
    wanted = {token for item in near.chunk for token in item.tokens if IDENTIFIER.fullmatch(token)}
    return wanted, {token for member in near.members for token in member.tokens}


def _similar(name: str, others: set[str]) -> bool:
    return bool(get_close_matches(name, others, 1, thresholds().similarity.symbol_name))


def _suggestion(hunk: Hunk, before: Pattern, nearest: Sequence[_Near], block: Term, located: LocatedAnchor) -> str:
    """Return the hunk rewritten after the nearest code to each part that fits nowhere, or '' if that does not fit."""
    mended: Hunk | None = hunk if nearest else None
    for near in nearest:
        numbers, target = _line_numbers(before, near), _place(near.members, located).snippet
        mended = mended and suggested_hunk(mended, range(numbers[0], numbers[-1] + 1), target)
    if mended is None or not _matches(mended, before, block):
        mended = _with_folded_context(hunk, before, nearest, located.parsed.source)
    if mended is None or not _matches(mended, before, block):
        mended = _with_whole_nesting(hunk, before, block, located)
    if mended is None or _signs(mended) != _signs(hunk) or _fits_anywhere(mended):
        return ""
    return f"write the hunk so; its added lines may need the same change:\n{mended}"


def _fits_anywhere(hunk: Hunk) -> bool:
    """Tell whether all that a hunk holds on to is one statement such as `return 0;`, which tells no place."""
    shown = [line.code for line in hunk.before() if not hunk.is_trivia(line) and not is_ellipsis(line)]
    return len(shown) == 1 and _TRIVIAL.fullmatch(shown[0]) is not None


def _signs(hunk: Hunk) -> set[Sign]:
    """Return whether a hunk removes lines and whether it adds some."""
    return {line.sign for line in hunk.lines if line.code} - {Sign.CONTEXT}


def _successors(
    chunks: Sequence[tuple[Term, ...]], before: Pattern, block: Term, workspace: EditWorkspace
) -> list[_Near]:
    """Return the nearest code to each chunk where it can be what became of it; none where one is other code."""
    removed = [item for chunk in chunks for item in chunk if before.line_of(item).sign is Sign.REMOVED]
    if any(_stands_within(item, block) for item in removed):
        return []
    chosen = _one_after_the_other(chunks, block)
    return chosen if all(_is_kin(near, workspace) for near in chosen) else []


def _stands_within(item: Term, block: Term) -> bool:
    """Tell whether the very code of a statement stands inside a member of the block: nothing else became of it."""
    wanted, size = item.tokens, len(item.tokens)
    members = [member.tokens for member in block.items]
    return wanted not in members and any(
        tokens[at : at + size] == wanted for tokens in members for at in range(len(tokens) - size + 1)
    )


def _is_kin(near: _Near, workspace: EditWorkspace) -> bool:
    """Tell whether code has half of the words that the hunk has there, and its calls, or ones with similar names.

    A call of something that the tree does not mention any more may have become any call.
    """
    wanted, found = _words(near)
    tokens = [token for item in near.chunk for token in item.tokens]
    calls = {name for name, after in pairwise(tokens) if after == "(" and name in wanted - found}
    return 2 * len(wanted & found) >= len(wanted) and all(
        _similar(name, found - wanted) or not workspace.tree.mentioning(name) for name in calls
    )


def _with_folded_context(hunk: Hunk, before: Pattern, nearest: Sequence[_Near], source: bytes) -> Hunk | None:
    """Return the hunk with its context as the nearest code has it, `...` for what its blocks hold, arms included.

    None where the code is more or less than the hunk, or where what differs is not context.
    """
    lines = list(hunk.lines)
    for near in nearest:
        if len(near.chunk) != len(near.members):
            return None
        for item, member in zip(near.chunk, near.members, strict=True):
            if fits_whole(item, member):
                continue
            numbers = [before.line_of(leaf).number for leaf in item.leaves()]
            old = [line for line in hunk.lines if min(numbers) <= line.number <= max(numbers)]
            if any(line.sign is not Sign.CONTEXT for line in old):
                return None
            margin = old[0].code[: len(old[0].code) - len(old[0].code.lstrip())]
            at = lines.index(old[0])
            lines[at : at + len(old)] = [replace(old[0], code=margin + code) for code in folded(member, source)]
    return Hunk(tuple(replace(line, number=number) for number, line in enumerate(lines, 1))) if nearest else None


def _with_whole_nesting(hunk: Hunk, before: Pattern, block: Term, located: LocatedAnchor) -> Hunk | None:
    """Return what the hunk shows inside its outermost block, within all that encloses it in the code.

    None where the hunk is more than one block, or its inside does not stand in one place.
    """
    inside = within(hunk)
    while inside is not None:
        try:
            pattern = before.of_lines(parse_hunk(str(inside)).before())
        except HunkError:
            return None
        found = [match for nested in nested_blocks(block) for match in matches_in(pattern, nested, nested.items)]
        if len(found) == 1:
            return enclosed(inside, found[0], block, located.parsed.source)
        inside = within(inside)
    return None


def _line_numbers(before: Pattern, near: _Near) -> list[int]:
    return sorted({before.line_of(leaf).number for item in near.chunk for leaf in item.leaves()})


def _matches(hunk: Hunk, before: Pattern, block: Term) -> bool:
    try:
        pattern = before.of_lines(parse_hunk(str(hunk)).before())
    except HunkError:  # the target's code is not what a hunk can show, or nothing binds a metavariable any more
        return False
    return fits_in(pattern, block.items)
