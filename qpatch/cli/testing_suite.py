# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch test --suite`: tests of a device's side of VFIO, without a QEMU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.cli.display import StepDisplay
from qpatch.cli.options import settings, strategies_of
from qpatch.cli.report_files import write_report
from qpatch.errors import UserError
from qpatch.lab.registry import registry

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from qpatch.cli.output import Output
    from qpatch.errors import ExitCode
    from qpatch.lab.selftests.results import DeviceOutcome

_NOT_OURS = ("machines", "scenarios", "cells", "peer", "kernel", "binary", "compare", "prebuilt", "build")
_QUOTED = 3  # lines of a kernel's end that are printed
_OF_KERNELS = ("strategy", "all", "trees", "target")  # which a lab boots


def run_suite(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Run the suite that is asked for: on emulated devices, on those that are named, or on kernels."""
    from qpatch import api
    from qpatch.lab.protocol import KernelSuiteLab
    from qpatch.lab.selftests.results import document, exit_code_of

    if isinstance(registry().get(arguments.lab), KernelSuiteLab):
        return _run_on_kernels(arguments, output)
    _refuse((*_NOT_OURS, *_OF_KERNELS), arguments)
    with StepDisplay(output) as steps:
        outcomes = api.run_suite(arguments.profiles, arguments.devices, lab=arguments.lab, progress=steps)
    print_outcomes(outcomes, output)
    output.document(document(arguments.suite, outcomes))
    _write_reports(outcomes, arguments)
    return exit_code_of(outcomes)


def _run_on_kernels(arguments: argparse.Namespace, output: Output) -> ExitCode:
    from qpatch import api
    from qpatch.api.suites_on_kernels import overall
    from qpatch.lab.selftests.results import document

    _refuse((*_NOT_OURS, "profiles"), arguments)
    if not arguments.trees or len(arguments.devices) > 1:
        raise UserError("usage", "name kernel trees with --tree, and at most one of the lab's devices with --device")
    strategies = strategies_of(arguments)
    loaded = tuple(strategy for strategy in strategies if strategy)
    choices = api.CompileChoices(arguments.target, parameters=settings(arguments, loaded))
    with StepDisplay(output) as steps:
        results = api.run_kernel_suite(
            strategies,
            arguments.trees,
            next(iter(arguments.devices), ""),
            lab=arguments.lab,
            output=arguments.output,
            choices=choices,
            progress=steps,
        )
    suites = [result.suite for result in results if result.suite]
    outcomes = [suite.outcome for suite in suites]
    print_outcomes(outcomes, output)
    for suite in suites:
        for boot in suite.boots:
            said = "".join(f"\n  {line}" for line in boot.lines[:_QUOTED])
            output.text(f"{suite.outcome.device}: {boot.end} after {boot.seconds:.1f} s: {boot.directory}{said}")
    for result in results:
        if not result.suite:
            output.text(f"{result.built.key}: {result.built.status}: {result.built.reason}".rstrip(": "))
    kernels = [suite.as_json() for suite in suites]
    unbuilt = [result.built.as_json() for result in results if not result.suite]
    output.document({**document(arguments.suite, outcomes), "kernels": kernels, "not_run": unbuilt})
    _write_reports(outcomes, arguments)
    return overall(results)


def _refuse(names: Sequence[str], arguments: argparse.Namespace) -> None:
    if given := [name for name in names if getattr(arguments, name)]:
        raise UserError(
            "usage", f"--suite tests a device's side of VFIO, for which there is no {given[0].removesuffix('s')}"
        )


def _write_reports(outcomes: Sequence[DeviceOutcome], arguments: argparse.Namespace) -> None:
    if arguments.ktap:
        from qpatch.lab.selftests.results import ktap

        write_report(arguments.ktap, ktap(outcomes))
    if arguments.junit:
        from qpatch.lab.selftests.junit import junit

        write_report(arguments.junit, junit(outcomes))


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
