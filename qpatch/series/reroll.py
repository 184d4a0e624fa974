# SPDX-License-Identifier: GPL-2.0-or-later
"""The next version of a series: range-diff and changelog against the version before.

The version before is known by its mails, which lie in the output directory and are what was sent. Its commits
are made again from them (without a checkout), so that `git range-diff` compares what reviewers saw, edits by
hand included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from email.policy import default
from typing import TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.trees.git import GitError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qpatch.series.record import Record, Revision
    from qpatch.trees.git import Repository

# A range-diff's headings; the lines of the difference itself are indented by four.
_PAIR = re.compile(r" {0,3}(?P<old>-|\d+):\s+\S+ (?P<sign>[=!<>]) \s*(?P<new>-|\d+):\s+\S+ (?P<subject>.*)")


@dataclass(frozen=True)
class Sent:
    """The version before as it was sent: its mails, without the cover letter."""

    revision: Revision
    mails: tuple[bytes, ...]


@dataclass(frozen=True)
class Previous:
    """The version before, its commits made again in the private repository."""

    revision: Revision
    tip: str

    @property
    def range(self) -> str:
        """Its commits, as git takes a range."""
        return f"{self.revision.base}..{self.tip}"


def check_revision(record: Record, number: int) -> None:
    """Raise UserError unless version `number` can be made after those in `record`.

    A version is made again or follows the newest; a version above the first needs an older one.
    """
    if number < record.latest:
        raise UserError(
            "newer-version-exists",
            f"version {record.latest} of this series has been rendered",
            hint=f"--reroll {record.latest} renders it again, --reroll {record.latest + 1} makes the next",
        )
    if number > 1 and record.before(number) is None:
        raise UserError(
            "no-previous-version",
            f"there is no version before {number} of this series here",
            hint="render version 1 first, or name the directory (-o) that holds it",
        )


def read_sent(revision: Revision, directory: Path) -> Sent:
    """Return `revision` with its mails, which lie in `directory`."""
    return Sent(revision, tuple((directory / patch.file).read_bytes() for patch in revision.patches))


def recreate(repository: Repository, sent: Sent, directory: Path) -> Previous:
    """Make the commits of the version before again, in the private `repository`, from its mails out of `directory`.

    Raises UserError `previous-base-missing` where the tree's repository has its base no longer, and
    `previous-version-broken` where a mail does not apply.
    """
    revision = sent.revision
    if repository.find(f"{revision.base}^{{commit}}") is None:
        raise UserError(
            "previous-base-missing",
            f"version {revision.number} is based on {revision.base}, which the tree's repository has not got",
        )
    try:
        return Previous(revision, apply_mails(repository, revision.base, sent.mails))
    except GitError as error:
        if error.code == "disk-full":
            raise
        message = f"{directory}: version {revision.number} does not apply to its base: {error.stderr.strip()}"
        raise UserError("previous-version-broken", message) from error


def apply_mails(repository: Repository, base: str, mails: Sequence[bytes]) -> str:
    """Do what `git am` does, without a work tree: commit `mails` on `base` in `repository`, return the tip.

    Raises GitError where one does not apply.
    """
    index = {"GIT_INDEX_FILE": str(repository.path / "apply.index")}
    repository.run("read-tree", base, environment=index)
    tip = base
    for mail in mails:
        message, patch = (repository.path / name for name in ("apply.message", "apply.patch"))
        info = repository.run("mailinfo", "--encoding=UTF-8", str(message), str(patch), stdin=mail)
        headers = dict(line.split(": ", 1) for line in info.decode().splitlines() if ": " in line)
        repository.run("apply", "--cached", "--whitespace=nowarn", str(patch), environment=index)
        tree = repository.text("write-tree", environment=index)
        text = f"{headers['Subject']}\n\n{message.read_text()}".rstrip() + "\n"
        tip = (
            repository.run("commit-tree", tree, "-p", tip, stdin=text.encode(), environment=_people(headers, mail))
            .decode()
            .strip()
        )
    return tip


def changelog(previous: Revision, base: str, difference: str, words: str) -> str:
    """Return the cover letter's section on what changed: the user's `words`, then what the range-diff shows.

    `difference` is the range-diff against `previous`, `base` the new version's base. The changelog of the
    version before stays below.
    """
    pairs = filter(None, map(_PAIR.fullmatch, difference.splitlines()))
    entries = [
        *(f"- {line.strip().removeprefix('- ')}" for line in words.splitlines() if line.strip()),
        *([] if base == previous.base else [f"- rebased onto {base[:12]}"]),
        *filter(None, map(_describe, pairs)),
    ]
    section = "\n".join([f"Changes since v{previous.number}:", *(entries or ["- no change"])])
    return f"{section}\n\n{previous.changes}".strip()


def range_diff(repository: Repository, old: str, new: str) -> str:
    """Return `git range-diff` of the ranges `old` and `new`, whole."""
    return repository.run("range-diff", "--no-color", old, new).decode(errors="replace")


def _describe(pair: re.Match[str]) -> str:
    subject = pair["subject"].strip()
    match pair["sign"]:
        case ">":
            return f'- new patch {pair["new"]}: "{subject}"'
        case "<":
            return f'- dropped: "{subject}"'
        case "!":
            return f'- patch {pair["new"]} changed: "{subject}"'
    return f'- patch {pair["old"]} is now {pair["new"]}: "{subject}"' if pair["old"] != pair["new"] else ""


def _people(headers: dict[str, str], mail: bytes) -> dict[str, str]:
    """Return who wrote the patch, by git's `headers` of it, and who sends it: the committer."""
    sender = BytesHeaderParser(policy=default).parsebytes(mail)["From"].addresses[0]
    people = (
        ("AUTHOR", headers["Author"], headers["Email"]),
        ("COMMITTER", sender.display_name, sender.addr_spec),
    )
    return {
        f"GIT_{role}_{item}": value
        for role, name, address in people
        for item, value in (("NAME", name), ("EMAIL", address), ("DATE", headers["Date"]))
    }
