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
from qpatch.series.remembered_letters import letters_digest, recall_letters, remember_letters
from qpatch.series.reroll import check_revision, read_sent, recreate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.series.letters import Letters
    from qpatch.series.model import PlannedSeries, RenderOptions
    from qpatch.series.output import OutputDirectory
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
        before = directory.record.before(options.revision)
        sent = read_sent(before, directory.path) if before else None
        digest = letters_digest(series, options, sent)
        known = None if options.outputs else recall_letters(digest)  # a further output is made of the commits
        if known is not None:
            return _put(directory, series, options, *known)
        with committed(series, tree, options) as made:
            previous = recreate(made.private, sent, directory.path) if sent else None
            letters = write_letters(made, options, previous)
            remember_letters(digest, made.ids, letters)
            rendered = _put(directory, series, options, made.ids, letters)
            for output in options.outputs:
                output.write(made, rendered, options.author)
    return rendered


def _put(
    directory: OutputDirectory, series: PlannedSeries, options: RenderOptions, commits: Sequence[str], letters: Letters
) -> RenderedSeries:
    """Put the mails of `series`, of which the `commits` were made, in their place, and say what is there."""
    cover, *files = letters.mails if series.cover_body is not None else ("", *letters.mails)
    patches = tuple(
        RenderedPatch(file=file, subject=patch.subject, commit=commit)
        for file, patch, commit in zip(files, series.patches, commits, strict=True)
    )
    revision = Revision(options.revision, series.base, commits[-1], cover, patches, letters.changes)
    directory.replace(directory.record.with_revision(revision), letters.mails)
    return RenderedSeries(
        directory.path,
        revision.number,
        revision.base,
        revision.tip,
        revision.cover,
        revision.patches,
        letters.remarks,
        letters.range_diff,
    )
