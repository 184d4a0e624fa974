# SPDX-License-Identifier: GPL-2.0-or-later
"""A syntax tree reduced to what matching compares.

Comments, white space and the commas of lists are left out; the labels of a `switch` and of `goto` become items of
their own, so that a list of statements is a flat list; what a macro rewrite touched is one leaf with the true text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from qpatch.csource.tokens import c_tokens
from qpatch.errors import UserError
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

    from qpatch.csource.syntax.parse import ParsedFile

LISTS = frozenset(
    {
        "argument_list",
        "initializer_list",
        "parameter_list",
        "enumerator_list",
        "compound_statement",
        "field_declaration_list",
        "translation_unit",
        "declaration_list",
        "preproc_ifdef",
        "preproc_if",
        "preproc_else",
        "preproc_elif",
        "preproc_params",
    }
)
BLOCKS = frozenset(
    {
        "compound_statement",
        "field_declaration_list",
        "initializer_list",
        "enumerator_list",
        "translation_unit",
        "declaration_list",
        "preproc_ifdef",
        "preproc_if",
        "preproc_else",
        "preproc_elif",
    }
)
_WHOLE_LEAVES = frozenset({"string_literal", "char_literal", "system_lib_string", "number_literal", "preproc_arg"})
MACRO_VALUE = "preproc_arg"
MACRO_LINE = "macro_line"
_LABELLED = frozenset({"case_statement", "labeled_statement"})
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_SPACED_DIRECTIVE = re.compile(r"^# (?=[a-z])")  # White space in `# define` counts as little as elsewhere.
CASE = "case"
CASE_LABEL = "case_label"
LABEL = "label"
DIRECTIVE_CONDITION = "directive_condition"


@dataclass(slots=True, eq=False)
class Term:
    """A node: its kind, its bytes [start, end), its text if it is a leaf, its children otherwise.

    `tokens` are the texts of all leaves below; `parent` is None for the root.
    """

    kind: str
    start: int
    end: int
    text: str = ""
    children: list[Term] = field(default_factory=list)
    parent: Term | None = None
    tokens: tuple[str, ...] = ()

    def leaves(self) -> Iterator[Term]:
        """Yield the leaves below, or the term itself if it is one, in source order."""
        return (term for term in self.below() if not term.children)

    def below(self) -> Iterator[Term]:
        """Yield this term and all terms below it in source order, parents first."""
        pending = [self]
        while pending:
            term = pending.pop()
            yield term
            pending += reversed(term.children)

    @property
    def is_directive(self) -> bool:
        """Whether this is a line such as `#endif`, or an `#if` with all its arms."""
        return bool(self.tokens) and self.tokens[0].startswith("#")

    @property
    def items(self) -> list[Term]:
        """The members of a block, without its braces and directives' own words."""
        return [child for child in self.children if child.kind not in _FRAME]


_FRAME = frozenset({"{", "}", "#ifdef", "#ifndef", "#if", "#else", "#elif", "#endif", DIRECTIVE_CONDITION})


def cases(items: Sequence[Term]) -> list[Term]:
    """Group the items of a switch's block into its cases, each one term from its labels to its last statement."""
    groups: list[list[Term]] = []
    for item in items:
        if item.kind == CASE_LABEL and not (groups and groups[-1][-1].kind == CASE_LABEL):
            groups.append([])
        if groups:
            groups[-1].append(item)
    return [
        Term(
            CASE,
            group[0].start,
            group[-1].end,
            children=group,
            tokens=tuple(token for term in group for token in term.tokens),
        )
        for group in groups
    ]


def hidden_arms(block: Term) -> list[tuple[int, int]]:
    """Return the bytes of each `#if` to its `#endif` that the parser took for entries of a list (an initialiser's).

    Their directives are leaves among the entries, not blocks around them.
    """
    arms, opened = [], []
    for leaf in block.leaves():
        if leaf.text.startswith(("#if ", "#ifdef ", "#ifndef ")):
            opened.append(leaf.start)
        elif opened and leaf.text.startswith("#endif") and leaf.kind != "#endif":
            arms.append((opened.pop(), leaf.end))
    return [*arms, *((start, block.end) for start in opened)]


class TooDeepError(UserError):
    """Code that nests deeper than the bound; `line` is where it does, from 1."""

    def __init__(self, line: int) -> None:
        super().__init__("too-deep", self.message_at(line))
        self.line = line

    @staticmethod
    def message_at(line: int) -> str:
        """Return what is wrong, for a line as the reader counts it."""
        return f"the code nests deeper than {thresholds().limits.nesting} levels at line {line}"


def build(parsed: ParsedFile, node: Node) -> Term:
    """Reduce `node` of `parsed` to a Term tree, the same one each time; nobody may change it.

    Raises TooDeepError where the code nests deeper than the bound.
    """
    known: Term | None = parsed.derived.get(node.id)
    if known is None:
        known = parsed.derived[node.id] = _TermBuilder(parsed).build(node)
    return known


@dataclass(slots=True)
class _OpenNode:
    """A node whose children are being reduced: those to come, and the terms of those that were."""

    node: Node
    remaining: Iterator[Node]
    terms: list[Term] = field(default_factory=list)


class _TermBuilder:
    """Walks a parse tree once; knows the regions of the file that count as one token."""

    def __init__(self, parsed: ParsedFile) -> None:
        self._parsed = parsed
        self._region_at = {region.start: region for region in parsed.regions}
        self._region_starts = sorted(self._region_at)
        self._most = thresholds().limits.nesting

    def build(self, node: Node) -> Term:
        terms = self._terms(node)
        if len(terms) != 1:
            return _parent("group", node.start_byte, node.end_byte, terms)
        return terms[0]

    def _terms(self, root: Node) -> list[Term]:
        """Reduce `root` to no term (a comment), one, or several (a labelled statement).

        The walk keeps its own stack: how deep code may nest must not depend on the interpreter's.
        """
        open_nodes = [_OpenNode(root, iter((root,)))]
        while True:
            innermost = open_nodes[-1]
            node = next(innermost.remaining, None)
            if node is not None:
                kind, children = node.type, node.children
                if children and kind not in _WHOLE_LEAVES:
                    if len(open_nodes) > self._most:
                        raise TooDeepError(node.start_point.row + 1)
                    open_nodes.append(_OpenNode(node, iter(children)))
                elif kind != "comment":
                    innermost.terms += self._leaf(kind, node.start_byte, node.end_byte)
                continue
            open_nodes.pop()
            if not open_nodes:
                return innermost.terms
            open_nodes[-1].terms += self._joined(innermost.node, innermost.terms)

    def _joined(self, node: Node, children: list[Term]) -> list[Term]:
        """Make what `node` is reduced to out of its children's terms."""
        kind = node.type
        if kind in LISTS:
            children = [child for child in children if child.kind != ","]
        if not children:
            return []
        if kind in _LABELLED:
            return _split_label(kind, children)
        if kind in ("preproc_ifdef", "preproc_if", "preproc_elif"):
            children = self._condition(node, children)
        # A leading word of a labelled node was split off: positions come from the children, not from the node.
        return [_parent(kind, children[0].start, children[-1].end, children)]

    def _condition(self, node: Node, children: list[Term]) -> list[Term]:
        """Fold the condition of a directive into one child, so that only its arm's members are items."""
        condition = node.child_by_field_name("name") or node.child_by_field_name("condition")
        if condition is None:
            return children
        return [
            _parent(DIRECTIVE_CONDITION, child.start, child.end, [child])
            if child.start == condition.start_byte
            else child
            for child in children
        ]

    def _leaf(self, kind: str, start: int, end: int) -> list[Term]:
        region = self._region_at.get(start)
        if region is not None:
            return [self._make_leaf(kind, region.start, region.end)]
        if self._inside_region(start):
            return []
        if kind == MACRO_VALUE:
            return self._macro_value(start, end)
        leaf = self._make_leaf(kind, start, end)
        return [leaf] if leaf.text else []

    def _macro_value(self, start: int, end: int) -> list[Term]:
        """Reduce what the parser leaves as text to the tokens of its lines; no term where it is empty."""
        text = self._parsed.source[start:end].decode("latin-1")  # One character for each byte.
        lines: list[list[Term]] = [[]]
        last = 0
        for token in c_tokens(text):
            if "\n" in text[last : token.start] and lines[-1]:
                lines.append([])
            last = token.end
            if token.text != "\\":
                lines[-1].append(self._make_leaf("identifier", start + token.start, start + token.end))
        terms = [_parent(MACRO_LINE, line[0].start, line[-1].end, _bracketed(line)) for line in lines if line]
        return [_parent(MACRO_VALUE, terms[0].start, terms[-1].end, terms)] if terms else []

    def _inside_region(self, position: int) -> bool:
        index = bisect_right(self._region_starts, position) - 1
        return index >= 0 and position < self._region_at[self._region_starts[index]].end

    def _make_leaf(self, kind: str, start: int, end: int) -> Term:
        raw = self._parsed.source[start:end].decode(errors="surrogateescape")
        is_sign = kind == raw and not raw.isspace()  # The parser has a token for the line end of a directive.
        if is_sign or raw.isidentifier() or kind in ("string_literal", "char_literal"):
            text = raw
        else:
            text = _SPACED_DIRECTIVE.sub("#", " ".join(raw.replace("\\\n", " ").split()))
        return Term(kind, start, end, text, [], None, (text,))


def _parent(kind: str, start: int, end: int, children: list[Term]) -> Term:
    tokens = tuple(chain.from_iterable([child.tokens for child in children]))
    term = Term(kind, start, end, "", children, None, tokens)
    for child in children:
        child.parent = term
    return term


def _bracketed(leaves: list[Term]) -> list[Term]:
    """Return the tokens of a line with those of each pair of brackets as one term; where they cross, as they are."""
    opened: list[tuple[str, list[Term]]] = [("", [])]
    for leaf in leaves:
        opened[-1][1].append(leaf)
        if leaf.text in _BRACKETS:
            opened.append((_BRACKETS[leaf.text], [opened[-1][1].pop()]))
        elif leaf.text in _BRACKETS.values():
            closing, inside = opened.pop()
            if leaf.text != closing:
                return leaves
            opened[-1][1].append(_parent("group", inside[0].start, leaf.end, inside))
    return opened[0][1] if len(opened) == 1 else leaves


def _split_label(kind: str, children: list[Term]) -> list[Term]:
    """Split `case X: a; b;` into a label and its statements."""
    colon = next((index for index, child in enumerate(children) if child.text == ":"), len(children) - 1)
    label = children[: colon + 1]
    name = CASE_LABEL if kind == "case_statement" else LABEL
    return [_parent(name, label[0].start, label[-1].end, label), *children[colon + 1 :]]
