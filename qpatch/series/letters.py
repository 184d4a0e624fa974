# SPDX-License-Identifier: GPL-2.0-or-later
"""The mails of one version of a series, in memory, with what the tree's own scripts say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.series.addresses import mailbox_of
from qpatch.series.asked import ask_or_recall
from qpatch.series.evidence import evidence_text
from qpatch.series.mails import Recipients, cover_text, finish_mails, format_patches, identify, with_notes
from qpatch.series.reroll import changelog, range_diff
from qpatch.trees.private import scratch_directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.cells.rendered import Remark
    from qpatch.series.model import CommittedSeries, RenderOptions
    from qpatch.series.reroll import Previous


@dataclass(frozen=True)
class Letters:
    """The mails by their file names, the cover letter (if any) first, and what was learned on the way.

    `changes` is the changelog, in the cover letter or below the `---` of a lone patch; `range_diff` the difference to
    the version before, `remarks` what checkpatch said (None: it was not run).
    """

    mails: Mapping[str, bytes]
    changes: str
    range_diff: str
    remarks: tuple[Remark, ...] | None


def write_letters(committed: CommittedSeries, options: RenderOptions, previous: Previous | None) -> Letters:
    """Return the mails of `committed`; `previous` is the version before, for changelog and range-diff.

    Raises EnvironmentFault where git or perl fails.
    """
    series, private = committed.series, committed.private
    changes, difference, old = "", "", ""
    if previous is not None:
        old = previous.range
        difference = range_diff(private, old, f"{series.base}..{committed.tip}")
        changes = changelog(previous.revision, series.base, difference, options.changes)
    trees = private.tree_of(series.base), private.tree_of(committed.tip)
    evidence = evidence_text(options.evidence, *trees, series.switched_on)
    cover = cover_text(series, evidence, changes)
    with scratch_directory("mails") as directory:
        files = format_patches(private, series, options, directory=directory, cover=cover, previous=old)
        paths = [directory / file for file in files]
        said = ask_or_recall(committed.tree, series.component, options, paths[series.cover_body is not None :])
        mails = {path.name: path.read_bytes() for path in paths}
    notes = "\n\n".join(part for part in (evidence, changes) if part)
    if series.cover_body is None and notes:
        mails = {name: with_notes(mail, notes) for name, mail in mails.items()}
    recipients = _with_more(said.recipients, series.cc)
    finished = finish_mails(mails, identify(series, options, committed.tip, f"{cover}\n{notes}"), options, recipients)
    return Letters(finished, changes, difference, said.remarks)


def _with_more(found: Recipients, addresses: Sequence[str]) -> Recipients:
    """Return the recipients with `addresses` as further people, but for those that are among them."""
    known = {mailbox_of(address) for address in (*found.to, *found.cc)}
    extra = tuple(address for address in addresses if mailbox_of(address) not in known)
    return Recipients(found.to, (*found.cc, *dict.fromkeys(extra)))
