# SPDX-License-Identifier: GPL-2.0-or-later
"""The table fault x verdict, for a terminal and for docs/lab-truth.md."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bench.faults.judging import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.faults.judging import Judgement
    from bench.faults.running import Outcome

USUAL = "virt-gicv3-its/"  # left out
BEGIN, END = "<!-- table of faults: begin -->", "<!-- table of faults: end -->"


def summary(judgements: Sequence[Judgement]) -> str:
    """Return one line with the numbers."""
    number = Counter(judgement.standing for judgement in judgements)
    parts = ", ".join(f"{number[standing]} {standing}" for standing in Standing if number[standing])
    return f"{len(judgements)} faults: {parts}"


def table(judgements: Sequence[Judgement]) -> str:
    """Return one line for each fault."""
    return "\n".join(
        f"{judgement.standing:10}  {judgement.fault.name:32}  {judgement.words:24}  "
        f"expected {', '.join(judgement.fault.entry.words)}"
        for judgement in judgements
    )


def details(judgement: Judgement, outcome: Outcome) -> str:
    """Return what each cell said of a fault, with the reason."""
    lines = [f"{judgement.fault.name}: {judgement.fault.entry.what}"]
    for cell, runs in outcome.shown[judgement.fault.name].items():
        lines += [
            f"    {cell}: {run.verdict} ({run.seconds:.1f} s): {run.reason.partition(chr(10))[0][:200]}" for run in runs
        ]
    return "\n".join(lines)


def markdown(judgements: Sequence[Judgement]) -> str:
    """Return the table as docs/lab-truth.md has it."""
    number = Counter(judgement.standing for judgement in judgements)
    lines = [
        f"Of {len(judgements)} faults on QEMU 10.2, {number[Standing.SEEN]} are seen.",
        "",
        "| fault | where | kind | what it does | right words | seen as | in |",
        "|---|---|---|---|---|---|---|",
    ]
    for judgement in judgements:
        fault = judgement.fault
        cells = ", ".join(f"`{str(cell).removeprefix(USUAL)}`" for cell in judgement.right) or "-"
        lines.append(
            f"| `{fault.name}` | {fault.place} | {fault.entry.kind} | {fault.entry.what} | "
            f"{', '.join(fault.entry.words)} | {_seen_as(judgement)} | {cells} |"
        )
    return "\n".join(lines)


def replaced_table(text: str, new: str) -> str:
    """Return the document `text` with the table between its marks replaced. Raises ValueError where it has no marks."""
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError("the document has no marks for the table")
    return f"{before}{BEGIN}\n{new}\n{END}{after}"


def _seen_as(judgement: Judgement) -> str:
    if judgement.standing is Standing.SEEN:
        return judgement.words
    if judgement.standing is Standing.WRONG:
        wrong = ", ".join(sorted({str(verdict) for verdict in judgement.wrong.values()}))
        return f"**wrong**: {wrong}"
    return f"**{judgement.standing}**"
