# SPDX-License-Identifier: GPL-2.0-or-later
"""One commit: expressed, written as a strategy, read back, rendered on its parent, and compared with itself.

The strategy takes the way of any other: from its file to commits and mails. Both are compared: the tree of the commit,
and the tree that the mails give when they are applied.

Sources are parsed as plain C: a verbatim hunk needs no more of them than where a symbol begins and ends, and the macro
table, on sources that do not parse cleanly, takes three quarters of all the time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from bench.history.commits import NotDrawnError, read_commit
from bench.history.express import Expression, NotExpressedError, express
from bench.history.written import strategy_text
from qpatch.cells.base import Status
from qpatch.csource.syntax.cache import ParseCache
from qpatch.errors import QpatchError
from qpatch.series.model import RenderOptions, SeriesOutput
from qpatch.series.open_tree import OpenTree
from qpatch.series.render import attempt, render
from qpatch.series.reroll import apply_mails
from qpatch.strategy.bind import TreeInfo
from qpatch.strategy.load import load_strategy
from qpatch.trees.commit_tree import CommitTree
from qpatch.trees.private import scratch_directory

if TYPE_CHECKING:
    from bench.history.commits import DrawnCommit
    from qpatch.cells.rendered import RenderedResult
    from qpatch.series.model import CommittedSeries, RenderedSeries
    from qpatch.series.treetools import Workbench
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.git import Identity, Repository

KIND = "qemu"
# As qpatch's mails are made: another algorithm may show an old line with a fault as removed and added.
_AS_OURS = ("--histogram", "--find-renames")


@dataclass
class Trial:
    """What became of one commit.

    `excluded` says why it was not drawn; `differences` what is not as in the commit, nothing where all is. `sorts`
    counts its edits. `landed`: rendered on the commit itself, the strategy finds all of it there. `more` are
    checkpatch's remarks on ours that it does not make on the commit.
    """

    commit: str
    excluded: str = ""
    sorts: Counter[str] = field(default_factory=Counter)
    differences: tuple[str, ...] = ()
    landed: bool = False
    more: tuple[str, ...] = ()


def try_commit(repository: Repository, commit: str, tools: Workbench | None = None) -> Trial:
    """Express `commit` of `repository`, render it on its parent, and compare; also what checkpatch of `tools` says."""
    try:
        drawn = read_commit(repository, commit)
    except NotDrawnError as error:
        return Trial(commit, excluded=str(error))
    trial = Trial(commit)
    with scratch_directory("history") as directory, CommitTree(repository, drawn.parent) as tree:
        target = OpenTree(TreeInfo("history", "0", KIND), tree, {}, ParseCache())
        try:
            expression = express(drawn, tree, target.cache, _name(drawn))
            trial.sorts = expression.sorts
            strategy = _strategy(drawn, expression, directory)
            comparison = _Comparison(drawn)
            options = RenderOptions(directory, check=False, maintainers=False, outputs=(comparison,))
            result = render(strategy, target, options)
            trial.differences = comparison.differences or _not_rendered(result)
            if tools is not None and not trial.differences:
                trial.more = _remarks(tools, Path(result.directory, result.patches[0].file), comparison.theirs)
        except (NotExpressedError, QpatchError) as error:
            trial.differences = (str(error),)
            return trial
        trial.landed = _landed(strategy, repository, drawn, target)
    return trial


def _name(drawn: DrawnCommit) -> str:
    return f"commit-{drawn.commit[:12]}"


def _strategy(drawn: DrawnCommit, expression: Expression, directory: Path) -> LoadedStrategy:
    """Write the strategy with its templates, and read it."""
    name = _name(drawn)
    for template, text in expression.templates.items():
        place = directory / "templates" / template
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
    file = directory / "strategies" / f"{name}.yaml"
    file.parent.mkdir()
    file.write_bytes(strategy_text(name, expression.edits).encode())
    return load_strategy(file)


class _Comparison(SeriesOutput):
    """Compares the series with the commit while its objects are at hand; `theirs` is the commit as a mail."""

    def __init__(self, drawn: DrawnCommit) -> None:
        self._drawn = drawn
        self.differences: tuple[str, ...] = ()
        self.theirs = b""

    @override
    def check(self, tree: CommitTree) -> None:
        pass

    @override
    def write(self, made: CommittedSeries, rendered: RenderedSeries, author: Identity) -> None:
        mails = [Path(rendered.directory, patch.file).read_bytes() for patch in rendered.patches]
        applied = apply_mails(made.private, made.series.base, mails)
        self.differences = (
            *_compared(made.private, self._drawn.commit, made.tip, "rendered"),
            *_compared(made.private, self._drawn.commit, applied, "the mail applied"),
        )
        self.theirs = made.private.run("format-patch", "-1", "--stdout", *_AS_OURS, self._drawn.commit)


def _compared(repository: Repository, wanted: str, made: str, what: str) -> list[str]:
    """Return how two commits' trees differ; nothing where they are the same object."""
    if repository.find(f"{wanted}^{{tree}}") == repository.find(f"{made}^{{tree}}"):
        return []
    listing = repository.text("diff-tree", "-r", wanted, made)
    return [f"{what}: {line}" for line in listing.splitlines()]


def _not_rendered(result: RenderedResult) -> tuple[str, ...]:
    if result.status is Status.RENDERED:
        return ()
    missed = [row.explanation for row in result.edits if row.missed]
    return (f"{result.status}: {result.reason}", *missed)


def _landed(strategy: LoadedStrategy, repository: Repository, drawn: DrawnCommit, parent: OpenTree) -> bool:
    """Tell whether the strategy finds everything there on the commit itself."""
    with CommitTree(repository, drawn.commit) as tree:
        return attempt(strategy, replace(parent, source=tree), {}).decision.status is Status.LANDED


def _remarks(tools: Workbench, ours: Path, theirs: bytes) -> tuple[str, ...]:
    """Return what checkpatch says of our mail and not of the commit's; nothing where there is none."""
    with scratch_directory("history-check") as directory:
        human = directory / "theirs.patch"
        human.write_bytes(theirs)
        found = [tools.checkpatch([mail], signed=False) or () for mail in (ours, human)]
    counts = [Counter(f"{remark.level}: {remark.text}: {remark.source}" for remark in remarks) for remarks in found]
    return tuple((counts[0] - counts[1]).elements())
