# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the code that a hunk replaces is left in the block that has the hunk's result.

A tree that has the new way and the old one has taken over half of the change. The old code counts as left where it
stands right beside the result, or where a name in it is one that the change does away with; code whose names all stay
(`ret = -1;`) may be there a second time for a reason of its own, as may a jump.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk import Sign
from qpatch.csource.matching.match import matches_in
from qpatch.csource.matching.pattern import ELLIPSIS_KIND, METAVARIABLE_KIND, Pattern
from qpatch.csource.soundness.jumps import is_jump
from qpatch.csource.syntax.term import BLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.matching.match import Match
    from qpatch.csource.syntax.term import Term


def left_beside(sides: tuple[Pattern, Pattern], result: Match) -> Iterator[Match]:
    """Yield where the code that a hunk replaces is left, given its two sides and a match of what it leaves."""
    before, after = sides
    for owner, run in _changed_runs(before, before.items, None):
        block = result.block if owner is None else _block_opened_like(owner, before, after, result)
        if block is None:
            continue
        for match in matches_in(before.part(run), block, block.items):
            is_own = any(start <= match.extent[0] < end for start, end in _shown(result))
            if match.items and not is_own and _agrees(match, result) and _tells(run, block, match, after, result):
                yield match


def _changed_runs(
    before: Pattern, items: Sequence[Term], owner: Term | None
) -> Iterator[tuple[Term | None, tuple[Term, ...]]]:
    """Yield the members with removed lines, neighbours together, each with the block around (None: the hunk's own).

    Where all that an item loses is inside its blocks, these are looked into.
    """
    run: list[Term] = []
    for item in [*items, None]:
        inner = [] if item is None else _inner_blocks(item)
        if item is not None and _loses(before, item, but=inner):
            run.append(item)
            continue
        if run:
            yield owner, tuple(run)
            run = []
        for block in inner:
            yield from _changed_runs(before, block.items, block)


def _inner_blocks(item: Term) -> list[Term]:
    """Return the blocks below `item` that are in no other one."""
    found: list[Term] = []
    for term in item.below():
        if term.kind in BLOCKS and not (found and term.start < found[-1].end):
            found.append(term)
    return found


def _loses(before: Pattern, item: Term, but: Sequence[Term]) -> bool:
    """Tell whether a removed line has code of `item` that is in none of the blocks `but`."""
    return any(
        before.line_of(leaf).sign is Sign.REMOVED
        and leaf.kind != ELLIPSIS_KIND
        and not any(block.start < leaf.start < block.end - 1 for block in but)
        for leaf in item.leaves()
    )


def _block_opened_like(owner: Term, before: Pattern, after: Pattern, result: Match) -> Term | None:
    """Return the target block that the first token of `owner`, one of the before side, opens in the result."""
    number = before.line_of(next(owner.leaves())).number
    places = {
        result.extents[leaf][0]
        for leaf in after.leaves()
        if leaf.text == owner.tokens[0] and after.line_of(leaf).number == number and leaf in result.extents
    }
    return next((term for term in result.block.below() if term.kind in BLOCKS and term.start in places), None)


def _shown(result: Match) -> list[tuple[int, int]]:
    return [extent for leaf, extent in result.extents.items() if leaf.kind != ELLIPSIS_KIND]


def _agrees(match: Match, result: Match) -> bool:
    """Tell whether the metavariables that both have stand for the same code."""
    return all(
        term.tokens == result.bindings[name].tokens for name, term in match.bindings.items() if name in result.bindings
    )


def _tells(run: Sequence[Term], block: Term, match: Match, after: Pattern, result: Match) -> bool:
    """Tell whether code like that which is removed says that the change is half there."""
    if all(is_jump(item) for item in run):
        return False
    stays = {token for item in after.items for token in item.tokens}
    named = {leaf.text for item in run for leaf in item.leaves() if leaf.kind.endswith("identifier")}
    return bool(named - stays) or _is_beside(block, match, after, result)


def _is_beside(block: Term, match: Match, after: Pattern, result: Match) -> bool:
    """Tell whether a match has a member of the block that the hunk added right above or right below it."""
    added = [
        result.extents[leaf]
        for leaf in after.leaves()
        if after.line_of(leaf).sign is Sign.ADDED and leaf in result.extents and leaf.kind != METAVARIABLE_KIND
    ]
    first, last = block.items.index(match.items[0]), block.items.index(match.items[-1])
    near = block.items[max(0, first - 1) : first] + block.items[last + 1 : last + 2]
    return any(item.start <= start < item.end for item in near for start, _ in added)
