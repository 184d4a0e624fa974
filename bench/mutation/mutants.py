# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutants: copies of a Python source file in which one token differs, and a sample of them that is easily repeated.

The sample is taken by a hash of seed, function, line and change: it is the same on every machine, and a change to the
code replaces only those mutants of the sample whose line it touches, so that scores of two commits can be compared.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.mutation.changes import changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Mutant:
    """One changed token: what is between the offsets `start` and `end` of `file` becomes `replacement`.

    `function` is the qualified name of the function or class around it, empty at the top of a module. `line` counts
    from 1; `text` and `mutated` are that line before and after, without indentation.
    """

    file: str
    function: str
    line: int
    text: str
    mutated: str
    start: int
    end: int
    replacement: str

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What stays the same when other lines come or go."""
        return self.file, self.function, self.text, self.mutated

    def apply(self, source: str) -> str:
        """Return `source`, the content of the file, with the change made."""
        return source[: self.start] + self.replacement + source[self.end :]


def mutants_by_place(file: str, source: str) -> Iterator[tuple[Mutant, ...]]:
    """Yield the mutants of each token that can be changed; `file` is the path that they are to name."""
    for change in changes(source):
        first = source.rfind("\n", 0, change.start) + 1
        last = source.find("\n", first)
        if change.end > last:  # more than a line: not one token
            continue
        number = source.count("\n", 0, first) + 1
        yield tuple(
            Mutant(
                file,
                change.scope,
                number,
                source[first:last].strip(),
                (source[first : change.start] + new + source[change.end : last]).strip(),
                change.start,
                change.end,
                new,
            )
            for new in change.replacements
        )


def sample(sources: Mapping[str, str], count: int, seed: int) -> list[Mutant]:
    """Choose up to `count` mutants of the files `sources`, one at most for each change, in the order of the source."""
    places = [place for file, source in sources.items() for place in mutants_by_place(file, source)]

    def rank(mutant: Mutant) -> tuple[str, int]:
        text = "\n".join((str(seed), *mutant.identity))
        return hashlib.sha256(text.encode()).hexdigest(), mutant.start

    chosen: list[Mutant] = []
    for mutant in sorted((min(place, key=rank) for place in places), key=rank):
        if len(chosen) == count:
            break
        if _differs(mutant, sources[mutant.file]):
            chosen.append(mutant)
    return sorted(chosen, key=lambda mutant: (mutant.file, mutant.line))


def _differs(mutant: Mutant, source: str) -> bool:
    """Tell whether the mutant is a Python file with another meaning than the original."""
    try:
        return ast.dump(ast.parse(mutant.apply(source))) != ast.dump(ast.parse(source))
    except SyntaxError:
        return False
