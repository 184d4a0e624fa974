# SPDX-License-Identifier: GPL-2.0-or-later
"""Merging a run's events, and the file that keeps them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lab_timeline_support import BEGIN, MS, library_line, migration, wall
from lab_vm_support import artifacts

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.timeline import FILE_NAME, merge, save_timeline
from qpatch.lab.plan import RunRecord
from qpatch.lab.preload.lab import PreparedPreloadLab

if TYPE_CHECKING:
    from pathlib import Path


def event(milliseconds: int, actor: str, name: str) -> Event:
    return Event(BEGIN + milliseconds * MS, actor, EventSource.UAPI, name)


def test_events_of_all_streams_are_in_one_order() -> None:
    merged = merge([[event(1, "a", "1"), event(4, "a", "4")], [event(2, "b", "2"), event(3, "b", "3")], []])
    assert [one.name for one in merged] == ["1", "2", "3", "4"]


def test_the_order_within_a_stream_stays_even_if_its_times_go_back() -> None:
    merged = merge([[event(5, "a", "first"), event(2, "a", "second")], [event(3, "b", "other")]])
    assert [one.name for one in merged if one.actor == "a"] == ["first", "second"]


def test_a_record_becomes_a_timeline(tmp_path: Path) -> None:
    told = migration().events
    logs = {}
    for actor in ("qemu0", "qemu1"):
        logs[actor] = tmp_path / actor
        own = [one for one in told if one.actor == actor]
        logs[actor].write_text(
            "".join(f"{library_line(one) if one.origin is EventSource.UAPI else _traced(one)}\n" for one in own)
        )
    lab = [one for one in told if one.actor == "lab"]
    logs["qemu2"] = tmp_path / "never-written"
    record = RunRecord(tmp_path, tuple(reversed(lab)), logs, 1.0)
    timeline = PreparedPreloadLab(artifacts(tmp_path)).timeline(record)
    assert [(one.actor, one.name) for one in timeline] == [(one.actor, one.name) for one in told]
    assert [one.at // 1000 for one in timeline] == [one.at // 1000 for one in told]


def test_a_timeline_is_kept_with_an_event_on_each_line(tmp_path: Path) -> None:
    events = migration().events
    save_timeline(events, tmp_path / FILE_NAME)
    lines = [json.loads(line) for line in (tmp_path / FILE_NAME).read_text().splitlines()]
    assert [Event(**{**line, "origin": EventSource(line["origin"])}) for line in lines] == events


def _traced(one: Event) -> str:
    arguments = f"{one.fields['id']}, {one.fields['vmsd']}" if "id" in one.fields else f" ({one.device})"
    return f"{wall(one.at)} {one.name} {arguments}"
