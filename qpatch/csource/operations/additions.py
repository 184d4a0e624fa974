"""Adds text beside a symbol or inside one, deletes a symbol, and moves one byte for byte."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.csource.anchors.blocks import block_of, layout_of
from qpatch.csource.anchors.locate import Located, Workspace, locate
from qpatch.csource.edit import AddOperation, AnchorKind, DeleteOperation, Edit, MoveOperation, Position
from qpatch.csource.results import AlreadyThere, Ambiguous, Candidate, Drifted, Place
from qpatch.csource.syntax.layout import Layout, Replacement, column, reindent
from qpatch.csource.syntax.symbols import Symbol, outline
from qpatch.csource.syntax.term import Term, build
from qpatch.errors import UserError

if TYPE_CHECKING:
    from qpatch.csource.syntax.parse import ParsedFile

# Symbols of one line that stand together without blank lines between them.
_LINE_KINDS = frozenset({AnchorKind.MACRO, AnchorKind.PROTOTYPE, AnchorKind.TYPEDEF})
_BLOCK_KINDS = frozenset({AnchorKind.STRUCT, AnchorKind.UNION, AnchorKind.ENUM, AnchorKind.INITIALIZER})
# What ends an array of entries, and stays its end.
_SENTINELS = frozenset({("{", "}"), ("{", "0", "}"), ("{", "NULL", "}"), ("NULL",),
                        ("DEFINE_PROP_END_OF_LIST", "(", ")"), ("VMSTATE_END_OF_LIST", "(", ")")})
_NEAR_ENOUGH_TO_BE_RENAMED = 0.85


@dataclass(frozen=True)
class Changes:
    """Replacements per path, and the places that they touch."""

    replacements: dict[str, list[Replacement]]
    places: tuple[Place, ...]


Outcome = Changes | AlreadyThere | Drifted | Ambiguous


def add(edit: Edit, operation: AddOperation, located: Located, workspace: Workspace) -> Outcome:
    """Add the operation's text at the located anchor, unless it is there already."""
    if edit.anchor.position is not Position.IN or located.symbol is None:
        return _Beside(edit, operation, located, workspace).outcome()
    if located.symbol.kind not in _BLOCK_KINDS:
        raise UserError("add-needs-block", f"cannot add inside {edit.anchor}: only structs, unions, enums, initializers "
                        "and files take additions at their end", where=edit.where,
                        hint="use a hunk, or `after:`/`before:` to add beside the symbol")
    return _Inside(edit, operation, located).outcome()


def delete(edit: Edit, workspace: Workspace) -> Outcome:
    """Delete the anchor with its leading comment and one surplus blank line."""
    located = locate(edit.anchor, workspace)
    if isinstance(located, Drifted):
        renamed = any(candidate.likeness >= _NEAR_ENOUGH_TO_BE_RENAMED for candidate in located.candidates)
        return located if renamed else AlreadyThere(edit.anchor.path, f"{edit.anchor} is gone")
    if isinstance(located, Ambiguous):
        return located
    layout = layout_of(located)
    start, end = _extent(located, layout)
    change = Replacement(*layout.without_surplus_blank(start, end), b"")
    return Changes({located.path: [change]}, (_place(located),))


def move(edit: Edit, operation: MoveOperation, workspace: Workspace) -> Outcome:
    """Move the anchor with its leading comment beside the operation's target, byte for byte."""
    located = locate(edit.anchor, workspace)
    target = locate(operation.target, workspace)
    for found in (located, target):
        if isinstance(found, Drifted | Ambiguous):
            return found
    assert isinstance(located, Located) and isinstance(target, Located)  # noqa: S101
    layout = layout_of(located)
    start, end = _extent(located, layout)
    if located.path == target.path and _adjoins(layout, (start, end), _extent(target, layout), operation.target.position):
        return AlreadyThere(located.path, f"{edit.anchor} already stands {operation.target.position} {operation.target}")
    text = located.parsed.source[start:end]
    insertion = _beside(layout_of(target), target, operation.target.position, text.rstrip(b"\n"), blank=True)
    removal = Replacement(*layout.without_surplus_blank(start, end), b"")
    replacements: dict[str, list[Replacement]] = {located.path: [removal]}
    replacements.setdefault(target.path, []).append(insertion)
    return Changes(replacements, (_place(located), _place(target)))


class _Beside:
    """An addition after or before a symbol, or at the end of a file."""

    def __init__(self, edit: Edit, operation: AddOperation, located: Located, workspace: Workspace) -> None:
        self._edit = edit
        self._located = located
        self._workspace = workspace
        self._text = textwrap.dedent(operation.text).strip("\n").encode(errors="surrogateescape")

    def outcome(self) -> Outcome:
        present = self._present()
        if present is not None:
            return present
        layout = layout_of(self._located)
        if self._located.symbol is None:
            change = self._in_file(layout)
        else:
            change = _beside(layout, self._located, self._edit.anchor.position, self._text, blank=self._needs_blank())
        return Changes({self._located.path: [change]}, (_place(self._located),))

    def _added_symbols(self) -> tuple[Symbol, ...]:
        return tuple(symbol for symbol in outline(self._parse_text()) if symbol.kind is not AnchorKind.INCLUDES)

    def _parse_text(self) -> ParsedFile:
        return self._workspace.cache.parse(self._text + b"\n")

    def _present(self) -> AlreadyThere | Drifted | None:
        """Tell whether the added symbols are there: all of them alike, or one with another content."""
        parsed = self._parse_text()
        added = self._added_symbols()
        if not added:
            there = _folded(self._text) in _folded(self._located.parsed.source)
            return AlreadyThere(self._located.path) if there else None
        same = 0
        for symbol in added:
            other = next((known for known in self._workspace.outline(self._located.path)
                          if known.kind is symbol.kind and known.name == symbol.name), None)
            if other is None:
                continue
            if build(self._located.parsed, other.node).tokens != build(parsed, symbol.node).tokens:
                return Drifted(f"{symbol.kind} {symbol.name} exists already, with another content", self._located.path,
                               (Candidate(Place(self._located.path, other.start_line), 1.0),),
                               suggestion=f"give the added {symbol.kind} another name, or edit the existing one")
            same += 1
        return AlreadyThere(self._located.path) if same == len(added) else None

    def _needs_blank(self) -> bool:
        assert self._located.symbol is not None  # noqa: S101
        kinds = {self._located.symbol.kind, *(symbol.kind for symbol in self._added_symbols())}
        return not kinds <= _LINE_KINDS

    def _in_file(self, layout: Layout) -> Replacement:
        if self._edit.anchor.kind is AnchorKind.INCLUDES:
            return self._after_includes(layout)
        end = len(layout.source)
        gap = b"" if not layout.source or layout.source.endswith(b"\n\n") else b"\n"
        return Replacement(end, end, gap + self._text + b"\n")

    def _after_includes(self, layout: Layout) -> Replacement:
        includes = [node for node in self._located.parsed.tree.root_node.children if node.type == "preproc_include"]
        end = layout.next_line(includes[-1].start_byte) if includes else 0
        return Replacement(end, end, self._text + b"\n")


class _Inside:
    """An addition to the members of a struct, union, enum or initialiser."""

    def __init__(self, edit: Edit, operation: AddOperation, located: Located) -> None:
        self._edit = edit
        self._operation = operation
        self._located = located
        self._block = block_of(located)
        self._layout = layout_of(located)
        self._source = located.parsed.source

    def outcome(self) -> Outcome:
        if self._is_present():
            return AlreadyThere(self._located.path)
        members = self._block.items
        if self._operation.beside:
            named = [member for member in members if _is_named(member, self._operation.beside)]
            if len(named) != 1:
                return self._no_neighbour(members, len(named))
            after = self._operation.beside_position is Position.AFTER
            change = self._after(named[0]) if after else self._before(named[0])
        else:
            change = self._at_end(members)
        return Changes({self._located.path: [change]}, (_place(self._located),))

    def _is_present(self) -> bool:
        return _folded(self._operation.text.encode()).rstrip(b",;") in _folded(
            self._source[self._block.start:self._block.end])

    def _no_neighbour(self, members: list[Term], count: int) -> Drifted | Ambiguous:
        place = _place(self._located)
        message = f"{self._edit.anchor} has {count or 'no'} member{'s' * (count > 1)} named {self._operation.beside}"
        if count:
            return Ambiguous(message, self._located.path, (place,), "name a member that is there once")
        names = ", ".join(" ".join(member.tokens[:6]) for member in members[:12])
        return Drifted(message, self._located.path, (Candidate(place, 0.5, (f"its members begin: {names}",)),),
                       suggestion="beside: after <one of the members above>")

    def _at_end(self, members: list[Term]) -> Replacement:
        if not members:
            position = self._block.start + 1
            return Replacement(position, position, b"\n" + self._lines("    ", 0))
        if members[-1].tokens in _SENTINELS:
            return self._before(members[-1])
        return self._after(members[-1])

    def _after(self, member: Term) -> Replacement:
        end = member.end
        comma = b""
        if self._located.symbol is not None and self._located.symbol.kind in (AnchorKind.ENUM, AnchorKind.INITIALIZER):
            rest = self._source[end:].lstrip()
            comma = b"" if rest.startswith(b",") else b","
            end = end + self._source[end:].index(b",") + 1 if not comma else end
        trailing = self._layout.after_trailing_comments(end)
        text = comma + self._source[end:trailing] + b"\n" + self._lines(self._layout.indentation(member.start), 0)
        return Replacement(end, trailing, text)

    def _before(self, member: Term) -> Replacement:
        position = self._layout.before_leading_comments(self._layout.line_start(member.start))
        return Replacement(position, position, self._lines(self._layout.indentation(member.start), 0) + b"\n")

    def _lines(self, indentation: str, shift: int) -> bytes:
        lines = textwrap.dedent(self._operation.text).strip("\n").split("\n")
        shifted = reindent(lines, column(indentation) + shift, tabs="\t" in indentation)
        return "\n".join(shifted).encode(errors="surrogateescape")


def _beside(layout: Layout, located: Located, position: Position, text: bytes, *, blank: bool) -> Replacement:
    """Return the insertion of `text` beside a symbol, with one blank line between if `blank`."""
    start, end = _extent(located, layout)
    gap = b"\n" if blank else b""
    if position is Position.BEFORE:
        return Replacement(start, start, text + b"\n" + gap)
    followed = b"" if layout.is_blank(end, layout.line_end(end)) else gap
    return Replacement(end, end, gap + text + b"\n" + followed)


def _extent(located: Located, layout: Layout) -> tuple[int, int]:
    """Return the whole lines of a symbol, with its leading comment and its trailing ones."""
    assert located.symbol is not None  # noqa: S101
    node = located.symbol.node
    end = node.start_byte + len(layout.source[node.start_byte:node.end_byte].rstrip())
    if layout.source[end:end + 1] == b";":
        end += 1
    end = layout.next_line(layout.after_trailing_comments(end))
    return layout.before_leading_comments(layout.line_start(node.start_byte)), end


def _adjoins(layout: Layout, moved: tuple[int, int], target: tuple[int, int], position: Position) -> bool:
    first, second = (target, moved) if position is Position.AFTER else (moved, target)
    return first[1] <= second[0] and layout.is_blank(first[1], second[0])


def _is_named(member: Term, name: str) -> bool:
    """Tell whether a member is called `name`: a field, an enumerator, `.field`, or an entry that begins with it."""
    leading = member.tokens[:member.tokens.index("=")] if "=" in member.tokens else member.tokens
    return any(token.strip('"') == name for token in leading)


def _folded(text: bytes) -> bytes:
    return b" ".join(text.split())


def _place(located: Located) -> Place:
    if located.symbol is None:
        return Place(located.path, 1)
    return Place(located.path, located.symbol.start_line, f"{located.symbol.kind} {located.symbol.name}")
