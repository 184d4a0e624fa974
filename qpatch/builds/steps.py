# SPDX-License-Identifier: GPL-2.0-or-later
"""What is built one after the other: the base, then what each patch of a series makes of it.

Every step is a commit in the workspace's own repository: the rendered commit's content, with the files that only the
build needs laid over it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qpatch.series.model import PLACEHOLDER
from qpatch.trees.private import NewCommit, import_commits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.series.model import PlannedSeries
    from qpatch.trees.git import Repository


@dataclass(frozen=True)
class BuildStep:
    """One thing to build.

    `number` is 0 for the base, else the patch's number in the series; `commit` is the id that `render` gives the
    patch, `build_commit` the one in the workspace's repository. `source` and `content` are the ids of their git trees:
    what the series makes of the tree, and what is compiled. `files` are those in which the step differs from the one
    before.
    """

    number: int
    subject: str
    commit: str
    build_commit: str
    source: str
    content: str
    files: tuple[str, ...] = ()


def make_steps(
    repository: Repository,
    base: str,
    overlay: Mapping[str, bytes],
    series: PlannedSeries | None,
    rendered: Sequence[NewCommit],
) -> tuple[BuildStep, ...]:
    """Make the commits of all steps in `repository`, which has the commit `base`; return them, the base first.

    `overlay` holds the files that only the build needs, `rendered` the commits of `series` as `render` makes them.
    """
    over_base = NewCommit("files that only the build needs", PLACEHOLDER, 0, dict(overlay))
    laid_over = [replace(commit, changes=_outside(commit.changes, overlay)) for commit in rendered]
    built = import_commits(repository, base, [over_base, *laid_over], "refs/qpatch/build")
    commits = [base, *(import_commits(repository, base, rendered) if rendered else [])]
    subjects = ["", *(patch.subject for patch in series.patches)] if series else [""]
    trees = repository.text("rev-parse", *(f"{commit}^{{tree}}" for commit in (*commits, *built))).split()
    sources, contents = trees[: len(commits)], trees[len(commits) :]
    changed = [(), *(tuple(sorted(commit.changes)) for commit in rendered)]
    return tuple(
        BuildStep(number, *of_step)
        for number, of_step in enumerate(zip(subjects, commits, built, sources, contents, changed, strict=True))
    )


def _outside(changes: Mapping[str, bytes | None], overlay: Mapping[str, bytes]) -> dict[str, bytes | None]:
    return {path: content for path, content in changes.items() if path not in overlay}
