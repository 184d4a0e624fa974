# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a no cannot be trusted: what was asked for may be there, written otherwise.

Code that is gone leaves nothing behind. Users without a definition, a definition of another kind, what does not parse,
a function in between, a similar name: each of them means that a person has to look.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.capabilities.answer import Answer, CannotTell
from qpatch.capabilities.hidden import behind_macro, named_otherwise, near, stands_for
from qpatch.csource.names import are_alike
from qpatch.csource.syntax.dead import is_dead, position_in_code
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.syntax.wrappers import is_wrapper
from qpatch.csource.tokens import blank_opaque
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qpatch.capabilities.sources import Definition, Scope, Sources
    from qpatch.csource.matching.fragment import Fragment

_WORD = re.compile(r"[A-Za-z_]\w*")


def doubt_of_absence(names: Iterable[str], kind: SymbolKind, sources: Sources, scope: Scope) -> Answer:
    """Tell whether a symbol, of which no definition was found under any of `names`, is there all the same."""
    for name in names:
        use = sources.use_of(name, scope)
        if use is not None:
            others = (found for found in sources.named(name, scope) if found.symbol.kind != SymbolKind.PROTOTYPE)
            other = next(others, None)
            if other is not None:
                return CannotTell(f"{name} is a {other.symbol.kind} here, not a {kind}", other.place)
            return CannotTell(f"no definition of {kind} {name} was found, but the name is used", use)
    return False


def doubt_of_content(pattern: Fragment, of: Definition, sources: Sources, scope: Scope) -> Answer:
    """Tell whether a definition has, in other words, the code that `pattern` does not match in it."""
    unclear = _doubt_of_parse(pattern.word, of, sources) or named_otherwise(pattern, of, sources)
    if unclear:
        return unclear
    node, name = of.symbol.node, of.symbol.name
    words = words_of(of.parsed.source[node.start_byte : node.end_byte])
    for other in sorted(words) if pattern.word and pattern.word not in words else ():
        if is_renamed(pattern.word, other):
            return CannotTell(f"{name} has no {pattern.word}, but a {other}", of.place)
    return wrapped(pattern, words, name, of.path, sources, scope)


def doubt_of_part(name: str, others: Iterable[str], of: Definition, sources: Sources, scope: Scope) -> Answer:
    """Tell whether a definition without a part called `name` has it all the same.

    It may not parse, or one of its parts, whose names are `others`, may be what is meant, or a macro may have it.
    """
    unclear = _doubt_of_parse(name, of, sources)
    if unclear:
        return unclear
    for other in others:
        if is_renamed(name, other):
            return CannotTell(f"{of.symbol.name} has no {name}, but a {other}", of.place)
    node = of.symbol.node
    return behind_macro(name, words_of(of.parsed.source[node.start_byte : node.end_byte]), of, sources, scope)


def _doubt_of_parse(name: str, of: Definition, sources: Sources) -> Answer:
    """Tell whether a definition has `name`, and does not parse."""
    node, symbol = of.symbol.node, of.symbol
    if node.has_error and name:
        position = position_in_code(of.parsed.source[node.start_byte : node.end_byte], name)
        if position is not None:
            place = sources.place(of.path, node.start_byte + position)
            return CannotTell(f"{symbol.name} has {name}, but does not parse", place)
    return False


def wrapped(pattern: Fragment, words: frozenset[str], by: str, path: str, sources: Sources, scope: Scope) -> Answer:
    """Tell whether code that uses `words`, that of `by` in `path`, has what `pattern` matches by a function or macro.

    Only what does little else counts: nearly everything is called from everywhere in the end.
    """
    waiting, seen = [pattern.word] if pattern.word else [], {pattern.word, by}
    while waiting:
        word = waiting.pop()
        for definition in near(word, words, path, sources, scope):
            name = definition.symbol.name
            if name in seen or not is_wrapper(definition.symbol):
                continue
            if word == pattern.word and not (_has(pattern, definition, sources) or stands_for(definition, word)):
                continue
            if name in words:
                return CannotTell(f"{by} has no `{pattern.text}`, but calls {name}(), which has it", definition.place)
            seen.add(name)
            waiting.append(name)
    return False


def is_renamed(old: str, new: str) -> bool:
    """Tell whether `new` is so similar a name that it may be what `old` is called now."""
    return old != new and are_alike(old, new, thresholds().similarity.symbol_renamed)


def _has(pattern: Fragment, definition: Definition, sources: Sources) -> bool:
    places = pattern.places_in(definition.parsed, definition.symbol.node, sources.table)
    return any(not is_dead(definition.parsed, place) for place in places)


def words_of(source: bytes) -> frozenset[str]:
    """Return the names and keywords in code, those in comments and strings left out."""
    return frozenset(_WORD.findall(blank_opaque(source.decode("latin-1"))))
