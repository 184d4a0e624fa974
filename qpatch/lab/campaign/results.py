# SPDX-License-Identifier: GPL-2.0-or-later
"""The result of testing a cell: its runs, or why there were none. Plain data, written to JSON and read back equal."""

from __future__ import annotations

import statistics
from collections import Counter
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, model_serializer, model_validator

from qpatch.cells.base import CellResult, PlainData
from qpatch.cells.key import CellKey, Stage
from qpatch.errors import ExitCode
from qpatch.lab.campaign.durations import Durations, durations
from qpatch.lab.model import Observation, Verdict
from qpatch.lab.registry import registry

_MILLISECOND_DIGITS = 3

# Seconds, of which results keep the milliseconds.
Seconds = Annotated[float, AfterValidator(lambda seconds: round(seconds, _MILLISECOND_DIGITS))]


class TestedRun(PlainData):
    """One run of a cell: `run` counts from 1, `wall_s` is how long it took (starting and ending QEMU included).

    `timeline` is the file that was kept, `bundle` the directory that repeats the run; '' where there is none.
    `no_bundle` says why one that was to be written is not there. Its JSON has the observation's keys among its own.
    """

    __test__: ClassVar[bool] = False  # pytest: no test

    run: int
    observation: Observation
    wall_s: Seconds
    timeline: str = ""
    bundle: str = ""
    no_bundle: str = ""

    @model_serializer(mode="wrap")
    def _flatten(self, as_written: Any) -> dict[str, Any]:
        content: dict[str, Any] = as_written(self)
        return {"run": content.pop("run"), **content.pop("observation"), **content}

    @model_validator(mode="before")
    @classmethod
    def _nest(cls, content: Any) -> Any:
        """Take apart what `_flatten` has put together."""
        if not isinstance(content, dict) or isinstance(content.get("observation"), Observation):
            return content
        own = {name: content[name] for name in cls.model_fields if name in content and name != "observation"}
        return {**own, "observation": {name: value for name, value in content.items() if name not in own}}


class TestedResult(CellResult):
    """What came of a cell: `runs` in their order, or `status` and `reason` where there was nothing to run.

    `status` is '' where there are runs, else how the series ended (landed, drifted...) or `failed`. `asked` is the
    cell in the user's words, where a path may stand for a name; None where those are the same. `built_from` are the
    ids of the git trees that the source and the destination were built from, '' where nobody knows.
    """

    __test__: ClassVar[bool] = False

    stage: ClassVar = Stage.TESTED
    layout: ClassVar[tuple[str, ...]] = (
        *("strategy", "tree", "lab", "machine", "scenario", "profile", "peer", "status", "reason", "verdicts", "wall"),
        *("error", "component", "stage", "asked", "built_from", "runs"),
    )
    derived_keys: ClassVar = frozenset({"verdicts", "wall"})
    left_out: ClassVar = frozenset({"error", "asked"})
    successes: ClassVar = frozenset({""})  # the verdicts of the runs say whether it is one
    failure_code: ClassVar = ExitCode.BUILD_FAILED

    status: str = ""
    runs: tuple[TestedRun, ...] = ()
    asked: CellKey | None = None
    built_from: tuple[str, str] = ("", "")

    def derived(self) -> dict[str, Any]:
        """Return how many runs had each verdict, and how long the runs took."""
        wall = self.wall
        return {
            "verdicts": {str(verdict): count for verdict, count in self.counts.items()},
            "wall": wall.as_json() if wall else None,
        }

    @property
    def name(self) -> str:
        """A name without spaces, for reports that are read by programs."""
        return "/".join(path_of(self.key))

    @property
    def is_skipped(self) -> bool:
        """Whether there was nothing to run, and that is no failure."""
        return self.exit_code is ExitCode.NOTHING_APPLIED

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many runs had each verdict, the gravest first."""
        found = Counter(run.observation.verdict for run in self.runs)
        return {verdict: found[verdict] for verdict in Verdict if found[verdict]}

    @property
    def label(self) -> str:
        """The words in the table, such as `lost 2/15, delivered 13/15`."""
        counted = ", ".join(f"{verdict} {count}/{len(self.runs)}" for verdict, count in self.counts.items())
        return counted or self.status

    @property
    def shown_run(self) -> TestedRun | None:
        """The first run with the gravest verdict: the one to look at."""
        gravest = next(iter(self.counts), None)
        return next((run for run in self.runs if run.observation.verdict is gravest), None)

    @property
    def wall(self) -> Durations | None:
        """How long the runs took, starting both QEMUs and ending them included."""
        return durations(run.wall_s for run in self.runs)

    @property
    def downtime_ms(self) -> float | None:
        """The median of the downtimes, emulated and without KVM; None where no run has one."""
        times = [run.observation.downtime_ms for run in self.runs]
        known = [time for time in times if time is not None]
        return statistics.median(known) if known else None

    @property
    def exit_code(self) -> ExitCode:
        """What the exit code were if this were the only cell: an error of the lab comes before all verdicts."""
        if self.status or self.error is not None:
            return super().exit_code
        verdicts = set(self.counts) - {Verdict.NOT_APPLICABLE}
        if Verdict.LAB_ERROR in verdicts:
            return ExitCode.ENVIRONMENT
        if not all(verdict.is_green for verdict in verdicts):
            return ExitCode.CHECKS_FAILED
        return ExitCode.OK if verdicts else ExitCode.NOTHING_APPLIED


def path_of(key: CellKey) -> tuple[str, ...]:
    """Return the names that tell a cell from the others: the default lab's goes without saying."""
    tree = f"{key.tree}-to-{key.peer}" if key.peer else key.tree
    lab = () if key.lab == registry().default else (key.lab,)
    return (key.strategy, tree, *lab, key.machine, key.profile, key.scenario)
