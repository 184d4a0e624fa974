# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages of a migration that failed as it should, and what they say of the reason."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest
from lab_verdict_support import prepared, reason

from qpatch.lab.model import Verdict

if TYPE_CHECKING:
    from lab_timeline_support import TimelineBuilder


def failed(*said: str, number: int = errno.EIO) -> TimelineBuilder:
    timeline = prepared("failed")
    timeline.read("qemu0", errno=number)
    for text in said:
        timeline.message("qemu0", text)
    timeline.give_up(said="load of migration failed", answer="")
    timeline.verify("qemu0")
    timeline.lab("state", vm="qemu0", status="running")
    return timeline


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (["dev0: cannot be read"], errno.EIO),
        (["dev0: cannot be read: Input/output error"], errno.EIO),
        (["dev0: failed", "Unable to write to socket: Broken pipe", "load failed: Invalid argument"], errno.EIO),
        (["dev0: cannot be read: No space left on device"], errno.ENOSPC),
        (["dev0 and dev1 are not there: No such device", "Input/output error"], errno.EIO),
    ],
)
def test_what_follows_from_the_devices_error_misleads_nobody(said: list[str], number: int) -> None:
    reason(failed(*said, number=number), Verdict.RECOVERED)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("Channel error: No space left on device", "tells of another error"),
        ("dev7: cannot be read: Input/output error", "names another device"),
    ],
)
def test_another_error_than_the_devices_or_another_device_misleads(said: str, why: str) -> None:
    assert reason(failed(said), Verdict.FAILED) == (
        f"migration 1 failed as it should, but {said!r} {why}: dev0 on qemu0 answered a read of its data with EIO"
    )


def test_a_message_of_the_next_migration_is_not_held_against_the_first() -> None:
    timeline = failed("dev0: cannot be read")
    timeline.begin(destination="qemu2")
    timeline.message("qemu0", "dev7: is slow: No space left on device")
    timeline.stop()
    timeline.load(destination="qemu2")
    timeline.run("qemu2")
    timeline.migrated(destination="qemu2")
    timeline.verify("qemu2")
    timeline.end(qemu0="postmigrate", qemu2="running")
    assert "dev7" in reason(timeline, Verdict.NOISY)
