# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads results that `qpatch test --json` printed as evidence for letters."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from qpatch.errors import UserError, system_faults
from qpatch.lab.campaign.reports import FORMAT_VERSION
from qpatch.lab.campaign.results import TestedResult
from qpatch.lab.definitions.profile import load_profile, profile_names
from qpatch.lab.model import Verdict
from qpatch.lab.registry import registry
from qpatch.series.evidence import Seen

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any


@system_faults()
def read_evidence(files: Iterable[Path]) -> tuple[Seen, ...]:
    """Return what the runs in `files` showed, each file a JSON document of `qpatch test`.

    Runs of programs that nobody knows the source of (a distribution's, a file's) are left out, as are cells without
    runs. Raises UserError `bad-result` for a file that is no such document, EnvironmentFault where one cannot be read.
    """
    return tuple(seen for file in files for seen in _seen_in(file))


def _seen_in(file: Path) -> list[Seen]:
    if not file.is_file():
        raise UserError("bad-result", f"{file} is no file")
    try:
        document = json.loads(file.read_bytes())
    except ValueError as error:
        raise UserError("bad-result", f"{file} is no JSON document: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("cells"), list):
        raise UserError(
            "bad-result", f"{file} is no document that `qpatch test --json` printed: it has no list `cells`"
        )
    if document.get("version") != FORMAT_VERSION:
        found = document.get("version")
        raise UserError("bad-result", f"{file} has the version {found}: this qpatch reads {FORMAT_VERSION}")
    results = [_result(cell, file) for cell in document["cells"]]
    return [_seen(result) for result in results if all(result.built_from) and _carried_out(result)]


def _result(cell: Any, file: Path) -> TestedResult:
    try:
        return TestedResult.from_json(cell)
    except UserError as error:
        raise UserError(error.code, f"{file}: {error.message}") from error


def _carried_out(result: TestedResult) -> bool:
    return bool(set(result.counts) - {Verdict.NOT_APPLICABLE})


def _seen(result: TestedResult) -> Seen:
    key, (source, destination) = result.key, result.built_from
    verdicts = {
        str(verdict): count for verdict, count in result.counts.items() if verdict is not Verdict.NOT_APPLICABLE
    }
    setting = (key.machine, key.profile, key.scenario)
    well = all(verdict.is_green for verdict in set(result.counts) - {Verdict.NOT_APPLICABLE})
    return Seen(source, destination, *setting, verdicts, well, _about(key.profile), _about_lab(key.lab))


def _about(name: str) -> str:
    """Return what the device of a profile does, in sentences; '' for a profile of the user's own."""
    if name not in profile_names():
        return ""
    profile = load_profile(name)
    return " ".join([f"{name}: {profile.title}.", *([profile.caveat] if profile.caveat else [])])


@cache
def _about_lab(name: str) -> str:
    """Return what a lab is and what no result of it shows, in sentences."""
    lab = registry().get(name)
    return f"The {name} lab is this: {lab.title}. It does not show {'; '.join(limit.subject for limit in lab.limits)}."
