# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of whole builds, kept in files: what would be built from the same content is not run again.

There is a file for each build and tree: a document of `qpatch test --json`, fit for `qpatch render --evidence`, with
the campaign that it is of. What a build is made from, a run of one cell tells: the id of a git tree.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpatch import api
from qpatch.lab.campaign.reports import document
from qpatch.lab.campaign.results import TestedResult

if TYPE_CHECKING:
    from collections.abc import Sequence

_BASELINE = "baseline"


@dataclass(frozen=True)
class Campaign:
    """What builds are put through: the cells of a set on machines, each `repeat` times, `jobs` runs at a time."""

    machines: tuple[str, ...]
    cells: str
    repeat: int
    jobs: int

    def run(self, strategies: Sequence[api.LoadedStrategy | None], tree: str) -> tuple[TestedResult, ...]:
        """Run it on `tree` with every strategy, None for the tree as it is."""
        return self._test(strategies, tree, api.TestChoices(self.machines, cells=self.cells))

    def quick_run(self, strategy: api.LoadedStrategy | None, tree: str) -> TestedResult:
        """Return the result of one run, which says what was built, if anything was."""
        quick = api.TestChoices(self.machines[:1], ("plain",), ("once",))
        return replace(self, repeat=1)._test([strategy], tree, quick)[0]

    def _test(
        self, strategies: Sequence[api.LoadedStrategy | None], tree: str, choices: api.TestChoices
    ) -> tuple[TestedResult, ...]:
        choices = replace(choices, baseline=api.BinaryChoice.BUILD)
        with tempfile.TemporaryDirectory(prefix="qpatch-results-") as scratch:
            return api.test(strategies, [tree], api.CampaignSettings(Path(scratch), self.repeat, self.jobs), choices)

    def as_json(self) -> dict[str, Any]:
        """Return what results hang on: not how many runs there were at a time."""
        return {name: value for name, value in json.loads(json.dumps(asdict(self))).items() if name != "jobs"}


def kept_results(
    folder: Path, campaign: Campaign, strategies: Sequence[api.LoadedStrategy | None], tree: str
) -> list[TestedResult]:
    """Return the results of `strategies` on `tree`: those in `folder`, and what is run since it is not there.

    Whatever is run has the baseline beside it, by which downtimes are judged.
    """
    kept = {_name(one): _read(_file(folder, one, tree), campaign) for one in strategies}
    missing: list[api.LoadedStrategy | None] = []
    for one in strategies:
        now = campaign.quick_run(one, tree)
        if now.is_skipped:
            kept[_name(one)] = [now]  # it has landed, or is void: that needs no runs
        elif not _is_of(kept[_name(one)], now):
            missing.append(one)
    if missing:
        ran = campaign.run([None, *(one for one in missing if one is not None)], tree)
        folder.mkdir(parents=True, exist_ok=True)
        for name, of_build in groupby(sorted(ran, key=_build), key=_build):
            kept[name] = list(of_build)
            content = {"campaign": campaign.as_json(), **document(kept[name])}
            (folder / f"{name}-{tree}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
    return [result for one in strategies for result in kept[_name(one)]]


def _is_of(kept: Sequence[TestedResult], now: TestedResult) -> bool:
    """Tell whether what is kept was built from the very content that `now` is; no failed build is kept."""
    return not any(result.error for result in kept) and {result.built_from for result in kept} == {now.built_from}


def _read(file: Path, campaign: Campaign) -> list[TestedResult]:
    if not file.is_file():
        return []
    content = json.loads(file.read_text(encoding="utf-8"))
    return (
        [TestedResult.from_json(cell) for cell in content["cells"]] if content["campaign"] == campaign.as_json() else []
    )


def _file(folder: Path, strategy: api.LoadedStrategy | None, tree: str) -> Path:
    return folder / f"{_name(strategy)}-{tree}.json"


def _name(strategy: api.LoadedStrategy | None) -> str:
    return _BASELINE if strategy is None else strategy.name


def _build(result: TestedResult) -> str:
    return result.key.strategy
