# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept of a campaign is not run again, unless something else would be built now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import pytest
from lab_support import cell_key, observation

from bench.kept import Campaign, kept_results
from qpatch import api
from qpatch.lab.campaign.results import TestedResult, TestedRun
from qpatch.lab.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TREE = "qemu-10.2"


@dataclass(frozen=True)
class Named:
    """As much of a strategy as is asked for here."""

    name: str


DEFER = cast("api.LoadedStrategy", Named("defer"))
VOID = cast("api.LoadedStrategy", Named("void"))


@dataclass(frozen=True)
class ToldCampaign(Campaign):
    """A campaign that runs nothing; `contents` are the trees that the builds are made from, `ran` what it was told."""

    contents: dict[str, str] = field(default_factory=lambda: {"baseline": "b", "defer": "d", "void": ""}, compare=False)
    ran: list[list[str]] = field(default_factory=list, compare=False)

    def run(self, strategies: Sequence[api.LoadedStrategy | None], tree: str) -> tuple[TestedResult, ...]:
        self.ran.append([one.name if one else "baseline" for one in strategies])
        return tuple(self._result(one, tree, profile) for profile in ("plain", "chatty") for one in strategies)

    def quick_run(self, strategy: api.LoadedStrategy | None, tree: str) -> TestedResult:
        return self._result(strategy, tree, "plain")

    def as_json(self) -> dict[str, object]:
        return {"repeat": self.repeat}

    def _result(self, strategy: api.LoadedStrategy | None, tree: str, profile: str) -> TestedResult:
        name = strategy.name if strategy else "baseline"
        key, content = cell_key(name, tree, "q35", profile, "once"), self.contents[name]
        if not content:
            return TestedResult(key=key, status="void", reason="for a reason")
        run = TestedRun(run=1, observation=observation(Verdict.DELIVERED), wall_s=1)
        return TestedResult(key=key, runs=(run,), built_from=(content, content))


@pytest.fixture
def campaign() -> ToldCampaign:
    return ToldCampaign(("q35",), "argument", 1, 1)


def test_what_is_kept_is_not_run_again(tmp_path: Path, campaign: ToldCampaign) -> None:
    first = kept_results(tmp_path, campaign, [None, DEFER, VOID], TREE)
    again = kept_results(tmp_path, campaign, [None, DEFER, VOID], TREE)
    assert campaign.ran == [["baseline", "defer"]]
    assert [(one.key.strategy, one.key.profile) for one in first] == [
        *((name, profile) for name in ("baseline", "defer") for profile in ("plain", "chatty")),
        ("void", "plain"),
    ]
    assert again == first


def test_what_would_be_built_from_something_else_is_run_beside_the_baseline(
    tmp_path: Path, campaign: ToldCampaign
) -> None:
    kept_results(tmp_path, campaign, [None, DEFER, VOID], TREE)
    campaign.contents["defer"] = "changed"
    results = kept_results(tmp_path, campaign, [None, DEFER, VOID], TREE)
    assert campaign.ran[1:] == [["baseline", "defer"]]
    assert {one.built_from for one in results if one.key.strategy == "defer"} == {("changed", "changed")}


def test_what_is_void_no_more_is_run(tmp_path: Path, campaign: ToldCampaign) -> None:
    kept_results(tmp_path, campaign, [None, VOID], TREE)
    campaign.contents["void"] = "v"
    kept_results(tmp_path, campaign, [None, VOID], TREE)
    assert campaign.ran[1:] == [["baseline", "void"]]


def test_another_number_of_runs_is_another_campaign(tmp_path: Path, campaign: ToldCampaign) -> None:
    kept_results(tmp_path, campaign, [None], TREE)
    kept_results(tmp_path, replace(campaign, repeat=2), [None], TREE)
    assert campaign.ran == [["baseline"], ["baseline"]]


def test_each_file_is_evidence_for_letters(tmp_path: Path, campaign: ToldCampaign) -> None:
    kept_results(tmp_path, campaign, [None, DEFER], TREE)
    seen = api.read_evidence([tmp_path / f"defer-{TREE}.json"])
    assert [(one.source, one.profile) for one in seen] == [("d", "plain"), ("d", "chatty")]
