# SPDX-License-Identifier: GPL-2.0-or-later
"""Phrases that the reasons of verdicts are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.observer.account import InterruptState
from qpatch.lab.observer.logs import tells_of_lost_peer
from qpatch.lab.observer.migrations import CANCELLED, COMPLETED, DESTINATION, RUNNING, SOURCE, UNFINISHED
from qpatch.lab.observer.registers import interrupts_changed, what_changed
from qpatch.wording import counted

if TYPE_CHECKING:
    from qpatch.lab.observer.checks import GuestCheck
    from qpatch.lab.observer.errors import DeviceError
    from qpatch.lab.observer.findings import Findings, ProcessDeath
    from qpatch.lab.observer.migrations import MigrationSpan

VERIFIED = ("ok", "none")


def source_runs(findings: Findings, migration: MigrationSpan) -> bool:
    """Tell whether the source of `migration` runs at the end."""
    return findings.states.get(migration.source) == RUNNING


def state_of(findings: Findings, vm: str) -> str:
    """Return the state of `vm` at the end."""
    return findings.states.get(vm, "in an unknown state")


def how_it_ended(migration: MigrationSpan) -> str:
    """Return how `migration` ended, as a verb."""
    words = {COMPLETED: "completed", CANCELLED: "was cancelled", UNFINISHED: "did not end"}
    return words.get(migration.outcome, migration.outcome)


def what_was_seen(findings: Findings, where: str) -> str:
    """Say what is known of the guest `where` it runs after the last migration, and what it has found intact."""
    if findings.undriven:
        return f"the guest answers {where}; it has no driver for the device, of which nothing was checked"
    came = counted(findings.acknowledged_after, "interrupt")
    return f"{came} reached the guest {where}; {what_is_intact(findings)}"


def what_is_intact(findings: Findings) -> str:
    """Say what the guest has checked after the last migration: it was found intact, or there would be another word."""
    checks = findings.checks_after
    what = {
        "device state": [check.state for check in checks],
        "device memory": [check.memory for check in checks],
        "what it reads": [check.read for check in checks],
        "pages that it wrote": ["ok" for check in checks if check.stale is not None],
        "config space": ["ok" for check in checks if check.config != "none"],
        "MSI-X's table": [check.table for check in checks],
    }
    intact = [name for name, seen in what.items() if "ok" in seen]
    return f"intact: {', '.join(intact)} ({counted(len(checks), 'check')})"


def what_is_wrong(check: GuestCheck) -> list[str]:
    """Return what the guest found wrong, in words; of a device that cannot be reached, nothing else."""
    reached = check.reach in VERIFIED
    return [*_wrong_besides_interrupts(check), *(interrupts_changed(check) if reached else ())]


def what_is_wrong_with_itself(check: GuestCheck) -> list[str]:
    """Return what the guest found wrong with itself, and with no device, in words."""
    pages = counted(check.sparse, "page")
    verb = "is" if check.sparse == 1 else "are"
    what = [f"{pages} of its own, all zero but for a few bytes, {verb} wrong"] if check.sparse else []
    return [*what, *_other_registers(check.registers), *_unread_commands(check.commands), *_controller_changed(check)]


def _other_registers(registers: str) -> list[str]:
    """Return what has become of a processor's registers: `CPU:REGISTER:COUNT` of the guest's answer."""
    if registers in VERIFIED:
        return []
    cpu, name, count = registers.split(":")
    more = f" (nor are {int(count) - 1} more)" if int(count) > 1 else ""
    return [f"register {name} of its processor {cpu} is not as the guest left it{more}"]


def what_is_corrupt(findings: Findings, check: GuestCheck) -> list[str]:
    """Return what the guest found wrong, without what is told by the interrupts that went astray because of it."""
    return _wrong_besides_interrupts(check) if interrupts_went_astray(findings) else what_is_wrong(check)


def what_is_corrupt_in_itself(findings: Findings, check: GuestCheck) -> list[str]:
    """Return what the guest found wrong with itself, in the same way."""
    changed = _controller_changed(check) if interrupts_went_astray(findings) else []
    return [what for what in what_is_wrong_with_itself(check) if what not in changed]


def interrupts_went_astray(findings: Findings) -> bool:
    """Tell whether any interrupt was lost, was sent by nobody, or came where it should not."""
    account = findings.account
    return bool(
        account.in_state(InterruptState.LOST)
        or account.duplicates
        or account.unsent
        or account.unwanted
        or findings.silent_timers
        or any(check.strayed or check.unexpected for check in findings.checks)
    )


def interrupt_set_up(findings: Findings) -> str:
    """Return what is wrong with the set-up of interrupts where they went astray, as the end of a sentence."""
    found = [(f"{check.device} on {check.vm}", interrupts_changed(check)) for check in findings.checks]
    found += [(f"the guest on {check.vm}", _controller_changed(check)) for check in findings.checks]
    return next((f"; {where}: {', '.join(what)}" for where, what in found if what), "")


def _unread_commands(commands: str) -> list[str]:
    """Return that the ITS stands still: `WRITTEN:READ` of the guest's answer."""
    if commands in VERIFIED:
        return []
    written, read = map(int, commands.split(":"))
    return [f"the ITS stands still at {read:#x} of its queue, which has commands up to {written:#x}"]


def _controller_changed(check: GuestCheck) -> list[str]:
    """Return what differs in its interrupt controller: `NAME:INDEX:BEFORE:NOW` of the guest's answer."""
    if check.controller in VERIFIED:
        return []
    name, *numbers = check.controller.split(":")
    index, was, now = map(int, numbers)
    return [f"{name}[{index}] of its interrupt controller is {now:#x}, and it had left {was:#x}"]


def _wrong_besides_interrupts(check: GuestCheck) -> list[str]:
    if check.reach not in VERIFIED:
        return ["its registers are not where its BARs are: it cannot be reached"]
    what = [f"{check.corrupt} pages of guest memory are wrong"] if check.corrupt else []
    what += (
        [f"guest memory that nobody has written, beside a page of the device, has changed at {check.overrun:#x}"]
        if check.overrun
        else []
    )
    what += ["its memory is wrong"] if check.memory not in VERIFIED else []
    what += ["registers have not what was last written to them"] if check.kept not in VERIFIED else []
    what += ["its registers read otherwise by bytes, halves and double words"] if check.widths not in VERIFIED else []
    what += _unwritten(check.writes)
    what += what_changed(check)
    what += ["it reads other memory than the guest has written"] if check.read not in VERIFIED else []
    return what + (["its state is wrong"] if check.state not in VERIFIED else [])


def _unwritten(writes: str) -> list[str]:
    """Return which writes do not arrive: `PLACE:BYTES` of the guest's answer."""
    place, _, count = writes.partition(":")
    where = {"registers": "its registers", "memory": "its memory", "config": "its config space"}.get(place, place)
    plural = "" if count == "1" else "s"
    return [] if writes in VERIFIED else [f"writes of {count} byte{plural} to {where} do not arrive as they were made"]


def after_reset(findings: Findings, check: GuestCheck) -> str:
    """Return that QEMU had reset the device that was checked, and after which error, as the end of a sentence."""
    if (check.vm, check.device) not in findings.resets:
        return ""
    errors = [
        error
        for error in findings.device_errors
        if error.migration and (error.event.actor, error.event.device) == (check.vm, check.device)
    ]
    after = f", after {errors[-1].what}" if errors else ""
    return f"; QEMU had reset the device{after}"


def harm(findings: Findings) -> str:
    """Return the consequences of an error that nobody acted upon, as the end of a sentence."""
    lost = findings.account.totals().lost
    harm = [f"{lost} interrupt{'s were' if lost > 1 else ' was'} lost"] if lost else []
    harm += next(
        (
            [f"{check.device} on {check.vm}: {', '.join(wrong)}"]
            for check in findings.checks
            if (wrong := what_is_wrong(check))
        ),
        [],
    )
    return "".join(f"; {consequence}" for consequence in harm)


def first_report(findings: Findings, migration: MigrationSpan) -> str:
    """Return what either side reported first, as the end of a sentence.

    That the other side is gone is a consequence; it is told only where nothing else is.
    """
    said = [
        error.message for error in findings.errors if error.by in (SOURCE, DESTINATION) and error.at >= migration.at
    ]
    causes = [message for message in said if not tells_of_lost_peer(message)]
    first = next(iter((*causes, *said)), migration.error)
    return f": {first}" if first else ""


def cause_of_halt(findings: Findings, migration: MigrationSpan) -> str:
    """Return what the device did before the VM was stopped, and the last that QEMU said, as the end of a sentence."""
    after = [f", after {error.what}" for error in findings.errors_in(migration)[:1]]
    said = [error.message for error in findings.errors if error.by == DESTINATION and error.at >= migration.at]
    return "".join([*after, *(f"; it printed {message!r}" for message in said[-1:])])


def error_before(findings: Findings, death: ProcessDeath) -> str:
    """Return which error of its device a process met with before it died, as the end of a sentence."""
    errors = findings.errors_in(findings.last) if findings.last is not None else ()
    return next((f", after {error.what}" for error in errors if error.event.actor == death.vm), "")


def quoted(findings: Findings, migration: MigrationSpan, error: DeviceError) -> str:
    """Return what was first printed because of the device's error: by its own side, else by the other."""
    own = migration.role_of(error.event.actor)
    for role in (own, *({SOURCE, DESTINATION} - {own})):
        if said := findings.said_by(role, error.event.at):
            return f"the {role} printed {said!r}"
    return ""


def reactions(findings: Findings, migration: MigrationSpan, error: DeviceError) -> str:
    """Return how both sides reacted to the device's error."""
    said = quoted(findings, migration, error) or "no error was printed"
    after = "runs on" if source_runs(findings, migration) else f"is {state_of(findings, migration.source)}"
    by_lab = " because the lab continued it" if migration.resumed and after == "runs on" else ""
    return f"{said}; the source called the migration {migration.source_status or migration.outcome} and {after}{by_lab}"
