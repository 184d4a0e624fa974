# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures the macro table: what the parser makes of real sources with and without it, beside ctags.

    python -m bench.parse_coverage SOURCE... [--kind qemu|linux] [--directories DIR...] [--json] [--names]

SOURCE is a directory with unpacked sources, or a tree as `qpatch tree list` shows them. For each one, before
(`plain`) and after the table: the share of functions whose name and lines are those that universal-ctags reports,
the share without an ERROR or MISSING node, and the time. Also checked: outside the rewritten macros the masked
source is the source, comments aside, and the terms that matching compares have all of its code. ctags errs too:
`--names` lists every difference.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measuring import missing
from qpatch.csource.syntax.macros import MacroTable, TreeKind, macro_table
from qpatch.csource.syntax.parse import ParsedFile, parse
from qpatch.csource.syntax.symbols import SymbolKind, outline
from qpatch.csource.syntax.term import build
from qpatch.csource.tokens import c_tokens
from qpatch.trees.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

DIRECTORIES = {"qemu": ["hw/vfio", "migration", "hw/pci"], "linux": ["drivers/vfio", "samples/vfio-mdev"]}
Function = tuple[str, int, int]


@dataclass
class Coverage:
    """What one parse of one source gave; the lists name what is not as it should be."""

    source: str
    table: str
    files: int = 0
    bytes: int = 0
    functions: int = 0
    same_as_ctags: int = 0
    without_error: int = 0
    seconds: float = 0.0
    rewritten_bytes: int = 0
    changed_outside_macros: list[str] = field(default_factory=list)
    lost_tokens: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    @property
    def lossy(self) -> bool:
        """Whether bytes outside macros changed, or tokens were lost."""
        return bool(self.changed_outside_macros or self.lost_tokens)

    def shares(self) -> dict[str, Any]:
        """Return the figures without names; shares in percent."""
        return {
            "source": self.source,
            "table": self.table,
            "files": self.files,
            "kib": self.bytes // 1024,
            "functions": self.functions,
            "same_as_ctags": _percent(self.same_as_ctags, self.functions),
            "without_error": _percent(self.without_error, self.functions),
            "seconds": self.seconds,
            "rewritten_bytes": _percent(self.rewritten_bytes, self.bytes),
            "changed_outside_macros": len(self.changed_outside_macros),
            "lost_tokens": len(self.lost_tokens),
        }


@contextmanager
def unpacked(argument: str, directories: list[str]) -> Iterator[Path]:
    """Give the directory `argument`, or a temporary one with the `directories` of the tree of that name."""
    if Path(argument).is_dir():
        yield Path(argument).resolve()
        return
    with tempfile.TemporaryDirectory() as temporary, resolve(argument).open() as tree:
        top = Path(temporary) / argument
        for path in (path for directory in directories for path in tree.paths(f"{directory}/")):
            if path.endswith((".c", ".h")):
                (top / path).parent.mkdir(parents=True, exist_ok=True)
                (top / path).write_bytes(tree.read(path) or b"")
        yield top


def functions_by_ctags(files: list[Path]) -> dict[str, set[Function]]:
    """Return (name, line of the name, last line) of every function, by file."""
    command = ["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f", "--langmap=C:.c.h", "-f", "-"]
    output = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=True).stdout
    found: dict[str, set[Function]] = defaultdict(set)
    for tag in map(json.loads, output.splitlines()):
        if "end" in tag:
            found[tag["path"]].add((tag["name"], tag["line"], tag["end"]))
    return found


def measure(source: Path, files: list[Path], expected: dict[str, set[Function]], table: MacroTable | None) -> Coverage:
    """Parse `files` and compare with what ctags found."""
    result = Coverage(str(source.name), "table" if table else "plain", len(files))
    for path in files:
        content = path.read_bytes()
        name = str(path.relative_to(source))
        start = time.perf_counter()
        parsed = parse(content, table)
        result.seconds += time.perf_counter() - start
        result.bytes += len(content)
        result.rewritten_bytes += sum(region.end - region.start for region in parsed.regions)
        _compare(result, name, parsed, expected[str(path)])
        if table is not None:
            _check_alignment(result, name, parsed)
    result.seconds = round(result.seconds, 3)
    return result


def _compare(result: Coverage, name: str, parsed: ParsedFile, wanted: set[Function]) -> None:
    found = {
        (symbol.name, symbol.line, symbol.end_line): symbol.node.has_error
        for symbol in outline(parsed)
        if symbol.kind == SymbolKind.FUNCTION
    }
    result.functions += len(wanted)
    result.same_as_ctags += len(wanted & found.keys())
    result.without_error += sum(1 for function in wanted if found.get(function) is False)
    result.differing += [
        f"{name}:{line}: {function}: only ctags sees it on lines {line}-{end}"
        for function, line, end in sorted(wanted - found.keys())
    ]
    result.differing += [
        f"{name}:{line}: {function}: only qpatch sees it on lines {line}-{end}"
        for function, line, end in sorted(found.keys() - wanted)
    ]
    result.differing += [
        f"{name}:{line}: {function}: holds an ERROR or MISSING node"
        for (function, line, _), broken in sorted(found.items())
        if broken
    ]


def _check_alignment(result: Coverage, name: str, parsed: ParsedFile) -> None:
    """Check that nothing but macros was changed, and that no token was lost."""
    position = 0
    for start, end in [*((region.start, region.end) for region in parsed.regions), (len(parsed.source),) * 2]:
        if _code(parsed.source[position:start]) != _code(parsed.masked[position:start]):
            result.changed_outside_macros.append(name)
        position = end
    if lost_code(parsed):
        result.lost_tokens.append(name)


def lost_code(parsed: ParsedFile) -> list[str]:
    """Return the code between the leaves of a file's terms: what matching never sees.

    The commas of lists, which terms leave out, do not count, nor do directives that had to be blanked.
    """
    source, lost, position = parsed.source, [], 0
    blanked = [(region.start, region.end) for region in parsed.regions]
    seen = [(leaf.start, leaf.end) for leaf in build(parsed, parsed.tree.root_node).leaves()]
    for start, end in sorted({*seen, *blanked, (len(source), len(source))}):
        lost += [text for text in _code(source[position:start]) if text != ","]
        position = max(position, end)
    return lost


def _code(source: bytes) -> list[str]:
    """Return the tokens of a piece of source, without the backslashes that continue a line."""
    return [token.text for token in c_tokens(source.decode(errors="surrogateescape")) if token.text != "\\"]


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} = {_percent(part, whole):.2f} %"


def _percent(part: int, whole: int) -> float:
    return round(100 * part / max(1, whole), 2)


def show(result: Coverage, *, names: bool) -> None:
    """Print one result for people."""
    print(
        f"{result.source} {result.table}: {result.files} files, {result.bytes // 1024} KiB, "
        f"{result.seconds} s, same as ctags {_share(result.same_as_ctags, result.functions)}, "
        f"without error {_share(result.without_error, result.functions)}, "
        f"rewritten {100 * result.rewritten_bytes / max(1, result.bytes):.2f} % of bytes, "
        f"changed outside macros: {len(result.changed_outside_macros)}, "
        f"lost tokens: {len(result.lost_tokens)}"
    )
    if names and result.table == "table":
        for line in [*result.changed_outside_macros, *result.lost_tokens, *result.differing]:
            print(f"    {line}")


def main() -> int:
    """Measure the sources named on the command line; exit code 1 where bytes or tokens were lost."""
    parser = argparse.ArgumentParser(description="Measure the macro table against universal-ctags.")
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    parser.add_argument("--kind", choices=("qemu", "linux"), default="qemu")
    parser.add_argument("--directories", nargs="+")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--names", action="store_true", help="name what differs")
    options = parser.parse_args()
    results = [result for argument in options.sources for result in cover(argument, options.kind, options.directories)]
    if options.json:
        json.dump({"version": 1, "results": [asdict(result) for result in results]}, sys.stdout, indent=1)
    else:
        for result in results:
            show(result, names=options.names)
    return int(any(result.lossy for result in results))


def cover(argument: str, kind: TreeKind, directories: list[str] | None = None) -> list[Coverage]:
    """Measure one source (a directory or a tree's name), without the table and with it."""
    wanted = directories or DIRECTORIES[kind]
    with unpacked(argument, wanted) as source:
        files = sorted(path for directory in wanted for path in (source / directory).rglob("*.[ch]") if path.is_file())
        expected = functions_by_ctags(files)
        return [measure(source, files, expected, table) for table in (None, macro_table(kind))]


def document(trees: list[str]) -> dict[str, Any]:
    """Measure releases of QEMU and return the shares as a table; empty where ctags is not installed."""
    absent = missing("ctags")
    results = [] if absent else [result for tree in trees for result in cover(tree, "qemu")]
    return {
        "missing": absent,
        "as_expected": not any(result.lossy for result in results),
        "results": [result.shares() for result in results],
    }


if __name__ == "__main__":
    sys.exit(main())
