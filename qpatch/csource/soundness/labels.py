# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the labels that the edits of a patch, all of them made, leave missing or unused in a function.

A `goto` to a label that is not there does not compile; a label that no `goto` leads to any more is a warning, which
many projects take for an error. What was so before the patch, a macro may have brought about.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.results import Candidate, Drifted, SourcePlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from qpatch.csource.syntax.parse import ParsedFile

_DEFINE_WITH_GOTO = re.compile(rb"^[ \t]*#[ \t]*define\b(?:\\\r?\n|[^\n])*\bgoto\b", re.MULTILINE)


@dataclass(frozen=True)
class LabelFault:
    """A label that a function lacks or does not use, by its places: those of the `goto`s, or that of the label."""

    function: str
    label: str
    places: tuple[SourcePlace, ...]


@dataclass(frozen=True)
class LabelFaults:
    """The labels of a file that are wanted and not there, and those that are there and not wanted."""

    missing: tuple[LabelFault, ...] = ()
    unused: tuple[LabelFault, ...] = ()

    def new_since(self, before: LabelFaults) -> LabelFaults:
        """Return the faults with labels that had none of their kind before, in any function."""
        missing, unused = ({fault.label for fault in known} for known in (before.missing, before.unused))
        return LabelFaults(
            tuple(fault for fault in self.missing if fault.label not in missing),
            tuple(fault for fault in self.unused if fault.label not in unused),
        )


def new_label_faults(parsed: ParsedFile, before: ParsedFile | None, path: str) -> LabelFaults:
    """Return the faults of a file that it had not `before`, where there was one."""
    if before is None:
        return _label_faults(parsed, path)
    known = frozenset(_text(before, function) for function in _functions(before))
    if _macros_jump(before) and not _macros_jump(parsed):
        known = frozenset()  # Functions that were not touched may have lost what jumps in them.
    faults = _label_faults(parsed, path, known)
    return faults.new_since(_label_faults(before, path)) if faults.missing or faults.unused else faults


def _label_faults(parsed: ParsedFile, path: str, known: frozenset[bytes] = frozenset()) -> LabelFaults:
    """Return the faults of the functions of a file that were read as C without errors, but for those of these texts."""
    missing: list[LabelFault] = []
    unused: list[LabelFault] = []
    macros_jump = _macros_jump(parsed)
    for function in _functions(parsed):
        text = _text(parsed, function)
        if text in known:
            continue
        name, jumps, labels = _jumps_and_labels(parsed, function)
        words = Counter(re.findall(rb"\w+", text))
        faults = {
            label: LabelFault(name, label, tuple(_place(path, parsed, node) for node in nodes))
            for label, nodes in (*labels.items(), *jumps.items())
        }
        missing += [faults[label] for label in jumps if label not in labels]
        unused += [faults[label] for label in labels if not macros_jump and words[label.encode()] == 1]
    return LabelFaults(tuple(missing), tuple(unused))


def missing_label(fault: LabelFault) -> Drifted:
    """Return the drift of a patch that leaves a `goto` without its label."""
    is_plural = len(fault.places) > 1
    return Drifted(
        f"{fault.function} has no label `{fault.label}` for the goto{'s' * is_plural} that the patch leaves in it",
        fault.places[0].path,
        tuple(Candidate(place, 1.0) for place in fault.places),
        advice="add the label to the function in this patch, or edit each goto named above",
    )


def unused_label(fault: LabelFault) -> str:
    """Return the warning about a label that is left without a `goto`."""
    return (
        f"no goto leads to the label `{fault.label}` of {fault.function} ({fault.places[0]}): compilers warn about it"
    )


def _functions(parsed: ParsedFile) -> Iterator[Node]:
    pending = [parsed.tree.root_node]
    while pending:
        node = pending.pop()
        if node.type == "function_definition":
            if not node.has_error:
                yield node
        elif node.type != "declaration":
            pending += reversed(node.named_children)


def _macros_jump(parsed: ParsedFile) -> bool:
    return _DEFINE_WITH_GOTO.search(parsed.source) is not None


def _text(parsed: ParsedFile, function: Node) -> bytes:
    return parsed.source[function.start_byte : function.end_byte]


def _jumps_and_labels(parsed: ParsedFile, function: Node) -> tuple[str, dict[str, list[Node]], dict[str, list[Node]]]:
    """Return the name of a function and its `goto`s and labels, by the name of the label."""
    jumps: dict[str, list[Node]] = {}
    labels: dict[str, list[Node]] = {}
    pending = [function]
    while pending:
        node = pending.pop()
        found = {"goto_statement": jumps, "labeled_statement": labels}.get(node.type)
        label = node.child_by_field_name("label") if found is not None else None
        if found is not None and label is not None:
            found.setdefault(parsed.text(label), []).append(node)
        pending += reversed(node.named_children)
    return _name(parsed, function), jumps, labels


def _name(parsed: ParsedFile, function: Node) -> str:
    node = function.child_by_field_name("declarator")
    while node is not None and (inner := node.child_by_field_name("declarator")) is not None:
        node = inner
    return parsed.text(node) if node is not None else "the function"


def _place(path: str, parsed: ParsedFile, node: Node) -> SourcePlace:
    return SourcePlace(path, node.start_point.row + 1, parsed.text(node).partition("\n")[0])
