# SPDX-License-Identifier: GPL-2.0-or-later
"""The order of devices' states on both sides of a migration."""

from __future__ import annotations

import pytest
from lab_timeline_support import SAVE_STATE_5_2, STOCK_5_2, STOCK_10_2, TimelineBuilder, disordered, migration
from lab_verdict_support import recovered


def loaded() -> TimelineBuilder:
    """A run whose destination has loaded everything."""
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    timeline.load()
    return timeline


@pytest.mark.parametrize("order", [STOCK_5_2, SAVE_STATE_5_2, STOCK_10_2])
def test_healthy_migrations_are_in_order(order: tuple[str, ...]) -> None:
    assert disordered(migration(order)) == ()
    assert disordered(recovered()) == ()


def test_a_destination_that_runs_before_the_source_has_stopped_is_told() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.load()
    timeline.run()
    timeline.migrated()
    assert disordered(timeline) == (
        "dev0 runs on qemu1 before qemu0 has stopped it (migration 1)",
        "dev0 was never in stop-copy on qemu0 (migration 1 completed)",
    )


def test_a_source_that_runs_again_while_the_destination_runs_is_told() -> None:
    timeline = loaded()
    timeline.run()
    timeline.state("qemu0", "running")
    timeline.migrated()
    assert disordered(timeline) == ("dev0 runs on qemu0 again, while it runs on qemu1 (migration 1)",)


def test_both_sides_run_although_the_migration_failed() -> None:
    timeline = loaded()
    timeline.run()
    timeline.state("qemu0", "running")
    timeline.migrated("failed")
    assert disordered(timeline) == ("dev0 runs on qemu0 again, while it runs on qemu1 (migration 1)",)


def test_a_source_may_run_again_when_the_destination_has_ended() -> None:
    timeline = loaded()
    timeline.run()
    timeline.lab("exit", vm="qemu1", code=1, signal=0, expected=True)
    timeline.state("qemu0", "running")
    timeline.migrated("failed")
    assert disordered(timeline) == ()


def test_a_source_that_leaves_its_device_in_stop_copy_is_told() -> None:
    timeline = loaded()
    timeline.run()
    timeline.lab("migrated", source="qemu0", destination="qemu1", status="completed")
    assert disordered(timeline) == ("dev0 is left in stop-copy on qemu0 (migration 1 completed)",)
    timeline.state("qemu0", "stop")
    assert disordered(timeline) == ()


def test_a_destination_that_never_resumes_its_device_is_told() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.start("qemu1", "destination")
    timeline.uapi("qemu1", "open", what="device")
    timeline.lab("migrate", source="qemu0", destination="qemu1", to="vm", expect="completed")
    timeline.state("qemu0", "pre-copy")
    timeline.state("qemu0", "stop-copy")
    timeline.state("qemu1", "running")
    timeline.migrated()
    assert disordered(timeline) == ("dev0 was never in resuming on qemu1 (migration 1 completed)",)


def test_a_change_of_state_that_failed_is_another_finding() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.state("qemu0", "stop-copy", errno=5)
    timeline.state("qemu0", "stop")
    timeline.run()
    timeline.migrated()
    assert disordered(timeline) == ()


def test_a_device_that_does_not_run_when_its_guest_answers_is_told() -> None:
    timeline = loaded()
    timeline.state("qemu1", "running-p2p")
    timeline.migrated()
    timeline.fence("qemu0")
    assert disordered(timeline) == ("dev0 is in stop on qemu0, whose guest runs",)
    timeline.fence("qemu1")
    timeline.fence("qemu1")
    assert disordered(timeline)[1:] == ("dev0 is in running-p2p on qemu1, whose guest runs",)
    timeline.state("qemu1", "running")
    timeline.fence("qemu1")
    assert len(disordered(timeline)) == 2


@pytest.mark.parametrize("what", ["config space", "data"])
def test_what_is_loaded_into_a_running_device_is_told(what: str) -> None:
    timeline = loaded()
    timeline.state("qemu1", "running")
    (timeline.config if what == "config space" else timeline.write)("qemu1")
    timeline.qmp("qemu1", "RESUME")
    timeline.migrated()
    assert disordered(timeline) == (f"dev0 of qemu1 runs before its {what} is loaded (migration 1)",)


def test_interrupts_that_are_set_up_for_a_running_device_are_told() -> None:
    timeline = loaded()
    timeline.state("qemu1", "running")
    timeline.uapi("qemu1", "set-irqs", index="intx", start=0, count=1, action="unmask", errno=0)
    timeline.uapi("qemu1", "set-irqs", index="msix", start=0, count=0, action="trigger", errno=0)
    timeline.migrated()
    assert disordered(timeline) == ()
    timeline.uapi("qemu1", "set-irqs", index="msix", start=0, count=8, action="trigger", errno=0)
    assert disordered(timeline) == ("dev0 of qemu1 runs before its interrupts are set up (migration 1)",)


@pytest.mark.parametrize("sign", ["acknowledgement", "event"])
def test_interrupts_that_the_guest_sets_up_are_its_own(sign: str) -> None:
    timeline = loaded()
    timeline.state("qemu1", "running")
    if sign == "event":
        timeline.qmp("qemu1", "RESUME")
    else:
        timeline.acked("qemu1")
    timeline.uapi("qemu1", "set-irqs", index="msix", start=0, count=8, action="trigger", errno=0)
    timeline.migrated()
    assert disordered(timeline) == ()


def test_what_the_guest_writes_once_it_runs_is_its_own() -> None:
    timeline = loaded()
    timeline.state("qemu1", "running")
    timeline.qmp("qemu1", "RESUME")
    timeline.config("qemu1")
    timeline.migrated()
    assert disordered(timeline) == ()


def test_a_device_that_does_not_run_with_its_guest_again_is_told() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.stop()
    timeline.migrated(status="failed")
    timeline.qmp("qemu0", "RESUME")
    state = timeline.states["qemu0", "dev0"]
    assert disordered(timeline) == (f"dev0 is left in {state} on qemu0, whose guest runs again (migration 1)",)
    timeline.state("qemu0", "running")
    assert disordered(timeline) == ()


def test_a_device_that_stops_because_its_process_ends_is_not_left_behind() -> None:
    timeline = recovered()
    timeline.lab("state", vm="qemu0", status="running")
    timeline.state("qemu0", "stop")
    assert disordered(timeline) == ()


@pytest.mark.parametrize("sign", ["event", "trace"])
def test_a_device_that_runs_on_when_its_guest_has_stopped_is_told(sign: str) -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    if sign == "event":
        timeline.qmp("qemu0", "STOP")
    else:
        timeline.trace("qemu0", "vfio_save_complete_precopy_start", "dev0")
    timeline.stop()
    timeline.load()
    timeline.run()
    timeline.migrated()
    said = {
        "event": "dev0 still was in pre-copy on qemu0 when its guest had stopped (migration 1)",
        "trace": "dev0 is in pre-copy on qemu0 when the rest of its state is saved (migration 1)",
    }
    assert disordered(timeline) == (said[sign],)


def test_a_device_that_stops_before_its_guest_is_said_to_is_in_order() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    timeline.trace("qemu0", "vfio_save_complete_precopy_start", "dev0")
    timeline.qmp("qemu0", "STOP")
    timeline.load()
    timeline.run()
    timeline.migrated()
    assert disordered(timeline) == ()


def test_a_source_that_stays_in_pre_copy_after_its_migration_is_told() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.fence("qemu0")  # while it is going on
    timeline.migrated("failed")
    assert disordered(timeline) == ()
    timeline.fence("qemu0")
    assert disordered(timeline) == ("dev0 is in pre-copy on qemu0, whose guest runs",)


@pytest.mark.parametrize("lagging", ["resuming", "running-p2p"])
def test_a_guest_that_answers_before_its_device_runs_is_told(lagging: str) -> None:
    timeline = loaded()
    if lagging != "resuming":
        timeline.state("qemu1", lagging)
    timeline.serial("qemu1", "answer", "ok")
    timeline.state("qemu1", "running")
    timeline.migrated()
    timeline.fence("qemu1")
    assert disordered(timeline) == (f"dev0 is in {lagging} on qemu1, whose guest runs",)


def test_what_a_guest_says_with_its_device_running_is_in_order() -> None:
    timeline = loaded()
    timeline.serial("qemu0", "answer", "ok")  # of the source, said before it stopped
    timeline.state("qemu1", "running-p2p")
    timeline.state("qemu1", "running")
    timeline.serial("qemu1", "answer", "ok")
    timeline.migrated()
    assert disordered(timeline) == ()


def test_a_guest_that_handles_an_interrupt_before_its_device_runs_is_told() -> None:
    timeline = loaded()
    timeline.uapi("qemu1", "irq-ack", vector=0, count=1)
    timeline.state("qemu1", "running")
    timeline.migrated()
    assert disordered(timeline) == ("dev0 is in resuming on qemu1, whose guest runs",)
