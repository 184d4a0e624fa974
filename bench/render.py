# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures rendering every strategy on several trees, warm, against the least that any such tool must do.

    python -m bench.render [--tree TREE...] [--runs 5]

Each figure is of `qpatch render --all` from start to end: `nothing_changed` since the last time, a `message` or some
`code` of one strategy edited (which and how: data/render.yaml), and `anew`, nothing remembered; `anew_bare` is without
the tree's own perl scripts (checkpatch, get_maintainer). The floor is, for the same series: one tree-sitter parse of
each C file that it touches, and one `git format-patch` of commits with the same contents. `interpreter` is Python doing
nothing, `libraries` Python importing the libraries that a render uses, `version` is `qpatch --version`. All are
medians. Exit code 1 where a strategy was neither rendered nor landed nor void.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import resources
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bench.measuring import Cost, median, median_cost, run
from qpatch.csource.source import C_SUFFIXES
from qpatch.csource.syntax.parse import c_parser
from qpatch.trees.git import Repository
from qpatch.trees.memory import memory
from qpatch.trees.releases import release_names
from qpatch.trees.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.measuring import Cost

ROOT = Path(__file__).parent.parent
TREES = release_names("qemu", "render")
LIBRARIES = "import filelock, jinja2.sandbox, pydantic.main, tree_sitter_c, yaml; pydantic.BaseModel"
BARE = ("--no-checkpatch", "--no-maintainers")
WELL = ("rendered", "landed", "void")
_NOBODY = {
    "GIT_AUTHOR_NAME": "n",
    "GIT_AUTHOR_EMAIL": "n@example.org",
    "GIT_COMMITTER_NAME": "n",
    "GIT_COMMITTER_EMAIL": "n@example.org",
}


@dataclass(frozen=True)
class Remade:
    """A rendered series as commits in a repository of ours; `sources` are the touched C files at its base."""

    repository: Path
    base: str
    tip: str
    sources: tuple[bytes, ...]


def parse_all(series: Sequence[Remade]) -> None:
    """Parse each touched C file once."""
    for one in series:
        for source in one.sources:
            c_parser().parse(source)


def format_all(series: Sequence[Remade], directory: Path) -> None:
    """Let git write the mails of each series."""
    for one in series:
        run(
            [
                "git",
                "-C",
                one.repository,
                "format-patch",
                "--quiet",
                "--cover-letter",
                "--output-directory",
                directory,
                f"{one.base}..{one.tip}",
            ]
        )


def qpatch(*arguments: str | Path) -> list[str | Path]:
    """Return the command line of qpatch, run from this source tree."""
    return [sys.executable, "-m", "qpatch", *arguments]


def render(trees: list[str], output: Path, *options: str | Path) -> dict[str, Any]:
    """Render all strategies on `trees`; return the JSON document. Raises RuntimeError if it fails."""
    command = qpatch("render", "--all", "--tree", *trees, "-o", output, *options, "--json")
    results: dict[str, Any] = json.loads(run(command, ROOT))
    return results


def forget() -> None:
    """Let everything be worked out anew."""
    shutil.rmtree(memory().directory, ignore_errors=True)


@dataclass(frozen=True)
class Edited:
    """A copy of the strategies in `directory`, in which `file` is edited: `new` takes the place of `old`.

    `new` has a `{number}`, which is another one each time.
    """

    directory: Path
    file: str
    old: str
    new: str

    def edit(self, number: int) -> None:
        """Make the edit, with `number`. Raises ValueError where the shipped file has not got the place."""
        text = (ROOT / self.file).read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {self.old!r} {text.count(self.old)} times; see bench/data/render.yaml")
        (self.directory / self.file).write_text(text.replace(self.old, self.new.format(number=number)), "utf-8")


def settings() -> dict[str, Any]:
    """Return the edits that are measured, and the aim."""
    text = resources.files("bench").joinpath("data/render.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return loaded


def copied(directory: Path, edit: Mapping[str, str]) -> Edited:
    """Copy the strategies into `directory`, to be edited."""
    for name in ("strategies", "templates"):
        shutil.copytree(ROOT / name, directory / name)
    return Edited(directory, **edit)


def remake(result: dict[str, Any], output: Path, directory: Path) -> Remade:
    """Make commits out of the mails of one rendered series, with its tree's objects as alternates."""
    source = resolve(result["tree"])
    repository = directory / f"{result['strategy']}-{result['tree']}.git"
    run(["git", "init", "--quiet", "--bare", repository])
    alternates = repository / "objects/info/alternates"
    alternates.write_text(f"{source.repository.object_directory}\n", encoding="utf-8")
    git = Repository(repository)
    index = {**_NOBODY, "GIT_INDEX_FILE": str(repository / "index")}
    git.text("read-tree", result["base"], environment=index)
    tip = result["base"]
    mails = output / result["strategy"] / result["tree"]
    for patch in result["patches"]:
        run(["git", "-C", repository, "apply", "--cached", mails / patch["file"]], environment=index)
        tree = git.text("write-tree", environment=index).strip()
        tip = git.text("commit-tree", "-p", tip, "-m", patch["subject"], tree, environment=index).strip()
    touched = git.text("diff", "--name-only", "--diff-filter=MD", result["base"], tip).split()
    with source.open() as files:
        sources = tuple(files.read(path) or b"" for path in touched if path.endswith(C_SUFFIXES))
    return Remade(repository, result["base"], tip, sources)


def cost_of_editing(edit: dict[str, str], directory: Path, trees: list[str], output: Path, runs: int) -> Cost:
    """Return what a render takes after `edit`, each time another one, of a copy of the strategies in `directory`."""
    edited, numbers = copied(directory, edit), count(1)
    strategies = directory / "strategies"
    return median_cost(
        lambda: render(trees, output, "--strategies", strategies), runs, lambda: edited.edit(next(numbers))
    )


def measure(trees: list[str], runs: int, directory: Path) -> dict[str, Any]:
    """Return the document that is printed."""
    results = render(trees, directory / "first")["results"]
    rendered = [result for result in results if result["status"] == "rendered"]
    series = [remake(result, directory / "first", directory) for result in rendered]
    again, wanted = directory / "again", settings()
    costs = {
        "anew": median_cost(lambda: render(trees, again), wanted["runs_anew"], forget),
        "anew_bare": median_cost(lambda: render(trees, again, *BARE), wanted["runs_anew"], forget),
        "nothing_changed": median_cost(lambda: render(trees, again), runs),
    }
    for name, edit in wanted["edits"].items():
        costs[name] = cost_of_editing(edit, directory / name, trees, again, runs)
    seconds = {
        "floor_parse": median(lambda: parse_all(series), runs),
        "floor_format_patch": median(lambda: format_all(series, directory / "floor"), runs),
        "interpreter": median(lambda: run([sys.executable, "-c", "pass"]), runs),
        "libraries": median(lambda: run([sys.executable, "-c", LIBRARIES]), runs),
        "version": median(lambda: run(qpatch("--version"), ROOT), runs),
    }
    least = seconds["floor_parse"] + seconds["floor_format_patch"] + seconds["interpreter"]
    strategies = len({result["strategy"] for result in results})
    return {
        "version": 1,
        "trees": trees,
        "runs": runs,
        "python": sys.version.split()[0],
        "missing": [],
        "as_expected": all(result["status"] in WELL for result in results),
        "results": [{key: result[key] for key in ("strategy", "tree", "status", "reason")} for result in results],
        "files_parsed": sum(len(one.sources) for one in series),
        "strategies": strategies,
        "series": len(series),
        "patches": sum(len(result["patches"]) for result in rendered),
        "render": {name: asdict(cost) for name, cost in costs.items()},
        "seconds": seconds,
        "times_floor": round(costs["nothing_changed"].seconds / least, 2),
        "times_floor_anew": round(costs["anew_bare"].seconds / least, 2),
        "aim": aim(wanted["aim"], costs, strategies * len(trees)),
    }


def aim(wanted: Mapping[str, Any], costs: Mapping[str, Cost], cells: int) -> dict[str, Any]:
    """Return what each render that the aim is about takes for the aim's number of cells, and whether it is met."""
    found = {name: round(costs[name].seconds * wanted["cells"] / cells, 2) for name in wanted["of"]}
    return {**wanted, "seconds": found, "met": all(seconds <= wanted["most"] for seconds in found.values())}


def main() -> int:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description="Measure rendering against its floor.")
    parser.add_argument("--tree", nargs="+", default=list(TREES), dest="trees")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    measured = document(options.trees, options.runs)
    json.dump(measured, sys.stdout, indent=1)
    return int(not measured["as_expected"])


def document(trees: list[str], runs: int) -> dict[str, Any]:
    """Measure rendering on `trees` and return what is printed."""
    with tempfile.TemporaryDirectory() as directory:
        return measure(trees, runs, Path(directory))


if __name__ == "__main__":
    sys.exit(main())
