# SPDX-License-Identifier: GPL-2.0-or-later
"""From findings to a verdict: the rules in the order of Verdict; the first that applies decides.

Each rule returns a sentence that says why it applies, or '' where it does not.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from qpatch.lab.model import Verdict
from qpatch.lab.observer.account import InterruptState, line_name
from qpatch.lab.observer.blame import misleading
from qpatch.lab.observer.bounds import late_ms, stall_ms, storm_size
from qpatch.lab.observer.migrations import COMPLETED, FAILED, UNFINISHED
from qpatch.lab.observer.noise import needless_error
from qpatch.lab.observer.phrases import (
    after_reset,
    cause_of_halt,
    error_before,
    first_report,
    harm,
    how_it_ended,
    interrupt_set_up,
    quoted,
    reactions,
    source_runs,
    state_of,
    what_is_corrupt,
    what_is_corrupt_in_itself,
    what_was_seen,
)
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from qpatch.lab.model import Event
    from qpatch.lab.observer.checks import GuestCheck
    from qpatch.lab.observer.findings import Findings
    from qpatch.lab.observer.migrations import MigrationSpan

    Rule: TypeAlias = Callable[[Findings], str]

NOTHING_SHOWN = "the run ended without showing anything"


def judge(findings: Findings) -> tuple[Verdict, str]:
    """Return the verdict on a run, and the sentence that says why."""
    for verdict, rule in RULES:
        reason = rule(findings)
        if reason:
            return verdict, reason
    return Verdict.LAB_ERROR, _nothing_shown(findings)


def storm(findings: Findings) -> str:
    """Apply if the guest handled very many interrupts when nothing was outstanding, or a log has no end.

    A QEMU that hangs may go on logging what it does all the time: that it hangs says more.
    """
    first, *_ = (*findings.account.duplicates, None)
    number = len(findings.account.duplicates)
    if first is not None and number >= storm_size():
        return (
            f"the guest on {first.actor} handled {line_name(first)} of {first.device} and others {number} times too "
            "often"
        )
    return findings.cut_logs[0] if findings.cut_logs and not findings.hung else ""


def hung(findings: Findings) -> str:
    """Apply if a QEMU, or the guest in one that runs, stopped answering."""
    if not findings.hung:
        return ""
    waited = findings.failure.partition(chr(10))[0].removesuffix("; the last lines of its log:")
    unanswered = [*findings.account.in_state(InterruptState.UNSETTLED), *findings.account.in_state(InterruptState.LOST)]
    on_its_way = (
        f"; {unanswered[-1].name}, raised on {unanswered[-1].raised.actor}, was on its way" if unanswered else ""
    )
    return f"{findings.hung[0]}{f'; {waited}' if waited else ''}{on_its_way}"


def lab_error(findings: Findings) -> str:
    """Apply if the lab waited without success, and not because a process had died or stopped the VM."""
    return findings.failure if not (findings.deaths or findings.halted or findings.early) else ""


def inconsistent(findings: Findings) -> str:
    """Apply if the timeline breaks a rule that every timeline fulfils."""
    more = len(findings.contradictions) - 1
    return "".join(findings.contradictions[:1]) + (f" (and {more} more)" if more > 0 else "")


def crashed(findings: Findings) -> str:
    """Apply if a QEMU ended that should not have; one whose incoming migration failed is right to end itself."""
    return "; ".join(f"{death.vm} {death.how}{error_before(findings, death)}" for death in findings.deaths)


def refused(findings: Findings) -> str:
    """Apply if the device refused something by its own rule, and the migration failed."""
    for migration in findings.migrations:
        rules = [error for error in findings.errors_in(migration) if error.rule]
        if rules and migration.outcome not in (COMPLETED, UNFINISHED):
            return f"{rules[0].what}{rules[0].because}; {reactions(findings, migration, rules[0])}"
    return ""


def failed(findings: Findings) -> str:
    """Apply if a migration ended otherwise than it should, or was not begun, or the source did not go on after one.

    Also if one failed as it should, and QEMU said nothing or something else of the reason, if QEMU did not tell of its
    end, or if a VM is not in the state in which that end has to leave it.
    """
    if findings.devices_refused or findings.early:
        return findings.devices_refused or findings.early[0]
    for migration in findings.migrations:
        if migration.outcome in (migration.expect, UNFINISHED) or _never_failed(findings, migration):
            continue
        why = findings.causes_of(migration)
        first = (
            f"; {why[0].what}; {reactions(findings, migration, why[0])}" if why else first_report(findings, migration)
        )
        besides = [one for one in findings.disorders if one.endswith(f"(migration {migration.number})")]
        return "; ".join(
            [
                f"migration {migration.number} {how_it_ended(migration)} and was expected to be "
                f"{migration.expect}{first}",
                *besides[:1],
            ]
        )
    last = findings.last
    as_meant = last is not None and last.outcome == last.expect == FAILED
    if last is not None and as_meant and findings.unused_faults and not findings.causes_of(last):
        return (
            f"the migration failed, but the fault {findings.unused_faults[0]} that was to make it fail never occurred"
            f"{first_report(findings, last)}"
        )
    if last is not None and findings.halted:
        return f"{findings.halted} took over and then stopped the VM{cause_of_halt(findings, last)}"
    if last is not None and last.outcome != COMPLETED and last.is_as_expected and not source_runs(findings, last):
        return (
            f"the migration {how_it_ended(last)} as it should, but the source does not run on: "
            f"it is {state_of(findings, last.source)}"
        )
    return next(filter(None, (*findings.unannounced, misleading(findings), *findings.silent, *findings.wrong_ends)), "")


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
            said = quoted(findings, migration, errors[0])
            reaction = f"{said} and went on" if said else "no error was printed"
            return f"{errors[0].what}, and the migration was reported as completed; {reaction}{harm(findings)}"
    return ""


def dma_failed(findings: Findings) -> str:
    """Apply if a device that ran could not reach guest memory, or could not have for a while, or could for too long."""
    if not findings.failed_accesses:
        return next(iter(findings.taken_away), "")
    first, *others = findings.failed_accesses
    word = {"dma-read": "read", "dma-write": "write"}[first.operation]
    more = f" (and {counted(len(others), 'more access', 'more accesses')})" if others else ""
    return (
        f"{first.device} on {first.vm} could not {word} {first.memory} at {first.iova:#x}: "
        f"{errno.errorcode.get(first.errno, first.errno)}{more}"
    )


def corrupted(findings: Findings) -> str:
    """Apply if the guest found a device, guest memory or itself wrong, if a device knows it is, or if time jumps."""
    for check in findings.checks:
        if what := what_is_corrupt(findings, check):
            return f"{check.device} on {check.vm}: {', '.join(what)}{after_reset(findings, check)}"
    for check in findings.checks:
        if what := what_is_corrupt_in_itself(findings, check):
            return f"the guest on {check.vm}: {', '.join(what)}"
    return next(iter((*findings.clock_faults, *findings.counters)), "")


def stale(findings: Findings) -> str:
    """Apply if the guest found pages older than the device, or its own processor, has written them."""
    old = [(check.stale, check.device, check.vm) for check in findings.checks if check.stale]
    old += [(pages, "the guest's own processor", vm) for vm, pages in findings.left_behind]
    return next(
        (
            f"{counted(pages, 'page')} that {writer} wrote {'is' if pages == 1 else 'are'} older on {vm}"
            for pages, writer, vm in old
        ),
        "",
    )


def lost(findings: Findings) -> str:
    """Apply if an interrupt had not reached the guest by the next fence, or a timer of its own never interrupts."""
    missing = findings.account.in_state(InterruptState.LOST)
    more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
    if not missing:
        silent = next(iter(findings.silent_timers), "")
        return f"{silent}{interrupt_set_up(findings)}" if silent else next(iter(findings.unheard), "")
    return f"{missing[0].name}, raised on {missing[0].raised.actor}: {missing[0].why}{more}{interrupt_set_up(findings)}"


def misrouted(findings: Findings) -> str:
    """Apply if an interrupt reached another processor or vector than its own, or one that was masked."""
    for check in findings.checks:
        if check.strayed:
            return f"{_strayed(check)} (checked on {check.vm}){interrupt_set_up(findings)}"
    if findings.account.unwanted:
        first = findings.account.unwanted[0]
        return f"{first.name} reached the guest, whose driver had masked it{interrupt_set_up(findings)}"
    for interrupt in findings.account.in_state(InterruptState.LOST):
        instead = next((event for event in findings.account.duplicates if _is_instead(event, interrupt.raised)), None)
        if instead is not None:
            line = line_name(instead)
            return f"{interrupt.name} reached the guest on {instead.actor} as {line}{interrupt_set_up(findings)}"
    for check in findings.checks:
        if check.unexpected:
            had = counted(check.unexpected, "interrupt")
            return f"the guest on {check.vm} had {had} on numbers that no vector uses"
    return ""


def _strayed(check: GuestCheck) -> str:
    vector, routed, came = check.stray
    where = f"to {came} instead of {routed}" if came != routed else f"to {came}, which took none"
    had = f"{counted(check.strayed, 'interrupt')} of {check.device}"
    return f"{had} came to a wrong processor: the first, of vector {vector}, {where}"


def _is_instead(acknowledged: Event, raised: Event) -> bool:
    """Tell whether the guest answered another vector than was raised, when nothing was outstanding on that."""
    is_other = line_name(acknowledged) != line_name(raised)
    return acknowledged.device == raised.device and acknowledged.at >= raised.at and is_other


def duplicated(findings: Findings) -> str:
    """Apply if the guest handled an interrupt when nothing was outstanding."""
    if not findings.account.duplicates and findings.account.unsent:
        first, *others = findings.account.unsent
        more = f" (and {len(others)} more)" if others else ""
        return f"{first.actor} took {line_name(first)} of {first.device}, which the device had not sent{more}"
    if not findings.account.duplicates:
        return ""
    first, *others = findings.account.duplicates
    more = f" (and {len(others)} more)" if others else ""
    return f"the guest on {first.actor} handled {line_name(first)} of {first.device} when nothing was outstanding{more}"


def late(findings: Findings) -> str:
    """Apply if an interrupt was delivered after the bound."""
    late = findings.account.late
    latest = max(late, key=lambda interrupt: interrupt.delay_ms, default=None)
    if latest is None:
        return ""
    fence = ", long after what was raised with it" if latest.after_fence else ""
    more = f" (and {len(late) - 1} more)" if len(late) > 1 else ""
    bound = f"; the bound is {late_ms():g} ms" if latest.delay_ms > late_ms() else "; it was due at the fence before"
    return f"{latest.name} was delivered after {latest.delay_ms:.1f} ms{fence}{more}{bound}"


def slow(findings: Findings) -> str:
    """Apply if nothing happened for too long while no device ran; what is slow next to a baseline is seen elsewhere."""
    longest = max(findings.stalls, key=lambda stall: max(stall.ms, stall.in_all_ms), default=None)
    if longest is None or max(longest.ms, longest.in_all_ms) <= stall_ms():
        return next(iter(findings.standstills), "")
    often = f", of {longest.in_all_ms:.0f} ms in {longest.times} stretches" if longest.times > 1 else ""
    return (
        f"nothing happened for {longest.ms:.0f} ms{often} while no device ran, between {longest.before.name} of "
        f"{longest.before.actor} and {longest.after.name} of {longest.after.actor} (migration {longest.migration}); "
        f"the bound is {stall_ms():g} ms"
    )


def noisy(findings: Findings) -> str:
    """Apply if all went as it should, and QEMU printed an error for nothing."""
    said = needless_error(findings)
    if said is None or not (delivered(findings) or recovered(findings)):
        return ""
    return f"all went well, but the {said.by} printed {said.message!r}"


def recovered(findings: Findings) -> str:
    """Apply if the last migration failed as it should, the source runs, and interrupts reach the guest there."""
    last = findings.last
    if last is None or last.outcome in (COMPLETED, UNFINISHED) or not last.is_as_expected or not _settled(findings):
        return ""
    why = findings.causes_of(last) if last.outcome == FAILED else ()
    cause = f", because {why[0].what}" if why else ""
    by = ", because the lab continued it," if last.resumed else ""
    return (
        f"the migration {how_it_ended(last)} as it should{cause}; the source runs on{by} and "
        f"{what_was_seen(findings, 'there')}"
    )


def delivered(findings: Findings) -> str:
    """Apply if all migrations ended as they should, the last one completed, and every interrupt came once."""
    last = findings.last
    if last is None or last.outcome != COMPLETED or _never_failed(findings, last):
        return ""
    if not _settled(findings) or findings.unused_faults:
        return ""
    return f"the migration completed, {what_was_seen(findings, 'on the destination')}"


def not_applicable(findings: Findings) -> str:
    """Apply if the lab ran nothing, or what was to fail was never asked for."""
    if findings.not_applicable:
        return findings.not_applicable
    if not _settled(findings) or not findings.unused_faults:
        return ""
    return f"the fault {findings.unused_faults[0]} never occurred, so nothing was tested"


def _settled(findings: Findings) -> bool:
    """Whether the guest checked each device after the last migration, and what became of each interrupt is known.

    One that has no driver for them has to answer.
    """
    if findings.undriven:
        return findings.fences_after > 0
    known = findings.acknowledged_after > 0 and not findings.account.in_state(InterruptState.UNSETTLED)
    checked = {check.device for check in findings.checks_after}
    return known and bool(checked) and checked >= {check.device for check in findings.checks}


def _nothing_shown(findings: Findings) -> str:
    if findings.account.in_state(InterruptState.UNSETTLED):
        return f"{findings.account.in_state(InterruptState.UNSETTLED)[0].name} was raised, and no fence came after it"
    if findings.last is not None and findings.last.outcome == UNFINISHED:
        return "the migration did not end"
    if not findings.migrations:
        return NOTHING_SHOWN
    if findings.undriven:
        return "the guest was asked nothing after the migration: a scenario needs a `fence` at its end"
    if not findings.acknowledged_after:
        return "no interrupt was raised after the migration"
    return "no device was checked after the migration: a scenario needs a `check` at its end"


def _never_failed(findings: Findings, migration: MigrationSpan) -> bool:
    """Whether a fault was to have the migration fail and did not: it never occurred, or nobody has taken notice."""
    faulty = findings.unused_faults or findings.errors_in(migration)
    return migration.expect == FAILED and migration.outcome == COMPLETED and bool(faulty)


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
    (Verdict.SLOW, slow),
    (Verdict.NOISY, noisy),
    (Verdict.RECOVERED, recovered),
    (Verdict.DELIVERED, delivered),
    (Verdict.NOT_APPLICABLE, not_applicable),
)
