# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be asked of the data on releases; a bundle carries this, and not the checks of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class RangeQuestions:
    """Of a range of releases (see `release.ReleaseRange`)."""

    if TYPE_CHECKING:
        from_: tuple[int, int] | None
        before: tuple[int, int] | None

    def holds(self, release: tuple[int, int]) -> bool:
        """Whether `release` is one of these."""
        return (self.from_ or release) <= release and (self.before is None or release < self.before)


class TableQuestions:
    """Of the whole table (see `release.ReleaseTable`)."""

    if TYPE_CHECKING:
        releases: Any
        features: Any
        refusals: Any

    def protocol(self, release: tuple[int, int]) -> str:
        """Return the migration protocol that `release` speaks with devices: v1 or v2."""
        return str(next(change.protocol for change in self._until(release) if change.protocol is not None))

    def properties(self, release: tuple[int, int]) -> dict[str, bool | int | str]:
        """Return what every `-device vfio-pci` of `release` needs to be migrated."""
        return dict(next(change.properties for change in self._until(release) if change.properties is not None))

    def missing(self, features: Iterable[str], release: tuple[int, int]) -> str:
        """Return why `release` cannot do what needs `features`, or ''."""
        for name in features:
            if not any(one.holds(release) for one in self.features[name].ranges):
                return f"{self.features[name].reason}, and this is {release[0]}.{release[1]}"
        return ""

    def refusal(self, devices: int, traits: Iterable[str], release: tuple[int, int]) -> str:
        """Return a regular expression for what `release` says where it is to refuse `devices` with `traits`, or ''."""
        having = set(traits)
        return next(
            (
                one.says
                for one in self.refusals
                if one.from_ <= release and devices >= one.devices and one.lacks not in having
            ),
            "",
        )

    def _until(self, release: tuple[int, int]) -> list[Any]:
        """Return the changes up to `release`, the last one first; a release before all of them counts as the first."""
        fitting = [change for change in self.releases if change.from_ <= release] or [self.releases[0]]
        return fitting[::-1]


# By the classes that they are asked of.
QUESTIONS: dict[str, type] = {"ReleaseRange": RangeQuestions, "ReleaseTable": TableQuestions}
