# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws one migration of a run as SVG: a row for each party, what it did in the order in which it happened.

Time runs from left to right, with long waits cut short and events that nearly coincide kept apart: order is exact,
distance is not, and the axis says which moment is where. No label lies on another.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from qpatch.lab.model import Verdict
from qpatch.lab.observer.picture_content import PictureContent, StateBar, milliseconds, picture_content
from qpatch.lab.observer.picture_marks import EventMark, Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from jinja2 import Template

    from qpatch.cells.key import CellKey
    from qpatch.lab.model import Event, Observation

LABEL_SIZE = 12  # pixels; so is all that follows
LETTER = 0.6  # how wide a letter is at most on average, in parts of its size
_LINE = 16
_LEFT = 150
_RIGHT = 24
_PLOT = 900
_NARROWEST, _WIDEST = 14.0, 110.0  # of the distance between two neighbouring moments
_BAR = 14
_ROW = 26  # of a lane's symbols
_LEGEND = (
    ("data", "device data"),
    ("config", "config space"),
    ("set_irqs", "SET_IRQS"),
    ("controller", "interrupt controller loaded"),
    ("raise", "interrupt raised"),
    ("take", "eventfd read by QEMU"),
    ("handle", "handled and acknowledged"),
    ("fence", "fence: all must have come"),
    ("check", "the guest checks its device"),
    ("error", "error"),
)


@dataclass(frozen=True)
class PlacedText:
    """A line of text whose lower left corner is at (x, y); `style` names its class in the template."""

    x: float
    y: float
    text: str
    style: str = "label"
    size: float = LABEL_SIZE

    @property
    def width(self) -> float:
        """How much room it needs at most."""
        return len(self.text) * self.size * LETTER


@dataclass(frozen=True)
class Placed:
    """A mark at its place; `width` is how far it extends to the right, `label` its words with the line to them."""

    mark: EventMark
    x: float
    y: float
    width: float
    label: PlacedText


@dataclass
class Row:
    """A lane's place: its `top`, the line of its symbols, and its bars."""

    lane: Lane
    title: str
    top: float
    line: float
    bottom: float
    placed: list[Placed] = field(default_factory=list)
    bars: list[tuple[StateBar, float, float, float]] = field(default_factory=list)
    devices: list[PlacedText] = field(default_factory=list)


class Scale:
    """From moments to places: distances grow with time, within limits."""

    def __init__(self, moments: Iterable[int]) -> None:
        self._moments = sorted(set(moments))
        gaps = [later - earlier for earlier, later in zip(self._moments, self._moments[1:], strict=False)]
        stretch = _stretch(gaps)
        self._places = [float(_LEFT)]
        self.cuts: list[tuple[float, int]] = []
        for gap in gaps:
            wanted = gap * stretch
            width = min(max(wanted, _NARROWEST), _WIDEST)
            if wanted > _WIDEST * 1.5:
                self.cuts.append((self._places[-1] + width / 2, gap))
            self._places.append(self._places[-1] + width)

    @property
    def end(self) -> float:
        """The place of the last moment."""
        return self._places[-1]

    def place(self, moment: int) -> float:
        """Return where `moment`, one of those given, is."""
        return self._places[self._moments.index(moment)]

    def ticks(self, begin: int) -> list[PlacedText]:
        """Return the times to write below the axis, counted from `begin`, as many as have room."""
        texts: list[PlacedText] = []
        for moment, place in zip(self._moments, self._places, strict=True):
            text = PlacedText(place, 0, f"{(moment - begin) / 1e6:.1f}", "tick", 11)
            if not texts or place > texts[-1].x + texts[-1].width + 6:
                texts.append(text)
        return texts


def save_picture(timeline: Sequence[Event], observation: Observation, file: Path, key: CellKey | None = None) -> None:
    """Write the picture of a run of the cell `key` to `file`."""
    file.write_text(picture(timeline, observation, key), encoding="utf-8")


def picture(timeline: Sequence[Event], observation: Observation, key: CellKey | None = None) -> str:
    """Return the picture of a run as SVG; without a migration in it, only what the observation says."""
    shown = picture_content(timeline)
    name = " / ".join((key.strategy, key.tree, key.machine, key.profile, key.scenario)) if key else "a run"
    title = f"{name}: {observation.verdict}"
    body: dict[str, Any] = _drawn(shown) if shown else {"rows": [], "bottom": 120.0, "right": float(_LEFT + _PLOT)}
    lost = shown.notes if shown else ()
    notes = lost if lost and observation.verdict is Verdict.LOST else (observation.reason, *lost)
    return _template().render(
        title=title,
        legend=_legend(body["bottom"] + 34) if shown else [],
        head=_head(title, shown, observation),
        letter=LETTER,
        **_with_notes(body, notes, is_green=observation.verdict.is_green, legend=bool(shown)),
    )


def _drawn(shown: PictureContent) -> dict[str, Any]:
    """Return places for all that `shown` has."""
    scale = Scale(_moments(shown))
    rows: list[Row] = []
    top = 96.0
    for lane in Lane:
        row = _row(shown, lane, scale, top)
        rows.append(row)
        top = row.bottom + 10
    lines = {row.lane: row.line for row in rows}
    paths = [([(scale.place(at), lines[lane]) for lane, at in path.stops], path.bad) for path in shown.paths]
    right = max([scale.end, *(one.label.x + one.label.width for row in rows for one in row.placed)]) + _RIGHT
    ticks = [PlacedText(tick.x, top + 18, tick.text, tick.style, tick.size) for tick in scale.ticks(shown.begin)]
    cuts = [
        (place, top, PlacedText(place - len(text) * 11 * LETTER / 2, top + 34, text, "cut", 11))
        for place, gap in scale.cuts
        for text in [milliseconds(gap)]
    ]
    return {
        "rows": rows,
        "paths": paths,
        "ticks": ticks,
        "cuts": cuts,
        "axis": top,
        "left": float(_LEFT),
        "end": scale.end,
        "unit": PlacedText(16, top + 18, "ms", "tick", 11),
        "right": right,
        "bottom": top + 40,
        "downtime": [scale.place(at) for at in shown.downtime] if shown.downtime else None,
    }


def _moments(shown: PictureContent) -> list[int]:
    moments = [shown.begin, shown.end, *(shown.downtime or ())]
    moments += [at for mark in shown.marks for at in (mark.begin, mark.end)]
    moments += [at for bar in shown.bars for at in (bar.begin, bar.end)]
    return moments + [at for path in shown.paths for _, at in path.stops]


def _row(shown: PictureContent, lane: Lane, scale: Scale, top: float) -> Row:
    """Return the lane's row: its labels above its symbols, below them a bar for each device."""
    marks = [mark for mark in shown.marks if mark.lane is lane]
    places = [scale.place(mark.begin) for mark in marks]
    levels = _levels(
        [(place, len(mark.label) * LABEL_SIZE * LETTER) for place, mark in zip(places, marks, strict=True)]
    )
    line = top + (max(levels, default=0) + 1) * _LINE + 10
    devices = sorted({bar.device for bar in shown.bars if bar.lane is lane})
    actor = {Lane.SOURCE: shown.source, Lane.DESTINATION: shown.destination}.get(lane, "")
    row = Row(lane, f"{lane} {actor}".strip(), top, line, line + _ROW / 2 + len(devices) * (_BAR + 4))
    for mark, place, level in zip(marks, places, levels, strict=True):
        label = PlacedText(place + 3, line - 14 - level * _LINE, mark.label, "bad" if mark.bad else "label")
        row.placed.append(Placed(mark, place, line, scale.place(mark.end) - place, label))
    heights = {device: line + _ROW / 2 + number * (_BAR + 4) for number, device in enumerate(devices)}
    row.devices = [PlacedText(100, height + 11, device, "state", 10) for device, height in heights.items()]
    row.bars = [
        (bar, scale.place(bar.begin), scale.place(bar.end), heights[bar.device])
        for bar in shown.bars
        if bar.lane is lane
    ]
    return row


def _levels(labels: Sequence[tuple[float, float]]) -> list[int]:
    """Return a height for each label, given as place and width, from left to right.

    A label lies higher than all that begin below it, so that neither their words nor the lines to them cross it.
    """
    levels = [0] * len(labels)
    for number in reversed(range(len(labels))):
        place, width = labels[number]
        under = [levels[other] for other in range(number + 1, len(labels)) if labels[other][0] < place + width + 8]
        levels[number] = max(under, default=-1) + 1
    return levels


def _stretch(gaps: Sequence[int]) -> float:
    """Return how many pixels a nanosecond has, so that all gaps within their limits fill the plot."""
    low, high = 0.0, _WIDEST / max(1, min(gaps, default=1))
    for _ in range(60):
        middle = (low + high) / 2
        filled = sum(min(max(gap * middle, _NARROWEST), _WIDEST) for gap in gaps)
        low, high = (middle, high) if filled < _PLOT else (low, middle)
    return low


def _head(title: str, shown: PictureContent | None, observation: Observation) -> list[PlacedText]:
    which = f"Migration {shown.number} of {shown.of}. " if shown and shown.of > 1 else ""
    order = f"On the destination: {', '.join(observation.order)}. " if observation.order else ""
    down = ""
    if shown and shown.downtime:
        own = f"; QEMU counts {shown.qemu_downtime_ms} ms" if shown.qemu_downtime_ms is not None else ""
        down = f"No device runs for {milliseconds(shown.downtime[1] - shown.downtime[0])} (shaded{own}). "
    return [
        PlacedText(16, 30, title, "title", 17),
        *([PlacedText(16, 52, said, "sub")] if (said := f"{which}{order}{down}".strip()) else []),
        PlacedText(16, 70 if said else 52, "Emulated, no KVM: order is telling, durations are not.", "sub"),
    ]


def _legend(top: float) -> list[tuple[str, PlacedText]]:
    entries: list[tuple[str, PlacedText]] = []
    x, y = 30.0, top
    for what, text in _LEGEND:
        entry = PlacedText(x + 14, y, text, "sub")
        if entry.x + entry.width > _LEFT + _PLOT:
            x, y = 30.0, y + 20
            entry = PlacedText(x + 14, y, text, "sub")
        entries.append((what, entry))
        x = entry.x + entry.width + 26
    return entries


def _with_notes(body: dict[str, Any], notes: Sequence[str], *, is_green: bool, legend: bool) -> dict[str, Any]:
    """Add the sentences below all else, wrapped, and what they make of the picture's size."""
    top = body["bottom"] + (84 if legend else -14)
    lines = [line for note in notes for line in textwrap.wrap(note, int((_PLOT + _LEFT) / (LABEL_SIZE * LETTER)))]
    texts = [
        PlacedText(16, top + number * 18, line, "note" if is_green else "bad") for number, line in enumerate(lines)
    ]
    return {
        **body,
        "notes": texts,
        "height": top + len(texts) * 18 + 12,
        "width": max(body["right"], float(_LEFT + _PLOT + _RIGHT)),
    }


@cache
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined  # only here: drawing is not for every start of qpatch

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(resources.files(__package__).joinpath("timeline.svg.j2").read_text(encoding="utf-8"))
