# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes a strategy of one patch as YAML by hand, so that every text comes back byte for byte.

Hunks and contents are block scalars with an indentation indicator. What such a block cannot hold, and the beginning of
a Jinja expression, is written as an expression.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEAD = """\
name: {name}
title: "history: {name}"
summary: A commit, expressed mechanically.
qemu:
  cover: A commit, expressed mechanically.
  patches:
    - subject: "history: {name}"
      body: A commit, expressed mechanically.
      edits:
"""
# Characters that YAML forbids or takes for a line end, CR, and surrogates, which stand for bytes that are no UTF-8.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")
_DELIMITER = re.compile(r"@(?=\{[{%#])")
BLOCKS = ("verbatim", "text")


def strategy_text(name: str, edits: Sequence[Mapping[str, str]]) -> str:
    """Return the strategy file called `name` whose only patch has these edits, each a mapping of keys to texts."""
    return _HEAD.format(name=name) + "".join(_edit(edit) for edit in edits)


def as_template(text: str) -> str:
    """Return `text` so that rendering it gives `text` again, with nothing in it that YAML does not allow."""
    return _FORBIDDEN.sub(_as_bytes, _DELIMITER.sub('@{{ "@" }}', text))


def _as_bytes(found: re.Match[str]) -> str:
    numbers = ", ".join(map(str, found[0].encode("utf-8", "surrogateescape")))
    return f"@{{{{ bytes({numbers}) }}}}"


def _edit(edit: Mapping[str, str]) -> str:
    lines = [f"{key}: {_block(text) if key in BLOCKS else _quoted(text)}" for key, text in edit.items()]
    return "        - " + "\n          ".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(as_template(text))


def _block(text: str) -> str:
    """Return a literal block; a text of nothing but line ends has none."""
    plain = as_template(text)
    if not plain.strip("\n"):
        return json.dumps(plain)
    chomping = "+" if plain.endswith("\n\n") else "" if plain.endswith("\n") else "-"
    lines = plain.removesuffix("\n").split("\n")
    return f"|2{chomping}\n" + "\n".join(f"            {line}" if line else "" for line in lines)
