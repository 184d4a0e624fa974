# SPDX-License-Identifier: GPL-2.0-or-later
"""A release as templates and conditions see it: text that compares as a version ('9.2' comes before '10.1')."""

from __future__ import annotations

import re

from typing_extensions import override

_VERSION = re.compile(r"v?(?P<numbers>\d+(?:\.\d+)*)(?:-rc(?P<candidate>\d+))?")


class VersionError(ValueError):
    """A version was compared with what is none; the message says with what."""


class Version(str):
    """The text of a release. Comparisons raise VersionError where the other side is no text that begins as one.

    Missing numbers count as 0, so that '10.2' is '10.2.0'; a candidate ('6.12-rc3') comes before its release; what
    follows the numbers otherwise, as a distribution's suffix does, is not compared.
    """

    __slots__ = ()

    @override
    def __lt__(self, other: object) -> bool:
        return self._key(self) < self._key(other)

    @override
    def __le__(self, other: object) -> bool:
        return self._key(self) <= self._key(other)

    @override
    def __gt__(self, other: object) -> bool:
        return self._key(self) > self._key(other)

    @override
    def __ge__(self, other: object) -> bool:
        return self._key(self) >= self._key(other)

    @override
    def __eq__(self, other: object) -> bool:
        if isinstance(other, str) and not _VERSION.match(other):
            return str(self) == other
        return self._key(self) == self._key(other)

    __hash__ = str.__hash__

    def _key(self, version: object) -> tuple[list[int], float]:
        """Return what `version` is compared by: its numbers, and which candidate it is. Raises VersionError."""
        if not isinstance(version, str):
            raise VersionError(f"a version is compared with {version!r}, which is no text")
        found = _VERSION.match(version)
        if found is None:
            raise VersionError(f"a version is compared with {str(version)!r}, which is no version")
        numbers = [int(number) for number in found["numbers"].split(".")]
        while numbers and not numbers[-1]:
            numbers.pop()
        return numbers, float(found["candidate"] or "inf")
