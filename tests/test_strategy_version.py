# SPDX-License-Identifier: GPL-2.0-or-later
"""Releases in conditions and templates: they compare as versions, and with nothing but text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from strategy_support import CAPABILITIES, STRATEGY, bind, line_of, load

from qpatch.errors import UserError
from qpatch.strategy.check import check_file
from qpatch.strategy.version import Version, VersionError

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.strategy.bind import Binding

WHEN = "when: has_extra"


@pytest.mark.parametrize(
    ("earlier", "later"),
    [("9.2", "10.1"), ("5.2.0", "5.10"), ("6.12-rc3", "6.12"), ("6.9", "6.12-rc1"), ("v7.0", "v7.0.1"), ("0.0", "0.1")],
)
def test_versions_are_ordered_by_their_numbers(earlier: str, later: str) -> None:
    assert Version(earlier) < later
    assert Version(earlier) <= later
    assert Version(later) > earlier
    assert Version(later) >= earlier
    assert Version(earlier) != later
    assert earlier < Version(later)
    assert max(Version(later), Version(earlier)) == later


@pytest.mark.parametrize("same", ["10.2", "10.2.0", "v10.2", "10.2+ds"])
def test_versions_with_the_same_numbers_are_equal(same: str) -> None:
    assert Version("10.2.0") == same
    assert Version("10.2.0") <= same
    assert not Version("10.2.0") < same


@pytest.mark.parametrize("other", [10.1, 10, None, "main"])
def test_a_version_is_ordered_with_versions_only(other: object) -> None:
    with pytest.raises(VersionError):
        _ = Version("10.2") < other
    with pytest.raises(VersionError):
        _ = other < Version("10.2")


def test_a_version_is_no_number_even_where_they_look_alike() -> None:
    with pytest.raises(VersionError, match=r"a version is compared with 10\.2, which is no text"):
        _ = Version("10.2") == 10.2
    assert Version("10.2") != "main"
    assert Version("main") == "main"
    assert f"{Version('10.2')}" == "10.2"
    assert hash(Version("10.2")) == hash("10.2")


def on_release(directory: Path, release: str, condition: str) -> Binding:
    """Return the small strategy whose second edit has `condition`, bound to a tree of `release`."""
    binding = bind(load(directory, (WHEN, f"when: {condition}")))
    return replace(binding, tree=replace(binding.tree, release=release))


@pytest.mark.parametrize(
    ("release", "condition", "edits"),
    [
        ("9.2.1", 'tree.release < "10.1"', 2),
        ("10.1.0", 'tree.release < "10.1"', 1),
        ("10.1.0", 'not "10.1" > tree.release', 2),
        ("10.1.0", 'tree.release == "10.1"', 2),
        ("5.2.0", 'tree.release in ["5.2", "7.2"]', 2),
    ],
)
def test_a_condition_compares_versions(tmp_path: Path, release: str, condition: str, edits: int) -> None:
    (patch,) = on_release(tmp_path, release, condition).patches()
    assert len(patch.edits) == edits


@pytest.mark.parametrize("condition", ["tree.release < 10.1", "10 > tree.release", "tree.release == 10.1"])
def test_a_number_beside_a_version_is_an_error_of_its_line(tmp_path: Path, condition: str) -> None:
    with pytest.raises(UserError) as caught:
        on_release(tmp_path, "9.2", condition).patches()
    assert caught.value.code == "version-compared"
    assert caught.value.where is not None
    assert caught.value.where.line == line_of(STRATEGY, WHEN)
    found = check_file(tmp_path / "strategies" / "demo.yaml", {"qemu": CAPABILITIES, "linux": ()})
    assert [(problem.code, problem.where and problem.where.line) for problem in found] == [
        ("version-compared", line_of(STRATEGY, WHEN))
    ]


def test_a_number_beside_a_version_in_a_hunk_is_an_error_of_its_line(tmp_path: Path) -> None:
    line = "            + new_call(@{{ limit }});\n"
    guarded = f"            @{{% if tree.release < 10.1 %}}\n{line}            @{{% endif %}}\n"
    with pytest.raises(UserError) as caught:
        bind(load(tmp_path, (line, guarded))).patches()
    assert caught.value.where is not None
    assert caught.value.where.line == line_of(STRATEGY, line.strip())


def test_anchors_and_paths_are_templates(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        ("in: function start", "in: function @{{ 'begin' if has_old else 'start' }}"),
        ("path: hw/demo.c", "path: \"hw/@{{ 'new' if tree.release >= '1.0' else 'old' }}.c\""),
    )
    edit = bind(loaded).patches()[0].edits[0]
    assert (edit.anchor.name, edit.anchor.path) == ("begin", "hw/new.c")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("in: function start", "in: function @{{ ohne }}"),
        ("path: hw/demo.c", 'path: "hw/@{{ ohne }}.c"'),
    ],
)
def test_unknown_names_in_anchors_and_paths_are_found_without_a_tree(tmp_path: Path, old: str, new: str) -> None:
    load(tmp_path, (old, new))
    found = check_file(tmp_path / "strategies" / "demo.yaml", {"qemu": CAPABILITIES, "linux": ()})
    assert [(problem.code, problem.where and problem.where.line) for problem in found] == [
        ("template-undefined", line_of(STRATEGY, old))
    ]
