# SPDX-License-Identifier: GPL-2.0-or-later
"""Before and after: which cells are compared, and the picture of both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest
from lab_support import CELL, cell_key, observation
from lab_timeline_support import SAVE_STATE_5_2, STOCK_5_2, migration

from qpatch.cli.main import main
from qpatch.errors import ExitCode, UserError
from qpatch.lab.campaign.comparison import pairs, require_pairs, save_comparisons
from qpatch.lab.campaign.results import TestedResult, TestedRun
from qpatch.lab.model import Verdict
from qpatch.lab.observer.observe import observe
from qpatch.lab.observer.picture import picture
from qpatch.lab.observer.side_by_side import side_by_side

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.cells.key import CellKey

WIDE = '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="100"><text>{}</text></svg>'


def shown(directory: Path, key: CellKey, *, drawn: bool = True) -> TestedResult:
    """A cell with one run, and its picture."""
    place = directory / "-".join((key.strategy, key.tree, key.machine, key.profile))
    place.mkdir(exist_ok=True)
    if drawn:
        (place / "timeline.svg").write_text(WIDE.format(place.name))
    run = TestedRun(
        run=1, observation=observation(Verdict.DELIVERED), wall_s=1.0, timeline=str(place / "timeline.jsonl")
    )
    return TestedResult(key=key, runs=(run,))


def compared(results: list[TestedResult]) -> list[str]:
    return [
        f"{before.key.strategy}@{before.key.tree} {after.key.strategy}@{after.key.tree} {after.key.profile}"
        for before, after in pairs(results)
    ]


def test_the_first_strategy_is_before_the_others_in_the_same_cell(tmp_path: Path) -> None:
    results = [
        shown(tmp_path, cell_key(strategy, tree, "q35", profile, "once"))
        for tree in ("qemu-5.2", "qemu-10.2")
        for profile in ("plain", "intx")
        for strategy in ("baseline", "save-state")
    ]
    assert compared(results) == [
        f"baseline@{tree} save-state@{tree} {profile}"
        for tree in ("qemu-5.2", "qemu-10.2")
        for profile in ("plain", "intx")
    ]


def test_of_one_strategy_the_first_tree_is_before_the_others(tmp_path: Path) -> None:
    results = [
        shown(tmp_path, cell_key("baseline", tree, machine, "plain", "once"))
        for tree, machine in (
            ("qemu-5.2", "virt-gicv2"),
            ("qemu-5.2", "q35"),
            ("qemu-10.2", "virt-gicv3-its"),
            ("qemu-10.2", "q35"),
        )
    ]
    found = [(before.key.machine, after.key.machine) for before, after in pairs(results)]
    assert found == [("virt-gicv2", "virt-gicv3-its"), ("q35", "q35")]


def test_cells_without_a_picture_are_left_out(tmp_path: Path) -> None:
    other = cell_key("save-state", *(CELL.tree, CELL.machine, CELL.profile, CELL.scenario))
    assert compared([shown(tmp_path, CELL, drawn=False), shown(tmp_path, other)]) == []
    assert compared([TestedResult(key=CELL, status="void", reason="no"), shown(tmp_path, other)]) == []


def test_a_comparison_is_one_picture_of_two(tmp_path: Path) -> None:
    results = [
        shown(tmp_path, cell_key(strategy, "qemu-5.2", "q35", "plain", "once")) for strategy in ("baseline", "a-b")
    ]
    (file,) = save_comparisons(results, tmp_path / "out")
    assert file == tmp_path / "out/compare/baseline-on-qemu-5.2--a-b-on-qemu-5.2/q35-plain-once.svg"
    root = ElementTree.fromstring(file.read_text())  # noqa: S314 -- it is our own
    assert (root.get("width"), root.get("height")) == ("616", "100")
    inner = [child for child in root if child.tag.endswith("svg")]
    assert [(child.get("x"), child[0].text) for child in inner] == [
        ("0", "baseline-qemu-5.2-q35-plain"),
        ("316", "a-b-qemu-5.2-q35-plain"),
    ]


def test_real_pictures_are_put_side_by_side() -> None:
    histories = (migration(STOCK_5_2, eager=True, lost=True), migration(SAVE_STATE_5_2, eager=True))
    both = side_by_side([picture(one.events, observe(one.events)) for one in histories], "before & after")
    root = ElementTree.fromstring(both)  # noqa: S314 -- it is our own
    inner = [child for child in root if child.tag.endswith("svg")]
    assert len(inner) == 2
    widths = [int(child.get("width", "0")) for child in inner]
    assert int(inner[1].get("x", "0")) == widths[0] + 16
    assert int(root.get("width", "0")) == sum(widths) + 16
    assert re.search("<title>before &amp; after</title>", both)


def test_one_build_alone_is_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    require_pairs(2, 1)
    require_pairs(1, 2)
    with pytest.raises(UserError):
        require_pairs(1, 1)
    assert main(["test", "baseline", "--tree", "qemu-5.2", "--compare"]) == ExitCode.USAGE
    assert "--compare needs two strategies, or two trees" in capsys.readouterr().err
