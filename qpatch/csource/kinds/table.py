# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of anchor kinds: what the first word of an anchor may be, what it means, what may be done there.

A new kind is a row here, a module beside this one with its handler where none of those at hand will do, and a row in
docs/strategies.md, which a test compares with this table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from qpatch.csource.edit import Action, AnchorKind, Parameters, TextScope
from qpatch.csource.kinds.file import FileHandler, IncludesHandler
from qpatch.csource.kinds.signature import SignatureHandler
from qpatch.csource.kinds.switch import SwitchHandler
from qpatch.csource.kinds.symbol import SymbolHandler
from qpatch.csource.kinds.tree import FilesHandler
from qpatch.csource.matching.pattern import Context
from qpatch.csource.syntax.symbols import SymbolKind


class AnchorKinds(Mapping[str, AnchorKind]):
    """Kinds of anchors by their words, in the order of the table. Raises ValueError for a word that is there twice."""

    def __init__(self, kinds: Iterable[AnchorKind]) -> None:
        self._kinds: dict[str, AnchorKind] = {}
        for kind in kinds:
            if kind.word in self._kinds:
                raise ValueError(f"there are two kinds of anchors called {kind.word!r}")
            self._kinds[kind.word] = kind

    def plus(self, *kinds: AnchorKind) -> AnchorKinds:
        """Return a table with more kinds. Raises ValueError for a word that is taken."""
        return AnchorKinds((*self._kinds.values(), *kinds))

    def __getitem__(self, word: str) -> AnchorKind:
        return self._kinds[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


_SECTION = frozenset({Action.HUNK, Action.VERBATIM, Action.ADD_BESIDE, Action.DELETE, Action.MOVE, Action.ADD_INSIDE})
_LIST = _SECTION | {Action.EVERYWHERE}
_SYMBOL = _LIST - {Action.ADD_INSIDE}
_INCLUDES = frozenset({Action.HUNK, Action.VERBATIM, Action.ADD_INSIDE, Action.ADD_BESIDE})
_FILE = _INCLUDES | {Action.DELETE, Action.CREATE, Action.RENAME, Action.MODE, Action.EVERYWHERE}

_FUNCTION = AnchorKind(
    "function",
    "a function's definition",
    _SYMBOL,
    SymbolHandler(SymbolKind.FUNCTION),
    Context.STATEMENTS,
    parameters=Parameters.LIST,
    is_function_body=True,
)

ANCHOR_KINDS = AnchorKinds(
    (
        _FUNCTION,
        AnchorKind(
            "signature",
            "return type, name and parameters of a function, in its definition and all its prototypes",
            frozenset({Action.HUNK}),
            SignatureHandler(_FUNCTION),
            Context.SIGNATURE,
            parameters=Parameters.LIST,
        ),
        AnchorKind(
            "prototype",
            "a function's declaration",
            _SYMBOL,
            SymbolHandler(SymbolKind.PROTOTYPE),
            Context.TOP_LEVEL,
            parameters=Parameters.LIST,
        ),
        AnchorKind(
            "struct",
            "a struct, by its tag or its typedef name",
            _LIST,
            SymbolHandler(SymbolKind.STRUCT),
            Context.MEMBERS,
        ),
        AnchorKind(
            "union",
            "a union, by its tag or its typedef name",
            _LIST,
            SymbolHandler(SymbolKind.UNION),
            Context.MEMBERS,
        ),
        AnchorKind(
            "enum",
            "an enum, by its tag or its typedef name",
            _LIST,
            SymbolHandler(SymbolKind.ENUM),
            Context.ENUMERATORS,
        ),
        AnchorKind("typedef", "a typedef", _SYMBOL, SymbolHandler(SymbolKind.TYPEDEF), Context.TOP_LEVEL),
        AnchorKind(
            "initializer",
            "a file-scope variable with its value",
            _LIST,
            SymbolHandler(SymbolKind.INITIALIZER),
            Context.ENTRIES,
        ),
        AnchorKind(
            "switch",
            "a `switch`, by its function, and by its expression where that has several",
            _LIST,
            SwitchHandler(_FUNCTION),
            Context.STATEMENTS,
            name="FUNCTION",
            parameters=Parameters.EXPRESSION,
            is_function_body=True,
            is_statement=True,
        ),
        AnchorKind(
            "macro",
            "a `#define`",
            _SYMBOL,
            SymbolHandler(SymbolKind.MACRO),
            Context.TOP_LEVEL,
            shows_macro=True,
        ),
        AnchorKind(
            "includes",
            "the `#include` lines of a file",
            _INCLUDES,
            IncludesHandler(),
            Context.TOP_LEVEL,
            name="",
            needs_path=True,
        ),
        AnchorKind(
            "file",
            "what is at file scope; a text file whole",
            _FILE,
            FileHandler(),
            Context.TOP_LEVEL,
            name="",
            needs_path=True,
            text_scope=TextScope.FILE,
        ),
        AnchorKind(
            "section",
            "a section or an entry of a text file",
            _SECTION,
            None,
            Context.TOP_LEVEL,
            needs_path=True,
            text_scope=TextScope.SECTION,
        ),
        AnchorKind(
            "files",
            "every file that a glob matches: `*` stays in one folder, `**` does not, `hw/vfio/` is all below it",
            frozenset({Action.EVERYWHERE}),
            FilesHandler(),
            Context.STATEMENTS,
            name="GLOB",
        ),
        AnchorKind(
            "tree",
            "every file of the tree",
            frozenset({Action.EVERYWHERE}),
            FilesHandler(),
            Context.STATEMENTS,
            name="",
        ),
    )
)
"""The kinds that strategies know."""
