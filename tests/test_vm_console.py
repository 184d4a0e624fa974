# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel's log, read: how it ended, which lines say so, and during which piece of work they were printed."""

from __future__ import annotations

import pytest

from qpatch.lab.vm.console import End, pieces, read_console

BOOTED = "[    0.000000] Linux version 6.12.95\n[    5.100000][    T1] Run /init as init process\n"
DONE = "[    9.000000] qpatch: done\n[    9.100000] reboot: Power down\n"
OOPS = """\
[    7.1] mtty mtty: MDEV: Registered
[    7.274431] BUG: kernel NULL pointer dereference, address: 0000000000000018
[    7.275000] #PF: supervisor read access in kernel mode
[    7.276000] Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI
[    7.277000] RIP: 0010:mtty_load_state+0x2c/0x110 [mtty]
[    7.278000] ---[ end trace 0000000000000000 ]---
[    7.279000] Kernel panic - not syncing: Fatal exception
[    7.280000] Rebooting in 1 seconds..
"""
DEADLOCK = """\
[    7.2] WARNING: possible circular locking dependency detected
[    7.3] 6.12.95 #1 Tainted: G           OE
"""


def test_a_kernel_that_was_switched_off_has_finished() -> None:
    end = read_console(BOOTED + DONE)
    assert (end.end, end.lines, end.complete) == (End.FINISHED, (), True)


def test_an_oops_is_one_although_a_panic_follows_and_its_lines_are_quoted() -> None:
    end = read_console(BOOTED + OOPS)
    assert end.end is End.OOPSED
    assert end.lines[0] == "BUG: kernel NULL pointer dereference, address: 0000000000000018"
    assert end.lines[-1] == "---[ end trace 0000000000000000 ]---"
    assert "RIP: 0010:mtty_load_state+0x2c/0x110 [mtty]" in end.lines
    assert not end.complete
    assert end.summary == "oopsed: BUG: kernel NULL pointer dereference, address: 0000000000000018"


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)", End.PANICKED),
        ("Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100", End.PANICKED),
        ("Kernel panic - not syncing: hung_task: blocked tasks", End.HUNG),
        ("INFO: task vfio_test:71 blocked for more than 60 seconds.", End.HUNG),
        ("watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [sh:71]", End.HUNG),
        ("kernel BUG at drivers/vfio/vfio_main.c:12!", End.OOPSED),
        ("Oops: general protection fault, probably for non-canonical address 0xdead", End.OOPSED),
        ("BUG: KASAN: slab-use-after-free in mtty_release+0x1/0x2", End.OOPSED),
        ("BUG kmalloc-64 (Tainted: G           OE     ): Poison overwritten", End.OOPSED),
        ("UBSAN: array-index-out-of-bounds in drivers/vfio/vfio_main.c:1", End.OOPSED),
    ],
)
def test_what_ends_a_kernel(line: str, end: End) -> None:
    assert (read_console(f"{BOOTED}[    7.0] {line}\n").end) is end
    seen = read_console(f"{BOOTED}[    7.0] {line}\n{DONE}")  # it went on, all the same
    assert (seen.end, seen.lines[0], seen.complete) == (end, line, True)


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("WARNING: possible circular locking dependency detected", End.SPLAT),
        ("BUG: sleeping function called from invalid context at kernel/locking/mutex.c:1", End.SPLAT),
        ("WARNING: suspicious RCU usage", End.SPLAT),
        ("WARNING: CPU: 0 PID: 70 at drivers/vfio/vfio_main.c:1 vfio_x+0x1/0x2 [vfio]", End.WARNED),
        ("WARNING: drivers/vfio/vfio_main.c:1 at vfio_x+0x1/0x2 [vfio], CPU#0: sh/70", End.WARNED),
        ("kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)", End.WARNED),
    ],
)
def test_what_a_kernel_complains_of_and_goes_on(line: str, end: End) -> None:
    seen = read_console(f"{BOOTED}[    7.0] {line}\n{DONE}")
    assert (seen.end, seen.lines, seen.complete) == (end, (line,), True)


def test_a_complaint_is_no_excuse_for_an_end() -> None:
    assert read_console(BOOTED + DEADLOCK + OOPS).end is End.OOPSED
    assert read_console(BOOTED + DEADLOCK, timed_out=True).end is End.HUNG
    assert read_console(BOOTED + DEADLOCK).end is End.CONSOLE_LOST


def test_one_that_says_nothing_of_its_end_is_hung_or_lost() -> None:
    hung, lost = read_console(BOOTED, timed_out=True), read_console(BOOTED)
    assert (hung.end, lost.end) == (End.HUNG, End.CONSOLE_LOST)
    assert hung.lines == lost.lines == ("Linux version 6.12.95", "Run /init as init process")
    assert read_console("").lines == ()


def test_ordinary_lines_are_no_complaints() -> None:
    log = (
        "[ 1.0] mtty: loading out-of-tree module taints kernel.\n[ 1.1] WARNING! this is a debug kernel\n"
        "[ 1.2] Spectre V2 : WARNING: Unprivileged eBPF is enabled\n[ 1.3] Speculative Return Stack Overflow: none\n"
    )
    assert read_console(BOOTED + log + DONE).end is End.FINISHED


def test_lines_belong_to_the_piece_during_which_they_were_printed() -> None:
    log = "[ 6.0] qpatch: begins p a\n[ 6.1] one\n[ 6.2] qpatch: begins p b\n[ 6.3] two\n[ 6.4] qpatch: begins \n"
    found = pieces(BOOTED + log + DONE)
    assert (found["p a"], found["p b"]) == ("one", "two")
    assert found[""].startswith("qpatch: done")
