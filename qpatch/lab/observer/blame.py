# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether a migration that failed as it should says why: QEMU's messages name the device and its error, not others.

QEMU has errors of its own that follow from any (blame.yaml): these alone mislead nobody. One that the device never gave
does, and so does another device's name.
"""

from __future__ import annotations

import errno
import math
import os
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import yaml

from qpatch.lab.observer.errors import DEVICE_ID
from qpatch.lab.observer.migrations import DESTINATION, FAILED, SOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qpatch.lab.observer.errors import DeviceError
    from qpatch.lab.observer.findings import Findings

_ROLES = (SOURCE, DESTINATION)


def misleading(findings: Findings) -> str:
    """Return what in the messages of a migration that failed as it should misleads their reader, or ''."""
    ends = [migration.at for migration in findings.migrations[1:]]
    for migration, end in zip(findings.migrations, [*ends, math.inf], strict=False):
        if migration.outcome == migration.expect == FAILED:
            said = [error.message for error in findings.errors if error.by in _ROLES and migration.at <= error.at < end]
            if what := _misleading(findings.errors_in(migration), said):
                return f"migration {migration.number} failed as it should, but {what}"
    return ""


def _misleading(errors: Sequence[DeviceError], said: Sequence[str]) -> str:
    given = {int(error.event.fields.get("errno", 0)) for error in errors} - {0}
    if not given:
        return ""
    devices = {error.event.device for error in errors}
    for message in said:
        if (named := set(DEVICE_ID.findall(message))) and not named & devices:
            return f"{message!r} names another device: {errors[0].what}"
    told = {number: message for message in said for number in _errors_in(message)}
    wrong = [message for number, message in told.items() if number not in _consequences() | given]
    return f"{wrong[0]!r} tells of another error: {errors[0].what}" if wrong and not given & told.keys() else ""


def _errors_in(message: str) -> set[int]:
    return {number for number in errno.errorcode if os.strerror(number) in message}


@cache
def _consequences() -> frozenset[int]:
    """Return the errors that follow from any."""
    text = resources.files(__package__).joinpath("blame.yaml").read_text(encoding="utf-8")
    return frozenset(getattr(errno, name) for name in yaml.load(text, yaml.CSafeLoader)["consequences"])
