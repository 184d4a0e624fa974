# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch strategy`: list, show, check and start strategies; export their JSON schema for editors."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.cli.errors import error_document, error_text
from qpatch.cli.options import add_strategies_option, library
from qpatch.errors import ExitCode, UserError
from qpatch.wording import counted

if TYPE_CHECKING:
    import argparse

    from qpatch.cli.output import Output
    from qpatch.strategy.load import LoadedStrategy


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, summary in (
        ("list", "list the strategies that can be found"),
        ("show", "show a strategy: the option, the arguments, the patches"),
        ("check", "check strategies, all by default, without any tree"),
        ("new", "start a strategy from a commented skeleton"),
        ("schema", "print the JSON schema of strategy files, for editors"),
    ):
        action = actions.add_parser(name, help=summary, description=summary)
        add_strategies_option(action)
        if name == "check":
            action.add_argument("name", nargs="*", metavar="NAME", help="a strategy's name, or its file")
        elif name in ("show", "new"):
            action.add_argument("name", metavar="NAME", help="the strategy's name")


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Carry out the action."""
    actions = {"list": run_list, "show": run_show, "check": run_check, "new": run_new, "schema": run_schema}
    return actions[arguments.action](arguments, output)


def run_list(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """List the strategies; one that cannot be read is listed with what is wrong with it."""
    from qpatch.strategy.load import load_strategy

    rows, entries = [], []
    for name, file in library(arguments).files().items():
        try:
            loaded = load_strategy(file)
        except UserError as error:
            rows.append((name, "", f"invalid: {error.message}", "", str(file)))
            entries.append({"name": name, "file": str(file), "error": error_document(error)})
            continue
        kinds = ", ".join(loaded.components)
        rows.append((name, loaded.option, loaded.title, kinds, str(file)))
        entries.append(
            {
                "name": name,
                "option": loaded.option,
                "title": loaded.title,
                "components": list(loaded.components),
                "file": str(file),
            }
        )
    output.table("Strategies", ("name", "option", "title", "patches", "file"), rows)
    output.document({"version": 1, "strategies": entries})
    return ExitCode.OK


def run_show(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Show one strategy."""
    loaded = library(arguments).get(arguments.name)
    output.text(description(loaded))
    output.document(
        {
            "version": 1,
            "file": str(loaded.file),
            "strategy": loaded.model.model_dump(mode="json", by_alias=True, exclude_none=True),
        }
    )
    return ExitCode.OK


def run_check(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Check strategies; every problem is printed."""
    from qpatch.capabilities.evaluate import names_by_kind
    from qpatch.series.facts import own_problems
    from qpatch.strategy.advice import notes
    from qpatch.strategy.check import check_file
    from qpatch.strategy.load import load_strategy

    found = library(arguments)
    files = [found.file_of(name) for name in arguments.name] or list(found.files().values())
    capabilities = names_by_kind()
    results = []
    for file in files:
        problems = check_file(file, capabilities) or own_problems(file)
        for problem in problems:
            output.text(error_text(problem))
        advice = [] if problems else notes(load_strategy(file), capabilities)
        for note in advice:
            output.text(f"{note.where}: note: {note.message}")
        results.append(
            {
                "strategy": file.stem,
                "file": str(file),
                "problems": [error_document(problem) for problem in problems],
                "notes": [{"message": note.message, "where": asdict(note.where)} for note in advice],
            }
        )
    wrong = [result for result in results if result["problems"]]
    output.message(f"{counted(len(results), 'strategy', 'strategies')} checked, {len(wrong)} with problems")
    output.document({"version": 1, "results": results})
    return ExitCode.USAGE if wrong else ExitCode.OK


def run_new(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Write the skeleton of a strategy into the first --strategies directory, by default ./strategies."""
    from qpatch.strategy.places import STRATEGIES
    from qpatch.strategy.start import new_strategy

    directory = arguments.strategies[0] if arguments.strategies else Path(STRATEGIES)
    before = _found_by_itself(arguments.name)
    files = new_strategy(arguments.name, directory)
    found = _found_by_itself(arguments.name)
    is_found = found is not None and found.resolve() == files[0].resolve()
    option = "" if is_found else f" --strategies {shlex.quote(str(directory))}"
    output.text("\n".join(str(file) for file in files))
    if before is not None:
        hides = "comes before it" if is_found else "is found in its place with `--strategies` only"
        output.message(f"warning: there is a strategy {arguments.name} already, {before}; the new one {hides}.")
    output.message(f"Fill them in, then run `qpatch strategy check {arguments.name}{option}`.")
    output.document({"version": 1, "files": [str(file) for file in files]})
    return ExitCode.OK


def _found_by_itself(name: str) -> Path | None:
    """Return the file that a command takes for the strategy `name` without `--strategies`, None where there is none."""
    from qpatch.strategy.library import StrategyLibrary

    return StrategyLibrary(()).files().get(name)


def run_schema(_arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Print the JSON schema of a strategy file."""
    from qpatch.strategy.editors import json_schema

    schema = json_schema()
    output.text(json.dumps(schema, indent=2))
    output.document(schema)
    return ExitCode.OK


def description(loaded: LoadedStrategy) -> str:
    """Return what `strategy show` prints."""
    model = loaded.model
    lines = [f"{model.name}{f' (option {model.option})' if model.option else ''}: {model.title}", ""]
    if model.proposer:
        proposer = model.proposer
        lines += [f"Proposed by {proposer.name} {proposer.date}".rstrip(), f"Message-Id: {proposer.message_id}", ""]
    lines += [model.summary.strip(), ""]
    lines += [f"for      {argument.strip()}" for argument in model.for_]
    lines += [f"against  {objection.who}: {objection.text.strip()}" for objection in model.against]
    lines += [f"{relation.option}  {relation.text.strip()}" for relation in model.relations]
    lines += [f"--set {name}={parameter.default}  {parameter.doc}" for name, parameter in model.parameters.items()]
    for kind, component in model.components().items():
        lines += ["", f"{kind}:"]
        lines += [f"  landed when {component.landed.when}"] if component.landed else []
        lines += [f"  void when {rule.when}: {rule.reason}" for rule in component.void]
        for number, patch in enumerate(component.patches, 1):
            files = loaded.shared_files((kind, "patches", number - 1), len(patch.edits))
            lines.append(f"  {number}. {patch.subject}" + (f" (uses {', '.join(files)})" if files else ""))
    lines += ["", f"file: {loaded.file}"]
    return "\n".join(lines)
