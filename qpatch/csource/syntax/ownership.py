# SPDX-License-Identifier: GPL-2.0-or-later
"""To which code a comment on lines of its own belongs: to what stands below it, unless that ends what stands above.

A comment above a closing brace or an `#else`, `#elif` or `#endif` is the last one of that block or arm. Above a case
label and an `else` it depends on the column, and on what it says.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.syntax.layout import column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.syntax.layout import Layout
    from qpatch.csource.syntax.term import Term

FALLS_THROUGH = re.compile(rb"fall[-\s_]*s?[-\s_]*thr(ough|u)", re.IGNORECASE)
"""Words that say of a case that it goes on with the next one."""
_ENDS = re.compile(r"\}|#\s*(?:el|endif)")
_PARTS = frozenset({"case", "default", "else"})
_DEPTHS = (("{", 1), ("}", -1), ("#if", 1), ("#endif", -1))


def own_comments(layout: Layout, leaf: Term, start: int) -> int:
    """Return the start of the comment lines right above the line at `start`, which `leaf` begins, that belong to it."""
    first = layout.before_leading_comments(start)
    if ends_above(leaf):
        return start
    if leaf.text not in _PARTS:
        return first
    depth, own = column(layout.indentation(start)), start
    while own > first:
        line = layout.comment_line_above(own)
        if column(layout.indentation(line)) > depth or FALLS_THROUGH.search(layout.source, line, own):
            break
        own = line
    return own


def ends_above(leaf: Term) -> bool:
    """Tell whether `leaf` ends the block or `#if` arm above it."""
    return _ENDS.match(leaf.text) is not None


def opens_arm(leaves: Sequence[Term]) -> bool:
    """Tell whether code begins a part of something (an arm, an `else` with braces, a case) and does not end it."""
    depth = sum(step for leaf in leaves for word, step in _DEPTHS if "".join(leaf.text.split()).startswith(word))
    return depth == 0 and (ends_above(leaves[0]) or leaves[0].text in ("case", "default"))
