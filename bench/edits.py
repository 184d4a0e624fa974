# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures qpatch's edits against the same edits by spatch (Coccinelle) and ast-grep, on hw/vfio.

    python -m bench.edits [--tree TREE] [--runs 9]

The edits are in bench/data: for each tool they must give the same code, formatting aside (`same_code`). All
three read the same files from a directory and write the changed ones back. Seconds are medians: `process` is
one run of the tool from start to end (of qpatch: `bench.apply`), `startup` a run that has nothing to do,
`in_process` (qpatch only) the same work where all modules are loaded, every file parsed anew. Under `together`
all edits are made by one process; `times_faster.in_process` compares with the other tools without their
start-up. checkpatch.pl of the same release counts what it finds in each tool's diff.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.apply import DATA, TOGETHER, Task, apply_with_qpatch, load_tasks, together
from bench.measuring import DirectoryTree, median, missing, run, write_out
from qpatch.trees.releases import release_names

if TYPE_CHECKING:
    from collections.abc import Mapping

TREE = release_names("qemu", "render")[-1]  # the newest
ROOT = Path(__file__).parent.parent
SOURCES = ("hw/vfio/", "include/hw/vfio/")
SCRIPTS = ("scripts/checkpatch.pl", "scripts/spelling.txt")
OTHERS = ("spatch", "ast-grep")
_TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|\w+|\S', re.DOTALL)


@dataclass(frozen=True)
class Bench:
    """The directories of a run: `pristine` has the release's files, `work` is edited, `rules` has the rules.

    `tools` are those at hand, qpatch first; `runs` is how often each thing is timed.
    """

    pristine: Path
    work: Path
    rules: Path
    tools: tuple[str, ...]
    runs: int

    def restore(self) -> None:
        """Make the work directory pristine again."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.pristine, self.work)

    def command(self, tool: str, task: Task) -> list[str | Path]:
        """Return the command by which `tool` does `task` in the work directory."""
        if tool == "qpatch":
            return [sys.executable, "-m", "bench.apply", task.name, self.work]
        if tool == "ast-grep":
            rule = self.rules / f"{task.name}.yml"
            return ["ast-grep", "scan", "--rule", rule, "--update-all", *task.files]
        # One directory or one file; without --no-includes spatch looks for headers that it does not need.
        where = ["--dir", *task.files, "--include-headers"] if "." not in task.files[0] else list(task.files)
        return [
            "spatch",
            "--very-quiet",
            "--no-includes",
            "--in-place",
            "--macro-file",
            DATA / "macros.h",
            "--sp-file",
            self.rules / f"{task.name}.cocci",
            *where,
        ]

    def perform(self, tool: str, task: Task) -> None:
        """Run `tool` on the work directory. Raises RuntimeError where it fails."""
        run(self.command(tool, task), ROOT if tool == "qpatch" else self.work)

    def measure(self, task: Task, startup: Mapping[str, float]) -> dict[str, Any]:
        """Do `task` with each tool, compare the outcomes, and time them."""
        outcomes = {tool: self._outcome(tool, task) for tool in self.tools}
        others = self.tools[1:]
        seconds: dict[str, dict[str, float]] = {
            tool: {"process": median(partial(self.perform, tool, task), self.runs, self.restore)} for tool in self.tools
        }
        own = median(lambda: apply_with_qpatch(task, self.work), self.runs, self.restore)
        seconds["qpatch"]["in_process"] = own
        process = {tool: seconds[tool]["process"] for tool in self.tools}
        return {
            "name": task.name,
            "files": sorted(outcomes["qpatch"]),
            "same_code": {tool: _code(outcomes[tool]) == _code(outcomes["qpatch"]) for tool in others},
            "seconds": seconds,
            "times_faster": {
                "process": {tool: round(process[tool] / process["qpatch"], 2) for tool in others},
                "in_process": {tool: round((process[tool] - startup[tool]) / own, 2) for tool in others},
            },
            "checkpatch": {tool: self._checkpatch(outcomes[tool]) for tool in self.tools}
            if not missing("perl")
            else {},
        }

    def startup(self) -> dict[str, float]:
        """Return the seconds that each tool takes to do nothing."""
        (self.work / "empty.c").write_text("", encoding="utf-8")
        (self.rules / "nothing.cocci").write_text("@@ @@\n- nothing();\n", encoding="utf-8")
        (self.rules / "nothing.yml").write_text(
            "id: nothing\nlanguage: c\nrule: {pattern: nothing()}\n", encoding="utf-8"
        )
        nothing = Task("nothing", (), ("empty.c",))
        return {tool: median(partial(self.perform, tool, nothing), self.runs) for tool in self.tools}

    def _outcome(self, tool: str, task: Task) -> dict[str, str]:
        """Return the changed files after `tool` did `task`."""
        self.restore()
        self.perform(tool, task)
        before, after = DirectoryTree(self.pristine), DirectoryTree(self.work)
        return {
            path: (after.read(path) or b"").decode(errors="replace")
            for path in after.paths()
            if after.read(path) != before.read(path)
        }

    def _checkpatch(self, files: Mapping[str, str]) -> dict[str, int]:
        """Return how many errors and warnings the release's checkpatch.pl finds in the diff."""
        before = DirectoryTree(self.pristine)
        diff = "".join(
            line
            for path, text in sorted(files.items())
            for line in difflib.unified_diff(
                (before.read(path) or b"").decode(errors="replace").splitlines(keepends=True),
                text.splitlines(keepends=True),
                f"a/{path}",
                f"b/{path}",
            )
        )
        command = ["perl", "scripts/checkpatch.pl", "--no-tree", "--no-signoff", "-"]
        checked = subprocess.run(command, input=diff, capture_output=True, text=True, check=False, cwd=self.pristine)
        found = re.search(r"total: (\d+) errors?, (\d+) warnings?", checked.stdout)
        if not found:
            raise RuntimeError(f"checkpatch.pl said: {checked.stdout}{checked.stderr}")
        return {"errors": int(found[1]), "warnings": int(found[2])}


def main() -> int:
    """Measure and print JSON; exit code 1 where two tools did not give the same code."""
    parser = argparse.ArgumentParser(description="Measure edits by qpatch, spatch and ast-grep.")
    parser.add_argument("--tree", default=TREE, help="a known tree, a path, or PATH@REF")
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    measured = document(options.tree, options.runs)
    json.dump(measured, sys.stdout, indent=1)
    return int(not measured["as_expected"])


def document(tree: str, runs: int) -> dict[str, Any]:
    """Measure all edits on `tree` and return what is printed; tools that are not installed are left out."""
    with tempfile.TemporaryDirectory() as directory:
        return _measure_all(load_tasks(), tree, runs, Path(directory))


def _measure_all(tasks: list[Task], tree: str, runs: int, directory: Path) -> dict[str, Any]:
    from qpatch.trees.resolve import resolve

    absent = missing(*OTHERS, "perl")
    tools = ("qpatch", *(tool for tool in OTHERS if tool not in absent))
    bench = Bench(directory / "pristine", directory / "work", directory / "rules", tools, runs)
    shutil.copytree(DATA, bench.rules)
    for suffix, between in ((".cocci", "\n"), (".yml", "---\n")):
        rules = between.join((DATA / f"{task.name}{suffix}").read_text(encoding="utf-8") for task in tasks)
        (bench.rules / f"{TOGETHER}{suffix}").write_text(rules, encoding="utf-8")
    resolved = resolve(tree)
    with resolved.open() as source:
        write_out(source, bench.pristine, (*SOURCES, *SCRIPTS))
    bench.restore()
    startup = bench.startup()
    results = [bench.measure(task, startup) for task in (*tasks, together(tasks))]
    versions = {tool: run([tool, "--version"]).splitlines()[0] for tool in tools[1:]}
    return {
        "version": 1,
        "tree": tree,
        "release": resolved.release,
        "commit": resolved.commit,
        "runs": runs,
        "missing": absent,
        "as_expected": all(same for result in results for same in result["same_code"].values()),
        "tools": {"python": sys.version.split()[0], **versions},
        "startup_seconds": startup,
        "edits": results,
    }


def _code(files: Mapping[str, str]) -> dict[str, list[str]]:
    """Return each file's tokens without comments."""
    return {
        path: [token for token in _TOKEN.findall(text) if not token.startswith(("/*", "//"))]
        for path, text in files.items()
    }


if __name__ == "__main__":
    sys.exit(main())
