# SPDX-License-Identifier: GPL-2.0-or-later
"""Deletes a symbol, and moves one byte for byte."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import layout_of
from qpatch.csource.anchors.expectations import unmet
from qpatch.csource.anchors.extents import extent_of, unclear_extent
from qpatch.csource.anchors.spacing import is_tight, needs_blank
from qpatch.csource.changes import Outcome, PlannedChanges, place_of
from qpatch.csource.edit import Edit, MoveOperation, Position
from qpatch.csource.operations.moved import unproven_move
from qpatch.csource.operations.own import done_or_brought
from qpatch.csource.results import AlreadyThere, Ambiguous, Candidate, Drifted, SourcePlace
from qpatch.csource.syntax.dead import position_in_code
from qpatch.csource.syntax.layout import Layout, Replacement
from qpatch.csource.syntax.symbols import TAGGED
from qpatch.csource.workspace import EditWorkspace, LocatedAnchor
from qpatch.errors import UserError
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from tree_sitter import Node

    from qpatch.csource.syntax.parse import ParsedFile


def delete(edit: Edit, workspace: EditWorkspace) -> Outcome:
    """Delete the anchor with its leading comment and one surplus blank line."""
    located = edit.anchor.locate(workspace)
    own = done_or_brought(edit, located, workspace)
    if own is not None:
        return own
    if isinstance(located, Drifted):
        return _gone(edit, located, workspace)
    if isinstance(located, Ambiguous):
        return located
    layout = layout_of(located)
    refused = (
        unproven_move(edit, located, workspace)
        or unmet(edit.anchor, located, workspace)
        or _declares_more(edit, located)
        or _defines_more(edit, located, workspace)
        or unclear_extent(located, layout)
    )
    if refused is not None:
        return refused
    start, end = extent_of(located, layout)
    change = Replacement(*layout.without_surplus_blank(start, end), b"")
    return PlannedChanges({located.path: [change]}, (place_of(located),), located.moved_from)


def move(edit: Edit, operation: MoveOperation, workspace: EditWorkspace) -> Outcome:
    """Move the anchor with its leading comment beside the operation's target, byte for byte.

    Raises UserError where the target is the anchor.
    """
    located = edit.anchor.locate(workspace)
    target = operation.target.locate(workspace)
    for found in (located, target):
        if isinstance(found, Drifted | Ambiguous):
            return found
    assert isinstance(located, LocatedAnchor) and isinstance(target, LocatedAnchor)
    layout, target_anchor = layout_of(located), operation.target
    start, end = extent_of(located, layout)
    text = located.parsed.source[start:end].rstrip(b"\n")
    insertion = target_anchor.handler.insertion(
        target, target_anchor.position, text, blank=_needs_blank(located, target, text, workspace)
    )
    place = _extent_of_target(target, layout_of(target), insertion)
    if located.path == target.path and _adjoins(layout, (start, end), place, target_anchor.position):
        return AlreadyThere(located.path, f"{edit.anchor} already stands {target_anchor.position} {target_anchor}")
    refused = (
        unproven_move(edit, located, workspace)
        or unproven_move(replace(edit, anchor=target_anchor), target, workspace)
        or unmet(edit.anchor, located, workspace)
        or unmet(target_anchor, target, workspace)
        or unclear_extent(located, layout)
    )
    if refused is not None:
        return refused
    if target.symbol is not None and located.path == target.path and start <= place[0] < end:
        raise UserError(
            "bad-anchor", f"{edit.anchor} cannot be moved {target_anchor.position} itself", where=edit.where
        )
    if isinstance(insertion, Drifted | Ambiguous):
        return insertion
    removal = Replacement(*layout.without_surplus_blank(start, end), b"")
    replacements: dict[str, list[Replacement]] = {located.path: [removal]}
    replacements.setdefault(target.path, []).append(insertion)
    return PlannedChanges(replacements, (place_of(located), place_of(target)), located.moved_from)


def _extent_of_target(
    target: LocatedAnchor, layout: Layout, insertion: Replacement | Drifted | Ambiguous
) -> tuple[int, int]:
    """Return the lines of the symbol that something is moved to; of a file, the place where it comes to stand."""
    if target.symbol is not None:
        return extent_of(target, layout)
    return (insertion.start, insertion.start) if isinstance(insertion, Replacement) else (0, 0)


def _needs_blank(located: LocatedAnchor, target: LocatedAnchor, text: bytes, workspace: EditWorkspace) -> bool:
    """Tell whether a blank line belongs between what is moved and its target."""
    if located.symbol is None or target.symbol is None:
        return True
    source, outline = target.parsed.source, workspace.outline(target.path)
    if text.startswith(b"/*") and not is_tight(target.symbol, source, outline):
        return True
    return needs_blank(target.symbol, [located.symbol], source, outline)


def _gone(edit: Edit, missing: Drifted, workspace: EditWorkspace) -> AlreadyThere | Drifted:
    """Return what the deletion of a symbol that is `missing` ends as.

    Its name must be nowhere in code, and no other name so similar that the symbol may be called so now.
    """
    anchor, least = edit.anchor, thresholds().similarity.symbol_renamed
    if missing.is_there or any(candidate.likeness >= least for candidate in missing.candidates):
        return missing
    for path in workspace.tree.mentioning(anchor.name):
        source = workspace.tree.read(path) or b""
        position = position_in_code(source, anchor.name)
        if position is not None:
            used = Candidate(SourcePlace(path, source.count(b"\n", 0, position) + 1), 1.0)
            return Drifted(f"no definition of {anchor} was found, but its name is used", path, (used,))
    return AlreadyThere(
        anchor.path,
        f"{anchor} is gone",
        unproven=replace(
            missing,
            message=f"{missing.message}, and nothing shows that it ever had",
            suggestion="",
            advice="remove the edit, or put it into the patch whose other edits show that it was there",
        ),
    )


def _declares_more(edit: Edit, located: LocatedAnchor) -> Ambiguous | None:
    """Refuse to delete what is declared together with something else: `int a = 1, b = 2;`, `struct S {...} s;`."""
    assert located.symbol is not None
    node = located.symbol.node
    declared = len(node.children_by_field_name("declarator"))
    tagged = located.symbol.kind in TAGGED and node.type == "declaration"
    if declared + tagged <= 1:
        return None
    return Ambiguous(
        f"{edit.anchor} is declared together with something else",
        located.path,
        (place_of(located),),
        "write a hunk in this file that shows what becomes of the declaration",
    )


def _defines_more(edit: Edit, located: LocatedAnchor, workspace: EditWorkspace) -> Ambiguous | None:
    """Refuse to delete a variable or a prototype with the type that it defines where that is used elsewhere.

    `struct S {...} s = {...};` has a tag, `enum {A, B} e = A;` has constants.
    """
    assert located.symbol is not None
    node = located.symbol.node
    if node.type not in ("declaration", "function_definition") or located.symbol.kind in TAGGED:
        return None
    for name in _defined_names(located.parsed, node):
        for path in workspace.tree.mentioning(name):
            source = workspace.tree.read(path) or b""
            start, end = (node.start_byte, node.end_byte) if path == located.path else (0, 0)
            rest = source[:start] + source[end:]
            if position_in_code(rest, name) is not None:
                return Ambiguous(
                    f"{edit.anchor} defines {name}, too, which is used elsewhere",
                    located.path,
                    (place_of(located),),
                    "write a hunk in this file that shows what becomes of the declaration",
                )
    return None


def _defined_names(parsed: ParsedFile, node: Node) -> list[str]:
    """Return the tag and the constants of a type that a declaration defines in passing."""
    specifier = node.child_by_field_name("type")
    body = specifier.child_by_field_name("body") if specifier is not None else None
    if specifier is None or body is None:
        return []
    tag = specifier.child_by_field_name("name")
    constants = [each.child_by_field_name("name") for each in body.named_children if each.type == "enumerator"]
    return [parsed.text(name) for name in (tag, *constants) if name is not None]


def _adjoins(layout: Layout, moved: tuple[int, int], target: tuple[int, int], position: Position) -> bool:
    if target[0] == target[1] == len(layout.source):  # the end of the file, behind everything
        return layout.is_blank(moved[1], target[0])
    first, second = (target, moved) if position is Position.AFTER else (moved, target)
    return first[1] <= second[0] and layout.is_blank(first[1], second[0])
