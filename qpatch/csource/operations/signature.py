# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits a function's signature everywhere: its definition and all of its prototypes, in whatever files.

Afterwards a caller that passes another number of arguments, or a table of operations whose member takes another
number of parameters, is named: a patch that leaves one behind does not compile.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import layout_of
from qpatch.csource.anchors.expectations import parameters_differ
from qpatch.csource.anchors.extents import divided_head
from qpatch.csource.anchors.locate import locate_all, symbols_in
from qpatch.csource.changes import Outcome, PlannedChanges
from qpatch.csource.edit import HunkOperation
from qpatch.csource.matching.match import Match, matches_in
from qpatch.csource.matching.pattern import Context, Pattern, compile_sides
from qpatch.csource.matching.rewrite import Rewriter
from qpatch.csource.operations.explain import explain_miss
from qpatch.csource.results import AlreadyThere, Candidate, Drifted, SourcePlace
from qpatch.csource.soundness.argument_counts import other_counts, parameter_count
from qpatch.csource.soundness.returns import results_left_behind, returns_left_behind
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.term import Term, build
from qpatch.wording import counted

if TYPE_CHECKING:
    from qpatch.csource.edit import Anchor, Edit
    from qpatch.csource.matching.hunk import Hunk
    from qpatch.csource.syntax.layout import Replacement
    from qpatch.csource.workspace import EditWorkspace, LocatedAnchor

_DECLARING = (SymbolKind.FUNCTION, SymbolKind.PROTOTYPE)


def edit_signature(edit: Edit, hunk: Hunk, definition: LocatedAnchor, workspace: EditWorkspace) -> Outcome:
    """Apply the hunk to `definition` and every prototype of it; none may be left as it was."""
    before, after = compile_sides(hunk, Context.SIGNATURE, workspace.table)
    if _match(after, _signature(definition)) is None:
        drifted = parameters_differ(edit.anchor, definition, workspace)
        if drifted is not None:
            return drifted
    replacements: dict[str, list[Replacement]] = {}
    places, there = [], 0
    for located in _declarations(edit.anchor, definition, workspace):
        divided = divided_head(located)
        if divided is not None:
            return divided
        block = _signature(located)
        match = _match(before, block)
        if _match(after, block) and not (match and _says_more(before, after)):
            there += 1
            continue
        if match is None and not workspace.explains:
            return Drifted(f"{edit.anchor}: the hunk fits nowhere", located.path)
        if match is None:
            return explain_miss(edit, hunk, before, block, located, workspace)
        rewriter = Rewriter(hunk, before, after, match, layout_of(located))
        replacements.setdefault(located.path, []).extend(rewriter.replacements())
        places.append(_place(located))
    if not places:
        return AlreadyThere(definition.path)
    if there:
        return Drifted(
            f"{edit.anchor}: {there} of its declarations have the new signature already, {len(places)} the old one",
            definition.path,
            tuple(Candidate(place, 1.0) for place in places),
            suggestion="the tree has a part of the change: do the rest by hand, or write `partial: ok` on the patch",
        )
    return PlannedChanges(replacements, tuple(places))


def _says_more(before: Pattern, after: Pattern) -> bool:
    """Tell whether the old signature has all of the new one and more, such as a `static` that the hunk takes away.

    A declaration may have more specifiers than the hunk shows, so that the new one fits the old code then, too.
    """
    return not Counter(leaf.text for leaf in after.leaves()) - Counter(leaf.text for leaf in before.leaves())


def renamed_anchor(edit: Edit, workspace: EditWorkspace) -> Anchor:
    """Return the anchor of a signature as it is once the edit is made: with another name, where the hunk gives one."""
    if not isinstance(edit.operation, HunkOperation):
        return edit.anchor
    sides = compile_sides(edit.operation.hunks[0], Context.SIGNATURE, workspace.table)
    old, new = ({leaf.text for leaf in side.leaves() if leaf.kind == "identifier" and _is_name(leaf)} for side in sides)
    renamed = edit.anchor.name in old and len(new) == 1 and edit.anchor.name not in new
    return replace(edit.anchor, name=new.pop(), parameters="") if renamed else edit.anchor


def _is_name(leaf: Term) -> bool:
    """Tell whether a name is that of the function whose declarator it stands in."""
    declarator = leaf.parent
    return declarator is not None and declarator.kind == "function_declarator" and declarator.children[0] is leaf


def uses_left_behind(anchor: Anchor, definition: LocatedAnchor, workspace: EditWorkspace) -> Drifted | None:
    """Return what does not go with `definition` any more, None if all does.

    These are its own returns, uses of what it returns, and the callers and operations that take another number
    of parameters.
    """
    assert definition.symbol is not None
    returns = returns_left_behind(anchor, definition, workspace)
    if returns is not None:
        return returns
    files = _files_of(anchor, definition, workspace)
    used = tuple(results_left_behind(anchor, definition, files, workspace))
    if used:
        return Drifted(
            f"{anchor} returns something else now, but {counted(len(used), 'use')} of that did not follow",
            definition.path,
            used,
            suggestion="add an edit to this patch for each place named above",
        )
    wanted = parameter_count(definition.symbol.node, definition.parsed)
    if wanted is None:
        return None
    left = [*other_counts(definition.symbol.name, wanted, files, workspace)]
    if not left:
        return None
    return Drifted(
        f"{anchor} takes {counted(wanted, 'parameter')} now, but {counted(len(left), 'use')} of it did not follow",
        definition.path,
        tuple(left),
        suggestion="add an edit to this patch for each place named above",
    )


def _declarations(anchor: Anchor, definition: LocatedAnchor, workspace: EditWorkspace) -> list[LocatedAnchor]:
    """Return the declarations to edit: those in its own file for a static function, else those of the tree."""
    if _is_static(definition):
        return symbols_in(definition.path, anchor.name, workspace, _DECLARING)
    found = locate_all(anchor, workspace, _DECLARING)
    return [located for located in found if located.path == definition.path or not _is_static(located)]


def _files_of(anchor: Anchor, definition: LocatedAnchor, workspace: EditWorkspace) -> list[str]:
    assert definition.symbol is not None
    if _is_static(definition) and definition.path.endswith(".c"):
        return [definition.path]
    name = definition.symbol.name
    others = {located.path for located in locate_all(anchor, workspace, (SymbolKind.FUNCTION,)) if _is_static(located)}
    return [path for path in workspace.tree.mentioning(name) if path == definition.path or path not in others]


def _is_static(located: LocatedAnchor) -> bool:
    assert located.symbol is not None
    return any(
        child.type == "storage_class_specifier" and child.text == b"static" for child in located.symbol.node.children
    )


def _signature(located: LocatedAnchor) -> Term:
    """Return the signature as a block whose items are its specifiers and its declarator."""
    assert located.symbol is not None
    term = build(located.parsed, located.symbol.node)
    parts = [child for child in term.children if child.kind != "compound_statement" and child.text != ";"]
    return Term(
        "translation_unit",
        parts[0].start,
        parts[-1].end,
        children=parts,
        tokens=tuple(token for part in parts for token in part.tokens),
    )


def _match(pattern: Pattern, block: Term) -> Match | None:
    """Match the end of the signature: `static`, `inline` and attributes before it are left alone."""
    for match in matches_in(pattern, block, block.items):
        if match.items and match.items[-1] is block.items[-1]:
            return match
    return None


def _place(located: LocatedAnchor) -> SourcePlace:
    assert located.symbol is not None
    return SourcePlace(located.path, located.symbol.start_line, f"{located.symbol.kind} {located.symbol.name}")
