# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured on the last destination, who reported errors, and how both sides were at the end."""

from __future__ import annotations

import pytest
from lab_timeline_support import SAVE_STATE_5_2, STOCK_5_2, STOCK_10_2, TimelineBuilder, migration
from lab_verdict_support import late, prepared, recovered

from qpatch.lab.model import Verdict
from qpatch.lab.observer.observe import observe


@pytest.mark.parametrize(
    ("done", "order"),
    [
        (STOCK_5_2, ("data", "config", "set_irqs", "data", "arm_gic")),
        (SAVE_STATE_5_2, ("data", "arm_gic", "config", "set_irqs")),
        (STOCK_10_2, ("data", "arm_gicv3", "arm_gicv3_its", "config", "set_irqs")),
        (("data", "config", "set-irqs", "config", "set-irqs", "apic"), ("data", "config", "set_irqs", "apic")),
    ],
)
def test_the_order_is_that_of_the_destination(done: tuple[str, ...], order: tuple[str, ...]) -> None:
    assert observe(migration(done).events).order == order


def test_other_device_state_is_not_in_the_order() -> None:
    assert observe(migration(("data", "cpu", "config", "set-irqs")).events).order == ("data", "config", "set_irqs")


def test_config_interrupts_and_data_are_counted_while_state_comes_in() -> None:
    seen = observe(migration().events)
    assert (seen.config_writes, seen.config_bytes) == (3, 8)
    assert seen.set_irqs == 1  # and not those of the guest's driver on the source
    assert seen.data_bytes == 4096 + 8192


def test_what_the_guest_does_once_it_runs_is_not_counted() -> None:
    timeline = migration()
    timeline.uapi("qemu1", "config-write", offset=4, size=2, value=6, state="running", errno=0)
    timeline.set_irqs("qemu1")
    assert (observe(timeline.events).config_writes, observe(timeline.events).set_irqs) == (3, 1)


def test_refused_data_is_not_counted_as_data() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.write("qemu1", 8192, errno=22)
    timeline.give_up()
    seen = observe(timeline.events)
    assert seen.data_bytes == 4096
    assert seen.order == ("data",)


def test_downtime_is_from_the_source_devices_stop_to_the_destinations_running() -> None:
    timeline = TimelineBuilder(step=0)
    timeline.prepare()
    timeline.begin()
    timeline.wait(5)
    timeline.state("qemu0", "pre-copy-p2p")  # the device's first step out of running
    timeline.wait(7)
    timeline.stop(pause=100)
    timeline.load()
    timeline.wait(3)
    timeline.state("qemu1", "running-p2p")
    timeline.wait(1)
    timeline.run()
    timeline.migrated(downtime_ms=4711)
    assert observe(timeline.events).downtime_ms == pytest.approx(111)


def test_with_two_devices_downtime_lasts_until_both_run() -> None:
    timeline = TimelineBuilder(step=0)
    timeline.prepare()
    timeline.begin()
    for device in ("dev0", "dev1"):
        timeline.state("qemu1", "resuming", device)
    timeline.stop()
    timeline.state("qemu0", "stop-copy", "dev1")
    timeline.wait(10)
    timeline.run()
    timeline.wait(2)
    timeline.set_irqs("qemu1", "dev1")
    timeline.state("qemu1", "running", "dev1")
    timeline.migrated()
    seen = observe(timeline.events)
    assert seen.downtime_ms == pytest.approx(12)
    assert seen.set_irqs == 1


def test_a_migration_that_failed_has_no_downtime() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.stop()
    timeline.give_up()
    assert observe(timeline.events).downtime_ms is None


def test_irq_setup_is_what_passes_from_the_configs_load_to_the_last_set_irqs_before_running() -> None:
    timeline = TimelineBuilder(step=0)
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    timeline.load(("data", "config"))
    timeline.wait(1.5)
    timeline.set_irqs("qemu1")
    timeline.wait(2)
    timeline.set_irqs("qemu1")
    timeline.run()
    timeline.wait(50)
    timeline.set_irqs("qemu1")
    timeline.migrated()
    assert observe(timeline.events).irq_setup_ms == pytest.approx(3.5)


@pytest.mark.parametrize("others", [("data",), ("arm_gic",), ("cpu",)])
def test_waiting_for_other_things_between_config_and_interrupts_is_no_setup(others: tuple[str, ...]) -> None:
    timeline = TimelineBuilder(step=0)
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    timeline.load(("config",))
    timeline.wait(100)
    timeline.load(others)
    timeline.wait(30)
    timeline.set_irqs("qemu1")
    timeline.wait(2)
    timeline.set_irqs("qemu1")
    timeline.run()
    timeline.migrated()
    assert observe(timeline.events).irq_setup_ms == pytest.approx(2)


def test_without_interrupts_there_is_no_irq_setup() -> None:
    assert observe(migration(("data", "config")).events).irq_setup_ms is None


def test_errors_say_who_reported_what_in_which_order() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.stop()
    timeline.uapi("qemu1", "refuse", operation="data-write", reason="irqs", errno=22)
    timeline.write("qemu1", errno=22)
    timeline.message("qemu1", "error while loading state for instance 0x0 of device 'vfio'")
    timeline.message("qemu1", "terminating on signal 15")
    timeline.message("qemu0", "no harm done", "warning")
    timeline.give_up(answer="", error="the peer went away")
    seen = observe(timeline.events)
    assert [error.by for error in seen.errors] == ["device", "destination", "destination", "source"]
    assert seen.errors[0].message == (
        "dev0 on qemu1 answered a write of its data with EINVAL, because it requires its interrupts first"
    )
    assert seen.errors[-1].message == "the peer went away"
    assert [error.at for error in seen.errors] == sorted(error.at for error in seen.errors)


def test_what_the_source_printed_is_not_told_again_by_its_monitor() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.stop()
    timeline.message("qemu0", "Channel error")
    timeline.give_up(said="", answer="", error="Channel error")
    timeline.begin(destination="qemu2", expect="failed")
    timeline.give_up(destination="qemu2", said="", answer="", error="Channel error")
    assert [error.message for error in observe(timeline.events).errors] == ["Channel error"] * 2


def test_the_role_of_a_process_is_that_of_the_migration_it_is_in() -> None:
    timeline = migration()
    timeline.begin("qemu1", "qemu2")
    timeline.message("qemu1", "as source")
    timeline.message("qemu2", "as destination")
    assert [(error.by, error.message) for error in observe(timeline.events).errors] == [
        ("source", "as source"),
        ("destination", "as destination"),
    ]


def test_the_end_of_a_precopy_stream_and_probes_are_no_errors() -> None:
    timeline = migration()
    timeline.uapi("qemu1", "set-irqs", index="err", errno=22)
    events = list(timeline.events)
    timeline.read("qemu0", errno=42)  # ENOMSG
    timeline.uapi("qemu1", "set-irqs", index="msix", count=0, data="none", action="trigger", errno=22)
    assert observe(events).errors == observe(timeline.events).errors == ()


def test_what_any_device_answers_so_is_an_error_if_a_fault_is_behind_it() -> None:
    timeline = migration()
    timeline.uapi("qemu1", "fault", operation="set-irqs", nth=1, result="EINVAL")
    for _ in range(2):  # only the first is the fault's
        timeline.uapi("qemu1", "set-irqs", index="intx", count=0, data="none", action="trigger", errno=22)
    assert [error.message for error in observe(timeline.events).errors] == [
        "dev0 on qemu1 answered SET_IRQS (intx) with EINVAL"
    ]


def test_states_at_the_end_are_those_of_the_last_migrations_sides() -> None:
    seen = observe(migration().events)
    assert (seen.source_state, seen.destination_state) == ("postmigrate", "running")


def test_the_state_of_a_process_that_is_gone_is_how_it_ended() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.give_up()
    timeline.lab("state", vm="qemu0", status="running")
    seen = observe(timeline.events)
    assert (seen.source_state, seen.destination_state) == ("running", "ended with exit code 1")


def test_a_process_that_was_killed_names_the_signal() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin()
    timeline.lab("exit", vm="qemu1", code=0, signal=11, expected=False)
    assert observe(timeline.events).destination_state == "was killed by SIGSEGV"


def test_a_process_that_the_lab_ended_is_told_so() -> None:
    timeline = TimelineBuilder()
    timeline.prepare()
    timeline.begin(expect="failed")
    timeline.migrated("failed")
    timeline.lab("exit", vm="qemu1", code=0, signal=9, expected=True)
    assert observe(timeline.events).destination_state == "was ended by the lab"


def test_nothing_at_all_is_a_failure_of_the_lab() -> None:
    seen = observe((), "waited 10 s for QEMU")
    assert (seen.verdict, seen.reason) == (Verdict.LAB_ERROR, "waited 10 s for QEMU")
    assert observe(()).verdict is Verdict.LAB_ERROR


def test_what_the_lab_did_in_qemus_place_is_told_beside_the_verdict() -> None:
    seen = observe(recovered(resumed=True).events)
    assert seen.by_lab == ("continued qemu0",)
    assert observe(recovered().events).by_lab == ()


def test_a_red_verdict_says_what_the_lab_did() -> None:
    timeline = prepared("failed")
    timeline.lab("exit", vm="qemu1", code=0, signal=11, expected=False)
    timeline.lab("exit", vm="qemu1", code=0, signal=9, expected=True)
    timeline.migrated("failed", source_status="completed")
    timeline.lab("resume", vm="qemu0")
    seen = observe(timeline.events)
    assert seen.by_lab == ("continued qemu0", "ended qemu1")
    assert seen.reason == "qemu1 was killed by SIGSEGV; the lab continued qemu0 and ended qemu1"


def test_where_all_takes_so_many_times_as_long_it_may() -> None:
    timeline = late()
    assert observe(timeline.events).verdict is Verdict.LATE
    timeline.lab("slower", times=100)
    assert observe(timeline.events).verdict is Verdict.DELIVERED
    assert observe(late().events).verdict is Verdict.LATE  # and nowhere else
