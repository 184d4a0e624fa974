# SPDX-License-Identifier: GPL-2.0-or-later
"""From commits to mails: `git format-patch` writes them, this module adds what it leaves to chance.

git makes up Message-IDs from the clock, so threading is done here: the identifiers come from the series
itself. The recipients, which are known only after the mails were written, and the encoding of the cover
letter's headers, which git leaves raw, are added in the same pass. Its sender is written as git writes it in patches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.header import Header, decode_header, make_header
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.series.addresses import ENCODED_WIDTH, address_header, quoted_utf8
from qpatch.series.evidence import with_evidence
from qpatch.strategy.message import clean_text
from qpatch.trees.private import SERIES_REF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.series.model import PlannedSeries, RenderOptions
    from qpatch.trees.git import Repository

_BRANCH = SERIES_REF.removeprefix("refs/heads/")
_COVER = ("--cover-letter", "--cover-from-description=subject")
_STYLE = (
    "--histogram",
    "--find-renames",
    "--zero-commit",
    "--no-signature",
    "--no-color",
)
_MIME = (b"MIME-Version: 1.0", b"Content-Type: text/plain; charset=UTF-8", b"Content-Transfer-Encoding: 8bit")
_DIGITS = 16
_HEADERS = re.compile(rb"\n(?![ \t])")  # what ends one
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
_WORD = r"=\?[!->@-~]+\?[bBqQ]\?[!->@-~]*\?="
_ENCODED = re.compile(rf"{_WORD}(?:\s+{_WORD})*")  # RFC 2047: white space between encoded words is none of the text


@dataclass(frozen=True)
class Recipients:
    """Whom the mails go to: `to` are the lists, `cc` the people; each an address as in a header, in order."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()


def format_patches(
    repository: Repository,
    series: PlannedSeries,
    options: RenderOptions,
    *,
    directory: Path,
    cover: str,
    previous: str = "",
) -> list[str]:
    """Write the cover letter, if any, and the patches into `directory` by one `git format-patch`; return their names.

    `repository` is the private one that has the series at SERIES_REF; `cover` the cover letter's text;
    `previous` the range of the version before (`A..B`) for a range-diff, or ''.
    """
    varying = [
        *(_COVER if series.cover_body is not None else ("--no-cover-letter",)),
        f"--output-directory={directory}",
        f"--base={series.base}",
        f"--subject-prefix={options.prefix}",
        f"--from={options.author}",  # an author that is not the sender stands in the body, where `git am` finds it
        *([f"-v{options.revision}"] if options.revision > 1 else []),
        *([f"--range-diff={previous}"] if previous else []),
        f"{series.base}..{_BRANCH}",
    ]
    output = repository.run("format-patch", *_STYLE, *varying, environment=_letter_head(series, options, cover))
    return [Path(line).name for line in output.decode().splitlines()]


def cover_text(series: PlannedSeries, evidence: str = "", changelog: str = "") -> str:
    """Return the cover letter's subject, body (`evidence` in its place) and changelog, as a branch's description."""
    body = with_evidence(series.cover_body, evidence) if series.cover_body is not None else ""
    parts = [" ".join(series.cover_subject.split()), clean_text(body), clean_text(changelog)]
    return "\n\n".join(part for part in parts if part) + "\n"


def with_notes(mail: bytes, notes: str) -> bytes:
    """Return the mail of a lone patch with `notes` below its `---`, where `git am` does not look."""
    head, separator, rest = mail.partition(b"\n---\n")
    return head + separator + notes.encode() + b"\n\n" + rest


def finish_mails(
    mails: Mapping[str, bytes], series_id: str, options: RenderOptions, recipients: Recipients
) -> dict[str, bytes]:
    """Return the mails (the cover letter, if any, first) with threading, recipients and encoded headers.

    `series_id` tells one series from another in the Message-IDs, see `identify`.
    """
    domain = _UNSAFE.sub("-", options.author.email.rpartition("@")[2]) or "localhost"
    sender = _sender(list(mails.values())[-1])
    identifiers = [f"<{series_id}-{number}@{domain}>" for number in range(len(mails))]
    finished = {}
    for number, (name, mail) in enumerate(mails.items()):
        thread = [("Message-ID", identifiers[number])]
        if number:
            thread += [("In-Reply-To", identifiers[0]), ("References", identifiers[0])]
        finished[name] = _finish(mail, sender, thread, recipients)
    return finished


def identify(series: PlannedSeries, options: RenderOptions, tip: str, text: str) -> str:
    """Return the part of the Message-IDs that stands for this version of the series.

    `tip` is its last commit, `text` what its mails say besides: another text is another sending.
    """
    digest = sha256(f"{tip}\n{options.prefix}\n{text}".encode()).hexdigest()[:_DIGITS]
    return f"{_UNSAFE.sub('-', series.strategy)}-v{options.revision}-{digest}"


def _letter_head(series: PlannedSeries, options: RenderOptions, cover: str) -> dict[str, str]:
    # The cover letter takes the committer's name and date; its text comes from the branch's description.
    return {
        "GIT_COMMITTER_NAME": options.author.name,
        "GIT_COMMITTER_EMAIL": options.author.email,
        "GIT_COMMITTER_DATE": f"@{series.base_date} +0000",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"branch.{_BRANCH}.description",
        "GIT_CONFIG_VALUE_0": cover,
    }


def _sender(patch: bytes) -> bytes:
    return next(header for header in _HEADERS.split(patch) if header.startswith(b"From: "))


def _finish(mail: bytes, sender: bytes, thread: Sequence[tuple[str, str]], recipients: Recipients) -> bytes:
    head, _, body = mail.partition(b"\n\n")
    first, *headers = _HEADERS.split(head)
    encoded = (sender if header.startswith(b"From: ") else _encoded(header) for header in headers)
    lines = [first, *(f"{name}: {value}".encode() for name, value in thread), *encoded]
    if not body.isascii() and not any(header.startswith(b"Content-Type:") for header in headers):
        lines += _MIME
    for name, addresses in (("To", recipients.to), ("Cc", recipients.cc)):
        if addresses:
            lines.append(address_header(name, addresses).encode())
    return b"\n".join(lines) + b"\n\n" + body


def _encoded(header: bytes) -> bytes:
    if header.isascii():
        return header
    name, _, value = header.decode().partition(": ")
    text = re.sub(r"\n[ \t]", " ", value)
    # git leaves the prefix raw and has encoded the rest: encoded again, that would be what the reader sees.
    text = _ENCODED.sub(lambda words: str(make_header(decode_header(words.group()))), text)
    plain = re.match(r"\[[ -~]*?\] ", text)  # the prefix, [PATCH RFC 0/3], stays readable
    lead = plain.group() if plain else ""
    encoded = Header(
        text.removeprefix(lead), quoted_utf8(), maxlinelen=ENCODED_WIDTH, header_name=f"{name}: {lead}".rstrip()
    ).encode()
    return f"{name}: {lead}{encoded}".encode()
