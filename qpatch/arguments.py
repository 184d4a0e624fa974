# SPDX-License-Identifier: GPL-2.0-or-later
"""What callers hand in, checked where it comes in: a wrong type or an impossible text is a UserError, never a crash.

Type hints say the same, but programs are run without a type checker, and a string is a sequence of strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from qpatch.errors import UserError

CODE = "bad-argument"
# Control characters, the line separators of Unicode, and what stands for bytes that are not UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")

_Item = TypeVar("_Item")


def check_type(value: object, expected: type | tuple[type, ...], what: str) -> None:
    """Raise UserError `bad-argument` unless `value`, called `what`, is of the type `expected`, or one of them."""
    kinds = expected if isinstance(expected, tuple) else (expected,)
    if not isinstance(value, kinds):
        names = " or ".join("None" if kind is type(None) else kind.__name__ for kind in kinds)
        raise UserError(CODE, f"{what} is of the type {type(value).__name__}, not {names}")


def check_name(value: object, what: str) -> None:
    """Raise UserError `bad-argument` unless `value` is a string that can be a name or a path."""
    check_type(value, str, what)
    if "\0" in str(value):
        raise UserError(CODE, f"{what} has a NUL character: {value!r}")


def check_path(value: object, what: str) -> None:
    """Raise UserError `bad-argument` unless `value` is a Path that a file can have."""
    check_type(value, Path, what)
    check_name(str(value), what)


def check_line(value: object, what: str, forbidden: str = "") -> None:
    """Raise UserError `bad-argument` unless `value` is one line of text, without the characters `forbidden`.

    A line break in what goes into a mail's header would begin another header.
    """
    check_type(value, str, what)
    if _UNPRINTABLE.search(str(value)) or any(character in str(value) for character in forbidden):
        also = f", nor {' and '.join(forbidden)}" if forbidden else ""
        raise UserError(CODE, f"{what} is one line of text without control characters{also}: {value!r}")


def check_text(value: object, what: str) -> None:
    """Raise UserError `bad-argument` unless `value` is text that a file in UTF-8 can hold."""
    check_type(value, str, what)
    if _NO_TEXT.search(str(value)):
        raise UserError(CODE, f"{what} is not text in UTF-8: {value!r}")


def check_count(value: object, least: int, what: str) -> None:
    """Raise UserError `bad-argument` unless `value` is a whole number, `least` or more."""
    check_type(value, int, what)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UserError(CODE, f"{what} is a whole number from {least} on: {value!r}")


def check_settings_map(value: object, what: str) -> None:
    """Raise UserError `bad-argument` unless `value` maps names to values, texts among them being UTF-8."""
    check_type(value, Mapping, what)
    assert isinstance(value, Mapping)
    for name, setting in value.items():
        check_line(name, f"a name in {what}")
        if isinstance(setting, str):
            check_text(setting, f"the value of {name} in {what}")


def items_of(values: Iterable[_Item], kinds: type | tuple[type, ...], what: str) -> tuple[_Item, ...]:
    """Return `values`, each of one of `kinds`, as a tuple. Raises UserError `bad-argument`, for a lone string too."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise UserError(CODE, f"{what} is of the type {type(values).__name__}, and not a list")
    items = tuple(values)
    for item in items:
        check_type(item, kinds, f"an entry of {what}")
        if isinstance(item, str):
            check_name(item, f"an entry of {what}")
    return items
