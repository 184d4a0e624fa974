# SPDX-License-Identifier: GPL-2.0-or-later
"""The JSON documents of `test`: one of all results, and result.json of each run that was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qpatch.lab.campaign.results import TestedRun
from qpatch.lab.model import Observation, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qpatch.cells.key import CellKey
    from qpatch.lab.campaign.results import TestedResult


FORMAT_VERSION = 1


def document(results: Iterable[TestedResult]) -> dict[str, object]:
    """Return the JSON document of `test`: every run, and the cells' results as `result_from_json` reads them back."""
    results = list(results)
    return {
        "version": FORMAT_VERSION,
        "results": [run for result in results for run in _runs(result)],
        "cells": [result.as_json() for result in results],
    }


def run_document(key: CellKey, run: TestedRun) -> dict[str, Any]:
    """Return a run as `test --json` prints it (DESIGN: command line), with its reason, the peer and its files."""
    return {**_identity(key), **run.model_dump(mode="json")}


def _runs(result: TestedResult) -> list[dict[str, Any]]:
    if result.runs:
        return [run_document(result.key, run) for run in result.runs]
    nothing = TestedRun(run=0, observation=Observation(Verdict.NOT_APPLICABLE, result.reason), wall_s=0.0)
    error = {"error": result.error.model_dump(mode="json")} if result.error else {}
    return [{**run_document(result.key, nothing), "verdict": result.status, **error}]


def _identity(key: CellKey) -> dict[str, object]:
    return {
        "strategy": key.strategy,
        "tree": key.tree,
        "lab": key.lab,
        "machine": key.machine,
        "scenario": key.scenario,
        "profile": key.profile,
        "peer": key.peer,
    }
