# SPDX-License-Identifier: GPL-2.0-or-later
"""Rewrites the macros of a table in the masked form of a source, one pass, by the form that each macro takes.

Comments, strings and preprocessor directives are never rewritten. Each form is one function that looks at the
shape around the name (is there a `(`, what follows the `)`) and leaves the macro alone where it does not fit.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from qpatch.csource.source import is_word, whole_words
from qpatch.csource.syntax.macros import MacroForm
from qpatch.csource.syntax.masked_source import (
    HIDDEN,
    MaskedSource,
    OverlapError,
    arguments,
    closing_parenthesis,
    skip_trivia,
)
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from collections.abc import Callable

    from qpatch.csource.syntax.macros import MacroTable

DIRECTIVE_REST = rb"(?:\\\r?\n|/\*.*?\*/|[^\n])*"
DIRECTIVE = rb"^[ \t]*\#" + DIRECTIVE_REST
"""A preprocessor directive with its continuation lines."""

_COMMENT = re.compile(HIDDEN, re.DOTALL)
_DIRECTIVE = re.compile(DIRECTIVE, re.DOTALL | re.MULTILINE)
# What holds no macros, and case ranges. Every branch begins with a character, which makes the search a fast one.
_NO_CODE = re.compile(HIDDEN + rb"|\#" + DIRECTIVE_REST + rb"|\.\.\.(?<=[\w') ]\.\.\.)(?=[^\n:;]*:)", re.DOTALL)
_NAMED_VARIADIC = re.compile(rb"\s*#\s*define\s+\w+\((?:\s*\w+\s*,)*\s*(\w+\s*\.\.\.)\s*\)")
_WORDS_ALONE = bytes(code if is_word(bytes([code])) else ord(" ") for code in range(256))
_LAST_WORD = re.compile(rb"(\w+)\s*$")
# Starts as only a type can, or is a pointer to a named type, or a type of C that needs no other word.
_TYPE = re.compile(
    rb"""(?:(?:const|volatile|struct|union|enum|unsigned|signed|long|short)\b[\w\s]*
        | \w+(?:\s+\w+)?\s*\*
        | (?:__)?typeof(?:__)?\s*\([^()]*\)
        | (?:int|char|void|bool|float|double)\s*$ )
        (?:\s*\(\s*\*\s*\)\s*\(.*\) | [\s*]|const\b)*$""",
    re.VERBOSE | re.DOTALL,
)
_DESIGNATOR = re.compile(rb"\.[A-Za-z_]\w*(?=[\w.\[\]\s]*=)")
_IDENTIFIER = re.compile(rb"[A-Za-z_]\w*")
_TAG = re.compile(rb"(?P<typedef>\btypedef\s+)?\b(?P<keyword>struct|union|enum)\s+$")
_BEFORE_FUNCTION = frozenset({b"static", b"inline", b"noinline", b"notrace", b"asmlinkage", b"__always_inline"})
_STORAGE = (b"static", b"extern", b"const", b"inline")


def rewrite_macros(source: bytes, table: MacroTable) -> MaskedSource:
    """Return the masked source of `source` with every macro of `table` rewritten."""
    masked = MaskedSource(source)
    done = 0
    for start, end, form in _spots(source, table):
        if start < done:
            continue
        if form is not None:
            done = _apply_if_free(masked, form, start, end)
        elif source.startswith(b"#", start):
            _hide_comments(masked, start, end)
            _name_variadic(masked, start, end)
        elif _in_case_label(source, start):
            masked.put(start, end, b"|")
    return masked


def _spots(source: bytes, table: MacroTable) -> list[tuple[int, int, MacroForm | None]]:
    """Return the [start, end) of the macros that nothing hides, with their forms, and of directives and case ranges."""
    found = [match.span() for match in _NO_CODE.finditer(source)]
    starts = [start for start, _ in found]
    spots: list[tuple[int, int, MacroForm | None]] = [
        (start, end, None) for start, end in found if source[start] in b"#."
    ]
    for word in set(source.translate(_WORDS_ALONE).split()):
        form = table.form_of(word)
        for start, end in whole_words(source, word.decode()) if form else ():
            before = bisect_right(starts, start) - 1
            if before < 0 or found[before][1] <= start:
                spots.append((start, end, form))
    return sorted(spots, key=lambda spot: spot[0])


def _apply_if_free(masked: MaskedSource, form: MacroForm, start: int, end: int) -> int:
    """Apply a form unless a macro around this one has been rewritten as a whole."""
    if masked.covers(start):
        return end
    try:
        return apply_form(masked, form, start, end)
    except OverlapError:
        return end  # Two macros that cut through each other: brackets do not match, so this is not C.


def apply_form(masked: MaskedSource, form: MacroForm, start: int, end: int) -> int:
    """Rewrite the macro whose name is at [start, end); return the position up to which all is done.

    Raises OverlapError where the macro cuts through one that is rewritten already.
    """
    return _FORMS[form](masked, start, end)


def _hide_comments(masked: MaskedSource, start: int, end: int) -> None:
    """Blank the comments of a directive: the grammar takes the first one for the end of a #define.

    The last stays where nothing follows it: the grammar knows comments behind a directive, but not always blanks.
    """
    if b"/*" not in masked.source[start:end]:
        return
    for comment in _COMMENT.finditer(masked.source, start, end):
        if comment[0].startswith(b"/*") and masked.source[comment.end() : end].strip():
            masked.blank_comment(comment.start(), comment.end())


def _name_variadic(masked: MaskedSource, start: int, end: int) -> None:
    """Make one name of a macro's `args...`, as GNU C calls its variadic parameter; the grammar knows `...` only."""
    parameter = _NAMED_VARIADIC.match(masked.source, start, end)
    if parameter:
        masked.put_name(*parameter.span(1))


def directive_comments(source: bytes, start: int, end: int) -> set[tuple[int, int]]:
    """Return the (start, end) of the comments in the directives that begin in [start, end): a parse may hide them."""
    return {
        comment.span()
        for directive in _DIRECTIVE.finditer(source, start, end)
        for comment in _COMMENT.finditer(source, *directive.span())
        if comment[0].startswith((b"/*", b"//"))
    }


def _in_case_label(source: bytes, position: int) -> bool:
    line = source[source.rfind(b"\n", 0, position) + 1 : position]
    return re.search(rb"\bcase\b[^:;]*$", line) is not None


def _call(source: bytes, end: int) -> tuple[int, int] | None:
    """Return the positions of the parentheses of the call whose name ends at `end`."""
    opening = skip_trivia(source, end)
    if source[opening : opening + 1] != b"(":
        return None
    closing = closing_parenthesis(source, opening)
    return None if closing is None else (opening, closing)


def _loop(masked: MaskedSource, start: int, end: int) -> int:
    call = _call(masked.source, end)
    if call is None or end - start < len(b"while") or _has_type_before(masked.source, start):
        return end
    opening, closing = call
    if not arguments(masked.source, opening, closing):
        if b"\n" not in masked.source[start:closing]:
            width = closing + 1 - start
            masked.put(start, closing + 1, b"while" + b"(1)".rjust(width - len(b"while")))
        return closing + 1
    masked.put(start, end, b"while")
    return _join_types(masked, opening, closing)


def _has_type_before(source: bytes, start: int) -> bool:
    """Tell whether a type stands before the name, as it does where a function of that name is declared."""
    word = _word_before(source, start)
    return word == b"*" or (word != b"" and word not in (b"else", b"do"))


def _word_before(source: bytes, start: int) -> bytes:
    """Return the word, or the `*`, that ends the code before `start`, on its line or the one above."""
    line_start = source.rfind(b"\n", 0, start) + 1
    before = source[line_start:start].strip()
    if not before and line_start:
        # The type may have a line of its own; what ends a directive is no type.
        before = source[source.rfind(b"\n", 0, line_start - 1) + 1 : line_start].strip()
        if before.startswith(b"#"):
            return b""
    word = _LAST_WORD.search(before)
    return b"*" if before.endswith(b"*") else word[1] if word else b""


def _typed(masked: MaskedSource, start: int, end: int) -> int:
    source = masked.source
    call = _call(source, end)
    if call is None:
        return end
    if source[start:end] == b"offsetof":
        # A keyword of the grammar, which takes a single member: any other designator makes it a call.
        parts = arguments(source, *call)
        if len(parts) != 2 or _IDENTIFIER.fullmatch(source, *parts[1]):
            return end
        masked.put_name(start, end)
    return _join_types(masked, *call)


def _join_types(masked: MaskedSource, opening: int, closing: int) -> int:
    """Make one identifier of each argument that looks like a type; return where the first argument begins.

    An argument `.member = value`, as property macros take them, becomes the assignment `_member = value`.
    """
    for left, right in arguments(masked.source, opening, closing):
        if _TYPE.match(masked.source[left:right]):
            masked.put_name(left, right)
        elif member := _DESIGNATOR.match(masked.source, left, right):
            masked.put(left, member.end(), b"_" + masked.source[left + 1 : member.end()])
    return opening + 1


def _joined(masked: MaskedSource, start: int, end: int) -> int:
    call = _call(masked.source, end)
    if call is None:
        return end
    masked.put_name(start, call[1] + 1)
    return call[1] + 1


def _array(masked: MaskedSource, start: int, end: int) -> int:
    """`NAME(variable, size)` becomes `NAME variable[size]`; the name keeps its `(` as its own."""
    source = masked.source
    call = _call(source, end)
    parts = arguments(source, *call) if call else []
    if call is None or len(parts) != 2:
        return end
    comma = skip_trivia(source, parts[0][1])
    masked.put(start, call[0] + 1, source[start:end])
    masked.put(comma, comma + 1, b"[")
    masked.put(call[1], call[1] + 1, b"]")
    return call[1] + 1


def _declaration(masked: MaskedSource, start: int, end: int) -> int:
    """`NAME(a, b)` becomes `NAME a, b;`, whether a `;` follows or not."""
    source = masked.source
    call = _call(source, end)
    parts = arguments(source, *call) if call else []
    if call is None or not parts:
        return end
    after = skip_trivia(source, call[1] + 1)
    before = _word_before(source, start)
    declares = before in _STORAGE or (not before and _at_file_scope(source, start))
    if source[after : after + 1] in (b"{", b"=", b",", b")", b"[") or not declares:
        return end
    after = after + 1 if source[after : after + 1] == b";" else call[1] + 1
    closing = call[1]
    while len(parts) > 1 and parts[-1][0] == parts[-1][1]:
        parts.pop()  # A comma behind the last argument belongs to the `)`.
        closing = parts[-1][1]
    for left, right in parts:
        if not _IDENTIFIER.fullmatch(source, left, right):
            masked.put_name(left, right)
    masked.put(start, call[0] + 1, source[start:end])
    masked.put(closing, after, b";")
    return after


def _function(masked: MaskedSource, start: int, end: int) -> int:
    """`NAME(f, a, b) {` becomes `NAME f() {`; with nothing but the function's name it parses as it is."""
    return _defined_function(masked, start, end, 0)


def _test_function(masked: MaskedSource, start: int, end: int) -> int:
    """`NAME(fixture, f) {` becomes `NAME f() {`."""
    return _defined_function(masked, start, end, 1)


def _defined_function(masked: MaskedSource, start: int, end: int, index: int) -> int:
    source = masked.source
    call = _call(source, end)
    words_before = source[source.rfind(b"\n", 0, start) + 1 : start].split()
    if call is None or not set(words_before) <= _BEFORE_FUNCTION:
        return end
    body = skip_trivia(source, call[1] + 1)
    parts = arguments(source, *call)
    if source[body : body + 1] != b"{" or len(parts) <= max(1, index):
        return end
    name_start, name_end = parts[index]
    if not _IDENTIFIER.fullmatch(source, name_start, name_end):
        return end
    if name_end == call[1]:  # Between the name and the `{` there is room for one bracket only.
        masked.put(start, name_start - 1, source[start:end])
        masked.put(name_start - 1, name_start, b"(")
        return call[1] + 1
    masked.put(start, name_start, source[start:end])
    masked.put(name_end, call[1] + 1, b"()")
    return call[1] + 1


def _at_file_scope(source: bytes, start: int) -> bool:
    """Tell whether no brace is open at `start`, counting from the last line that begins with a `}`."""
    far = thresholds().windows.open_braces
    since = _COMMENT.sub(b"", source[max(0, start - far, source.rfind(b"\n}", 0, start) + 2) : start])
    return since.count(b"{") <= since.count(b"}")


def _attribute(masked: MaskedSource, start: int, end: int) -> int:
    """Put in the attribute's place what C allows there, which depends on its neighbours."""
    source = masked.source
    call = _call(source, end)
    if call is not None and not source[skip_trivia(source, call[0] + 1) :].startswith(b"*"):
        end = call[1] + 1  # `coroutine_fn (*entry)(void)` is no call: a word before a declarator.
    before = masked.last_character(start)
    following = skip_trivia(source, end)
    after = source[following : following + 1]
    tag = _TAG.search(source, max(0, start - thresholds().windows.tag_keyword), start)
    if tag:
        _tag_attribute(masked, tag, start, end)
    elif before == b"}" and after == b";":
        masked.put_name(start, end)
    elif before == b"(" and after == b"*":
        masked.put_padded(start, end, b"__cdecl")
    elif before == b")" or after in (b")", b",", b";", b"=", b"[", b"{"):
        masked.put_padded(start, end, b"[[x]]")
    else:
        masked.put_padded(start, end, b"const")
    return end


def _tag_attribute(masked: MaskedSource, tag: re.Match[bytes], start: int, end: int) -> None:
    """`typedef struct ATTRIBUTE name` becomes `typedef const struct name`; elsewhere C allows nothing."""
    if tag["typedef"] and end - start >= len(tag["keyword"]):
        masked.put_padded(*tag.span("keyword"), b"const" if len(tag["keyword"]) > len(b"enum") else b"")
        masked.put(start, end, tag["keyword"])
    else:
        masked.put(start, end)


_FORMS: dict[MacroForm, Callable[[MaskedSource, int, int], int]] = {
    MacroForm.LOOP: _loop,
    MacroForm.ATTRIBUTE: _attribute,
    MacroForm.JOINED: _joined,
    MacroForm.TYPED: _typed,
    MacroForm.DECLARATION: _declaration,
    MacroForm.ARRAY: _array,
    MacroForm.FUNCTION: _function,
    MacroForm.TEST_FUNCTION: _test_function,
}
