# SPDX-License-Identifier: GPL-2.0-or-later
"""Remembers the commits and mails of a series: the same series, by the same qpatch and git, comes to the same bytes.

Everything that they hang on is in the digest: the series with its base, the options, the version before with its mails.
What could not be written is not remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qpatch.fingerprint import fingerprint, own_fingerprint, program_fingerprint
from qpatch.series.asked import restored_remarks, stored_remarks
from qpatch.series.letters import Letters
from qpatch.trees.memory import memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.series.model import PlannedSeries, RenderOptions
    from qpatch.series.reroll import Sent

_PROGRAMS = ("git", "perl")


def letters_digest(series: PlannedSeries, options: RenderOptions, sent: Sent | None) -> str:
    """Return what the mails of `series` are kept under; `sent` is the version before, if there is one."""
    programs = [program_fingerprint(name) for name in _PROGRAMS]
    before = None if sent is None else (sent.revision.number, sent.revision.base, sent.revision.changes, sent.mails)
    return fingerprint(own_fingerprint(), "letters", programs, options.of_mails, series, before)


def recall_letters(digest: str) -> tuple[tuple[str, ...], Letters] | None:
    """Return the ids of the commits and the mails that are kept under `digest`, None where there are none."""
    known: Any = memory().recall(digest)
    if known is None:
        return None
    mails = {name: mail.encode("latin-1") for name, mail in known["mails"].items()}
    remarks = restored_remarks(known["remarks"])
    return tuple(known["commits"]), Letters(mails, known["changes"], known["range_diff"], remarks)


def remember_letters(digest: str, commits: Sequence[str], letters: Letters) -> None:
    """Keep the ids of commits and their mails under `digest`."""
    entry = {
        "commits": commits,
        "mails": {name: mail.decode("latin-1") for name, mail in letters.mails.items()},  # each byte a character
        "changes": letters.changes,
        "range_diff": letters.range_diff,
        "remarks": stored_remarks(letters.remarks),
    }
    memory().remember(digest, entry)
