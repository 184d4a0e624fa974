# SPDX-License-Identifier: GPL-2.0-or-later
"""How the project of a tree writes C: the longest line, and the indentation where a file does not show one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from qpatch.csource.syntax.indentation import Indentation, indentation_of

if TYPE_CHECKING:
    from qpatch.csource.syntax.macros import MacroTable


@dataclass(frozen=True)
class CodingStyle:
    """The columns of the longest line, 0 for any length, and the usual indentation."""

    line_limit: int
    indentation: Indentation

    def indentation_in(self, source: bytes) -> Indentation:
        """Return how a file is indented: as its blocks show, else as usual."""
        return indentation_of(source, self.indentation)


def coding_style(table: MacroTable | None) -> CodingStyle:
    """Return the style of the trees that a macro table is for; of plain C without one."""
    return _styles()[table.kind if table else "plain"]


@cache
def _styles() -> dict[str, CodingStyle]:
    import yaml

    text = resources.files(__package__).joinpath("coding_styles.yaml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=yaml.CSafeLoader)
    return {
        kind: CodingStyle(style["line_limit"], Indentation(style["unit"], style["tabs"]))
        for kind, style in data.items()
    }
