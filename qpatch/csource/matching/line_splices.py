# SPDX-License-Identifier: GPL-2.0-or-later
"""Refuses added lines whose backslash at the end would take in a line of the tree that is not theirs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.csource.matching.hunk_line import HunkError, Sign
from qpatch.csource.tokens import OPAQUE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.csource.matching.hunk_line import HunkLine

_OPAQUE = re.compile(OPAQUE, re.DOTALL)


def check_splices(lines: Sequence[HunkLine], sign: Sign = Sign.ADDED, *, ends_text: bool = False) -> None:
    """Refuse lines with `sign` that hold a `//` comment which ends in a backslash: HunkError with the line.

    `ends_text`: the last line is followed by one that nobody has written beside it, so it may end in none at all.
    """
    text = "\n".join(line.code for line in lines)
    if "\\" not in text:
        return
    for found in _OPAQUE.finditer(text):
        line = lines[text.count("\n", 0, found.start())]
        if line.sign is sign and found[0].startswith("//") and found[0].endswith("\\"):
            raise HunkError(
                f"the `//` comment in line {line.number} ends in a backslash, which takes in the next line",
                line.number,
                "write something behind the backslash, or write it as `/* ... */`",
            )
    if ends_text and text.rstrip().endswith("\\"):
        raise HunkError(
            f"line {lines[-1].number}, the last one that is added, ends in a backslash, which takes in what follows it",
            lines[-1].number,
            "leave the backslash out, or add the line that it goes on with",
        )
