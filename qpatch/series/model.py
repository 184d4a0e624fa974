# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of the series: what is planned, what was rendered, and under which options.

A `PlannedSeries` says what to commit and what to write to the list; a `RenderedSeries` names the commits and
the files that came of it. `RenderOptions` are the user's choices.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qpatch.arguments import check_count, check_line, check_path, check_settings_map, check_text, check_type, items_of
from qpatch.fingerprint import fingerprint
from qpatch.series.evidence import Seen
from qpatch.trees.git import Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qpatch.cells.rendered import Remark, RenderedPatch
    from qpatch.strategy.message import Picked
    from qpatch.trees.commit_tree import CommitTree
    from qpatch.trees.git import Repository

PLACEHOLDER = Identity("qpatch", "qpatch@localhost.invalid")
DEFAULT_PREFIX = "PATCH RFC"


@dataclass(frozen=True)
class PlannedPatch:
    """One patch: message and content. `changes` is relative to the patch before; None deletes a file.

    `modes` has the git modes of those changed files that do not keep theirs. `picked` is the commit that it is, None
    for one that is new.
    """

    subject: str
    body: str
    changes: Mapping[str, bytes | None]
    trailers: tuple[str, ...] = ()
    modes: Mapping[str, str] = field(default_factory=dict)
    picked: Picked | None = None


@dataclass(frozen=True)
class PlannedSeries:
    """A series to be rendered on the commit `base`.

    `base_date` is the base's committer date (seconds since 1970, UTC): the patches count on from there. `cc`
    holds addresses besides those that get_maintainer.pl finds, `switched_on` what runs of the series set, as
    `device.property=value`. A series of one patch may have no cover letter: its `cover_body` is None.
    """

    strategy: str
    tree: str
    component: str
    base: str
    base_date: int
    patches: tuple[PlannedPatch, ...]
    cover_subject: str
    cover_body: str | None
    cc: tuple[str, ...] = ()
    switched_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class CommittedSeries:
    """A series whose commits exist: `ids`, oldest first, at SERIES_REF of `private`, on the base commit `tree`.

    `private` borrows the objects of the tree's repository; it is there while the context of
    `qpatch.series.commits.committed` lasts.
    """

    series: PlannedSeries
    tree: CommitTree
    private: Repository
    ids: tuple[str, ...]

    @property
    def tip(self) -> str:
        """The id of the last commit."""
        return self.ids[-1]


class SeriesOutput(Protocol):
    """A form, besides mails, in which a series leaves qpatch; see `qpatch.series.outputs.kinds`."""

    def check(self, tree: CommitTree) -> None:
        """Raise UserError where the output cannot be made of a series on `tree`; nothing has been made then."""

    def write(self, made: CommittedSeries, rendered: RenderedSeries, author: Identity) -> None:
        """Make the output of the commits `made`, whose mails are in place as `rendered`; `author` is who renders.

        Raises UserError or EnvironmentFault where that fails; an OSError is told as one. The mails stay then.
        """


@dataclass(frozen=True)
class RenderOptions:
    """The user's choices for a render.

    `parameters` sets parameters of the strategy; `output` is the directory above `<strategy>/<tree>/`;
    `revision` the N of `--reroll`; `identity` the author, the placeholder where it is None; `committer` signs off, the
    author where it is None; `outputs` are made besides the mails; `changes` is the user's own text for the changelog
    of a reroll; `check` and `maintainers` run the tree's perl scripts; `evidence` is what was seen in runs, of which
    letters tell what is of their own series. Raises UserError `bad-argument`.
    """

    output: Path
    revision: int = 1
    prefix: str = DEFAULT_PREFIX
    identity: Identity | None = None
    signoff: bool = False
    outputs: tuple[SeriesOutput, ...] = ()
    changes: str = ""
    check: bool = True
    maintainers: bool = True
    parameters: Mapping[str, object] = field(default_factory=dict)
    committer: Identity | None = None
    evidence: tuple[Seen, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be rendered with: above all a line break in what goes into a header."""
        check_path(self.output, "output")
        check_count(self.revision, 1, "revision")
        check_line(self.prefix, "the prefix of the subjects")
        check_type(self.identity, (Identity, type(None)), "identity")
        check_type(self.committer, (Identity, type(None)), "committer")
        items_of(self.outputs, object, "outputs")
        check_text(self.changes, "the text on the changes")
        check_settings_map(self.parameters, "parameters")
        items_of(self.evidence, Seen, "evidence")

    @property
    def author(self) -> Identity:
        """Who writes the commits and the mails."""
        return self.identity or PLACEHOLDER

    @cached_property
    def of_mails(self) -> str:
        """The digest of what mails hang on: all options but where they go, and the parameters, which texts have.

        Letters tell verdicts in their order, which is no part of a mapping's own digest.
        """
        elsewhere = replace(self, output=Path(), outputs=(), parameters={})
        return fingerprint(elsewhere, [list(seen.verdicts.items()) for seen in self.evidence])


@dataclass(frozen=True)
class RenderedSeries:
    """A series on disk: the directory, base and tip commits, the cover letter's file ('' for none), the patches.

    `remarks` is what checkpatch said (None: it was not run), `range_diff` the difference to the version
    before.
    """

    directory: Path
    revision: int
    base: str
    tip: str
    cover: str
    patches: tuple[RenderedPatch, ...]
    remarks: tuple[Remark, ...] | None = None
    range_diff: str = ""
