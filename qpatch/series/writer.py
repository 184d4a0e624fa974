# SPDX-License-Identifier: GPL-2.0-or-later
"""A planned series becomes commits, mails on disk, and the further outputs that were asked for.

Nothing appears in the output directory before all mails are written and checked; the further outputs
(`qpatch.series.outputs`) follow the mails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.cells.rendered import RenderedPatch
from qpatch.series.commits import check_identity, committed
from qpatch.series.letters import write_letters
from qpatch.series.model import RenderedSeries
from qpatch.series.output import open_output
from qpatch.series.record import Record, Revision
from qpatch.series.reroll import check_revision, recreate

if TYPE_CHECKING:
    from qpatch.series.letters import Letters
    from qpatch.series.model import CommittedSeries, PlannedSeries, RenderOptions
    from qpatch.trees.commit_tree import CommitTree


def write_series(series: PlannedSeries, tree: CommitTree, options: RenderOptions) -> RenderedSeries:
    """Commit `series` on `tree` (the base commit), write its mails and the further outputs of `options`.

    Raises UserError for an author that mails cannot be from, a sign-off without one, a foreign output directory, a
    version out of order, a message that cannot be mailed and a further output that cannot be made (a branch that
    exists); EnvironmentFault where git, perl or the disk fails. On an error nothing is left, except that the mails are
    in place where only a further output could not be made.
    """
    check_identity(options)
    for output in options.outputs:
        output.check(tree)
    kind = Record(series.strategy, series.tree, series.component)
    with open_output(options.output, kind) as directory:
        check_revision(directory.record, options.revision)
        with committed(series, tree, options) as made:
            before = directory.record.before(options.revision)
            previous = recreate(made.private, before, directory.path) if before else None
            letters = write_letters(made, options, previous)
            revision = _revision(made, options, letters)
            directory.replace(directory.record.with_revision(revision), letters.mails)
            rendered = RenderedSeries(
                directory.path,
                revision.number,
                revision.base,
                revision.tip,
                revision.cover,
                revision.patches,
                letters.remarks,
                letters.range_diff,
            )
            for output in options.outputs:
                output.write(made, rendered, options.author)
    return rendered


def _revision(made: CommittedSeries, options: RenderOptions, letters: Letters) -> Revision:
    cover, *files = letters.mails if made.series.cover_body is not None else ("", *letters.mails)
    patches = tuple(
        RenderedPatch(file=file, subject=patch.subject, commit=commit)
        for file, patch, commit in zip(files, made.series.patches, made.ids, strict=True)
    )
    return Revision(options.revision, made.series.base, made.tip, cover, patches, letters.changes)
