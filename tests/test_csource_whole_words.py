# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a word stands alone in a text, as a pattern with both boundaries would find it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qpatch.csource.source import mentions, whole_words


@pytest.mark.parametrize(
    ("text", "word", "places"),
    [
        (b"dev dev_init my_dev dev", "dev", [(0, 3), (20, 23)]),
        (b"dev", "dev", [(0, 3)]),
        (b"xx x x", "x x", [(3, 6)]),  # The first place is no whole word, and overlaps the second.
        (b"a", "", []),
        (b"-\xc3\xa4 a\xc3\xa4", "\u00e4", [(1, 3)]),  # Only ASCII letters are part of an identifier.
    ],
)
def test_whole_words_are_found(text: bytes, word: str, places: list[tuple[int, int]]) -> None:
    assert list(whole_words(text, word)) == places
    assert mentions(text, word) == bool(places)


@given(st.text("ab_ -", max_size=30), st.text("ab_", min_size=1, max_size=3))
def test_whole_words_are_those_of_the_pattern(text: str, word: str) -> None:
    pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.ASCII)
    assert list(whole_words(text.encode(), word)) == [found.span() for found in pattern.finditer(text)]
