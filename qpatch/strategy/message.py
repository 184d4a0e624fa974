# SPDX-License-Identifier: GPL-2.0-or-later
"""Commit messages: subject, body and trailers in the form that git and the mailing list expect.

Trailers follow `git interpret-trailers`: they join the trailer block at the end of the body where there is
one and make a new paragraph otherwise. A message that a mail would cut short (`git mailinfo`) is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qpatch.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

# What stands in a rendered cover letter where the evidence is to be: the template's `evidence`.
EVIDENCE_MARK = "%% evidence %%"

_TRAILER = re.compile(r"[A-Za-z0-9-]+\s*:")
_GIT_MADE = ("Signed-off-by: ", "(cherry picked from commit ")
# Who says so has looked at the commit, or tried it, in the form that it had.
_APPROVAL = re.compile(r"(?:reviewed|acked|tested|approved|verified)(?:-and-\w+)*-by\s*:", re.IGNORECASE)
_SIGNOFF = re.compile(r"signed-off-by\s*:", re.IGNORECASE)
# patchbreak() of git's mailinfo.c: the lines at which `git am` takes the message to end.
_PATCH_BREAK = re.compile(r"diff -|Index: |---(?:\s*$| \S)")
# In-body headers at the start of a body become the commit's (mailinfo.c), and a "From " line splits a
# mailbox.
_IN_BODY_HEADER = re.compile(r">?From |(From|Subject|Date):|\[PATCH", re.IGNORECASE)
_MAILBOX_LINE = re.compile(r"From \S+ .*\d\d:\d\d:\d\d")


@dataclass(frozen=True)
class Picked:
    """What a patch has of the commit that it is: `author` as a mailbox, `trailers` of the message, and how it was made.

    Signed-off-by lines among the trailers are their authors' own: they came with the commit. They vouch for its
    message and its change, too, so that what is not the commit's (`reworded`, `differs`) has to be told from it, and
    has none of the approvals that the commit got (`foreign_approvals`).
    """

    commit: str
    author: str
    how: str
    trailers: tuple[str, ...] = ()
    reworded: bool = False
    differs: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The trailers, and below them the line that `git cherry-pick -x` writes, or the kernel's for a back-port.

        What was done to the commit after that stands in brackets, as the lists have it.
        """
        made = f"({self.how.replace('-', ' ')} from commit {self.commit})"
        notes = ("the message is not that of the commit" if self.reworded else "", self.differs)
        return (*self.trailers, made, *(f"[{note}]" for note in notes if note))


def foreign_approvals(author: str, trailers: Sequence[str]) -> list[str]:
    """Return those of a commit's `trailers` that vouch for the commit as it is, message and change.

    These are what others than its `author` said of it (Reviewed-by and the like), and the Signed-off-by of those who
    passed it on behind its author. The author's own, and any above that, tell where the work comes from.
    """
    signed = [index for index, trailer in enumerate(trailers) if _SIGNOFF.match(trailer)]
    authors = [index for index in signed if _address(trailers[index]) == _address(author)]
    last = authors[-1] if authors else -1
    return [
        trailer
        for index, trailer in enumerate(trailers)
        if _APPROVAL.match(trailer) or (index in signed and index > last)
    ]


def _address(mailbox: str) -> str:
    return mailbox.rpartition("<")[2].rstrip("> ").lower()


def compose_message(
    subject: str, body: str, trailers: tuple[str, ...] = (), signoff: str = "", picked: Picked | None = None
) -> str:
    """Return the commit message; `signoff` is the user's `Name <address>` for a Signed-off-by line, or ''.

    Raises UserError `invalid-trailer` for a trailer that is none or that signs off in somebody's name, and
    `message-not-mailable` where `git am` would cut the message.
    """
    title = " ".join(subject.split())
    paragraphs = clean_text(body)
    check_subject(title)
    for number, line in enumerate(paragraphs.splitlines(), start=1):
        check_body_line(line, number, title)
    for trailer in trailers:
        check_trailer(trailer, title)
    inherited = picked.lines if picked else ()
    wanted = [*inherited, *trailers, *([f"Signed-off-by: {signoff}"] if signoff else [])]
    return f"{title}\n\n{add_trailers(paragraphs, wanted)}".rstrip("\n") + "\n"


def clean_text(text: str) -> str:
    """Strip white space at line ends and outer blank lines, fold blank lines, as `git stripspace` does."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def add_trailers(body: str, trailers: list[str]) -> str:
    """Add `trailers` that are not there yet to the end of `body` (clean, without the subject)."""
    last = body.split("\n\n")[-1].splitlines()
    block = last if _is_trailer_block(last) else []
    new = [trailer for trailer in dict.fromkeys(trailers) if trailer not in block]
    if not new:
        return body
    separator = "\n" if block else "\n\n"
    return (body + separator if body else "") + "\n".join(new)


def _is_trailer_block(lines: list[str]) -> bool:
    # The rules are those of git's trailer.c: all lines are trailers, or one of them was made by git itself
    # and at least a quarter are trailers. Lines that begin with white space continue the one above.
    own = [line for line in lines if not line[0].isspace()]
    trailers = [line for line in own if _TRAILER.match(line) or line.startswith(_GIT_MADE)]
    others = len(own) - len(trailers)
    made_by_git = any(line.startswith(_GIT_MADE) for line in own)
    return bool(trailers) and (not others or (made_by_git and len(trailers) * 3 >= others))


def check_subject(subject: str) -> None:
    """Raise UserError `message-not-mailable` where `subject` (on one line) would not survive a mail."""
    if not subject or subject.startswith("["):  # `git am` takes away what stands in brackets
        raise UserError("message-not-mailable", f"'{subject}' cannot be the subject of a patch")


def check_body_line(line: str, number: int, subject: str) -> None:
    """Raise UserError where `line`, number `number` (from 1) of a body, would not survive a mail or signs off."""
    _check_signoff(line, subject)
    at_top = number == 1 and _IN_BODY_HEADER.match(line)
    if at_top or _PATCH_BREAK.match(line) or _MAILBOX_LINE.match(line):
        raise UserError(
            "message-not-mailable",
            hint="indent the line or reword it",
            message=f"patch '{subject}': `git am` would not keep the line '{line}'",
        )


def check_trailer(trailer: str, subject: str) -> None:
    """Raise UserError `invalid-trailer` where `trailer` is none, or signs off in somebody's name."""
    if not _TRAILER.match(trailer) or "\n" in trailer or trailer.rstrip().endswith(":"):
        raise UserError(
            "invalid-trailer",
            f"patch '{subject}': '{trailer}' is no trailer",
            hint='write it as "Name-of-trailer: value", on one line',
        )
    _check_signoff(trailer, subject)


def _check_signoff(line: str, subject: str) -> None:
    if _SIGNOFF.match(line):
        raise UserError(
            "invalid-trailer",
            f"patch '{subject}': '{line}' signs off in the strategy",
            hint="remove it and use --signoff, which signs in the user's own name",
        )
