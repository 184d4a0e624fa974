# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch test --suite`: tests of a device's side of VFIO, without a QEMU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.cli.display import StepDisplay
from qpatch.cli.report_files import write_report
from qpatch.errors import UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from qpatch.cli.output import Output
    from qpatch.errors import ExitCode
    from qpatch.lab.selftests.results import DeviceOutcome

_NOT_OURS = (
    "strategy",
    "all",
    "trees",
    "machines",
    "scenarios",
    "cells",
    "peer",
    "binary",
    "compare",
    "prebuilt",
    "build",
)


def run_suite(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Run the suite that is asked for, on emulated devices or those that are named."""
    from qpatch import api
    from qpatch.lab.selftests.results import document, exit_code_of, ktap

    if given := [name for name in _NOT_OURS if getattr(arguments, name)]:
        raise UserError(
            "usage", f"--suite tests a device's side of VFIO, for which there is no {given[0].removesuffix('s')}"
        )
    with StepDisplay(output) as steps:
        outcomes = api.run_suite(arguments.profiles, arguments.devices, lab=arguments.lab, progress=steps)
    print_outcomes(outcomes, output)
    output.document(document(arguments.suite, outcomes))
    if arguments.ktap:
        write_report(arguments.ktap, ktap(outcomes))
    if arguments.junit:
        from qpatch.lab.selftests.junit import junit

        write_report(arguments.junit, junit(outcomes))
    return exit_code_of(outcomes)


def print_outcomes(outcomes: Sequence[DeviceOutcome], output: Output) -> None:
    """Print a line for each program, then what was found, and with -v why tests were skipped."""
    from qpatch.lab.selftests.results import Outcome

    rows = [
        (outcome.device, program, *(str(outcome.of(program).count(kind)) for kind in Outcome))
        for outcome in outcomes
        for program in outcome.programs()
    ]
    output.table("Tests of VFIO's uAPI", ("device", "program", *Outcome), rows)
    for outcome in outcomes:
        for test in outcome.tests:
            name = f"{outcome.device}: {test.test or test.program}"
            if test.outcome is Outcome.FAILED:
                output.text("\n".join((f"{name} has failed", *(f"  {line}" for line in test.reason.splitlines()))))
            elif test.outcome is Outcome.SKIPPED:
                output.detail(f"{name}: skipped: {test.reason}")
