# SPDX-License-Identifier: GPL-2.0-or-later
"""The heuristic numbers: one data file, complete and documented, and code that follows it."""

from __future__ import annotations

import ast
from dataclasses import fields, replace
from pathlib import Path
from unittest.mock import patch

import pytest
from csource_support import code, hunk_edit, outcome

from qpatch.csource.results import AlreadyThere, Drifted
from qpatch.suggest import nearest
from qpatch.thresholds import Thresholds, catalogue, thresholds

ROOT = Path(__file__).parent.parent


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
    document = " ".join((ROOT / "docs" / "thresholds.md").read_text(encoding="utf-8").split())
    for entry in catalogue():
        assert f"- `{entry.name}` = {entry.value} ({entry.unit}): {entry.meaning}" in document


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


def test_no_heuristic_number_stands_in_the_code() -> None:
    """A ratio, or a count of hundreds that sizes no cache or character set, belongs into the data file."""
    files = [*(ROOT / "qpatch" / "csource").rglob("*.py"), ROOT / "qpatch" / "suggest.py"]
    found = {
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value!r}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and _is_heuristic(node.value)
    }
    assert len(files) > 30 and found == set()


def _is_heuristic(value: object) -> bool:
    if isinstance(value, float):
        return value not in (0.0, 1.0)
    return isinstance(value, int) and value >= 100 and value not in (256, 1024)
