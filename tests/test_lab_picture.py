# SPDX-License-Identifier: GPL-2.0-or-later
"""The picture of a run: well-formed, complete, and readable: no label on another, nothing outside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.parsers import expat

import pytest
from lab_support import cell_key
from lab_timeline_support import SAVE_STATE_5_2, TimelineBuilder, migration
from lab_verdict_support import lost

from qpatch.lab.observer.observe import observe
from qpatch.lab.observer.picture import LABEL_SIZE, LETTER, Scale, picture, save_picture
from qpatch.lab.observer.picture_content import picture_content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CELL = cell_key("save-state", "qemu-5.2", "virt-gicv2", "irq-eager", "once")
SIZES = {"title": 17, "tick": 11, "cut": 11, "state": 10}


@dataclass(frozen=True)
class Box:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def drawn(timeline: TimelineBuilder) -> str:
    return picture(timeline.events, observe(timeline.events), CELL)


def elements(svg: str) -> list[tuple[str, dict[str, str], list[str]]]:
    """The elements with their attributes and words, in order; raises an error where the XML is not well-formed."""
    found: list[tuple[str, dict[str, str], list[str]]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, attributes: found.append((name, attributes, []))
    parser.CharacterDataHandler = lambda words: found[-1][2].append(words)
    parser.Parse(svg, True)
    return found


def boxes(svg: str) -> list[Box]:
    """Where each text is, with letters as wide as the picture takes them to be."""
    found = []
    for name, attributes, parts in elements(svg):
        if name == "text":
            x, y = float(attributes["x"]), float(attributes["y"])
            size = SIZES.get(attributes["class"], LABEL_SIZE)
            words = "".join(parts).rstrip("\n")
            found.append(Box(words, x, y - size * 0.8, x + len(words) * size * LETTER, y + size * 0.2))
    return found


def busy() -> TimelineBuilder:
    """Many things at nearly the same time, in every lane."""
    timeline = TimelineBuilder(step=700)
    timeline.prepare()
    timeline.begin()
    for vector in range(12):
        timeline.raised("qemu0", vector)
        timeline.consumed("qemu0", vector)
        timeline.set_irqs("qemu0")
        timeline.acked("qemu0", vector)
        timeline.uapi("qemu0", "config-write", offset=4, size=2, value=6, state="pre-copy", errno=0)
    timeline.message("qemu1", "a message that is much longer than what a label in a picture could show to anybody")
    timeline.stop(pause=300)
    timeline.load(("data", "arm_gicv3", "arm_gicv3_its", "config", "set-irqs", "apic", "ioapic", "i8259"), eager=True)
    timeline.run(acknowledge=True)
    timeline.acked("qemu1", spurious=True)
    timeline.migrated()
    timeline.verify()
    timeline.end()
    return timeline


def failed() -> TimelineBuilder:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.stop()
    timeline.uapi("qemu1", "refuse", operation="data-write", reason="irqs", errno=22)
    timeline.write("qemu1", errno=22)
    timeline.give_up()
    timeline.verify("qemu0")
    return timeline


def two_devices() -> TimelineBuilder:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.state("qemu1", "resuming", "dev1")
    timeline.stop()
    timeline.state("qemu0", "stop-copy", "dev1")
    timeline.load()
    timeline.run()
    timeline.state("qemu1", "running", "dev1")
    timeline.migrated()
    timeline.verify()
    return timeline


EXAMPLES: list[Callable[[], TimelineBuilder]] = [
    lost,
    busy,
    failed,
    two_devices,
    lambda: migration(SAVE_STATE_5_2, eager=True),
]


@pytest.mark.parametrize("history", EXAMPLES)
def test_no_text_lies_on_another_or_outside(history: Callable[[], TimelineBuilder]) -> None:
    svg = drawn(history())
    width, height = (float(elements(svg)[0][1][name]) for name in ("width", "height"))
    found = boxes(svg)
    assert len(found) > 20
    for number, box in enumerate(found):
        assert box.left >= 0, box
        assert box.bottom <= height, box
        assert box.right <= width, box
        assert not [other for other in found[number + 1 :] if box.meets(other)], box


def test_the_measure_of_overlap_is_no_empty_one() -> None:
    assert Box("a", 0, 0, 10, 10).meets(Box("b", 9, 9, 20, 20))
    assert not Box("a", 0, 0, 10, 10).meets(Box("b", 10, 0, 20, 10))


@pytest.mark.parametrize("history", EXAMPLES)
def test_a_picture_is_plain(history: Callable[[], TimelineBuilder]) -> None:
    svg = drawn(history())
    assert "<script" not in svg
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert "prefers-color-scheme: dark" in svg
    assert "var(" not in svg  # many programs that draw SVG know no variables


def texts(svg: str) -> Iterator[str]:
    return (box.text for box in boxes(svg))


def test_the_title_is_the_cell_with_the_verdict_and_says_what_durations_are() -> None:
    told = list(texts(drawn(lost())))
    assert told[0] == "save-state / qemu-5.2 / virt-gicv2 / irq-eager / once: lost"
    assert any("Emulated, no KVM" in text for text in told)
    assert any("On the destination: data, config, set_irqs, data, arm_gic." in text for text in told)


def test_a_lost_interrupt_is_red_with_its_reason() -> None:
    svg = drawn(lost())
    assert "interrupt 2 of dev0's vector 0 was lost: QEMU took vector 0's eventfd 2.0 ms before arm_gic was loaded" in (
        texts(svg)
    )
    assert re.search(r'class="bad">raises vector 0: lost<', svg)
    assert 'class="path lost"' in svg
    good = drawn(migration(SAVE_STATE_5_2, eager=True))
    assert 'class="path lost"' not in good
    assert 'class="bad"' not in good


def test_all_that_matters_is_marked() -> None:
    told = set(texts(drawn(migration(SAVE_STATE_5_2, eager=True))))
    assert {
        "config",
        "SET_IRQS",
        "arm_gic",
        "raises vector 0",
        "takes vector 0",
        "handles vector 0",
        "fence",
        "migration completed",
        "pre-copy data 4 KiB",
        "stop-copy data 8 KiB",
        "source qemu0",
        "destination qemu1",
        "device",
        "guest",
    } <= told


def test_a_refusal_shows_who_said_what() -> None:
    told = set(texts(drawn(failed())))
    assert {"refuses data: EINVAL", "load of migration failed: Input/output error", "migration failed"} <= told


def test_things_of_a_kind_are_one_mark() -> None:
    shown = picture_content(busy().events)
    assert shown is not None
    labels = [mark.label for mark in shown.marks]
    assert "raises vectors 0 to 11" in labels
    assert "handles vectors 0 to 11" in labels


def test_a_thousand_lost_interrupts_make_no_picture_that_nobody_can_read() -> None:
    timeline = lost()
    last = next(place for place, event in enumerate(timeline.events) if event.name == "migrated")
    history = TimelineBuilder(
        events=timeline.events[: last + 1], now=timeline.events[last].at, numbers=timeline.numbers
    )
    for vector in range(1000):
        history.raised("qemu1", vector)
    history.fence("qemu1")
    svg = drawn(history)
    assert float(elements(svg)[0][1]["width"]) < 3000
    assert any(text.startswith("raises vectors 0 to 999: lost") for text in texts(svg))
    assert "and 997 more were lost" in texts(svg)


def test_several_devices_are_told_apart() -> None:
    timeline = two_devices()
    timeline.begin("qemu1", "qemu2")
    for device in ("dev0", "dev1"):
        timeline.config("qemu2", device)
    told = set(texts(drawn(timeline)))
    assert {"dev0 config", "dev1 config"} <= told


def test_the_migration_that_lost_an_interrupt_is_the_one_shown() -> None:
    timeline = lost()
    timeline.begin("qemu1", "qemu2")
    timeline.stop("qemu1")
    timeline.load(destination="qemu2")
    timeline.run("qemu2")
    timeline.migrated(source="qemu1", destination="qemu2")
    timeline.verify("qemu2")
    shown = picture_content(timeline.events)
    assert shown is not None
    assert (shown.number, shown.of, shown.destination) == (1, 2, "qemu1")
    assert "Migration 1 of 2" in drawn(timeline)


def test_without_a_loss_the_last_migration_is_shown() -> None:
    timeline = migration()
    timeline.begin("qemu1", "qemu2", expect="failed")
    timeline.give_up("qemu1", "qemu2")
    shown = picture_content(timeline.events)
    assert shown is not None
    assert shown.number == 2


def test_a_run_without_a_migration_has_a_picture_of_words() -> None:
    svg = picture((), observe((), "waited 30 s for QEMU & <others>"), CELL)
    assert "waited 30 s for QEMU & <others>" in texts(svg)


def test_a_picture_is_written(tmp_path: Path) -> None:
    events = lost().events
    save_picture(events, observe(events), tmp_path / "timeline.svg")
    assert (tmp_path / "timeline.svg").read_text().startswith("<svg")


def test_long_waits_are_cut_and_near_moments_kept_apart() -> None:
    scale = Scale([0, 1, 2, 500_000_000, 500_000_001])
    places = [scale.place(moment) for moment in (0, 1, 2, 500_000_000, 500_000_001)]
    assert [gap for _, gap in scale.cuts] == [499_999_998]
    assert all(later - earlier >= 14 for earlier, later in pairwise(places))
    assert places[3] - places[2] <= 110


def test_the_time_of_a_tick_is_counted_from_the_migrations_begin() -> None:
    ticks = Scale([5_000_000, 9_000_000]).ticks(5_000_000)
    assert [tick.text for tick in ticks] == ["0.0", "4.0"]


def test_lines_pass_behind_words_and_states() -> None:
    svg = drawn(lost())
    path, first_bar = svg.index('class="path lost"'), svg.index('class="s-')
    behind = re.search(r'height="14" class="band"', svg)
    assert behind is not None
    assert path < behind.start() < svg.index('class="still"/>') < first_bar < svg.index("raises vector 0: lost<")
    labels = re.findall(r'class="(?:label|bad)">', svg[first_bar:])
    assert len(re.findall(r'height="14" class="band"', svg)) == len(labels) - 1  # one is a sentence below


def test_every_state_has_a_colour_of_its_own() -> None:
    svg = drawn(lost())
    light, dark = svg.split("@media")
    for style in (light, dark.partition("</style>")[0]):
        colours = dict(re.findall(r"\.s-([\w-]+) \{ fill: (#\w+);", style))
        assert {"stop", "stop-copy", "running", "running-p2p", "pre-copy", "pre-copy-p2p", "resuming"} <= set(colours)
        assert len(set(colours.values())) == len(colours)


def test_the_reason_of_a_verdict_comes_before_what_else_was_lost() -> None:
    timeline = lost()
    timeline.verify("qemu1", state="wrong")
    (reason, *_) = [text for text in texts(drawn(timeline)) if text.startswith(("dev0 on qemu1", "interrupt 2"))]
    assert reason == "dev0 on qemu1: its state is wrong"
