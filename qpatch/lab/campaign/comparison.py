# SPDX-License-Identifier: GPL-2.0-or-later
"""Before and after: the pictures of two builds in the same cell, side by side in one file.

Of several strategies, the first one (the baseline, where it is run) is before each of the others; of one strategy on
several trees, the first tree is.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.lab.campaign.runner import PICTURE
from qpatch.lab.observer.side_by_side import side_by_side
from qpatch.trees.places import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qpatch.lab.campaign.results import TestedResult

DIRECTORY = "compare"


def require_pairs(strategies: int, trees: int) -> None:
    """Raise UserError where there is nothing to compare."""
    if strategies < 2 and trees < 2:
        raise UserError("usage", "--compare needs two strategies, or two trees: the first is before, the others after")


def save_comparisons(results: Sequence[TestedResult], output: Path) -> list[Path]:
    """Write a picture below `output` for each pair; return the files."""
    return [_save(before, after, output / DIRECTORY) for before, after in pairs(results)]


def pairs(results: Sequence[TestedResult]) -> Iterator[tuple[TestedResult, TestedResult]]:
    """Yield each pair of cells to compare, both with a picture."""
    shown = [result for result in results if _picture(result) is not None]
    strategies = list(dict.fromkeys(result.key.strategy for result in results))
    trees = list(dict.fromkeys(result.key.tree for result in results))
    for after in shown:
        key = after.key
        if len(strategies) > 1:
            wanted = replace(key, strategy=strategies[0])
            same = [one for one in shown if one.key == wanted]
        else:
            same = [one for one in shown if one.key.tree == trees[0] and _setting(one) == _setting(after)]
            same.sort(key=lambda one: one.key.machine != key.machine)  # releases may have other machines by default
        yield from ((before, after) for before in same[:1] if before is not after)


def _setting(result: TestedResult) -> tuple[str, ...]:
    return (result.key.profile, result.key.scenario, result.key.lab)


def _picture(result: TestedResult) -> Path | None:
    run = result.shown_run
    file = Path(run.timeline).with_name(PICTURE) if run is not None and run.timeline else None
    return file if file is not None and file.is_file() else None


def _save(before: TestedResult, after: TestedResult, place: Path) -> Path:
    names = [f"{result.key.strategy}-on-{result.key.tree}".replace("/", "-") for result in (before, after)]
    key = after.key
    file = place / "--".join(names) / f"{key.machine}-{key.profile}-{key.scenario}.svg"
    pictures = [
        picture.read_text(encoding="utf-8") for one in (before, after) if (picture := _picture(one)) is not None
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, side_by_side(pictures, f"before: {before.name}; after: {after.name}"))
    return file
