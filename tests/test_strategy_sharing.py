# SPDX-License-Identifier: GPL-2.0-or-later
"""What strategies share: written once, the same wherever it is used, with the places of both."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategy_support import CAPABILITIES, STRATEGY, TEMPLATES, bind, line_of, load, write_strategy

from qpatch.csource.edit import Edit
from qpatch.errors import Location, UserError
from qpatch.strategy.bind import BoundPatch, SkippedEdit
from qpatch.strategy.check import check_file
from qpatch.strategy.editors import json_schema
from qpatch.strategy.load import InvalidStrategyError, load_strategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

KNOWN = {"qemu": CAPABILITIES.keys(), "linux": frozenset[str]()}
PATCHES = STRATEGY[STRATEGY.index('    - subject: "demo') :]
EDITS = STRATEGY[STRATEGY.index("        - in: function start") :]
SECOND = EDITS[EDITS.index("        - after:") :]
USED = "demo/shared.yaml"


def shared(key: str, text: str) -> str:
    """Return a shared file with the list `key`, the entries of which are `text`."""
    return f"# For two strategies.\n{key}:\n{textwrap.indent(textwrap.dedent(text), '  ')}"


def using(text: str, indentation: int) -> tuple[str, str]:
    """Return `text`, and the entry that uses the shared file in its place."""
    return text, f"{' ' * indentation}- use: {USED}\n"


def sharing(key: str, text: str) -> dict[str, str]:
    return {**TEMPLATES, USED: shared(key, text)}


def told(patches: tuple[BoundPatch, ...]) -> list[BoundPatch]:
    """Return `patches` without their places."""
    nowhere = Location("")
    steps = [
        tuple(replace(step, where=nowhere) for step in patch.steps if isinstance(step, Edit | SkippedEdit))
        for patch in patches
    ]
    return [replace(patch, steps=found) for patch, found in zip(patches, steps, strict=True)]


def fault(directory: Path, *replacements: tuple[str, str], templates: Mapping[str, str]) -> UserError:
    with pytest.raises(UserError) as caught:
        load(directory, *replacements, templates=templates)
    return caught.value


@pytest.mark.parametrize(
    ("key", "text", "indentation"), [("patches", PATCHES, 4), ("edits", EDITS, 8), ("edits", SECOND, 8)]
)
def test_what_is_used_is_as_if_it_stood_there(tmp_path: Path, key: str, text: str, indentation: int) -> None:
    capabilities = {**CAPABILITIES, "has_extra": True}
    written = bind(load(tmp_path / "written"), capabilities).patches()
    used = bind(load(tmp_path / "used", using(text, indentation), templates=sharing(key, text)), capabilities).patches()
    assert told(used) == told(written) and used[0].edits
    assert not check_file(tmp_path / "used" / "strategies" / "demo.yaml", KNOWN)


@settings(max_examples=30)
@given(data=st.data())
def test_any_run_of_edits_can_be_shared(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    names = data.draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5))
    edits = [f"        - after: function {name}\n          add: |\n            int {name};\n" for name in names]
    start = data.draw(st.integers(0, len(edits) - 1))
    stop = data.draw(st.integers(start + 1, len(edits)))
    run = "".join(edits[start:stop])
    whole = STRATEGY.replace(EDITS, "".join(edits))
    parts = STRATEGY.replace(EDITS, "".join([*edits[:start], using(run, 8)[1], *edits[stop:]]))
    directory = tmp_path_factory.mktemp("shared")
    written = load_strategy(write_strategy(directory / "written", whole))
    used = load_strategy(write_strategy(directory / "used", parts, sharing("edits", run)))
    assert told(bind(used).patches()) == told(bind(written).patches())
    places = [edit.where for edit in bind(used).patches()[0].edits]
    assert [bool(place.used_at) for place in places] == [start <= index < stop for index in range(len(edits))]


def test_an_edit_has_the_places_of_both_files(tmp_path: Path) -> None:
    templates = sharing("edits", EDITS)
    (patch,) = bind(load(tmp_path, using(EDITS, 8), templates=templates)).patches()
    where = patch.edits[0].where
    text = (tmp_path / "strategies" / "demo.yaml").read_text()
    assert where.file.endswith(f"templates/{USED}")
    assert where.line == line_of(templates[USED], "- in: function start")
    assert where.used_at.endswith(f"strategies/demo.yaml:{line_of(text, '- use:')}:16")
    assert str(where) == f"{where.file}:{where.line}:{where.column} (used at {where.used_at})"


@pytest.mark.parametrize(
    ("old", "new", "code", "at"),
    [
        ("why: the old one is wrong", "wyh: the old one is wrong", "strategy-unknown-key", "wyh"),
        ("- old_call();", "= old_call();", "hunk-gutter", "= old_call"),
        ("path: hw/demo.c", "path: 'hw/demo.c", "strategy-syntax", ""),
    ],
)
def test_a_mistake_in_a_shared_file_is_placed_there_and_where_it_is_used(
    tmp_path: Path, old: str, new: str, code: str, at: str
) -> None:
    templates = sharing("edits", EDITS.replace(old, new))
    error = fault(tmp_path, using(EDITS, 8), templates=templates)
    assert error.code == code and error.where is not None
    assert error.where.file.endswith(f"templates/{USED}") and "strategies/demo.yaml:" in error.where.used_at
    assert error.where.line == line_of(templates[USED], at) or not at


def test_a_mistake_that_rendering_finds_is_placed_there_too(tmp_path: Path) -> None:
    templates = sharing("edits", EDITS.replace("new_call(@{{ limit }})", "new_call(@{{ limti }})"))
    loaded = load(tmp_path, using(EDITS, 8), templates=templates)
    with pytest.raises(UserError) as caught:
        bind(loaded).patches()
    (problem,) = check_file(loaded.file, KNOWN)
    for where in (caught.value.where, problem.where):
        assert where is not None and where.line == line_of(templates[USED], "limti") and where.used_at


def test_problems_of_the_strategy_come_before_those_of_what_it_uses(tmp_path: Path) -> None:
    templates = sharing("edits", EDITS.replace("why: the", "wyh: the"))
    with pytest.raises(InvalidStrategyError) as caught:
        load(tmp_path, using(EDITS, 8), ("option: O1", "optoin: O1"), templates=templates)
    first, second = caught.value.problems
    assert first.where is not None and second.where is not None
    assert (first.where.used_at, bool(second.where.used_at)) == ("", True)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (shared("edits", f"- use: {USED}\n"), "uses no other"),
        (shared("patches", PATCHES), "one key, `edits`"),
        ("- in: function start\n", "one key, `edits`"),
        (shared("edits", EDITS) + "patches: []\n", "one key, `edits`"),
        ("edits: none\n", "one key, `edits`"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: str, said: str) -> None:
    error = fault(tmp_path, using(EDITS, 8), templates={**TEMPLATES, USED: content})
    assert error.code == "bad-use" and said in error.message
    assert error.where is not None and error.where.file.endswith(USED) and "demo.yaml" in error.where.used_at


@pytest.mark.parametrize("name", ["demo/nothing.yaml", "../strategies/demo.yaml", "/etc/passwd"])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    error = fault(tmp_path, (EDITS, f"        - use: {name}\n"), templates=TEMPLATES)
    assert error.code == "template-missing" and name in error.message
    assert error.where is not None and error.where.line == line_of(STRATEGY, "- in: function start")


def test_editors_know_of_it() -> None:
    definitions = json_schema()["$defs"]
    for model, key in (("Component", "patches"), ("PatchModel", "edits")):
        written, used = definitions[model]["properties"][key]["items"]["anyOf"]
        assert written["$ref"].startswith("#/$defs/") and used["required"] == ["use"]
