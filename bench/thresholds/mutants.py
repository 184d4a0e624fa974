# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of explanations see on mutated real trees: the similarity of the nearest candidate, which they check.

`tests/test_acceptance_explain.py` changes releases in ways that a strategy misses, and checks that the candidate named
first is the right one. It is run here with an ear at the engine: each miss with candidates is recorded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import pytest

from qpatch.csource.operations.places import places_in_tree
from qpatch.csource.results import Drifted

if TYPE_CHECKING:
    from qpatch.csource.results import EditResult
    from qpatch.csource.workspace import EditWorkspace

TESTS = Path(__file__).parents[2] / "tests" / "test_acceptance_explain.py"


class Miss(NamedTuple):
    """A miss: what was said, and the similarities of its candidates in the order of naming."""

    message: str
    similarities: tuple[float, ...]


def misses() -> tuple[int, set[Miss]]:
    """Run the tests and return their exit code and the different misses that have candidates."""
    heard: set[Miss] = set()

    def listen(result: EditResult, workspace: EditWorkspace) -> EditResult:
        if isinstance(result, Drifted) and result.candidates:
            similarities = tuple(round(candidate.likeness, 2) for candidate in result.candidates)
            heard.add(Miss(result.message, similarities))
        return places_in_tree(result, workspace)

    with patch("qpatch.csource.apply.places_in_tree", listen):
        code = pytest.main(["-q", "-m", "tree", "-p", "no:cacheprovider", "-p", "no:xdist", str(TESTS)])
    return int(code), heard


def document() -> dict[str, Any]:
    """Return the figures for each kind of miss: of a symbol (by name), of a hunk (by tokens)."""
    code, heard = misses()
    kinds = {"symbol": "the tree has no", "hunk": "the hunk fits nowhere"}
    return {
        "as_expected": code == 0,
        **{
            kind: sorted(miss.similarities for miss in heard if words in miss.message and miss.similarities[0] < 1)
            for kind, words in kinds.items()
        },
    }
