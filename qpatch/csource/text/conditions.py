# SPDX-License-Identifier: GPL-2.0-or-later
"""Under which conditions a line of a build file stands: the `if`s of Kconfig, meson and make around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.text.outline import TextFormat

if TYPE_CHECKING:
    from qpatch.csource.text.document import TextDocument

# What opens a condition, what goes on with another one, what ends it. The `if` of a help text is followed by words.
_WORDS = {
    TextFormat.KCONFIG: (r"if\s+[A-Z0-9_!(][^a-z]*(?:\b[yn]\b[^a-z]*)*|choice\b.*", r"(?!)", r"endif|endchoice"),
    TextFormat.MESON: (r"(?:if|foreach)\b.*", r"(?:elif|else)\b.*", r"endif|endforeach"),
    TextFormat.MAKEFILE: (r"if(?:n?eq|n?def)\b.*", r"else\b.*", r"endif"),
}


def conditions_at(document: TextDocument, line: int) -> tuple[str, ...]:
    """Return the conditions around the place before a line, outermost first; an `else` counts as one of its own."""
    if document.format not in _WORDS:
        return ()
    opens, goes_on, ends = (re.compile(rf"(?:{words})\s*(?:#.*)?") for words in _WORDS[document.format])
    around: list[str] = []
    for text in document.folded[:line]:
        if opens.fullmatch(text):
            around.append(text)
        elif around and goes_on.fullmatch(text):
            around[-1] += f" ... {text}"
        elif around and ends.fullmatch(text):
            around.pop()
    return tuple(around)
