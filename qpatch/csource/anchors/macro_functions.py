# SPDX-License-Identifier: GPL-2.0-or-later
"""Anchors that name a function by the macro call that defines it: `function SYSCALL_DEFINE3(read, ...)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.syntax.masked_source import arguments, closing_parenthesis
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.tokens import ELLIPSIS, METAVARIABLE, c_tokens

if TYPE_CHECKING:
    from qpatch.csource.edit import Anchor
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.syntax.symbols import Symbol
    from qpatch.csource.workspace import EditWorkspace

_CALL = re.compile(rb"(?:[a-z_]\w*\s+)*([A-Za-z_]\w*)\s*\(")


@dataclass(frozen=True)
class DefiningCall:
    """The call of a macro that defines a function: its name, its arguments as tokens."""

    macro: str
    arguments: tuple[tuple[str, ...], ...]


def defining_call(parsed: ParsedFile, symbol: Symbol) -> DefiningCall | None:
    """Return the macro call that defines a function, None for one that is defined as C does."""
    start = symbol.node.start_byte
    head = _CALL.match(parsed.source, start)
    if symbol.kind != SymbolKind.FUNCTION or head is None or head[1].decode() == symbol.name:
        return None
    opening = head.end() - 1
    closing = closing_parenthesis(parsed.source, opening)
    if closing is None:
        return None
    parts = [
        _tokens(parsed.source[low:high].decode(errors="replace"))
        for low, high in arguments(parsed.source, opening, closing)
    ]
    return DefiningCall(head[1].decode(), tuple(parts)) if (symbol.name,) in parts else None


def is_written_out(function: Symbol, source: bytes) -> bool:
    """Tell whether a function's parameters follow its name in the source, and nothing else in parentheses.

    Several functions may share the name of a macro: `HELPER(x)(CPUState *env)`.
    """
    head = head_of(function, source)
    found = re.search(rb"\b%b[\s)]*(?=\()" % re.escape(function.name.encode(errors="surrogateescape")), head)
    if found is None:
        return False
    closing = closing_parenthesis(head, found.end())
    return closing is not None and not head[closing + 1 :].lstrip().startswith(b"(")


def head_of(function: Symbol, source: bytes) -> bytes:
    """Return the source of a function's definition up to its body."""
    end = function.node.end_byte if function.body is None else function.body.start_byte
    return source[function.node.start_byte : end]


def functions_defined_by(anchor: Anchor, path: str, workspace: EditWorkspace) -> list[Symbol]:
    """Return the functions of a file that the call which the anchor is written as defines."""
    wanted = _arguments(anchor.parameters)
    parsed = workspace.parse(path) if wanted else None
    if parsed is None:
        return []
    names = dict.fromkeys(part[0] for part in wanted if len(part) == 1 and part[0].isidentifier())
    functions = [symbol for name in names for symbol in workspace.symbols(path, name)]
    calls = [(symbol, defining_call(parsed, symbol)) for symbol in functions]
    return [
        symbol
        for symbol, call in calls
        if call is not None and call.macro == anchor.name and _fit(wanted, list(call.arguments))
    ]


def _arguments(parameters: str) -> list[tuple[str, ...]]:
    source = parameters.encode()
    if not source or closing_parenthesis(source, 0) != len(source) - 1:
        return []
    return [_tokens(source[low:high].decode()) for low, high in arguments(source, 0, len(source) - 1)]


def _tokens(code: str) -> tuple[str, ...]:
    return tuple(token.text for token in c_tokens(code))


def _fit(wanted: list[tuple[str, ...]], found: list[tuple[str, ...]]) -> bool:
    """Tell whether arguments are those wanted: a last `...` stands for any number, `$name` for one."""
    if wanted and wanted[-1] == (ELLIPSIS,):
        wanted, found = wanted[:-1], found[: len(wanted) - 1]
    return len(wanted) == len(found) and all(
        want == have or (len(want) == 1 and METAVARIABLE.fullmatch(want[0]) is not None)
        for want, have in zip(wanted, found, strict=True)
    )
