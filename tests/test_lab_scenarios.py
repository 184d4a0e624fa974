# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenarios that ship, the language of their steps, and when a run would mean nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import yaml
from lab_vm_support import plan, program
from pydantic import ValidationError

from qpatch.errors import EnvironmentFault, UserError
from qpatch.lab.campaign.applicability import reason_against
from qpatch.lab.definitions import steps as kinds
from qpatch.lab.definitions.profile import profile_names
from qpatch.lab.definitions.release import table
from qpatch.lab.definitions.scenario import Scenario, load_scenario, scenario_names

WANTED = {
    "once",
    "back-and-forth",
    "cancel-and-retry",
    "file",
    "paused",
    "multifd",
    "multifd-after-iter-off",
    "multifd-after-iter-on",
    "two-devices",
    "four-devices",
    "four-cpus",
    "reset-pending",
    "asleep",
    "waiting",
    "iommufd",
    "iommufd-hwpt",
    "container-dirty",
    "old-to-new",
    "new-to-old",
    "chatty",
    "aftermath",
    "mapped-ram",
    "switchover-ack",
    "cpr-reboot",
    "fail-source-pre-copy",
    "fail-source-pre-copy-read",
    "fail-source-stop-copy",
    "fail-source-stop-copy-read",
    "fail-destination-resuming",
    "fail-destination-write",
    "fail-destination-set-irqs",
    "fail-destination-running",
}


def scenario(steps: str) -> Scenario:
    return Scenario.model_validate({"name": "s", "title": "t", "steps": yaml.safe_load(steps)})


def test_the_scenarios_of_the_lab_are_there() -> None:
    assert set(scenario_names()) >= WANTED


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_is_called_as_its_file_and_uses_known_words(name: str) -> None:
    found = load_scenario(name)
    assert found.name == name
    assert set(found.requires) <= table().features.keys()
    assert found.profile in profile_names()


def test_the_near_name_is_proposed() -> None:
    with pytest.raises(UserError) as caught:
        load_scenario("cancel-and-retyr")
    assert (caught.value.code, caught.value.hint) == ("unknown-scenario", "Did you mean 'cancel-and-retry'?")


@pytest.mark.parametrize(
    ("written", "step"),
    [
        ("fence", kinds.Fence()),
        ("raise", kinds.RaiseInterrupts()),
        ("{raise: 3}", kinds.RaiseInterrupts(vectors=3)),
        ("{route: {vector: last, cpu: 3}}", kinds.RouteVector(vector="last", cpu=3)),
        ("{raise: all}", kinds.RaiseInterrupts(vectors="all")),
        ("{interrupts: msi}", kinds.SetUpInterrupts(kind="msi")),
        ("{interrupts: {kind: msix, vectors: 2}}", kinds.SetUpInterrupts(kind="msix", vectors=2)),
        ("{migrate: {to: file}}", kinds.Migrate(to="file")),
        ("{repeat: {times: 2, steps: [check]}}", kinds.Repeat(times=2, steps=(kinds.CheckDevice(),))),
    ],
)
def test_a_step_is_written_as_a_word_a_value_or_all_its_values(written: str, step: kinds.ScenarioStep) -> None:
    assert scenario(f"[{written}]").steps == (step,)


def test_a_sequence_stands_for_its_steps() -> None:
    steps = scenario("[prepare, migrate]").steps
    assert isinstance(steps[0], kinds.SetUpInterrupts)
    assert isinstance(steps[-1], kinds.Migrate)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("[fense]", "there is no step 'fense'. Did you mean 'fence'?"),
        ("[{fence: 3}]", "the step 'fence' takes no single value"),
        ("[{raise: 1, ring: 2}]", "a mapping with one key"),
        ("[{migrate: {speed: 3}}]", "speed"),
        ("[{ring: 0}]", "greater than or equal to 1"),
        ("[3]", "a step is a word"),
        ("[wait: 0]", "greater than or equal to 1"),
        ("[wait: 600001]", "less than or equal to 600000"),
        ("[{repeat: {times: 2, steps: [jump]}}]", "there is no step 'jump'"),
        ("[]", "at least 1"),
        ("fence", "tuple"),
    ],
)
def test_a_wrong_step_is_named(steps: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        scenario(steps)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("keys", "releases", "reason"),
    [
        ("requires: [iommufd]", ((8, 2), (8, 2)), "QEMU opens devices through iommufd from 9.0 on, and this is 8.2"),
        ("requires: [p2p]", ((10, 2), (5, 2)), "QEMU knows the peer-to-peer states from 8.2 on, and this is 5.2"),
        (
            "requires: [pre-copy]",
            ((8, 0), (8, 0)),
            "QEMU 8.0 reads a device's state in stop-copy only, and this is 8.0",
        ),
        ("requires: [pre-copy]", ((7, 2), (8, 1)), ""),
        ("requires: [mapped-ram]", ((7, 2), (9, 0)), "QEMU has mapped-ram from 9.0 on, and this is 7.2"),
        ("requires: [mapped-ram, cpr-reboot]", ((9, 0), (9, 0)), ""),
        ("programs: old-to-new", ((10, 2), (10, 2)), "the destination is no newer build than the source"),
        ("programs: new-to-old", ((5, 2), (10, 2)), "the destination is no older build than the source"),
        ("programs: old-to-new", ((5, 2), (10, 2)), ""),
    ],
)
def test_what_a_release_cannot_do_is_not_applicable(keys: str, releases: Any, reason: str) -> None:
    source, destination = (program(("qemu",), release, "x86_64-softmmu") for release in releases)
    found = plan(f"{{{keys}, steps: [migrate]}}", machine="q35", source=source, destination=destination)
    assert reason_against(found) == reason


def test_a_strategy_s_build_is_newer_than_its_release() -> None:
    patched = dataclasses.replace(program(("qemu",)), strategy="save-state")
    for programs, reason in (("old-to-new", ""), ("new-to-old", "the destination is no older build than the source")):
        found = plan(f"{{programs: {programs}, steps: [migrate]}}", destination=patched)
        assert reason_against(found) == reason


def test_a_machine_may_be_unable_to_cross_releases() -> None:
    found = plan("steps: [migrate]", destination=program(("qemu",), (10, 0)))
    assert "system registers" in reason_against(found)


def test_what_a_device_or_machine_lacks_is_not_applicable() -> None:
    profile = "{name: quick, title: t, device: {traits: []}}"
    assert (
        reason_against(plan("{traits: [pre-copy], steps: [migrate]}", profile))
        == "the profile quick has no pre-copy phase"
    )
    old = program(("qemu",), (5, 2))
    assert "ITS" in reason_against(plan("steps: [migrate]", machine="virt-gicv3-its", source=old))
    told = reason_against(plan("{cpus: 4, steps: [migrate]}", machine="virt-linux"))
    assert told == "the guest of the machine virt-linux uses no more than 1 of its processors"


def test_config_space_is_written_where_the_machine_has_ports_and_the_driver_msix() -> None:
    steps = "steps: [repeat: {times: 1, steps: [reenable]}]"
    assert not reason_against(plan(steps, machine="q35", source=program(("qemu",), target="x86_64-softmmu")))
    told = reason_against(plan(steps))
    assert told == "the monitor cannot write to the config space of the machine virt-gicv2"
    line = "{name: line, title: t, interrupts: {kind: msi}}"
    told = reason_against(plan(steps, line, "q35", program(("qemu",), target="x86_64-softmmu")))
    assert told == "the driver of the profile line does not use MSI-X"


@pytest.mark.parametrize(
    ("steps", "applies"),
    [
        ("[interrupts, mask: 1, migrate]", False),
        ("[interrupts: msix, mask: last, migrate]", True),
        ("[interrupts: msix, interrupts, unmask: 1, mask: 1, migrate]", False),
        ("[interrupts, migrate]", True),
        ("[interrupts, mask: last, mask: 0]", True),
        ("[interrupts, mask: function]", False),
        ("[interrupts: msi, mask: function]", False),
        ("[interrupts: msix, mask: function]", True),
    ],
)
def test_intx_has_no_vectors_to_mask(steps: str, applies: bool) -> None:
    profile = "{name: line, title: t, interrupts: {kind: intx}}"
    told = "" if applies else "the interrupts of the profile line cannot be masked so"
    assert reason_against(plan(f"steps: {steps}", profile)) == told


@pytest.mark.parametrize(
    ("steps", "applies"),
    [
        ("[interrupts, mask: last, migrate]", False),
        ("[interrupts, irqs-off: 1, migrate]", False),
        ("[interrupts, migrate, mask: last]", True),
        ("[interrupts, mask: last, migrate: {meanwhile: [fence]}]", True),
    ],
)
def test_a_driver_that_sets_up_interrupts_meanwhile_leaves_no_mask(steps: str, applies: bool) -> None:
    profile = "{name: busy, title: t, meanwhile: [{repeat: {times: 2, steps: [interrupts]}}]}"
    told = "" if applies else "the driver of the profile busy sets up interrupts anew, which ends the scenario's masks"
    assert reason_against(plan(f"steps: {steps}", profile)) == told


@pytest.mark.parametrize(
    ("steps", "applies"),
    [
        ("[interrupts, move: 0]", False),
        ("[interrupts: msix, move: 0]", True),
        ("[interrupts: msix, interrupts, {repeat: {times: 2, steps: [move: last]}}]", False),
        ("[interrupts]", True),
    ],
)
def test_a_line_does_not_move(steps: str, applies: bool) -> None:
    profile = "{name: line, title: t, interrupts: {kind: intx}}"
    told = "" if applies else "the interrupt of the profile line has one number and no other"
    assert reason_against(plan(f"steps: {steps}", profile)) == told


@pytest.mark.parametrize(
    ("profile", "steps", "applies"),
    [
        ("{name: p, title: t, interrupts: {kind: intx}}", "[interrupts, peer]", False),
        ("{name: p, title: t, meanwhile: [{repeat: {times: 2, steps: [interrupts: intx]}}]}", "[peer]", False),
        ("{name: p, title: t}", "[interrupts: intx, interrupts: msix, peer]", False),
        ("{name: p, title: t}", "[interrupts: msix, peer]", True),
        ("{name: p, title: t, interrupts: {kind: intx}}", "[interrupts]", True),
    ],
)
def test_peers_are_out_of_reach_while_intx_is_used(profile: str, steps: str, applies: bool) -> None:
    told = "QEMU takes the memory of devices away from their peers for a second after each INTx of theirs"
    assert reason_against(plan(f"steps: {steps}", profile)) == ("" if applies else told)


@pytest.mark.parametrize("mapped", ["true", "false"])
def test_memory_that_cannot_be_mapped_is_no_target_of_peers(mapped: str) -> None:
    profile = f"{{name: far, title: t, device: {{memory-mmap: {mapped}}}}}"
    told = "" if mapped == "true" else "the memory of the profile far cannot be mapped for other devices"
    assert reason_against(plan("{devices: 2, steps: [peer, migrate]}", profile)) == told


def test_a_feature_that_nobody_knows_is_an_error_of_the_author() -> None:
    with pytest.raises(UserError) as caught:
        reason_against(plan("{requires: [iomufd], steps: [migrate]}"))
    assert (caught.value.code, caught.value.hint) == ("unknown-feature", "Did you mean 'iommufd'?")


def test_a_program_for_another_machine_is_refused() -> None:
    with pytest.raises(EnvironmentFault) as caught:
        reason_against(plan("steps: [migrate]", machine="q35"))
    assert caught.value.code == "wrong-target"
