# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the `break`s and `continue`s that an edit leaves without a loop or a switch, or gives another one.

Which loop is meant is not written at the jump: a loop that becomes an `if`, or one that is put around what stays,
changes where control goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.csource.soundness.flow_change import FlowChange
from qpatch.csource.soundness.jumps import LOOPS
from qpatch.csource.syntax.term import BLOCKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.soundness.versions import Versions
    from qpatch.csource.syntax.term import Term

_SWITCH = "switch_statement"
_ROOTS = {"break_statement": LOOPS | {_SWITCH}, "continue_statement": LOOPS}


def stray_jumps(versions: Versions, old: Sequence[Term], new: Sequence[Term]) -> Iterator[FlowChange]:
    """Yield what becomes of the jumps of functions, of the old version and of the new one."""
    before = {jump.start: target_of(jump) for jump in jumps_of(old)}
    for jump in jumps_of(new):
        kept, target = versions.kept(jump.start, new=True), target_of(jump)
        word = jump.tokens[0]
        if target is None:
            if _may_be_in_macro(jump) or (kept is not None and before.get(kept) is None):
                continue
            yield FlowChange(
                f"a `{word}` would stand in no loop{' or switch' * (word == 'break')}",
                jump,
                "write what is to happen there instead: show the statement whole, with the jump on a `-` line",
            )
        elif kept is not None and kept not in versions.shown and _is_other(versions, before.get(kept), target):
            yield FlowChange(
                f"a `{word}` that stays would leave `{target.tokens[0]}` instead of what it leaves now",
                jump,
                f"show the `{word}` in the hunk: as context if that is meant, else changed",
            )


def jumps_of(roots: Sequence[Term]) -> Iterator[Term]:
    """Yield the `break`s and `continue`s of functions in source order."""
    return (term for root in roots for term in root.below() if term.kind in _ROOTS)


def target_of(jump: Term) -> Term | None:
    """Return the loop or switch that a jump leaves or begins again."""
    around, wanted = jump.parent, _ROOTS[jump.kind]
    while around is not None and around.kind not in wanted:
        around = around.parent
    return around


def _is_other(versions: Versions, was: Term | None, now: Term) -> bool:
    """Tell whether a jump has another target than before; one that is written anew in the place of the old is not."""
    place = versions.kept(now.start, new=True)
    if was is None:
        return True
    if place is not None:
        return place != was.start
    return versions.kept(was.start, new=False) is not None


def _may_be_in_macro(jump: Term) -> bool:
    """Tell whether a jump may be in a loop by a macro: in what does not parse, or behind a call without `;`."""
    around: Term | None = jump
    while around is not None and around.kind != "function_definition":
        block = around.parent
        siblings = block.items if block is not None and block.kind in BLOCKS else []
        above = siblings[siblings.index(around) - 1] if around in siblings[1:] else None
        if around.kind == "ERROR" or (above is not None and above.tokens[-1:] == (")",)):
            return True
        around = block
    return False
