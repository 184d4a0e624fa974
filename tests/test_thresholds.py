# SPDX-License-Identifier: GPL-2.0-or-later
"""The heuristic numbers: one data file, complete and documented, and code that follows it."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path
from unittest.mock import patch

import pytest
from csource_support import code, hunk_edit, outcome

from qpatch.csource.results import AlreadyThere, Drifted
from qpatch.suggest import nearest
from qpatch.thresholds import Thresholds, catalogue, thresholds

ROOT = Path(__file__).parent.parent
# Numbers that are no heuristics: counts, positions, the width of a tab.
_HARMLESS = {"0", "1", "2", "0.0", "1.0"}


def test_every_value_has_unit_meaning_and_measurement() -> None:
    for entry in catalogue():
        assert entry.unit and entry.meaning, entry.name
        assert len(entry.measured) > 10, entry.name
        assert entry.value > 0, entry.name
        if entry.name.startswith("similarity."):
            assert entry.value < 1, entry.name


def test_the_model_and_the_file_name_the_same_values() -> None:
    values = thresholds()
    named = {
        f"{group.name}.{field.name}": getattr(getattr(values, group.name), field.name)
        for group in fields(Thresholds)
        for field in fields(getattr(values, group.name))
    }
    assert named == {entry.name: entry.value for entry in catalogue()}


def test_the_document_shows_every_value() -> None:
    document = (ROOT / "docs" / "thresholds.md").read_text(encoding="utf-8")
    for entry in catalogue():
        assert f"| `{entry.name}` | {entry.value} | {entry.unit} | {entry.meaning} |" in document


def test_the_values_are_read_once() -> None:
    assert thresholds() is thresholds()


SOURCE = code("""
static void demo_reset(Demo *demo)
{
    demo_begin(demo, 1);
    demo_end(demo);
}
""")


@pytest.mark.parametrize(("least", "expected"), [(0.95, AlreadyThere), (0.85, Drifted)])
def test_the_engine_follows_the_file(least: float, expected: type) -> None:
    """A removal of `demo_begun` finds `demo_begin`, which is 0.9 alike: drift or not, as the value says."""
    values = thresholds()
    similarity = replace(values.similarity, removed_name=least, removed_statements=1.1)
    with patch("qpatch.thresholds._load", lambda: replace(values, similarity=similarity)):
        result = outcome(SOURCE, hunk_edit("function demo_reset", "- demo_begun(demo, 2);"))
    assert isinstance(result, expected), result


def test_the_nearest_word_follows_the_file() -> None:
    values = thresholds()
    assert nearest("migraton", ["migration"]) == "migration"
    strict = replace(values, similarity=replace(values.similarity, known_word=0.99))
    with patch("qpatch.thresholds._load", lambda: strict):
        assert nearest("migraton", ["migration"]) == ""


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "qpatch" / "csource").rglob("*.py")), ROOT / "qpatch" / "suggest.py"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_ratio_stands_in_the_code(path: Path) -> None:
    """A number between 0 and 1, or a byte count of hundreds, is a heuristic and belongs into the data file."""
    lines = [line.split("#")[0] for line in path.read_text(encoding="utf-8").splitlines()]
    text = re.sub(r'"""(?:.|\n)*?"""|"(?:\\.|[^"\\\n])*"', '""', "\n".join(lines))
    found = set(re.findall(r"(?<![\w.])(?:\d*\.\d+|\d{3,})(?![\w.])", text)) - _HARMLESS
    assert found <= ({"1024", "256"}), found
