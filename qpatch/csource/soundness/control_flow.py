# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what an edit changes about the flow of control around the code that it keeps, without showing that.

A statement that stays must stay under the same `if`, `else` and loops where one of these has no braces; no case may
begin to fall into another one; what is reached must not become dead, nor may added code be dead from the start. What
the hunk shows as context is known to its author. Both versions of the functions are compared by the places of their
statements, so it does not matter what kind of edit it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from qpatch.csource.soundness.flow_change import FlowChange, opening_words
from qpatch.csource.soundness.jumps import Flow
from qpatch.csource.soundness.macro_heads import changed_below_macros, jumps_below_macros
from qpatch.csource.soundness.stray_jumps import stray_jumps
from qpatch.csource.syntax.layout import column
from qpatch.csource.syntax.ownership import FALLS_THROUGH
from qpatch.csource.syntax.term import BLOCKS, CASE_LABEL, LABEL, Term

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.csource.soundness.versions import Versions

_HEADS = {"else_clause": 1, "for_statement": -1, "if_statement": 2, "while_statement": 2, "do_statement": 1}
_CALL_ALONE = re.compile(rb"([A-Za-z_]\w*)[ \t]*\([^;{}\n]*\)[ \t]*\n")
_LABELS = frozenset({CASE_LABEL, LABEL})


def silent_change(versions: Versions) -> FlowChange | None:
    """Return a change of the flow of control that the edit makes and does not show, None where there is none."""
    if not versions.may_change_flow():
        return None
    old, new = versions.functions()
    finders = (
        _governed_otherwise(versions, old, new),
        _looks_governed(versions, new),
        _looks_free(versions, new),
        _flow(versions, old, new),
        stray_jumps(versions, old, new),
        changed_below_macros(versions, old, new),
        jumps_below_macros(versions, new),
    )
    return next((change for finder in finders for change in finder), None)


def governed_otherwise(versions: Versions) -> FlowChange | None:
    """Return a statement that comes under another `if`, `else` or loop without showing it; None where none does."""
    old, new = versions.functions()
    finders = (_governed_otherwise(versions, old, new), _looks_governed(versions, new), _looks_free(versions, new))
    return next((change for finder in finders for change in finder), None)


# An `if`, `else` or loop that is kept: its kind, and its place in the old source.
_Head: TypeAlias = "tuple[str, int]"


@dataclass(frozen=True)
class _Governed:
    """What the kept heads of a version govern.

    `statements` has the kept statements by their place in the old source, each with the heads around it; `bodies` the
    statement right under each head.
    """

    statements: dict[int, tuple[Term, frozenset[_Head]]]
    bodies: dict[_Head, Term]

    def without_braces(self) -> set[_Head]:
        """Return the heads that govern one statement and not a block."""
        return {head for head, body in self.bodies.items() if body.kind != "compound_statement"}


def _governed(roots: Sequence[Term], versions: Versions, *, new: bool) -> _Governed:
    """Find what is governed below `roots`, functions of the old or the new version."""
    found = _Governed({}, {})
    pending: list[tuple[Term, frozenset[_Head]]] = [(root, frozenset()) for root in roots]
    while pending:
        term, around = pending.pop()
        body, head_place = body_of(term), versions.kept(term.start, new=new)
        for child in term.children:
            inside = around
            if child is body and head_place is not None:
                inside = around | {(term.kind, head_place)}
                found.bodies[term.kind, head_place] = body
            place = versions.kept(child.start, new=new)
            if place is not None and (child is body or term.kind in BLOCKS) and child.text not in ("{", "}"):
                found.statements[place] = (child, inside)
            pending.append((child, inside))
    return found


def body_of(term: Term) -> Term | None:
    """Return the statement that an `if`, `else` or loop governs, None for other terms."""
    index = _HEADS.get(term.kind)
    return term.children[index] if index is not None and len(term.children) > index else None


def _governed_otherwise(versions: Versions, old: Sequence[Term], new: Sequence[Term]) -> Iterator[FlowChange]:
    """Find kept statements that come under, or out from under, a kept `if` or loop without braces."""
    before, after = _governed(old, versions, new=False), _governed(new, versions, new=True)
    suspect = before.without_braces() | after.without_braces()
    for place in sorted(before.statements.keys() & after.statements.keys()):
        (statement, now), was = after.statements[place], before.statements[place][1]
        changed = (was ^ now) & suspect
        if changed:
            head = max(changed, key=lambda each: each[1])  # the innermost
            verb = "would come under" if head in now else "would no longer be under"
            word = _word((after if head in now else before).bodies[head].parent)
            yield FlowChange(
                f"{opening_words(statement)} {verb} the `{word}` of line {versions.old_line(head[1])}, "
                "which has no braces",
                statement,
                _remedy(word),
                lacks_braces=True,
            )


def _word(head: Term | None) -> str:
    """Return the word that an `if` or a loop begins with, as the source has it."""
    return head.tokens[0].partition("(")[0] if head is not None else ""


def _remedy(word: str) -> str:
    return f"write the `{word}` with braces: remove it with its statement, and add it with `{{` and `}}`"


def _looks_governed(versions: Versions, new: Sequence[Term]) -> Iterator[FlowChange]:
    """Find added statements that are indented as if the `if` or loop without braces above governed them."""
    for above, statement in _neighbours(new):
        head = _last_head(above)
        word = _word(head) or _unknown_macro(versions, above)
        if not word or statement.kind in _LABELS or statement.is_directive or not _is_added(versions, statement):
            continue
        if versions.kept(above.start, new=True) is not None and _column(versions, statement) > _column(versions, above):
            yield FlowChange(
                f"{opening_words(statement)} is indented as if it were under the `{word}` above, which has no braces",
                statement,
                _remedy(word),
                lacks_braces=head is not None,
            )


def _unknown_macro(versions: Versions, above: Term) -> str:
    """Return the name of a macro that looks like a loop: a call on a line of its own, no `;`, and more of it below."""
    found = _CALL_ALONE.match(versions.new.source, above.start)
    return found[1].decode(errors="replace") if found is not None and found.end() < above.end else ""


def _looks_free(versions: Versions, new: Sequence[Term]) -> Iterator[FlowChange]:
    """Find statements right under an `if` or loop without braces that stand no deeper, where one of both is added."""
    for head in (term for root in new for term in root.below()):
        body = body_of(head)
        if body is None or body.kind == "compound_statement":
            continue
        if _is_added(versions, body) == _is_added(versions, head):
            continue
        if not _begins_line(versions, body):
            continue
        if _column(versions, body) <= _column(versions, head) or _stands_out(versions, head):
            yield FlowChange(
                f"{opening_words(body)} would come under the `{_word(head)}` above, but is not indented so",
                body,
                f"indent it below the `{_word(head)}` if it belongs there (write what stays with `-` and `+`); "
                f"else remove the `{_word(head)}`, too",
            )


def _stands_out(versions: Versions, head: Term) -> bool:
    """Tell whether an added `if` or loop stands in another column than the kept statements of its block."""
    block = head.parent
    if not _is_added(versions, head) or block is None or block.kind not in BLOCKS:
        return False
    kept = [item for item in block.items if not _is_added(versions, item) and _begins_line(versions, item)]
    beside = [item for item in kept if item.kind not in _LABELS and not item.is_directive]
    return bool(beside) and _column(versions, beside[0]) != _column(versions, head)


def _last_head(term: Term) -> Term | None:
    """Return the head whose body without braces ends `term`, None where there is none."""
    head, body = None, _tail(term)
    while body is not None and body.kind != "compound_statement":
        head, term = term, body
        body = _tail(term)
    return None if body is not None else head


def _tail(term: Term) -> Term | None:
    """Return the statement at the end of an `if` (of its `else`, where it has one) or of a loop."""
    if term.kind == "if_statement" and term.children[-1].kind == "else_clause":
        return body_of(term.children[-1])
    return body_of(term) if term.kind in _HEADS and term.kind != "do_statement" else None


def _flow(versions: Versions, old: Sequence[Term], new: Sequence[Term]) -> Iterator[FlowChange]:
    """Find statements that are not reached any more, and cases that begin to fall into another one."""
    flows = [Flow([term for root in roots for term in root.below()]) for roots in (old, new)]
    yield from _dead(versions, *flows)
    before = {below.start: above for above, below in _neighbours(old)}
    for above, below in _neighbours(new):
        kept = versions.kept(below.start, new=True)
        if below.kind == CASE_LABEL and (kept is None or kept not in versions.shown):
            was = before.get(kept) if kept is not None else None
            yield from _falls(versions, above, below, was, flows)


def _dead(versions: Versions, before: Flow, after: Flow) -> Iterator[FlowChange]:
    """Find kept statements that become dead, and added ones behind a jump that the hunk does not show."""
    were_dead = {item.start for _, items in before.dead for item in items}
    for above, items in after.dead:
        kept_above = versions.kept(above.start, new=True)
        for item in items:
            kept = versions.kept(item.start, new=True)
            if kept in were_dead or kept in versions.shown:
                break
            if kept is not None:
                yield _becomes_dead(item, above, is_added=kept_above is None)
                break
            if kept_above is not None and kept_above not in versions.shown:
                yield FlowChange(
                    f"the added {opening_words(item)} would be dead: it comes behind {opening_words(above)}",
                    item,
                    f"show {opening_words(above)} below the added line, so that it lands before it",
                )
                break


def _becomes_dead(statement: Term, above: Term, *, is_added: bool) -> FlowChange:
    cause = (
        f"the added {opening_words(above)} comes before it"
        if is_added
        else f"control no longer passes {opening_words(above)}"
    )
    return FlowChange(
        f"{opening_words(statement)} would become dead: {cause}",
        statement,
        "show what follows in the hunk, and put the jump where it belongs",
    )


def _falls(
    versions: Versions, above: Term, label: Term, was: Term | None, flows: Sequence[Flow]
) -> Iterator[FlowChange]:
    """Find a case that falls into the one that `label` begins; `was` is what stood above that before.

    `flows` tell how control goes before and after the edit.
    """
    added, kept_above = _is_added(versions, label), versions.kept(above.start, new=True)
    if not flows[1].passes_between(above) or (added and kept_above is None) or _is_marked(versions, above, label):
        return
    if added and above.kind == CASE_LABEL:
        return  # Two labels of one case.
    if added and kept_above in versions.shown:
        return
    if not added and (was is None or flows[0].passes(was)):
        return  # The case above fell into it before.
    if not added and above.kind == CASE_LABEL and kept_above is None:
        return  # A label is added to a case.
    yield FlowChange(
        f"the case above would fall into {opening_words(label)}: {opening_words(above)} is no jump",
        label,
        "show the cases around in the hunk, or end the case with a `break`",
    )


def _is_marked(versions: Versions, above: Term, label: Term) -> bool:
    """Tell whether a comment or a word between two cases says that the first falls through."""
    return FALLS_THROUGH.search(versions.new.source, above.start, label.start) is not None


def _neighbours(roots: Sequence[Term]) -> Iterator[tuple[Term, Term]]:
    """Yield each statement with the one behind it, in all blocks below `roots`."""
    for root in roots:
        for term in root.below():
            if term.kind in BLOCKS:
                yield from pairwise(term.items)


def _is_added(versions: Versions, term: Term) -> bool:
    return versions.kept(term.start, new=True) is None


def _column(versions: Versions, term: Term) -> int:
    """Return the column in which the line begins that `term` begins on."""
    source = versions.new.source
    line = source[source.rfind(b"\n", 0, term.start) + 1 : term.start]
    return column(line[: len(line) - len(line.lstrip())].decode(errors="replace"))


def _begins_line(versions: Versions, term: Term) -> bool:
    source = versions.new.source
    return not source[source.rfind(b"\n", 0, term.start) + 1 : term.start].strip()
