# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices of VMs that stand still: stopped by an administrator, not continued yet, waiting before a switchover."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder, disordered


def moved_paused() -> TimelineBuilder:
    """A run whose destination was started paused, and has loaded everything."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(paused=True)
    timeline.stop()
    timeline.load()
    return timeline


def moved() -> TimelineBuilder:
    """A run whose guest has moved, and runs."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    timeline.load()
    timeline.state("qemu1", "running-p2p")
    timeline.run()
    timeline.migrated()
    return timeline


def stopped() -> TimelineBuilder:
    """The same, whose guest is stopped then, as QEMU does it with a device that has peer-to-peer states."""
    timeline = moved()
    timeline.lab("phases", vm="qemu1", phases=["p2p"], refuses=False)
    timeline.command("qemu1", "stop")
    timeline.state("qemu1", "running-p2p")
    timeline.state("qemu1", "stop")
    timeline.qmp("qemu1", "STOP")
    return timeline


def test_a_paused_destination_may_run_when_it_is_continued() -> None:
    timeline = moved_paused()
    timeline.migrated()
    timeline.command("qemu1", "cont")
    timeline.run()
    assert disordered(timeline) == ()


@pytest.mark.parametrize("state", ["running", "running-p2p"])
def test_a_device_that_runs_before_its_paused_vm_is_continued_is_told(state: str) -> None:
    timeline = moved_paused()
    timeline.state("qemu1", state)
    timeline.migrated()
    timeline.command("qemu1", "cont")
    timeline.run()
    assert f"dev0 is set to {state} on qemu1, whose VM is stopped" in disordered(timeline)


def test_a_command_to_another_vm_continues_nothing() -> None:
    timeline = moved_paused()
    timeline.command("qemu0", "cont")
    timeline.state("qemu1", "running")
    timeline.migrated()
    assert "dev0 is set to running on qemu1, whose VM is stopped" in disordered(timeline)


def test_a_stopped_vm_is_continued_through_the_peer_to_peer_state() -> None:
    timeline = stopped()
    timeline.command("qemu1", "cont")
    timeline.state("qemu1", "running-p2p")
    timeline.state("qemu1", "running")
    timeline.qmp("qemu1", "RESUME")
    assert disordered(timeline) == ()


def test_the_peer_to_peer_state_left_out_when_a_stopped_vm_is_continued_is_told() -> None:
    timeline = stopped()
    timeline.command("qemu1", "cont")
    timeline.state("qemu1", "running")
    assert disordered(timeline) == (
        "dev0 goes from stop to running on qemu1 without a peer-to-peer state, although it has one",
    )


def test_a_device_that_runs_again_after_its_vm_was_stopped_is_told() -> None:
    timeline = stopped()
    timeline.state("qemu1", "running-p2p")
    timeline.state("qemu1", "running")
    timeline.command("qemu1", "cont")
    assert "dev0 is set to running-p2p on qemu1, whose VM is stopped" in disordered(timeline)


@pytest.mark.parametrize("state", ["running-p2p", "running"])
def test_a_device_that_is_not_stopped_when_its_vm_says_so_is_told(state: str) -> None:
    timeline = moved()
    timeline.command("qemu1", "stop")
    timeline.state("qemu1", "running-p2p")
    timeline.state("qemu1", state)
    timeline.qmp("qemu1", "STOP")
    assert disordered(timeline) == (f"dev0 is in {state} on qemu1, whose VM was told to stop, and says that it has",)


@pytest.mark.parametrize("continued", [True, False])
def test_a_vm_that_was_stopped_stays_so_where_it_is_migrated_to(*, continued: bool) -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.command("qemu0", "stop")
    timeline.state("qemu0", "stop")
    timeline.qmp("qemu0", "STOP")
    timeline.begin()
    timeline.state("qemu0", "stop-copy")
    timeline.load()
    timeline.migrated()
    if continued:
        timeline.command("qemu1", "cont")
    timeline.state("qemu1", "running")
    told = "dev0 is set to running on qemu1, whose VM is stopped"
    assert (told in disordered(timeline)) is not continued


def test_a_vm_that_stops_by_itself_is_judged_by_its_migration() -> None:
    timeline = moved()
    timeline.state("qemu1", "running-p2p")
    timeline.qmp("qemu1", "STOP")
    assert disordered(timeline) == ()


def test_a_reset_leaves_a_state_that_is_not_known() -> None:
    timeline = stopped()
    timeline.uapi("qemu1", "reset")
    timeline.state("qemu1", "running")
    assert disordered(timeline) == ()


@pytest.mark.parametrize(("state", "runs"), [("pre-copy", True), ("pre-copy-p2p", True), ("stop-copy", False)])
def test_a_source_that_waits_before_its_switchover_has_stopped_its_devices(state: str, runs: bool) -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.state("qemu0", state)
    timeline.qmp("qemu0", "MIGRATION", status="pre-switchover")
    told = f"dev0 is in {state} on qemu0, which waits before its switchover"
    assert (told in disordered(timeline)) is runs
