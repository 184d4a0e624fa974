# SPDX-License-Identifier: GPL-2.0-or-later
"""From a line of a rendered text back to the line of the strategy, or of the template, that it came from."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.errors import Location
from qpatch.strategy.environment import TEMPLATE_SUFFIX
from qpatch.strategy.places import shown

if TYPE_CHECKING:
    from qpatch.strategy.environment import StrategyEnvironment


def source_line(template: str, rendered: str, line: int) -> int:
    """Return the line of `template` (from 1) that `line` of `rendered` came from, or the nearest before."""
    before, after = template.split("\n"), rendered.split("\n")
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    found = 1
    for block in blocks:
        if block.b >= line:
            break
        found = block.a + min(line - block.b, block.size)
    return max(found, 1)


@dataclass(frozen=True)
class Source:
    """What was rendered: a text written at `where` in the strategy, or the template that it names (`is_file`)."""

    text: str
    where: Location
    is_file: bool = False

    @classmethod
    def of_body(cls, text: str, where: Location) -> Source:
        """Return the source of a mail's body: a text that ends in `.j2` names a template."""
        return cls(text, where, text.endswith(TEMPLATE_SUFFIX))


def origin(environment: StrategyEnvironment, source: Source, rendered: str, line: int) -> Location:
    """Return the place that `line` of `rendered`, which came of `source`, came from."""
    text, where = source.text, source.where
    if source.is_file:
        text, file = environment.source_of(text)
        where = Location(shown(Path(file)), 1)
    return replace(where, line=where.line + source_line(text, rendered, line) - 1, column=0)
