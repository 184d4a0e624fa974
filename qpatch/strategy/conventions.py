# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lists expect of the mails of a series: subjects, widths, trailers.

`strategy check` asks it of a strategy on made-up trees, `render` of the mails that it is about to write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from qpatch.errors import UserError
from qpatch.strategy.origins import Source, origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qpatch.errors import Location
    from qpatch.strategy.document import Path
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.strategy.message import Picked
    from qpatch.strategy.schema import Component

# docs/devel/submitting-a-patch.rst of QEMU: lines of a message, subject included, have at most 76 columns.
LINE_LENGTH = 76
_SUBJECT = re.compile(r"^[\w./,+*{}-]+(?: [\w./,+*{}-]+)?: \S")
_TRAILER = re.compile(r"^[A-Z][A-Za-z-]+: \S")
# Lines that cannot be broken: a trailer or tag that tools read as one line.
_UNBREAKABLE = re.compile(r"^[A-Z][A-Za-z-]+: |^\[\d+\] \S+$")  # a trailer, a link with its number


class Message(Protocol):
    """A patch's message, rendered."""

    @property
    def subject(self) -> str:
        """The subject without its prefix."""

    @property
    def body(self) -> str:
        """The body, without trailers."""

    @property
    def trailers(self) -> tuple[str, ...]:
        """The trailers."""

    @property
    def picked(self) -> Picked | None:
        """The commit that the patch is, None for a new one."""


@dataclass(frozen=True)
class MessageConventions:
    """Checks the messages of one component of a strategy; `kind` is its kind of tree."""

    loaded: LoadedStrategy
    kind: str

    def of_message(self, index: int, message: Message) -> Iterator[UserError]:
        """Yield what is wrong with the message of the strategy's patch number `index` (from 0)."""
        path: Path = ("patches", index)
        where = self._place(*path, "subject")
        new = message.picked is None  # a picked patch has its commit's subject, which may be `Revert "..."`, or long
        if new and not _SUBJECT.match(message.subject):
            yield _error(f"the subject {message.subject!r} does not begin with `subsystem: `", where)
        if new and len(message.subject) > LINE_LENGTH:
            yield _error(f"the subject has {len(message.subject)} columns; at most {LINE_LENGTH} are usual", where)
        yield from self._long_lines(self._component.patches[index].body, message.body, (*path, "body"))
        of_its_own = message.picked.trailers if message.picked else ()
        for key, trailers in ((("trailers",), message.trailers), (("picked-from", "trailers"), of_its_own)):
            for number, trailer in enumerate(trailers):
                if not _TRAILER.match(trailer):
                    yield _error(f"the trailer {trailer!r} is not `Key: value`", self._place(*path, *key, number))

    def of_series(self, messages: Mapping[int, Message], cover: str | None) -> Iterator[UserError]:
        """Yield what is wrong with the messages of a series, by the numbers of their patches, and its cover letter."""
        first: dict[str, int] = {}
        for index, message in messages.items():
            before = first.setdefault(message.subject, index)
            if before != index:
                yield _error(
                    f"the subject {message.subject!r} is that of patch {before + 1} already",
                    self._place("patches", index, "subject"),
                )
        if self._component.cover is not None and cover is not None:
            yield from self._long_lines(self._component.cover, cover, ("cover",))

    @property
    def _component(self) -> Component:
        return self.loaded.model.components()[self.kind]

    def _place(self, *path: str | int) -> Location:
        return self.loaded.document.value_place((self.kind, *path))

    def _long_lines(self, template: str, rendered: str, path: Path) -> Iterator[UserError]:
        """Yield the lines of a message that are too long and could be broken, placed in their template."""
        for number, line in enumerate(rendered.split("\n"), 1):
            if len(line) > LINE_LENGTH and " " in line.strip() and not _UNBREAKABLE.match(line):
                yield _error(
                    f"a line of the message has {len(line)} columns; at most {LINE_LENGTH} "
                    f"are usual: {line.strip()[:40]!r}...",
                    origin(self.loaded.environment, Source.of_body(template, self._place(*path)), rendered, number),
                )


def _error(message: str, where: Location) -> UserError:
    return UserError("strategy-message", message, where=where)
