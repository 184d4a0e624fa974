# SPDX-License-Identifier: GPL-2.0-or-later
"""The one question that is answered by a number: which value of a family of macros is free.

What adds a flag or an id to a header takes the next one, which differs from tree to tree and changes with each
release. A macro whose value cannot be read is a doubt: its number might be the one that is given away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import count
from typing import TYPE_CHECKING

from qpatch.capabilities.answer import CannotTell, Value
from qpatch.csource.results import SourcePlace
from qpatch.csource.syntax.symbols import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.capabilities.sources import Definition, Sources

# How a header writes a number, and one bit of a word of flags.
FORMS = {
    "number": re.compile(r"\(?\s*(0|[1-9]\d*|0[xX][\da-fA-F]+)[uUlL]*\s*\)?"),
    "bit": re.compile(r"\(?\s*1[uUlL]*\s*<<\s*(\d+)\s*\)?|_?BIT(?:ULL|UL)?\s*\(\s*(\d+)\s*\)"),
}
_COMMENT = re.compile(r"/\*.*?\*/|//.*", re.DOTALL)


@dataclass(frozen=True)
class FreeNumber:
    """The lowest number from `least` on that no macro of `family` (`NAME_*`) has in the file at `path`.

    `form` is one of FORMS; the macros in `unlike` have a name of the family and do not belong to it.
    """

    family: str
    path: str
    form: str
    least: int = 0
    unlike: tuple[str, ...] = ()

    def answer(self, sources: Sources) -> Value:
        """Return the number, or why it cannot be told."""
        taken: set[int] = set()
        for macro in self._macros(sources):
            number = self._number(macro)
            if number is None:
                return CannotTell(f"the value of {macro.symbol.name} cannot be read as a {self.form}", macro.place)
            taken.add(number)
        if not taken:
            return CannotTell(f"there is no macro {self.family} in {self.path}", SourcePlace(self.path, 1))
        return next(number for number in count(self.least) if number not in taken)

    def _macros(self, sources: Sources) -> Iterator[Definition]:
        for definition in sources.outline(self.path):
            name = definition.symbol.name
            if (
                definition.symbol.kind == SymbolKind.MACRO
                and fnmatchcase(name, self.family)
                and name not in self.unlike
            ):
                yield definition

    def _number(self, macro: Definition) -> int | None:
        node = macro.symbol.node.child_by_field_name("value")
        text = "" if node is None else _COMMENT.sub(" ", macro.parsed.text(node)).strip()
        found = FORMS[self.form].fullmatch(text)
        return None if found is None else int(next(filter(None, found.groups())), 0)
