# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch completion SHELL`: the completion script, made by shtab from the full parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.errors import ExitCode

if TYPE_CHECKING:
    import argparse

    from qpatch.cli.output import Output

SHELLS = ("bash", "zsh", "tcsh")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("shell", choices=SHELLS, help="the shell to complete in")


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Print the completion script."""
    import shtab

    from qpatch.cli.main import VERBS, build_parser

    parser, _ = build_parser(VERBS)
    script = shtab.complete(parser, shell=arguments.shell)
    output.text(script)
    output.document({"version": 1, "shell": arguments.shell, "script": script})
    return ExitCode.OK
