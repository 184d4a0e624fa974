# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch render`: strategies on trees, as series of mails, with a table of what came of each pair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.cli.options import add_strategy_choice, add_tree_choice, chosen_strategies, settings
from qpatch.errors import UserError
from qpatch.series.outputs.kinds import OUTPUT_KINDS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from qpatch.cells.built import CheckedResult
    from qpatch.cells.rendered import RenderedResult
    from qpatch.cli.output import Output
    from qpatch.errors import ExitCode
    from qpatch.series.model import RenderOptions
    from qpatch.series.outputs.kinds import OutputKind
    from qpatch.strategy.load import LoadedStrategy

DEFAULT_OUTPUT = Path("series")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    add_strategy_choice(parser)
    add_tree_choice(parser)
    add_series_options(parser)
    for kind in OUTPUT_KINDS:
        parser.add_argument(*kind.flags, metavar=kind.metavar, dest=f"output_{kind.word}", help=kind.help)
    parser.add_argument("-n", "--dry-run", action="store_true", help="carry out the edits in memory, write nothing")
    parser.add_argument(
        "--check",
        choices=["objects"],
        help="then compile, patch by patch, the objects that each patch concerns, as `qpatch build --objects` does",
    )


def _value(arguments: argparse.Namespace, kind: OutputKind) -> str | None:
    """Return what was given for `kind`, None where it was not asked for: an empty value is for the kind to refuse."""
    value: str | None = getattr(arguments, f"output_{kind.word}")
    return value


def add_series_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how a series is written and told."""
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        default=DEFAULT_OUTPUT,
        help="write DIR/<strategy>/<tree>/ (default: %(default)s)",
    )
    parser.add_argument(
        "--reroll",
        type=int,
        metavar="N",
        default=1,
        help="version N, with a changelog and the range-diff to the version before",
    )
    parser.add_argument("--changes", metavar="TEXT", default="", help="your words for the changelog of a reroll")
    parser.add_argument(
        "--evidence",
        nargs="+",
        action="extend",
        type=Path,
        default=[],
        metavar="FILE",
        help="results of `qpatch test --json`: letters tell those of the very series, on this very tree",
    )
    parser.add_argument("--subject-prefix", metavar="PREFIX", help="instead of `PATCH RFC`")
    parser.add_argument("--signoff", action="store_true", help="add your own Signed-off-by, from git's identity")
    parser.add_argument("--explain", action="store_true", help="tell what every edit did, not only the misses")
    parser.add_argument(
        "--no-checkpatch", action="store_false", dest="checkpatch", help="do not run the tree's checkpatch.pl"
    )
    parser.add_argument(
        "--no-maintainers",
        action="store_false",
        dest="maintainers",
        help="do not ask the tree's get_maintainer.pl for addresses",
    )


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Render every strategy on every tree; a tree that fails does not stop the others."""
    from qpatch import api
    from qpatch.cli.series_table import print_rendered

    if arguments.dry_run and arguments.check:
        raise UserError("usage", "--check compiles, and --dry-run writes nothing: give one of them")
    strategies = chosen_strategies(arguments)
    trees = tuple(dict.fromkeys(arguments.trees))
    asked = [(kind, value) for kind in OUTPUT_KINDS if (value := _value(arguments, kind)) is not None]
    single = next((kind for kind, _ in asked if kind.single), None)
    if single and (len(strategies) > 1 or len(trees) > 1):
        raise UserError("usage", f"--{single.word} names one {single.word}: give one strategy and one tree")
    outputs = tuple(kind.make(value) for kind, value in asked)
    options = replace(series_options(arguments, strategies), outputs=outputs)
    with output.progress("rendering", len(strategies) * len(trees)) as progress:
        results = api.render(strategies, trees, options, dry_run=arguments.dry_run, progress=progress)
    print_rendered(results, output, explain=arguments.explain)
    print_sender(results, options, output)
    checked = check_objects(results, strategies, trees, options, output) if arguments.check else ()
    checks = {"checks": [result.as_json() for result in checked]} if arguments.check else {}
    output.document({"version": 1, "results": [result.as_json() for result in results], **checks})
    return api.overall_exit_code([*results, *checked])


def print_sender(results: Sequence[RenderedResult], options: RenderOptions, output: Output) -> None:
    """Warn of the author of mails that were written: a placeholder, or an address that many servers refuse."""
    from qpatch.cli.errors import error_text
    from qpatch.trees.git import why_unknown

    if not any(result.directory for result in results):
        return
    author = options.author
    if options.identity is None:
        reason = why_unknown()
        unknown = f"git does not know who you are{reason and f' ({reason})'}, so the mails are From: {author}"
        output.message(error_text(UserError("no-identity", unknown), prefix="warning: "))
    elif not author.email.isascii():
        output.message(f"warning: mail servers without SMTPUTF8 refuse the address {author.email}, which is not ASCII")


def check_objects(
    results: tuple[RenderedResult, ...],
    strategies: tuple[LoadedStrategy, ...],
    trees: tuple[str, ...],
    options: RenderOptions,
    output: Output,
) -> tuple[CheckedResult, ...]:
    """Compile what the series of `results` concern, print how that went, and return what came of it."""
    from qpatch import api
    from qpatch.cli.build_table import print_compiled
    from qpatch.cli.display import StepDisplay

    rendered = {(result.key.strategy, result.key.tree) for result in results if result.status is api.Status.RENDERED}
    choices = api.CompileChoices(parameters=options.parameters)
    with StepDisplay(output) as display:
        found = api.check(strategies, trees, choices, progress=display) if rendered else ()
    checked = tuple(result for result in found if (result.key.strategy, result.key.tree) in rendered)
    print_compiled(checked, output)
    return checked


def series_options(arguments: argparse.Namespace, strategies: tuple[LoadedStrategy, ...]) -> RenderOptions:
    """Return the choices of `add_series_options`, and the settings of parameters."""
    from qpatch import api
    from qpatch.series.model import DEFAULT_PREFIX, RenderOptions
    from qpatch.trees.git import Role, user_identity

    if arguments.reroll < 1:
        raise UserError("usage", "--reroll counts from 1")
    return RenderOptions(
        output=arguments.output,
        revision=arguments.reroll,
        identity=user_identity(),
        committer=user_identity(role=Role.COMMITTER),
        prefix=arguments.subject_prefix or DEFAULT_PREFIX,
        signoff=arguments.signoff,
        changes=arguments.changes,
        check=arguments.checkpatch,
        maintainers=arguments.maintainers,
        parameters=settings(arguments, strategies),
        evidence=api.read_evidence(arguments.evidence) if arguments.evidence else (),
    )
