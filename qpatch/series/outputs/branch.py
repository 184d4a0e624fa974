# SPDX-License-Identifier: GPL-2.0-or-later
"""A series as a new branch in the tree's own repository: the one output that writes there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

from qpatch.arguments import check_line
from qpatch.series.model import SeriesOutput
from qpatch.trees.private import CommitRange, check_new_branch, make_branch

if TYPE_CHECKING:
    from qpatch.series.model import CommittedSeries, RenderedSeries
    from qpatch.trees.commit_tree import CommitTree
    from qpatch.trees.git import Identity


@dataclass(frozen=True)
class BranchOutput(SeriesOutput):
    """The branch `name`, which must not exist yet."""

    name: str

    def __post_init__(self) -> None:
        """Refuse what is no name; raises UserError `bad-argument`."""
        check_line(self.name, "the name of the branch")

    @override
    def check(self, tree: CommitTree) -> None:
        """Raise UserError where the name is none for a branch, or where there is such a branch."""
        check_new_branch(tree.repository, self.name)

    @override
    def write(self, made: CommittedSeries, rendered: RenderedSeries, author: Identity) -> None:
        """Make the branch; `author` goes into its reflog. Raises UserError where it has come to exist meanwhile."""
        make_branch(made.tree.repository, self.name, made.private, CommitRange(made.series.base, made.tip), author)
