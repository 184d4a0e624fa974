# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds code that still uses a member which a patch has taken out of a struct or a union.

Structs have members of the same names, so what is accessed has to be known: by the type of the variable or of the cast,
by the type that is initialised, or because the macro that gets the member is given the struct as well. Where no other
struct of the tree has a member of that name, any access counts whose type is not known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from qpatch.csource.results import SourcePlace
from qpatch.csource.soundness.member_types import arguments_beside, members_of, type_accessed
from qpatch.csource.source import CODE_SUFFIXES, mentions
from qpatch.csource.syntax.dead import is_dead
from qpatch.csource.syntax.parse import leaves_called, nodes_of
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.soundness.touched import TouchedSymbol
    from qpatch.csource.syntax.parse import ParsedFile
    from qpatch.csource.workspace import EditWorkspace

_AGGREGATES = (SymbolKind.STRUCT, SymbolKind.UNION)
# What may declare a member, or a variable, of a name.
_MAY_DECLARE = rb"[\w*)][ \t*]*\b%b[ \t]*(?:\[[^;\n]*\])?[ \t]*(?::[^;\n]*)?[;,]|\(\s*\*+\s*%b\s*\)"


@dataclass(frozen=True)
class _Lost:
    """A member that is gone from a struct that is called each of `names`; `path` is the file that defines it."""

    member: str
    names: frozenset[str]
    path: str


def lost_members(touched: TouchedSymbol, workspace: EditWorkspace) -> Iterator[str]:
    """Yield the warnings about members that a struct or union has lost and that code uses."""
    symbol, earlier, old = touched.symbol, touched.earlier, touched.old
    if symbol.kind not in _AGGREGATES or symbol.body is None or earlier is None or earlier.body is None or old is None:
        return
    left = set(re.findall(r"\w+", touched.parsed.text(symbol.body)))
    gone = [name for name in dict.fromkeys(members_of(old, earlier.body)) if name not in left]
    outline = workspace.outline(touched.path)
    names = frozenset(each.name for each in outline if each.node.start_byte == symbol.node.start_byte)
    shown = thresholds().limits.told_places
    for member in gone:
        places = [*islice(_uses(_Lost(member, names, touched.path), workspace), shown + 1)]
        if places:
            more = " and more" if places[shown:] else ""
            yield (
                f"{symbol.kind} {symbol.name} has no `{member}` any more, but it is used in "
                f"{', '.join(map(str, places[:shown]))}{more}: change it there, too"
            )


def _uses(lost: _Lost, workspace: EditWorkspace) -> Iterator[SourcePlace]:
    is_unique: bool | None = None  # To find out takes a search of the tree.
    for path in _files(lost, workspace):
        parsed = workspace.parse(path)
        for leaf in leaves_called(parsed, lost.member) if parsed is not None else ():
            assert parsed is not None
            accessed = type_accessed(parsed, leaf)
            if accessed is None:
                is_use = bool(arguments_beside(parsed, leaf) & lost.names)
            elif accessed:
                is_use = accessed in lost.names
            else:
                is_unique = _is_unique(lost, workspace) if is_unique is None else is_unique
                is_use = is_unique
            if is_use and not is_dead(parsed, leaf.start_byte):
                yield SourcePlace(path, leaf.start_point.row + 1)


def _files(lost: _Lost, workspace: EditWorkspace) -> list[str]:
    """Return the files that may use the member; none where that are too many, or the struct's name is not its own."""
    tree, most = workspace.tree, thresholds().limits.member_files
    if lost.path.endswith(".c"):
        return [lost.path]
    named = {path for name in lost.names for path in tree.mentioning(name, CODE_SUFFIXES)}
    contents = {path: tree.read(path) or b"" for path in sorted(named)}
    if any(_defines(path, content, lost) for path, content in contents.items()):
        return []
    found = [path for path, content in contents.items() if mentions(content, lost.member)]
    return found if len(found) <= most else []


def _defines(path: str, content: bytes, lost: _Lost) -> bool:
    """Tell whether another file defines a struct of that name."""
    words = b"|".join(re.escape(name.encode()) for name in sorted(lost.names))
    definition = re.compile(rb"\b(?:struct|union)\s+(?:%b)\s*\{|^\}[^;{}]*\b(?:%b)\s*;" % (words, words), re.MULTILINE)
    return path != lost.path and definition.search(content) is not None


def _is_unique(lost: _Lost, workspace: EditWorkspace) -> bool:
    """Tell whether no struct of the tree, as far as can be seen, has a member of that name."""
    tree = workspace.tree
    paths = tree.mentioning(lost.member, CODE_SUFFIXES)
    if len(paths) > thresholds().limits.member_files:
        return False
    name = re.escape(lost.member.encode())
    may_declare = re.compile(_MAY_DECLARE % (name, name))
    return not any(
        may_declare.search(tree.read(path) or b"") and _has_member(workspace.parse(path), lost.member) for path in paths
    )


def _has_member(parsed: ParsedFile | None, name: str) -> bool:
    bodies = nodes_of(parsed.tree.root_node, "field_declaration_list") if parsed is not None else ()
    return parsed is not None and any(name in members_of(parsed, body) for body in bodies)
