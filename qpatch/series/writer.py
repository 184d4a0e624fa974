# SPDX-License-Identifier: GPL-2.0-or-later
"""A planned series becomes commits, mails, checks and files on disk; the one place where a series is written.

Nothing appears in the output directory before all else has succeeded, and the branch that `-b` asks for is
made last.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.series.commits import new_commits
from qpatch.series.mails import Recipients, cover_text, finish_mails, format_patches, identify
from qpatch.series.model import RenderedPatch, RenderedSeries
from qpatch.series.output import OutputDirectory, open_output
from qpatch.series.record import Record, Revision
from qpatch.series.reroll import Previous, changelog, check_revision, range_diff, recreate
from qpatch.trees.private import (
    check_new_branch,
    import_commits,
    make_branch,
    private_repository,
    scratch_directory,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.series.model import PlannedSeries, Remark, RenderOptions
    from qpatch.trees.git import CommitTree, Repository

_ATTRIBUTES = ".gitattributes"


@dataclass(frozen=True)
class _Letters:
    """The mails of one version, finished, and what was learned on the way."""

    mails: Mapping[str, bytes]
    changes: str
    range_diff: str
    remarks: tuple[Remark, ...] | None


def write_series(series: PlannedSeries, tree: CommitTree, options: RenderOptions) -> RenderedSeries:
    """Commit `series` on `tree` (the base commit), write its mails, and make the branch that is asked for.

    Raises UserError for a sign-off without an identity, a foreign output directory, a version out of order, a
    message that cannot be mailed and a branch that exists; EnvironmentFault where git, perl or the disk
    fails. On an error nothing is left, except that the mails are in place where only the branch could not be
    made.
    """
    if options.signoff and options.identity is None:
        raise UserError("no-identity", "git does not know who you are, so nothing can be signed off")
    if options.branch:
        check_new_branch(tree.repository, options.branch)
    commits = new_commits(series, options.author, signoff=options.signoff)
    kind = Record(series.strategy, series.tree, series.component)
    with (
        open_output(options.output, kind) as output,
        private_repository([tree.repository], series.base, tree.read(_ATTRIBUTES) or b"") as private,
    ):
        check_revision(output.record, options.revision)
        ids = import_commits(private, series.base, commits)
        previous = _previous(private, output, options.revision)
        letters = _write_letters(private, series, tree, options, ids[-1], previous)
        revision = _revision(series, options, ids, letters)
        output.replace(output.record.with_revision(revision), letters.mails)
        if options.branch:
            make_branch(tree.repository, options.branch, private, ids[-1], options.author)
    return RenderedSeries(
        output.path,
        revision.number,
        revision.base,
        revision.tip,
        revision.cover,
        revision.patches,
        letters.remarks,
        letters.range_diff,
    )


def _previous(private: Repository, output: OutputDirectory, number: int) -> Previous | None:
    revision = output.record.before(number)
    return recreate(private, revision, output.path) if revision else None


def _write_letters(
    private: Repository,
    series: PlannedSeries,
    tree: CommitTree,
    options: RenderOptions,
    tip: str,
    previous: Previous | None,
) -> _Letters:
    changes, difference, old = "", "", ""
    if previous is not None:
        old = previous.range
        difference = range_diff(private, old, f"{series.base}..{tip}")
        changes = changelog(previous.revision, series.base, difference, options.changes)
    cover = cover_text(series, changes)
    with scratch_directory("mails") as directory:
        files = format_patches(private, series, options, directory=directory, cover=cover, previous=old)
        paths = [directory / file for file in files]
        remarks, recipients = _ask_tree(tree, series, options, paths[1:])
        mails = {path.name: path.read_bytes() for path in paths}
    finished = finish_mails(mails, identify(series, options, tip, cover), options, recipients)
    return _Letters(finished, changes, difference, remarks)


def _ask_tree(
    tree: CommitTree, series: PlannedSeries, options: RenderOptions, patches: list[Path]
) -> tuple[tuple[Remark, ...] | None, Recipients]:
    """Run checkpatch and get_maintainer, both at a time: they are perl and slow."""
    remarks, found = None, Recipients()
    if options.check or options.maintainers:
        from qpatch.series.treetools import workbench  # yaml and the look-alike: only where they are wanted

        with workbench(tree, series.component) as bench, ThreadPoolExecutor(max_workers=2) as pool:
            check = pool.submit(bench.checkpatch, patches, signed=options.signoff) if options.check else None
            people = pool.submit(bench.maintainers, patches) if options.maintainers else None
            remarks = check.result() if check else None
            found = people.result() if people else found
    extra = tuple(address for address in series.cc if address not in (*found.to, *found.cc))
    return remarks, Recipients(found.to, (*found.cc, *dict.fromkeys(extra)))


def _revision(series: PlannedSeries, options: RenderOptions, commits: list[str], letters: _Letters) -> Revision:
    cover, *files = letters.mails
    patches = tuple(
        RenderedPatch(file, patch.subject, commit)
        for file, patch, commit in zip(files, series.patches, commits, strict=True)
    )
    return Revision(options.revision, series.base, commits[-1], cover, patches, letters.changes)
