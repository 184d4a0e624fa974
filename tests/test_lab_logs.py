# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a process's log: the library's lines, trace events of four releases, messages, all in their true order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lab_timeline_support import BEGIN, MS, REAL, library_line, threaded, wall

from qpatch.lab.model import Event, EventSource
from qpatch.lab.observer.logs import is_harmless
from qpatch.lab.preload.log import parse_log, read_log

if TYPE_CHECKING:
    from pathlib import Path


def at(milliseconds: float) -> int:
    return BEGIN + int(milliseconds * MS)


def library(number: int, milliseconds: float, name: str = "reset", **fields: object) -> str:
    return library_line(Event(at(milliseconds), "qemu0", EventSource.UAPI, name, "dev0", {"n": number, **fields}))


START = library(0, 0, "start", mono_ns=BEGIN, real_ns=REAL, pid=7)


def test_a_line_of_the_library_becomes_an_event() -> None:
    (event,) = parse_log([library(0, 3, "set-irqs", index="msix", count=8)], "qemu1")
    assert event == Event(at(3), "qemu1", EventSource.UAPI, "set-irqs", "dev0", {"n": 0, "index": "msix", "count": 8})


@pytest.mark.parametrize("stamp", [threaded(at(5)) + ":", wall(at(5)) + " "], ids=["until 10.0", "from 10.1 on"])
def test_trace_events_of_all_releases_are_read(stamp: str) -> None:
    _, event = parse_log([START, f"{stamp}vmstate_load arm_gicv3, arm_gicv3_common"], "qemu1")
    assert (event.origin, event.name, event.at) == (EventSource.TRACE, "vmstate_load", at(5))
    assert event.fields["id"] == "arm_gicv3"
    assert event.fields["vmsd"] == "arm_gicv3_common"


@pytest.mark.parametrize(
    "line",
    [
        "vfio_migration_set_state  (dev1) state 4",
        "vfio_migration_set_state  (dev1) new state STOP_COPY, recover state ERROR",
    ],
)
def test_a_trace_event_of_vfio_names_its_device(line: str) -> None:
    _, event = parse_log([START, f"{wall(at(1))} {line}"], "qemu0")
    assert event.device == "dev1"
    assert event.fields["state"] in (4, "STOP_COPY")


def test_a_config_write_has_numbers() -> None:
    _, event = parse_log([START, f"{wall(at(1))} vfio_pci_write_config  (dev0, @0x4, 0x506, len=0x2)"], "qemu0")
    assert event.device == "dev0"
    assert (event.fields["offset"], event.fields["value"], event.fields["size"]) == (4, 0x506, 2)


def test_a_trace_event_without_arguments_is_one() -> None:
    _, event = parse_log([START, f"{threaded(at(1))}:loadvm_state_setup "], "qemu0")
    assert (event.origin, event.name) == (EventSource.TRACE, "loadvm_state_setup")


def test_a_trace_event_with_two_lines_is_one_event() -> None:
    _, event = parse_log(
        [
            START,
            f"{threaded(at(1))}:vfio_populate_device_config Device dev0 config:",
            "  size: 0x100, offset: 0x70000000000, flags: 0x3",
        ],
        "qemu0",
    )
    assert "size: 0x100" in event.fields["text"]


def test_messages_have_their_severity() -> None:
    events = parse_log(
        [
            START,
            f"{wall(at(1))} qemu-system-aarch64: load of migration failed: Invalid argument",
            f"{wall(at(2))} qemu-system-aarch64: warning: no such thing",
        ],
        "qemu1",
    )[1:]
    assert [(event.origin, event.name, event.fields["text"]) for event in events] == [
        (EventSource.MESSAGE, "error", "load of migration failed: Invalid argument"),
        (EventSource.MESSAGE, "warning", "no such thing"),
    ]
    assert [event.at for event in events] == [at(1), at(2)]


TIME = f"{wall(at(1))} "
PROGRAM = "qemu-system-aarch64: "


@pytest.mark.parametrize("severity", ["error", "warning", "info"])
@pytest.mark.parametrize(
    "location",
    ["", "-trace x: ", "--trace y: ", "-S: ", "-device vfio-pci,id=dev0: ", "-object a:b,c=d: ", "lab.cfg:12: "],
)
@pytest.mark.parametrize("before", [TIME + PROGRAM, PROGRAM, "", f"{TIME}web {PROGRAM}", f"{TIME}my web {PROGRAM}"])
def test_the_severity_of_a_message_stands_behind_all_that_qemu_puts_before_it(
    before: str, location: str, severity: str
) -> None:
    prefix = "" if severity == "error" else f"{severity}: "
    _, event = parse_log([START, f"{before}{location}{prefix}dev0: no such thing: ENOENT"], "qemu1")
    assert (event.origin, event.name) == (EventSource.MESSAGE, severity)
    assert event.fields["text"] == (location if severity == "error" else "") + "dev0: no such thing: ENOENT"


@pytest.mark.parametrize(
    "text",
    [
        "dev0: a warning: it cannot be read",
        "load of migration failed: warning: it is over",
        "-device vfio-pci: vfio dev0: no information: none",
    ],
)
def test_an_error_that_speaks_of_warnings_is_one(text: str) -> None:
    _, event = parse_log([START, TIME + PROGRAM + text], "qemu1")
    assert (event.name, event.fields["text"]) == ("error", text)


def test_a_program_of_another_name_is_known_by_the_time_before_it() -> None:
    _, event = parse_log([START, f"{TIME}kvm: -S: warning: it waits"], "qemu1")
    assert (event.name, event.fields["text"]) == ("warning", "it waits")


def test_messages_that_follow_each_other_are_no_hints() -> None:
    lines = [
        f"{TIME}{PROGRAM}cannot do this",
        "Try something else.",
        f"{PROGRAM}-S: warning: it waits",
        "info: it is up",
    ]
    assert [(event.name, event.fields["text"]) for event in parse_log([START, *lines], "qemu1")[1:]] == [
        ("error", "cannot do this\nTry something else."),
        ("warning", "it waits"),
        ("info", "it is up"),
    ]


def test_a_hint_belongs_to_the_message_before_it() -> None:
    events = parse_log([START, f"{wall(at(1))} qemu-system-x86_64: cannot do this", "Try something else."], "qemu0")
    assert [event.fields["text"] for event in events[1:]] == ["cannot do this\nTry something else."]


def test_a_message_without_a_time_takes_that_of_its_neighbour() -> None:
    # As QEMU prints it in the middle of a monitor command.
    events = parse_log([START, library(1, 4), "dev0: Failed to set device state", library(2, 5)], "qemu0")
    assert (events[2].name, events[2].at) == ("error", at(4))
    assert events[2].fields["text"] == "dev0: Failed to set device state"


def test_the_librarys_line_can_tear_one_of_qemus_apart() -> None:
    stamp = wall(at(2))
    events = parse_log([START, f"{stamp} {library(1, 2)}", library(2, 2.1), "vmstate_load apic, apic"], "qemu0")
    assert [event.name for event in events] == ["start", "reset", "reset", "vmstate_load"]
    assert events[-1].fields["id"] == "apic"


def test_a_message_that_a_trace_event_has_torn_is_read() -> None:
    *_, event = parse_log([START, f"{wall(at(2))} {wall(at(3))} vfio_load_cleanup  (dev0)"], "qemu0")
    assert (event.name, event.at) == ("vfio_load_cleanup", at(3))


def test_the_order_in_the_file_wins_over_the_wall_clock() -> None:
    lines = [
        START,
        library(1, 10),
        f"{wall(at(9.9))} vmstate_load apic, apic",
        f"{wall(at(10.4))} loadvm_state_cleanup ",
        f"{wall(at(10.2))} vfio_load_cleanup  (dev0)",
        f"{wall(at(12))} loadvm_state_setup ",
        library(2, 11),
    ]
    events = parse_log(lines, "qemu0")
    assert [event.at for event in events] == [at(0), at(10), at(10), at(10.4), at(10.4), at(11), at(11)]
    assert [event.name for event in events][1:3] == ["reset", "vmstate_load"]


def test_what_comes_before_the_librarys_first_line_is_not_after_it() -> None:
    first, _ = parse_log(["ld.so: object cannot be preloaded", START], "qemu0")
    assert first.at <= at(0)


def test_a_line_cut_short_is_told_and_does_no_harm() -> None:
    *_, last = parse_log([START, library(1, 2)[:30]], "qemu0")
    assert last.origin is EventSource.MESSAGE


def test_a_log_without_the_library_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"2026-11-23T05:18:21.619323Z qemu-system-aarch64: -device x: 'x' is not a valid device\n\xff\n")
    error, *_ = read_log(log, "qemu0")
    assert error.fields["text"].startswith("-device x: 'x' is not a valid device")


def test_a_whole_second_has_no_fraction() -> None:
    whole = wall(at(0)).replace(".000000", "")
    assert "." not in whole
    assert parse_log([START, f"{whole} vfio_load_cleanup  (dev0)"], "qemu0")[1].at == at(0)


def test_an_order_to_end_is_no_error() -> None:
    assert is_harmless("terminating on signal 15 from pid 1234 (python3)")
    assert not is_harmless("load of migration failed: Invalid argument")


def test_of_a_log_without_end_only_the_beginning_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = [START, *(library(number, number, "irq-raise", vector=0) for number in range(1, 1000))]
    log.write_text("\n".join(lines) + "\n")
    whole = read_log(log, "qemu1")
    *read, cut = read_log(log, "qemu1", bound=10_000)
    assert tuple(read[:-1]) == whole[: len(read) - 1]  # the last line may be cut
    assert 50 < len(read) < 500
    assert (cut.origin, cut.name, cut.at) == (EventSource.LAB, "log-cut", read[-1].at)
    assert cut.fields["most"] == "irq-raise"
    assert (cut.fields["bytes"], cut.fields["read"]) == (log.stat().st_size, 10_000)


def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as file:
        file.truncate(1 << 40)  # a hole: to read it whole would take for ever
    *_, cut = read_log(log, "qemu1", bound=1000)
    assert cut.fields["bytes"] == 1 << 40


def test_lines_are_split_as_before(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(f"{START}\n\nfirst\r\nsecond\x0bthird")
    assert [str(event.fields["text"]) for event in read_log(log, "qemu1")[1:]] == [
        str(event.fields["text"]) for event in parse_log(log.read_text().splitlines(), "qemu1")[1:]
    ]
