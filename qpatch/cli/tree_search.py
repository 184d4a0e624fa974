# SPDX-License-Identifier: GPL-2.0-or-later
"""The actions `tree grep` and `tree cat`: they look into a tree, wherever its repository lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.errors import ExitCode, UserError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from qpatch.cli.output import Output
    from qpatch.trees.search import Excerpt, FoundLine

_MARKS = {"match": ":", "function": "=", "context": "-"}


def register_grep(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `qpatch tree grep`."""
    parser.add_argument("tree", metavar="TREE", help="a name, a path, or PATH@REF")
    parser.add_argument("pattern", metavar="PATTERN", help="an extended regular expression, as `git grep -E` has it")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files, folders or globs (after `--`); all by default")
    parser.add_argument("-F", "--fixed-strings", action="store_true", help="PATTERN is a string")
    parser.add_argument("-i", "--ignore-case", action="store_true", help="capital and small letters are the same")
    parser.add_argument("-w", "--word-regexp", action="store_true", help="only whole words")
    parser.add_argument("-C", "--context", type=int, default=0, metavar="N", help="show N lines around each match")
    parser.set_defaults(action=grep)


def register_cat(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `qpatch tree cat`."""
    parser.add_argument("tree", metavar="TREE", help="a name, a path, or PATH@REF")
    parser.add_argument("path", metavar="PATH", help="a file, as git names it: hw/vfio/migration.c")
    parser.add_argument("--symbol", metavar="NAME", help="only the symbols, in text the sections, of PATH called so")
    parser.add_argument("-n", "--line-number", action="store_true", help="number the lines")
    parser.set_defaults(action=cat)


def grep(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Print the lines that match, each file's with the functions they stand in; exit as grep does."""
    from qpatch.trees.resolve import resolve
    from qpatch.trees.search import Query, search

    if arguments.context < 0:
        raise UserError("usage", "-C counts from 0")
    tree = resolve(arguments.tree)
    query = Query(
        arguments.pattern,
        tuple(arguments.paths),
        arguments.context,
        arguments.fixed_strings,
        arguments.ignore_case,
        arguments.word_regexp,
    )
    found = _printed(search(tree.repository, tree.commit, query), output)
    output.document(
        {
            "version": 1,
            "tree": tree.name,
            "commit": tree.commit,
            "lines": [{"path": each.path, "line": each.line, "kind": each.kind, "text": each.text} for each in found],
        }
    )
    return ExitCode.OK if found else ExitCode.CHECKS_FAILED


def cat(arguments: argparse.Namespace, output: Output) -> ExitCode:
    """Print a file of the tree, or those of its symbols that have a name."""
    from qpatch.trees.resolve import resolve
    from qpatch.trees.search import excerpts, whole_file

    tree = resolve(arguments.tree)
    with tree.open() as files:
        found = (
            (whole_file(files, arguments.path, tree.kind),)
            if arguments.symbol is None
            else excerpts(files, arguments.path, arguments.symbol, tree.kind)
        )
    output.text("\n\n".join(_shown(excerpt, numbered=arguments.line_number) for excerpt in found))
    output.document(
        {
            "version": 1,
            "tree": tree.name,
            "commit": tree.commit,
            "path": arguments.path,
            "excerpts": [
                {"symbol": excerpt.symbol, "line": excerpt.first_line, "text": excerpt.text} for excerpt in found
            ],
        }
    )
    return ExitCode.OK


def _printed(found: Iterable[FoundLine], output: Output) -> list[FoundLine]:
    """Print lines as they are found, as `git grep -n -p` does, and return them."""
    printed: list[FoundLine] = []
    for line in found:
        if line.leads and printed:
            output.text("--")
        mark = _MARKS[line.kind]
        output.text(f"{line.path}{mark}{line.line}{mark}{line.text}")
        printed.append(line)
    return printed


def _shown(excerpt: Excerpt, *, numbered: bool) -> str:
    lines = excerpt.text.removesuffix("\n").split("\n")
    if not numbered:
        return "\n".join(lines)
    width = len(str(excerpt.first_line + len(lines) - 1))
    return "\n".join(f"{number:{width}}  {line}".rstrip() for number, line in enumerate(lines, excerpt.first_line))
