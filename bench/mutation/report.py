# SPDX-License-Identifier: GPL-2.0-or-later
"""What mutation testing found: as a JSON document, and as a table with the survivors for people."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from bench.mutation.mutants import mutants_by_place
from bench.mutation.trials import TrialStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.mutation.settings import Settings
    from bench.mutation.trials import Trial

    Identity = tuple[str, str, str, str]

_EQUIVALENT = "equivalent"


def document(trials: Sequence[Trial], equivalents: Mapping[Identity, str], settings: Settings) -> dict[str, Any]:
    """Return all results; `score` is the percentage killed, or made to hang, of those that are not equivalent."""
    results = [_result(trial, equivalents) for trial in trials]
    rooms = dict.fromkeys(trial.room for trial in trials)
    by_room = {room: _counts([one for one in results if one["room"] == room]) for room in rooms}
    return {
        "version": 1,
        "seed": settings.seed,
        "sample": settings.sample,
        "all": _counts(results),
        "rooms": by_room,
        "mutants": results,
    }


def survivors_in(content: Mapping[str, Any]) -> set[Identity]:
    """Return the identities of the mutants that survived according to a document."""
    return {
        (one["file"], one["in"], one["line"], one["mutant"])
        for one in content["mutants"]
        if one["status"] == TrialStatus.SURVIVED
    }


def stale(equivalents: Iterable[Identity], settings: Settings) -> list[Identity]:
    """Return those of `equivalents` that are mutants no more."""
    known = {
        mutant.identity
        for room in settings.rooms
        for file, source in room.sources(settings.root).items()
        for place in mutants_by_place(file, source)
        for mutant in place
    }
    return [identity for identity in equivalents if identity not in known]


def table(content: Mapping[str, Any], unknown: Iterable[Identity]) -> str:
    """Return the counts of each room, then each survivor as a diff of one line, then entries that name no mutant."""
    columns = ("mutants", *(status.value for status in TrialStatus), _EQUIVALENT, "score")
    counts = {**content["rooms"], "all": content["all"]}
    rows = [
        ("", *columns),
        *((name, *(str(of_room[column]) for column in columns)) for name, of_room in counts.items()),
    ]
    lines = ["", *("".join([f"{row[0]:20}", *(f"{cell:>11}" for cell in row[1:])]) for row in rows), ""]
    for one in content["mutants"]:
        if one["status"] == TrialStatus.SURVIVED:
            lines += [f"{one['file']}:{one['number']} in {one['in'] or 'the module'}: {one['covering']} tests run this"]
            lines += [f"  -{one['line']}", f"  +{one['mutant']}"]
    lines += [f"no such mutant, listed as equivalent: {', '.join(identity)}" for identity in unknown]
    return "\n".join(lines)


def _result(trial: Trial, equivalents: Mapping[Identity, str]) -> dict[str, Any]:
    file, function, line, mutated = trial.mutant.identity
    why = equivalents.get(trial.mutant.identity, "") if trial.status is TrialStatus.SURVIVED else ""
    return {
        "room": trial.room,
        "file": file,
        "number": trial.mutant.line,
        "in": function,
        "line": line,
        "mutant": mutated,
        "status": _EQUIVALENT if why else trial.status.value,
        "why": why,
        "killer": trial.killer,
        "covering": trial.covering,
    }


def _counts(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    counted = Counter(one["status"] for one in results)
    meant = len(results) - counted[_EQUIVALENT]
    score = round(100 * (meant - counted[TrialStatus.SURVIVED]) / meant, 1) if meant else 100.0
    return {"mutants": len(results), **{name: counted[name] for name in (*TrialStatus, _EQUIVALENT)}, "score": score}
