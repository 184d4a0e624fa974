# SPDX-License-Identifier: GPL-2.0-or-later
"""The states that are optional: PRE_COPY, and the peer-to-peer ones of several devices."""

from __future__ import annotations

import pytest
from lab_timeline_support import TimelineBuilder, disordered

BOTH = ("pre-copy", "p2p")
SOURCE = ("pre-copy", "pre-copy-p2p", "stop-copy", "stop")
DESTINATION = ("resuming", "running-p2p", "running")
DEVICES = ("dev0", "dev1")


def walked(
    source: tuple[str, ...] = SOURCE,
    destination: tuple[str, ...] = DESTINATION,
    phases: tuple[str, ...] | None = BOTH,
    status: str = "completed",
) -> TimelineBuilder:
    """One device through the states of both sides, the source's first but for RESUMING."""
    timeline = begun(phases)
    for state in source:
        timeline.state("qemu0", state)
    for state in destination:
        timeline.state("qemu1", state)
    timeline.migrated(status)
    return timeline


def begun(phases: tuple[str, ...] | None = BOTH, before: tuple[str, ...] = ()) -> TimelineBuilder:
    timeline = TimelineBuilder()
    for vm in ("qemu0", "qemu1"):
        timeline.start(vm, "any")
        if phases is not None:
            timeline.lab("phases", vm=vm, phases=list(phases))
    for state in before:
        timeline.state("qemu0", state)
    timeline.lab("migrate", source="qemu0", destination="qemu1", to="vm", expect="completed")
    return timeline


def test_a_device_that_was_stopped_before_has_no_pre_copy() -> None:
    for before, count in ((("running-p2p", "stop"), 0), (("running-p2p", "stop", "running-p2p", "running"), 1)):
        timeline = begun(before=before)
        for state in ("stop-copy", "stop") if count == 0 else ("running-p2p", "stop", "stop-copy", "stop"):
            timeline.state("qemu0", state)
        for state in DESTINATION:
            timeline.state("qemu1", state)
        timeline.migrated("completed")
        assert len(disordered(timeline)) == count


def test_all_phases_in_order_are_no_disorder() -> None:
    assert disordered(walked()) == ()


def test_a_source_that_leaves_out_pre_copy_is_told() -> None:
    source = ("running-p2p", "stop", "stop-copy", "stop")
    said = "dev0 was never in PRE_COPY on qemu0, although it and this QEMU have that (migration 1)"
    assert disordered(walked(source)) == (said,)
    assert disordered(walked(source, phases=("p2p",))) == ()
    assert disordered(walked(source, phases=None)) == ()
    assert disordered(walked(source, ("resuming",), status="failed")) == ()


@pytest.mark.parametrize(
    ("source", "destination", "left", "reached", "vm"),
    [
        (("pre-copy", "stop-copy", "stop"), DESTINATION, "pre-copy", "stop-copy", "qemu0"),
        (SOURCE, ("resuming", "running"), "resuming", "running", "qemu1"),
    ],
)
def test_a_step_past_the_peer_to_peer_states_is_told(
    source: tuple[str, ...], destination: tuple[str, ...], left: str, reached: str, vm: str
) -> None:
    said = f"dev0 goes from {left} to {reached} on {vm} without a peer-to-peer state, although it has one"
    assert disordered(walked(source, destination)) == (said,)
    assert disordered(walked(source, destination, ("pre-copy",))) == ()


def test_what_runs_again_after_a_failure_may_do_so_at_once() -> None:
    assert disordered(walked((*SOURCE[:3], "running"), ("resuming",), status="failed")) == ()


def two_devices(*, stops_early: bool = False, runs_early: bool = False) -> TimelineBuilder:
    timeline = begun()
    for device in DEVICES:
        timeline.state("qemu0", "pre-copy", device)
        timeline.state("qemu1", "resuming", device)
        timeline.uapi("qemu1", "open", device, what="migration", fd=30)  # of its data: that changes no state
    timeline.state("qemu0", "pre-copy-p2p", "dev0")
    if stops_early:
        timeline.state("qemu0", "stop-copy", "dev0")
    timeline.state("qemu0", "pre-copy-p2p", "dev1")
    if not stops_early:
        timeline.state("qemu0", "stop-copy", "dev0")
    timeline.state("qemu0", "stop-copy", "dev1")
    timeline.state("qemu1", "running-p2p", "dev0")
    if runs_early:
        timeline.state("qemu1", "running", "dev0")
    timeline.state("qemu1", "running-p2p", "dev1")
    if not runs_early:
        timeline.state("qemu1", "running", "dev0")
    timeline.state("qemu1", "running", "dev1")
    timeline.migrated()
    return timeline


def test_devices_wait_for_each_other_in_the_peer_to_peer_states() -> None:
    assert disordered(two_devices()) == ()
    assert disordered(two_devices(stops_early=True)) == ("dev0 stops on qemu0 while dev1 still is in pre-copy",)
    assert disordered(two_devices(runs_early=True)) == ("dev0 runs on qemu1 while dev1 still is in resuming",)


def test_a_device_that_was_reset_may_be_in_any_state() -> None:
    timeline = begun()
    for device in DEVICES:
        timeline.state("qemu0", "pre-copy", device)
        timeline.state("qemu0", "pre-copy-p2p", device)
    timeline.state("qemu0", "stop-copy", "dev0", errno=5)
    timeline.uapi("qemu0", "reset", errno=0)
    timeline.state("qemu0", "stop-copy", "dev1")
    timeline.migrated("failed")
    assert disordered(timeline) == ()


def test_several_devices_that_the_release_should_have_refused_are_told() -> None:
    timeline = walked(phases=())
    assert disordered(timeline) == ()
    timeline.lab("phases", vm="qemu0", phases=[], refuses=True)
    assert disordered(timeline) == (
        "qemu0 migrates several devices without peer-to-peer states, which its release refuses (migration 1)",
    )


@pytest.mark.parametrize(("loaded", "count"), [(3000, 1), (4096, 0)])
def test_a_source_that_does_not_wait_for_the_initial_data_is_told(loaded: int, count: int) -> None:
    timeline = begun()
    timeline.lab("initial-data", vm="qemu1", bytes=4096)
    timeline.state("qemu0", "pre-copy")
    timeline.state("qemu1", "resuming")
    timeline.write("qemu1", loaded)
    for state in SOURCE[1:]:
        timeline.state("qemu0", state)
    for state in DESTINATION[1:]:
        timeline.state("qemu1", state)
    timeline.migrated("completed")
    found = [said for said in disordered(timeline) if "initial" in said]
    assert len(found) == count
    assert not found or found[0].startswith("qemu0 stops dev0 when qemu1 has 3000 bytes of its initial 4096")
