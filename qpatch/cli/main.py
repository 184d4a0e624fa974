# SPDX-License-Identifier: GPL-2.0-or-later
"""The `qpatch` command: finds the verb, imports its module alone, turns errors into messages and exit codes.

A verb's module has `register(parser)`, which adds its arguments, and `run(arguments, output)`, which returns
an ExitCode. The flags common to all verbs are added here, to every parser.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

from qpatch import __version__
from qpatch.cli.errors import error_document, error_text
from qpatch.cli.output import Output, flag_from_environment
from qpatch.cli.streams import best_effort, prepare_streams, silence
from qpatch.errors import ExitCode, QpatchError, UserError, fault_of_system

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A run is short and nearly all it makes (modules, syntax trees) lives to its end: with Python's default of 700, a tenth
# of the time goes into looking for garbage.
ALLOCATIONS_BETWEEN_COLLECTIONS = 200_000
# What a shell reports for a process ended by SIGPIPE.
BROKEN_PIPE_EXIT = 141


@dataclass(frozen=True)
class Verb:
    """A verb of the command line: the module that carries it out, and its line in the help."""

    module: str
    summary: str


VERBS: dict[str, Verb] = {
    "doctor": Verb("qpatch.cli.doctor", "check what the machine has, and say what to install"),
    "tree": Verb("qpatch.cli.tree", "list, fetch, add and show source trees"),
    "strategy": Verb("qpatch.cli.strategy", "list, show, check and start strategies"),
    "render": Verb("qpatch.cli.render", "render strategies on trees as patch series"),
    "rebase": Verb("qpatch.cli.rebase", "render strategies on a newer tree and compare the series"),
    "build": Verb("qpatch.cli.build", "compile every patch of a series, or a release as it is"),
    "test": Verb("qpatch.cli.testing", "migrate an emulated device, and say what was seen"),
    "completion": Verb("qpatch.cli.completion", "print the completion script for a shell"),
}


class VerbModule(Protocol):
    """What a verb's module provides."""

    def register(self, parser: argparse.ArgumentParser) -> None:
        """Add the verb's arguments to `parser`."""

    def run(self, arguments: argparse.Namespace, output: Output) -> ExitCode:
        """Carry the verb out."""


class Parser(argparse.ArgumentParser):
    """An argument parser with the common flags, whose errors are UserErrors; so are nested ones."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "allow_abbrev": False})
        common = self.add_argument_group("common flags")
        common.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS,
            help="print one JSON document on stdout (QPATCH_JSON=1)",
        )
        common.add_argument(
            "-v", "--verbose", action="count", default=argparse.SUPPRESS, help="say more on stderr (QPATCH_VERBOSE=1)"
        )
        common.add_argument(
            "-q",
            "--quiet",
            action="store_true",
            default=argparse.SUPPRESS,
            help="say only errors on stderr (QPATCH_QUIET=1)",
        )

    def error(self, message: str) -> NoReturn:
        """Report a wrong command line as every other mistake of the user."""
        raise UserError("usage", message, hint=self.format_usage().strip())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with `arguments` (the process's own by default) and return its exit code."""
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS)
    prepare_streams()
    words = list(sys.argv[1:] if arguments is None else arguments)
    output = output_for(words)
    try:
        code = int(run(words, output))
        output.stdout.flush()
    except QpatchError as error:
        return report(error, output)
    except KeyboardInterrupt:
        output.error("qpatch: interrupted")
        print_error(QpatchError("interrupted", "interrupted"), output)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        silence(output.stdout)  # the reader went away (`qpatch ... | head`)
        return BROKEN_PIPE_EXIT
    except OSError as error:
        fault = fault_of_system(error)
        if fault is None:
            announce_bug(error, output)
            raise
        return report(fault, output)
    except Exception as error:
        announce_bug(error, output)
        raise
    return code


def run(words: Sequence[str], output: Output) -> int:
    """Parse `words`, import the verb's module and run it; return the exit code.

    Raises whatever the verb raises, and UserError for a wrong command line.
    """
    verb = first_positional(words)
    if verb and verb not in VERBS:
        from qpatch.suggest import did_you_mean

        raise UserError("unknown-verb", f"there is no verb {verb!r}", hint=did_you_mean(verb, VERBS))
    parser, modules = build_parser([verb])
    try:
        parsed = parser.parse_args(words)
    except SystemExit as leaving:  # --help and --version
        return int(leaving.code or 0)
    if not verb:
        output.error(parser.format_help().rstrip())
        print_error(UserError("usage", "no verb is given"), output)
        return ExitCode.USAGE
    return modules[verb].run(parsed, output)


def build_parser(registered: Iterable[str]) -> tuple[Parser, dict[str, VerbModule]]:
    """Return a parser listing all verbs, with the arguments of the `registered` alone, and their modules."""
    parser = Parser(prog="qpatch", description="Turns design options into RFC patch series on any release.")
    parser.add_argument("--version", action="version", version=f"qpatch {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    modules = {}
    for name, entry in VERBS.items():
        subparser = verbs.add_parser(name, help=entry.summary, description=entry.summary)
        if name in registered:
            modules[name] = load(entry)
            modules[name].register(subparser)
    return parser, modules


def load(verb: Verb) -> VerbModule:
    """Import the module of `verb`."""
    return cast("VerbModule", importlib.import_module(verb.module))


def first_positional(words: Sequence[str]) -> str:
    """Return the verb: the first word that is no flag (no common flag takes a value), or ''."""
    return next((word for word in words if not word.startswith("-")), "")


def output_for(words: Sequence[str]) -> Output:
    """Return the output that the flags ask for; read before parsing, so that a parse error obeys them too."""
    flags = set(words[: words.index("--")] if "--" in words else words)
    verbosity = int(bool(flags & {"-v", "-vv", "--verbose"}) or flag_from_environment("QPATCH_VERBOSE"))
    if flags & {"-q", "--quiet"} or flag_from_environment("QPATCH_QUIET"):
        verbosity = -1
    return Output(json="--json" in flags or flag_from_environment("QPATCH_JSON"), verbosity=verbosity)


def report(error: QpatchError, output: Output) -> int:
    """Print `error` with its hint and the catalogue's remedy, and return its exit code."""
    output.error(error_text(error, prefix="qpatch: "))
    print_error(error, output)
    return error.exit_code


def print_error(error: QpatchError, output: Output) -> None:
    """Print `error` as the JSON document, unless there is one; where stdout cannot take it, nothing can be done."""
    if not output.documented:
        with best_effort(output.stdout):
            output.document({"version": 1, "error": error_document(error)})


def announce_bug(error: Exception, output: Output) -> None:
    """Say that `error`, whose traceback follows, is a bug of qpatch."""
    output.error(
        f"qpatch {__version__}: this is a bug in qpatch; please report it with the command you ran "
        "and the traceback below"
    )
    print_error(QpatchError("bug", f"a bug in qpatch: {type(error).__name__}: {error}"), output)


if __name__ == "__main__":
    sys.exit(main())
