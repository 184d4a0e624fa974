# SPDX-License-Identifier: GPL-2.0-or-later
"""Where in a Python file one token may be changed, and to what.

What says nothing about behaviour is left alone: annotations, decorators (`frozen`, `slots`, caches), docstrings,
assertions (they inform the type checker), blocks under TYPE_CHECKING. So is text with white space in it, which people
read, and the inside of f-strings, whose places in the file Python 3.11 does not know.
"""

from __future__ import annotations

import ast
import io
import itertools
import tokenize
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    Replacements = Mapping[str, tuple[str, ...]]

_COMPARISONS: Replacements = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "in": ("not in",),
    "not in": ("in",),
    "is": ("is not",),
    "is not": ("is",),
}
_JUNCTIONS: Replacements = {"and": ("or",), "or": ("and",)}
_ARITHMETIC: Replacements = {
    "+": ("-",),
    "-": ("+",),
    "*": ("//",),
    "/": ("//",),
    "//": ("*",),
    "%": ("*",),
    "|": ("&",),
    "&": ("|",),
    "^": ("&",),
    "<<": (">>",),
    ">>": ("<<",),
}
_ASSIGNMENTS: Replacements = {f"{old}=": tuple(f"{operator}=" for operator in new) for old, new in _ARITHMETIC.items()}
_FOR_TYPES_ONLY = ("cast", "TypeVar", "NewType")  # calls whose arguments only the type checker reads
_BARE = (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.Constant, ast.NamedExpr)  # conditions that have changes of their own


class Change(NamedTuple):
    """Between the offsets `start` and `end`, inside the function or class `scope`, any of `replacements` may stand."""

    scope: str
    start: int
    end: int
    replacements: tuple[str, ...]


def changes(source: str) -> list[Change]:
    """Return what may be changed in the Python file `source`; some replacements may not compile."""
    return _Finder(source).changes


class _Finder(ast.NodeVisitor):
    def __init__(self, source: str) -> None:
        self.changes: list[Change] = []
        self._scopes: list[str] = []
        self._lines = source.splitlines(keepends=True)
        self._offsets = [0]
        for line in self._lines:
            self._offsets.append(self._offsets[-1] + len(line))
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        self._tokens = [
            (self._offsets[token.start[0] - 1] + token.start[1], token.string)
            for token in tokens
            if token.type in (tokenize.OP, tokenize.NAME) and token.string not in ("(", ")")
        ]
        self.visit(ast.parse(source))

    def _place(self, line: int, byte: int) -> int:
        return self._offsets[line - 1] + len(self._lines[line - 1].encode()[:byte].decode())

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno, node.end_col_offset)

    def _offer(self, start: int, end: int, *replacements: str) -> None:
        self.changes.append(Change(".".join(self._scopes), start, end, replacements))

    def _operator(self, start: int, end: int, table: Replacements) -> None:
        """Offer what `table` has for the operator, one word or two, that stands between two operands."""
        found = [(place, text) for place, text in self._tokens if start <= place < end]
        words = " ".join(text for _, text in found)
        if words in table:
            (first, _), (last, text) = found[0], found[-1]
            self._offer(first, last + len(text), *table[words])

    def _between(self, left: ast.expr, right: ast.expr, table: Replacements) -> None:
        self._operator(self._span(left)[1], self._span(right)[0], table)

    def _negate(self, condition: ast.expr) -> None:
        if not isinstance(condition, _BARE) and not _is_type_checking(condition):
            start = self._span(condition)[0]
            self._offer(start, start, "not ")

    # What is left alone.

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Look at the defaults, which count as the function's, and at the body."""
        self._scopes.append(node.name)
        for part in (*node.args.defaults, *node.args.kw_defaults, *node.body):
            if part is not None:
                self.visit(part)
        self._scopes.pop()

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """Do the same."""
        self.visit_FunctionDef(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Look at the body."""
        self._scopes.append(node.name)
        for part in node.body:
            self.visit(part)
        self._scopes.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Look at the value."""
        if node.value is not None:
            self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        """Pass over docstrings."""
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        """Pass over it."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Pass over it."""

    def visit_Call(self, node: ast.Call) -> None:
        """Pass over what only the type checker reads."""
        if not (isinstance(node.func, ast.Name) and node.func.id in _FOR_TYPES_ONLY):
            self.generic_visit(node)
        elif node.func.id == "cast":
            self.visit(node.args[1])

    # Conditions.

    def visit_If(self, node: ast.If) -> None:
        """Negate the condition."""
        if _is_type_checking(node.test):
            return
        self._negate(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        """Negate the condition."""
        self._negate(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """Negate the condition."""
        self._negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        """Negate the conditions."""
        for condition in node.ifs:
            self._negate(condition)
        self.generic_visit(node)

    # Operators.

    def visit_Compare(self, node: ast.Compare) -> None:
        """Exchange each comparison."""
        operands = [node.left, *node.comparators]
        for left, right in itertools.pairwise(operands):
            self._between(left, right, _COMPARISONS)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Exchange each `and` and `or`."""
        for left, right in itertools.pairwise(node.values):
            self._between(left, right, _JUNCTIONS)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """Exchange the operator, but where text or paths are joined: a difference of those fails at once."""
        if not any(_is_text(operand) for operand in (node.left, node.right)):
            self._between(node.left, node.right, _ARITHMETIC)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        """Exchange the operator."""
        self._between(node.target, node.value, _ASSIGNMENTS)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        """Drop the operator."""
        self._offer(self._span(node)[0], self._span(node.operand)[0], "")
        self.generic_visit(node)

    # Values and statements.

    def visit_Constant(self, node: ast.Constant) -> None:
        """Change numbers by one, exchange True and False, empty a string that is a name rather than prose."""
        if isinstance(node.value, bool):
            self._offer(*self._span(node), str(not node.value))
        elif isinstance(node.value, int | float):
            self._offer(*self._span(node), str(node.value + 1), str(node.value - 1))
        elif isinstance(node.value, str | bytes) and node.value and len(node.value.split()) == 1:
            self._offer(*self._span(node), "''" if isinstance(node.value, str) else "b''")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Drop each bound of a slice."""
        if isinstance(node.slice, ast.Slice):
            for bound in (node.slice.lower, node.slice.upper):
                if bound is not None:
                    self._offer(*self._span(bound), "")
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        """Return nothing."""
        if node.value is not None and not isinstance(node.value, ast.Constant):
            self._offer(*self._span(node.value), "None")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        """Go on with the loop."""
        self._offer(*self._span(node), "continue")

    def visit_Continue(self, node: ast.Continue) -> None:
        """End the loop."""
        self._offer(*self._span(node), "break")


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_text(node.left) or _is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_type_checking(condition: ast.expr) -> bool:
    return isinstance(condition, ast.Name) and condition.id == "TYPE_CHECKING"
