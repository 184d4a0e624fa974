# SPDX-License-Identifier: GPL-2.0-or-later
"""Says beforehand why a run would show nothing: this QEMU, machine or device cannot do what the scenario is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.builds.builder import BASELINE
from qpatch.errors import EnvironmentFault, UserError
from qpatch.lab.definitions.release import table
from qpatch.lab.definitions.steps import (
    InterruptsOff,
    MaskVector,
    Migrate,
    MoveVector,
    Reenable,
    Repeat,
    SetUpInterrupts,
    WriteToPeer,
)
from qpatch.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qpatch.lab.definitions.steps import ScenarioStep
    from qpatch.lab.plan import QemuProgram, RunPlan


def reason_against(plan: RunPlan) -> str:
    """Return why `plan` is not applicable, or ''.

    Raises UserError `unknown-feature` for a word that qemu.yaml does not know, EnvironmentFault `wrong-target` where a
    program emulates another machine than the plan's.
    """
    for program in (plan.source, plan.destination):
        _check_target(plan, program)
    needed = (*plan.machine.requires, *plan.profile.requires, *plan.scenario.requires)
    for name in needed:
        if name not in table().features:
            raise UserError(
                "unknown-feature", f"there is no feature {name!r}", hint=did_you_mean(name, table().features)
            )
    return (
        table().missing(needed, plan.source.release)
        or table().missing(needed, plan.destination.release)
        or _against_machine(plan)
        or _against_device(plan)
        or _against_programs(plan)
    )


def _check_target(plan: RunPlan, program: QemuProgram) -> None:
    if program.target != plan.machine.target:
        raise EnvironmentFault(
            "wrong-target",
            f"{program.command[-1]} is for {program.target}, and the machine "
            f"{plan.machine.name} for {plan.machine.target}",
        )


def _against_machine(plan: RunPlan) -> str:
    if plan.cpus > plan.machine.most_cpus:
        return (
            f"the guest of the machine {plan.machine.name} uses no more than {plan.machine.most_cpus} of its processors"
        )
    if plan.machine.config_ports is None and _reenables(plan):
        return f"the monitor cannot write to the config space of the machine {plan.machine.name}"
    return ""


def _against_device(plan: RunPlan) -> str:
    lacking = [trait for trait in plan.scenario.traits if trait not in plan.device.traits]
    if lacking:
        return f"the profile {plan.profile.name} has no {lacking[0]} phase"
    if any(isinstance(step, WriteToPeer) for step in plan.scenario.steps):
        if not plan.device.memory_mmap:
            return f"the memory of the profile {plan.profile.name} cannot be mapped for other devices"
        if _uses_intx(plan):
            return "QEMU takes the memory of devices away from their peers for a second after each INTx of theirs"
    if _masks_without_masks(plan):
        return f"the interrupts of the profile {plan.profile.name} cannot be masked so"
    if plan.profile.interrupts.kind != "msix" and _reenables(plan):
        return f"the driver of the profile {plan.profile.name} does not use MSI-X"
    if _moves_a_line(plan):
        return f"the interrupt of the profile {plan.profile.name} has one number and no other"
    if _undoes_masks(plan):
        return f"the driver of the profile {plan.profile.name} sets up interrupts anew, which ends the scenario's masks"
    return ""


def _reenables(plan: RunPlan) -> bool:
    return any(isinstance(step, Reenable) for step in _flat(plan.scenario.steps))


def _uses_intx(plan: RunPlan) -> bool:
    """Tell whether the driver uses INTx in its profile, or in a step of profile or scenario."""
    steps = (*_flat(plan.profile.meanwhile), *_flat(plan.scenario.steps))
    return plan.profile.interrupts.kind == "intx" or any(
        isinstance(step, SetUpInterrupts) and step.kind == "intx" for step in steps
    )


def _moves_a_line(plan: RunPlan) -> bool:
    """Tell whether the scenario moves a vector while the driver uses INTx."""
    kind: str = plan.profile.interrupts.kind
    for step in _flat(plan.scenario.steps):
        if isinstance(step, SetUpInterrupts):
            kind = step.kind or plan.profile.interrupts.kind
        elif isinstance(step, MoveVector) and kind == "intx":
            return True
    return False


def _undoes_masks(plan: RunPlan) -> bool:
    """Tell whether the profile's driver sets up interrupts in pre-copy while the scenario holds some back."""
    if not any(isinstance(step, SetUpInterrupts) for step in _flat(plan.profile.meanwhile)):
        return False
    steps = plan.scenario.steps
    moves = next((place for place, step in enumerate(steps) if isinstance(step, Migrate) and not step.meanwhile), 0)
    return any(isinstance(step, MaskVector | InterruptsOff) for step in steps[:moves])


def _flat(steps: Iterable[ScenarioStep]) -> Iterator[ScenarioStep]:
    for step in steps:
        yield from _flat(step.steps) if isinstance(step, Repeat) else (step,)


def _masks_without_masks(plan: RunPlan) -> bool:
    """Tell whether the scenario masks what the driver's kind of interrupts cannot mask when it comes to that."""
    kind: str = plan.profile.interrupts.kind
    for step in plan.scenario.steps:
        if isinstance(step, SetUpInterrupts):
            kind = step.kind or plan.profile.interrupts.kind
        elif isinstance(step, MaskVector) and not _has_mask(kind, step.vector):
            return True
    return False


def _has_mask(kind: str, vector: str | int) -> bool:
    """Tell whether `kind` of interrupts has the mask of a step; INTx has one, for its only vector."""
    if vector == "function":
        return kind == "msix"
    return kind in ("msi", "msix") or (kind == "intx" and vector in (0, "last"))


def _against_programs(plan: RunPlan) -> str:
    source, destination = age(plan.source), age(plan.destination)
    if plan.scenario.programs == "old-to-new" and not source < destination:
        return "the destination is no newer build than the source"
    if plan.scenario.programs == "new-to-old" and not source > destination:
        return "the destination is no older build than the source"
    return plan.machine.one_release if plan.source.release != plan.destination.release else ""


def age(program: QemuProgram) -> tuple[tuple[int, int], bool]:
    """Return what is greater for a newer build: a release with a strategy's patches is newer than the release."""
    return program.release, program.strategy != BASELINE
