# SPDX-License-Identifier: GPL-2.0-or-later
"""What a driver says of its states in the kernel's log, as events on the timeline's clock."""

from __future__ import annotations

from typing import Any

from qpatch.lab.model import EventSource
from qpatch.lab.vm.devices import device_name, kernel_device
from qpatch.lab.vm.states import device_events

SOURCE, DESTINATION = device_name(0), device_name(1)
ACTORS = [(SOURCE, "qemu0"), (DESTINATION, "qemu1")]


def line(seconds: float, text: str, uuid: str = SOURCE) -> str:
    return f"[{seconds:12.6f}] vfio_mdev_mtty {uuid}: {text}\n"


def seen(log: str) -> list[tuple[str, str, Any, Any]]:
    return [
        (event.actor, event.name, event.fields["from"], event.fields["to"])
        for event in device_events(log, kernel_device("mtty"), ACTORS)
    ]


CLOCK = "[   10.000000] qpatch: clock 12000000000\n"


def test_each_request_is_an_event_of_its_qemu_at_its_time() -> None:
    log = (
        CLOCK
        + line(11, "mtty_set_state -> 6")
        + line(11.1, "mtty_step_state: 2 -> 6")
        + line(12, "mtty_set_state -> 4", DESTINATION)
        + line(12.1, "mtty_step_state: 2 -> 5", DESTINATION)
        + line(12.2, "mtty_step_state: 5 -> 1", DESTINATION)
        + line(12.3, "mtty_step_state: 1 -> 4", DESTINATION)
    )
    assert seen(log) == [("qemu0", "state", "running", "pre-copy"), ("qemu1", "state", "running", "resuming")]
    first, second = device_events(log, kernel_device("mtty"), ACTORS)
    assert (first.at, second.at) == (13_000_000_000, 14_000_000_000)
    assert (first.origin, first.device, first.fields["errno"]) == (EventSource.UAPI, "dev0", 0)


def test_a_state_that_was_not_reached_shows_in_the_next_request() -> None:
    log = CLOCK + line(11, "mtty_set_state -> 4") + line(11.1, "mtty_step_state: 2 -> 5")
    log += line(11.2, "mtty_step_state: 5 -> 1") + line(11.3, "mtty_step_state: 1 -> 4")
    assert seen(log) == [("qemu0", "state", "running", "resuming")]  # nothing shows that it was not
    after = line(12, "mtty_set_state -> 2") + line(12.1, "mtty_step_state: 1 -> 5")
    assert seen(log + after) == [
        ("qemu0", "state-refused", "running", "resuming"),
        ("qemu0", "state", "stop", "running"),
    ]


def test_a_request_without_a_step_found_the_state_that_it_wants() -> None:
    log = CLOCK + line(11, "mtty_set_state -> 4") + line(12, "mtty_set_state -> 2")
    assert seen(log) == [("qemu0", "state-refused", "running", "resuming"), ("qemu0", "state", "running", "running")]


def test_a_log_that_has_no_clock_tells_nothing() -> None:
    assert seen(line(11, "mtty_set_state -> 6")) == []


def test_the_projects_device_tells_all_that_it_does() -> None:
    def told(seconds: float, text: str, uuid: str = SOURCE) -> str:
        return f"[{seconds:12.6f}] qpatch {uuid}: {text}\n"

    log = (
        CLOCK
        + told(11, '{"event":"set-irqs","index":"msix","count":8,"errno":0}')
        + told(12, '{"event":"state","from":"running","to":"resuming","errno":-22}', DESTINATION)
        + told(13, '{"event":"data-read","phase":"pre-')  # cut short: the kernel died
        + told(14, "it says something else")
    )
    found = device_events(log, kernel_device("qpatch"), ACTORS)
    assert [(event.actor, event.name, dict(event.fields)) for event in found] == [
        ("qemu0", "set-irqs", {"index": "msix", "count": 8, "errno": 0}),
        ("qemu1", "state", {"from": "running", "to": "resuming", "errno": -22}),
    ]
    assert {event.device for event in found} == {"dev0"}
