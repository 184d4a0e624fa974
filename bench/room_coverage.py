# SPDX-License-Identifier: GPL-2.0-or-later
"""Line and branch coverage of every room (a folder of qpatch), from the JSON report of `coverage json`.

    python -m bench.room_coverage coverage.json

Branches are counted on their own: coverage's own percentage mixes them with lines.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

_COUNTED = ("num_statements", "covered_lines", "num_branches", "covered_branches")


def by_room(report: dict[str, Any]) -> dict[str, Counter[str]]:
    """Add up the figures of the files of each folder; the first entry, `all`, has all of them."""
    rooms: dict[str, Counter[str]] = {"all": Counter()}
    for name, file in sorted(report["files"].items()):
        figures = {key: file["summary"][key] for key in _COUNTED}
        for room in ("all", PurePosixPath(name).parent.as_posix()):
            rooms.setdefault(room, Counter()).update(figures)
    return rooms


def table(rooms: dict[str, Counter[str]]) -> str:
    """Return one line for each room: its statements, and the percentages of lines and branches covered."""
    lines = [f"{'room':32}{'statements':>11}{'lines':>9}{'branches':>10}"]
    for room, figures in rooms.items():
        covered = _percent(figures["covered_lines"], figures["num_statements"])
        taken = _percent(figures["covered_branches"], figures["num_branches"])
        lines.append(f"{room:32}{figures['num_statements']:>11}{covered:>9}{taken:>10}")
    return "\n".join(lines)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


if __name__ == "__main__":
    print(table(by_room(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
