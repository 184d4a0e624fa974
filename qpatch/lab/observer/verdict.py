# SPDX-License-Identifier: GPL-2.0-or-later
"""From findings to a verdict: the rules in the order of Verdict; the first that applies decides.

Each rule returns a sentence that says why it applies, or '' where it does not.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from qpatch.lab.model import Verdict
from qpatch.lab.observer.interrupts import InterruptState, late_ms, line_name, storm_size
from qpatch.lab.observer.migrations import COMPLETED, DESTINATION, FAILED, RUNNING, SOURCE, UNFINISHED
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from qpatch.lab.model import Event
    from qpatch.lab.observer.errors import DeviceError
    from qpatch.lab.observer.findings import Findings, GuestCheck, ProcessDeath
    from qpatch.lab.observer.migrations import MigrationSpan

    Rule: TypeAlias = Callable[[Findings], str]

NOTHING_SHOWN = "the run ended without showing anything"
_VERIFIED = ("ok", "none")


def judge(findings: Findings) -> tuple[Verdict, str]:
    """Return the verdict on a run, and the sentence that says why."""
    for verdict, rule in RULES:
        reason = rule(findings)
        if reason:
            return verdict, reason
    return Verdict.LAB_ERROR, _nothing_shown(findings)


def storm(findings: Findings) -> str:
    """Apply if the guest handled very many interrupts when nothing was outstanding."""
    first, *_ = (*findings.account.duplicates, None)
    number = len(findings.account.duplicates)
    if first is None or number < storm_size():
        return ""
    return (
        f"the guest on {first.actor} handled {line_name(first)} of {first.device} and others {number} times too often"
    )


def hung(findings: Findings) -> str:
    """Apply if a QEMU, or the guest in one that runs, stopped answering."""
    return f"{findings.hung[0]}; {findings.failure.partition(chr(10))[0]}" if findings.hung else ""


def lab_error(findings: Findings) -> str:
    """Apply if the lab waited without success, and not because a process had died or stopped the VM."""
    return findings.failure if not (findings.deaths or findings.halted) else ""


def inconsistent(findings: Findings) -> str:
    """Apply if the timeline breaks a rule that every timeline fulfils."""
    more = len(findings.contradictions) - 1
    return "".join(findings.contradictions[:1]) + (f" (and {more} more)" if more > 0 else "")


def crashed(findings: Findings) -> str:
    """Apply if a QEMU ended that should not have; one whose incoming migration failed is right to end itself."""
    return "; ".join(f"{death.vm} {death.how}{_before(findings, death)}" for death in findings.deaths)


def refused(findings: Findings) -> str:
    """Apply if the device refused something by its own rule, and the migration failed."""
    for migration in findings.migrations:
        rules = [error for error in findings.errors_in(migration) if error.rule]
        if rules and migration.outcome not in (COMPLETED, UNFINISHED):
            return f"{rules[0].what}{rules[0].because}; {_reactions(findings, migration, rules[0])}"
    return ""


def failed(findings: Findings) -> str:
    """Apply if a migration ended otherwise than it should, or the source did not go on after one meant to fail."""
    for migration in findings.migrations:
        if migration.outcome in (migration.expect, UNFINISHED) or _never_failed(migration):
            continue
        why = findings.causes_of(migration)
        first = (
            f"; {why[0].what}; {_reactions(findings, migration, why[0])}" if why else _first_report(findings, migration)
        )
        return f"migration {migration.number} {_ended(migration)} and was expected to be {migration.expect}{first}"
    last = findings.last
    as_meant = last is not None and last.outcome == last.expect == FAILED
    if last is not None and as_meant and findings.unused_faults and not findings.causes_of(last):
        return (
            f"the migration failed, but the fault {findings.unused_faults[0]} that was to make it fail never occurred"
            f"{_first_report(findings, last)}"
        )
    if last is not None and findings.halted:
        return f"{findings.halted} took over and then stopped the VM{_cause_of_halt(findings, last)}"
    if last is not None and last.outcome != COMPLETED and last.is_as_expected and not _source_runs(findings, last):
        return (
            f"the migration {_ended(last)} as it should, but the source does not run on: "
            f"it is {_state(findings, last.source)}"
        )
    return ""


def stranded(findings: Findings) -> str:
    """Apply if the source said that its migration failed, and left it to the lab to let the guest run on."""
    for migration in findings.migrations:
        if migration.resumed and migration.source_status != COMPLETED:
            return (
                f"migration {migration.number} {migration.source_status} on {migration.source}, which did not let the "
                "guest run on by itself"
            )
    return ""


def misordered(findings: Findings) -> str:
    """Apply if a device went through its states otherwise than a migration must take it."""
    more = len(findings.disorders) - 1
    return "".join(findings.disorders[:1]) + (f" (and {more} more)" if more > 0 else "")


def unnoticed(findings: Findings) -> str:
    """Apply if a device gave an error in a migration that was then reported as completed."""
    for migration in findings.migrations:
        errors = findings.errors_in(migration)
        if errors and migration.outcome == COMPLETED:
            said = _quoted(findings, migration, errors[0])
            reaction = f"{said} and went on" if said else "no error was printed"
            return f"{errors[0].what}, and the migration was reported as completed; {reaction}{_harm(findings)}"
    return ""


def dma_failed(findings: Findings) -> str:
    """Apply if a device that ran could not reach guest memory."""
    if not findings.failed_accesses:
        return ""
    first, *others = findings.failed_accesses
    word = {"dma-read": "read", "dma-write": "write"}[first.operation]
    more = f" (and {counted(len(others), 'more access', 'more accesses')})" if others else ""
    return (
        f"{first.device} on {first.vm} could not {word} guest memory at {first.iova:#x}: "
        f"{errno.errorcode.get(first.errno, first.errno)}{more}"
    )


def corrupted(findings: Findings) -> str:
    """Apply if the guest found wrong pages, wrong device memory, or a device that knows its state to be wrong."""
    for check in findings.checks:
        if what := _wrong(check):
            return f"{check.device} on {check.vm}: {', '.join(what)}{_reset(findings, check)}"
    return ""


def stale(findings: Findings) -> str:
    """Apply if the guest found pages older than the device has written them."""
    return next(
        (
            f"{check.stale} pages that {check.device} wrote are older on {check.vm}"
            for check in findings.checks
            if check.stale
        ),
        "",
    )


def lost(findings: Findings) -> str:
    """Apply if an interrupt had not reached the guest by the next fence."""
    missing = findings.account.in_state(InterruptState.LOST)
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    return f"{missing[0].name}, raised on {missing[0].raised.actor}: {missing[0].why}{more}" if missing else ""


def misrouted(findings: Findings) -> str:
    """Apply if an interrupt reached the guest on a masked vector, or on another one in the place of its own."""
    if findings.account.unwanted:
        first = findings.account.unwanted[0]
        return f"{first.name} reached the guest, whose driver had masked it"
    for interrupt in findings.account.in_state(InterruptState.LOST):
        instead = next((event for event in findings.account.duplicates if _is_instead(event, interrupt.raised)), None)
        if instead is not None:
            return f"{interrupt.name} reached the guest on {instead.actor} as {line_name(instead)}"
    return ""


def _is_instead(acknowledged: Event, raised: Event) -> bool:
    """Tell whether the guest answered another vector than was raised, when nothing was outstanding on that."""
    is_other = line_name(acknowledged) != line_name(raised)
    return acknowledged.device == raised.device and acknowledged.at >= raised.at and is_other


def duplicated(findings: Findings) -> str:
    """Apply if the guest handled an interrupt when nothing was outstanding."""
    if not findings.account.duplicates:
        return ""
    first, *others = findings.account.duplicates
    more = f" (and {len(others)} more)" if others else ""
    return f"the guest on {first.actor} handled {line_name(first)} of {first.device} when nothing was outstanding{more}"


def late(findings: Findings) -> str:
    """Apply if an interrupt was delivered after the bound."""
    latest = max(findings.account.late, key=lambda interrupt: interrupt.wait_ms, default=None)
    if latest is None:
        return ""
    return f"{latest.name} was delivered after {latest.wait_ms:.1f} ms; the bound is {late_ms():g} ms"


def noisy(findings: Findings) -> str:
    """Apply if QEMU printed an error in a run in which nothing was to fail, and nothing did."""
    if any(migration.expect != COMPLETED or migration.outcome != COMPLETED for migration in findings.migrations):
        return ""
    said = next((error for error in findings.errors if error.by in (SOURCE, DESTINATION)), None)
    return f"all went well, but the {said.by} printed {said.message!r}" if said is not None else ""


def recovered(findings: Findings) -> str:
    """Apply if the last migration failed as it should, the source runs, and interrupts reach the guest there."""
    last = findings.last
    if last is None or last.outcome in (COMPLETED, UNFINISHED) or not last.is_as_expected or not _settled(findings):
        return ""
    why = findings.causes_of(last) if last.outcome == FAILED else ()
    cause = f", because {why[0].what}" if why else ""
    by = ", because the lab continued it," if last.resumed else ""
    return (
        f"the migration {_ended(last)} as it should{cause}; the source runs on{by} and "
        f"{_count(findings.acknowledged_after)} there; {_intact(findings)}"
    )


def delivered(findings: Findings) -> str:
    """Apply if all migrations ended as they should, the last one completed, and every interrupt came once."""
    last = findings.last
    if last is None or last.outcome != COMPLETED or _never_failed(last):
        return ""
    if not _settled(findings) or findings.unused_faults:
        return ""
    return f"the migration completed, {_count(findings.acknowledged_after)} on the destination; {_intact(findings)}"


def not_applicable(findings: Findings) -> str:
    """Apply if the lab ran nothing, or what was to fail was never asked for."""
    if findings.not_applicable:
        return findings.not_applicable
    completed = next((migration for migration in findings.migrations if _never_failed(migration)), None)
    if not _settled(findings) or not (completed or findings.unused_faults):
        return ""
    if findings.unused_faults:
        return f"the fault {findings.unused_faults[0]} never occurred, so nothing was tested"
    if completed is None:
        return ""
    return f"migration {completed.number} completed: this QEMU never does what the scenario makes fail"


def _settled(findings: Findings) -> bool:
    """Whether the guest checked each device after the last migration, and what became of each interrupt is known."""
    known = findings.acknowledged_after > 0 and not findings.account.in_state(InterruptState.UNSETTLED)
    checked = {check.device for check in findings.checks_after}
    return known and bool(checked) and checked >= {check.device for check in findings.checks}


def _intact(findings: Findings) -> str:
    """Say what the guest has checked after the last migration: it was found intact, or there would be another word."""
    checks = findings.checks_after
    what = {
        "device state": [check.state for check in checks],
        "device memory": [check.memory for check in checks],
        "what it reads": [check.read for check in checks],
        "pages that it wrote": ["ok" for check in checks if check.stale is not None],
        "config space": [check.command for check in checks],
    }
    intact = [name for name, seen in what.items() if "ok" in seen]
    return f"intact: {', '.join(intact)} ({counted(len(checks), 'check')})"


def _nothing_shown(findings: Findings) -> str:
    if findings.account.in_state(InterruptState.UNSETTLED):
        return f"{findings.account.in_state(InterruptState.UNSETTLED)[0].name} was raised, and no fence came after it"
    if findings.last is not None and findings.last.outcome == UNFINISHED:
        return "the migration did not end"
    if not findings.migrations:
        return NOTHING_SHOWN
    if not findings.acknowledged_after:
        return "no interrupt was raised after the migration"
    return "no device was checked after the migration: a scenario needs a `check` at its end"


def _never_failed(migration: MigrationSpan) -> bool:
    """Whether a fault was to hit the migration and did not; one that was cancelled should have ended so."""
    return migration.expect == FAILED and migration.outcome == COMPLETED


def _source_runs(findings: Findings, migration: MigrationSpan) -> bool:
    return findings.states.get(migration.source) == RUNNING


def _state(findings: Findings, vm: str) -> str:
    return findings.states.get(vm, "in an unknown state")


def _ended(migration: MigrationSpan) -> str:
    words = {COMPLETED: "completed", "cancelled": "was cancelled", UNFINISHED: "did not end"}
    return words.get(migration.outcome, migration.outcome)


def _count(interrupts: int) -> str:
    return f"{counted(interrupts, 'interrupt')} reached the guest"


def _wrong(check: GuestCheck) -> list[str]:
    """Return what the guest found wrong, in words."""
    what = [f"{check.corrupt} pages of guest memory are wrong"] if check.corrupt else []
    what += ["its memory is wrong"] if check.memory not in _VERIFIED else []
    what += [f"its config space has changed at {check.config:#x}"] if check.config is not None else []
    what += ["it holds another command register"] if check.command not in _VERIFIED else []
    what += ["it reads other memory than the guest has written"] if check.read not in _VERIFIED else []
    return what + (["its state is wrong"] if check.state not in _VERIFIED else [])


def _reset(findings: Findings, check: GuestCheck) -> str:
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


def _harm(findings: Findings) -> str:
    """Return the consequences of an error that nobody acted upon, as the end of a sentence."""
    lost = findings.account.totals().lost
    harm = [f"{lost} interrupt{'s were' if lost > 1 else ' was'} lost"] if lost else []
    harm += next(
        (
            [f"{check.device} on {check.vm}: {', '.join(wrong)}"]
            for check in findings.checks
            if (wrong := _wrong(check))
        ),
        [],
    )
    return "".join(f"; {consequence}" for consequence in harm)


def _first_report(findings: Findings, migration: MigrationSpan) -> str:
    """Return what either side reported first, as the end of a sentence: later messages are mostly of broken sockets."""
    said = next(
        (error.message for error in findings.errors if error.by in (SOURCE, DESTINATION) and error.at >= migration.at),
        migration.error,
    )
    return f": {said}" if said else ""


def _cause_of_halt(findings: Findings, migration: MigrationSpan) -> str:
    """Return what the device did before the VM was stopped, and the last that QEMU said, as the end of a sentence."""
    after = [f", after {error.what}" for error in findings.errors_in(migration)[:1]]
    said = [error.message for error in findings.errors if error.by == DESTINATION and error.at >= migration.at]
    return "".join([*after, *(f"; it printed {message!r}" for message in said[-1:])])


def _before(findings: Findings, death: ProcessDeath) -> str:
    """Return which error of its device a process met with before it died, as the end of a sentence."""
    errors = findings.errors_in(findings.last) if findings.last is not None else ()
    return next((f", after {error.what}" for error in errors if error.event.actor == death.vm), "")


def _quoted(findings: Findings, migration: MigrationSpan, error: DeviceError) -> str:
    """Return what was first printed because of the device's error: by its own side, else by the other."""
    own = migration.role_of(error.event.actor)
    for role in (own, *({SOURCE, DESTINATION} - {own})):
        if said := findings.said_by(role, error.event.at):
            return f"the {role} printed {said!r}"
    return ""


def _reactions(findings: Findings, migration: MigrationSpan, error: DeviceError) -> str:
    """Return how both sides reacted to the device's error."""
    said = _quoted(findings, migration, error) or "no error was printed"
    after = "runs on" if _source_runs(findings, migration) else f"is {_state(findings, migration.source)}"
    by_lab = " because the lab continued it" if migration.resumed and after == "runs on" else ""
    return f"{said}; the source called the migration {migration.source_status or migration.outcome} and {after}{by_lab}"


RULES: tuple[tuple[Verdict, Rule], ...] = (
    (Verdict.STORM, storm),
    (Verdict.HUNG, hung),
    (Verdict.LAB_ERROR, lab_error),
    (Verdict.INCONSISTENT, inconsistent),
    (Verdict.CRASHED, crashed),
    (Verdict.REFUSED, refused),
    (Verdict.FAILED, failed),
    (Verdict.STRANDED, stranded),
    (Verdict.MISORDERED, misordered),
    (Verdict.UNNOTICED, unnoticed),
    (Verdict.DMA_FAILED, dma_failed),
    (Verdict.CORRUPTED, corrupted),
    (Verdict.STALE, stale),
    (Verdict.MISROUTED, misrouted),
    (Verdict.LOST, lost),
    (Verdict.DUPLICATED, duplicated),
    (Verdict.LATE, late),
    (Verdict.NOISY, noisy),
    (Verdict.RECOVERED, recovered),
    (Verdict.DELIVERED, delivered),
    (Verdict.NOT_APPLICABLE, not_applicable),
)
