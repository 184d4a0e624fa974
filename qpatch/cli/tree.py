# SPDX-License-Identifier: GPL-2.0-or-later
"""The verb `tree`: list, fetch, add and show source trees; `tree_search.py` looks into them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.cli.display import StepDisplay
from qpatch.cli.tree_search import register_cat, register_grep
from qpatch.errors import ExitCode, QpatchError, UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from qpatch.capabilities.answer import Value
    from qpatch.cli.output import Output
    from qpatch.trees.fetch import FetchResult
    from qpatch.trees.releases import Configuration, Release


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `qpatch tree`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list the trees that have a name")
    listing.add_argument("--names", action="store_true", help="only the names, one a line, for scripts")
    listing.add_argument("--fetched", action="store_true", help="only those whose source is here")
    _add_choice(listing)
    listing.set_defaults(action=list_trees)
    fetching = actions.add_parser("fetch", help="fetch the sources of releases")
    fetching.add_argument("names", nargs="*", metavar="NAME", help="a release, as `tree list` shows them")
    fetching.add_argument("--all", action="store_true", help="fetch every release")
    _add_choice(fetching)
    fetching.add_argument("--again", action="store_true", help="fetch also what is here, for an update")
    fetching.add_argument(
        "--missing-ok",
        action="store_true",
        help="exit with 0 where at least one of the releases is here; what is missing is still said",
    )
    fetching.set_defaults(action=fetch)
    adding = actions.add_parser("add", help="give a name to a git repository of yours")
    adding.add_argument("name", metavar="NAME")
    adding.add_argument("path", metavar="PATH[@REF]", help="REF is HEAD unless given")
    adding.set_defaults(action=add)
    showing = actions.add_parser("show", help="show what a tree is and can do")
    showing.add_argument("tree", metavar="TREE", help="a name, a path, or PATH@REF")
    showing.set_defaults(action=show)
    register_grep(actions.add_parser("grep", help="search the sources of a tree, as `git grep -n -p` does"))
    register_cat(actions.add_parser("cat", help="print a file of a tree, or a symbol of it"))


def _add_choice(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose releases by what releases.yaml says of them."""
    parser.add_argument("--kind", choices=["qemu", "linux"], help="only releases of QEMU, or of Linux")
    parser.add_argument(
        "--role", choices=["render", "build", "stock"], help="only releases that the project's own tests use so"
    )


def run(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Carry out `qpatch tree ACTION`."""
    action: Callable[[argparse.Namespace, Output], ExitCode] = arguments.action
    return action(arguments, output)


def list_trees(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """List the known releases and the trees that the user added."""
    from qpatch.trees.fetch import default_job
    from qpatch.trees.releases import known_releases, release_names

    job = default_job()
    imported = job.store.releases()
    releases = known_releases(job.configuration)
    names = release_names(arguments.kind, arguments.role, job.configuration)
    trees = [_listed(releases[name], imported) for name in names if name in imported or not arguments.fetched]
    if not arguments.role:  # the user's own trees have none
        added = [_added(name) for name in job.configuration.trees]
        trees += [tree for tree in added if _is_chosen(tree, arguments)]
    if arguments.names:
        for tree in trees:
            output.text(tree["name"])
    else:
        output.table(
            "Trees",
            ["name", "kind", "release", "state", "commit"],
            [[tree["name"], tree["kind"], tree["release"], tree["state"], tree["commit"][:12]] for tree in trees],
        )
    output.document({"version": 1, "trees": trees})
    return ExitCode.OK


def _is_chosen(added: Mapping[str, str], arguments: argparse.Namespace) -> bool:
    return arguments.kind in (None, added["kind"]) and bool(added["commit"] or not arguments.fetched)


def fetch(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Fetch releases; one that cannot be had does not stop the others."""
    from qpatch.trees.fetch import default_job, fetch_releases

    with StepDisplay(output) as display:
        job = default_job(display)
        results = []
        for fetched in fetch_releases(job, _chosen_names(arguments, job.configuration), again=arguments.again):
            display.end()
            output.message(_outcome(fetched))
            results.append(fetched)
    output.table(
        "Trees",
        ["name", "status", "commit"],
        [[fetched.name, fetched.status, fetched.commit[:12]] for fetched in results],
    )
    output.document({"version": 1, "results": [_fetched(fetched) for fetched in results]})
    missing = [fetched for fetched in results if fetched.status == "missing"]
    for fetched in missing:  # even with --quiet
        output.error(f"MISSING: {fetched.name}: {fetched.reason}")
    tolerated = arguments.missing_ok and len(missing) < len(results)
    return ExitCode.ENVIRONMENT if missing and not tolerated else ExitCode.OK


def _chosen_names(arguments: argparse.Namespace, configuration: Configuration) -> Sequence[str]:
    from qpatch.trees.releases import release_names

    chosen = bool(arguments.kind or arguments.role)
    if [bool(arguments.names), arguments.all, chosen].count(True) != 1:
        raise UserError("usage", "name the releases to fetch, or give --all, or --role and --kind")
    return arguments.names or release_names(arguments.kind, arguments.role, configuration)


def add(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Give a name to the user's own repository; nothing is written into it."""
    from pathlib import Path

    from qpatch.trees.added import add_tree
    from qpatch.trees.places import configuration_file
    from qpatch.trees.releases import LocalSource, known_releases, load_configuration
    from qpatch.trees.resolve import NAME, resolve_path, split_ref

    name: str = arguments.name
    if not NAME.fullmatch(name):
        raise UserError("bad-name", f"'{name}' cannot be a tree's name")
    file = configuration_file()
    if name in known_releases(load_configuration(file)):
        raise UserError("tree-exists", f"'{name}' is the name of a release")
    path, ref = split_ref(arguments.path)
    tree = resolve_path(path or Path(arguments.path), ref, name)
    add_tree(file, name, LocalSource(path=str(tree.repository.path), ref=ref or "HEAD"))
    output.message(f"{name} is {tree.kind} {tree.release} in {tree.repository.path}")
    output.document(
        {
            "version": 1,
            "name": name,
            "kind": tree.kind,
            "release": tree.release,
            "repository": str(tree.repository.path),
            "ref": ref or "HEAD",
            "commit": tree.commit,
        }
    )
    return ExitCode.OK


def show(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Show a tree's kind, release, commit and capabilities."""
    from qpatch.capabilities.answer import CannotTell
    from qpatch.capabilities.evaluate import evaluate
    from qpatch.trees.resolve import resolve

    tree = resolve(arguments.tree)
    with tree.open() as files:
        computed = evaluate(files, tree.kind)
        answers = {name: computed.answer(name) for name in computed}  # inside: they are computed when asked for
    undecided = {name: answer for name, answer in answers.items() if isinstance(answer, CannotTell)}
    output.text(f"{tree.name}: {tree.kind} {tree.release}")
    output.text(f"repository {tree.repository.path}")
    output.text(f"commit     {tree.commit}")
    output.table(
        "Capabilities",
        ["capability", "value"],
        [[name, _answer(value)] for name, value in answers.items()],
    )
    output.document(
        {
            "version": 1,
            "name": tree.name,
            "kind": tree.kind,
            "release": tree.release,
            "repository": str(tree.repository.path),
            "commit": tree.commit,
            "capabilities": {name: value for name, value in answers.items() if name not in undecided},
            "undecided": {
                name: {"reason": doubt.reason, "path": doubt.place.path, "line": doubt.place.line}
                for name, doubt in undecided.items()
            },
        }
    )
    return ExitCode.OK


def _answer(answer: Value) -> str:
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return str(answer) if isinstance(answer, int) else f"cannot tell: {answer}"


def _listed(release: Release, imported: Mapping[str, str]) -> dict[str, str]:
    commit = imported.get(release.name, "")
    return {
        "name": release.name,
        "kind": release.kind,
        "release": release.release,
        "state": "fetched" if commit else "binaries only" if release.binaries_only else "not fetched",
        "commit": commit,
    }


def _added(name: str) -> dict[str, str]:
    from qpatch.trees.resolve import resolve

    try:
        tree = resolve(name)
    except QpatchError as error:
        return {"name": name, "kind": "", "release": "", "state": error.message, "commit": ""}
    return {
        "name": name,
        "kind": tree.kind,
        "release": tree.release,
        "state": str(tree.repository.path),
        "commit": tree.commit,
    }


def _outcome(fetched: FetchResult) -> str:
    return {
        "fetched": f"{fetched.name}: fetched, commit {fetched.commit[:12]}",
        "present": f"{fetched.name}: already here",
        "missing": f"{fetched.name}: cannot be had from any of its sources",
    }[fetched.status]


def _fetched(fetched: FetchResult) -> dict[str, object]:
    faults = [{"code": fault.code, "message": fault.message} for fault in fetched.faults]
    return {"name": fetched.name, "status": fetched.status, "commit": fetched.commit, "faults": faults}
