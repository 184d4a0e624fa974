# SPDX-License-Identifier: GPL-2.0-or-later
"""The verb `doctor`: what qpatch needs of the machine, what is missing, and the command to install it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.errors import ExitCode
from qpatch.requirements import examine, groups, install_command, missing_packages, requirements

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from qpatch.cli.output import Output
    from qpatch.requirements import Finding


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `qpatch doctor`."""
    parser.add_argument(
        "--for",
        dest="wanted",
        action="append",
        default=[],
        choices=list(groups()),
        help="look only for what this needs (repeatable)",
    )
    parser.add_argument(
        "--packages",
        action="store_true",
        help="print only the missing Debian packages, one a line; the exit code is then 0",
    )


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Check the machine; the exit code is 6 where something is missing that qpatch does not work without."""
    findings = examine(requirements(arguments.wanted))
    packages = missing_packages(findings)
    if arguments.packages:
        for package in packages:
            output.text(package)
    else:
        output.table(
            "Needed from the machine",
            ["name", "for", "state", "what it is for"],
            [_row(finding) for finding in findings],
        )
    if packages:
        output.message(f"To install what is missing, as root: {install_command(packages)}")
    output.document(_document(findings, packages))
    healthy = arguments.packages or not any(finding.is_fault for finding in findings)
    return ExitCode.OK if healthy else ExitCode.ENVIRONMENT


def _row(finding: Finding) -> list[str]:
    requirement = finding.requirement
    state = f"{finding.reason} (recommended)" if finding.reason and requirement.recommended else finding.reason or "ok"
    return [requirement.name, ", ".join(requirement.groups), state, requirement.purpose]


def _document(findings: Sequence[Finding], packages: Sequence[str]) -> dict[str, object]:
    return {
        "version": 1,
        "install": install_command(packages),
        "packages": list(packages),
        "requirements": [
            {
                "name": finding.requirement.name,
                "package": finding.requirement.package,
                "ok": not finding.reason,
                "reason": finding.reason,
                "groups": list(finding.requirement.groups),
                "recommended": finding.requirement.recommended,
            }
            for finding in findings
        ],
    }
