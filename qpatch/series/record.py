# SPDX-License-Identifier: GPL-2.0-or-later
"""What an output directory holds, kept in its `series.json`: the versions of one series on one tree.

The record tells qpatch's own output from anything else, and tells the next version (`--reroll`) which mails
and which base the one before had.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from qpatch.cells.rendered import RenderedPatch
from qpatch.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

RECORD_FILE = "series.json"
FORMAT_VERSION = 1
_GENERATOR = "qpatch"


@dataclass(frozen=True)
class Revision:
    """One version of a series: its number, commits, files, and what its cover letter says has changed."""

    number: int
    base: str
    tip: str
    cover: str
    patches: tuple[RenderedPatch, ...]
    changes: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its mails, the cover letter first if it has one."""
        return (*filter(None, [self.cover]), *(patch.file for patch in self.patches))


@dataclass(frozen=True)
class Record:
    """The versions, oldest first, of one strategy's series on one tree."""

    strategy: str
    tree: str
    component: str
    revisions: tuple[Revision, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What must be equal for two outputs to be of the same kind."""
        return self.strategy, self.tree, self.component

    @property
    def files(self) -> frozenset[str]:
        """Every file that belongs to the output."""
        return frozenset({RECORD_FILE}.union(*(revision.files for revision in self.revisions)))

    @property
    def latest(self) -> int:
        """The number of the newest version; 0 where there is none."""
        return max((revision.number for revision in self.revisions), default=0)

    def before(self, number: int) -> Revision | None:
        """Return the newest version older than `number`."""
        older = [revision for revision in self.revisions if revision.number < number]
        return max(older, key=lambda revision: revision.number, default=None)

    def with_revision(self, new: Revision) -> Record:
        """Return the record with `new` added, in place of one with the same number."""
        others = [revision for revision in self.revisions if revision.number != new.number]
        ordered = sorted([*others, new], key=lambda revision: revision.number)
        return Record(self.strategy, self.tree, self.component, tuple(ordered))

    def to_json(self) -> bytes:
        """Return the text of the record's file."""
        document = {"version": FORMAT_VERSION, "generator": _GENERATOR, **asdict(self)}
        text = json.dumps(document, indent=2, ensure_ascii=False, default=RenderedPatch.model_dump)
        return text.encode() + b"\n"


def load_record(directory: Path) -> Record | None:
    """Return the record in `directory`, None where there is no record of qpatch's.

    Raises UserError `series-record-broken` where the file is qpatch's but cannot be understood.
    """
    path = directory / RECORD_FILE
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise UserError("series-record-broken", f"{path}: {error}") from error
    if not isinstance(document, dict) or document.get("generator") != _GENERATOR:
        return None
    if document.get("version") != FORMAT_VERSION:
        raise UserError(
            "series-record-broken",
            f"{path} has the format {document.get('version')}, this qpatch reads {FORMAT_VERSION}",
        )
    try:
        return Record(
            document["strategy"], document["tree"], document["component"], tuple(map(_revision, document["revisions"]))
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError("series-record-broken", f"{path}: {error!r}") from error


def _revision(entry: dict[str, object]) -> Revision:
    patches = entry["patches"]
    if not isinstance(patches, list):
        raise TypeError("patches")
    return Revision(
        int(str(entry["number"])),
        str(entry["base"]),
        str(entry["tip"]),
        str(entry["cover"]),
        tuple(RenderedPatch(**patch) for patch in patches),
        str(entry["changes"]),
    )
