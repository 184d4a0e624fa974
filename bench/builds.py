# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds: what a cold baseline costs, a strategy after it, nothing at all, and ninja alone for the same patches.

    python -m bench.builds [--tree TREE...] [--strategy save-state qemu-defer] [--cold] [--target TARGET]

Without ccache, one after the other, in the user's cache; `--cold` removes the tree's workspace there first. *Bare* is
ninja, started by hand, on the files of the same patch, from the same state. One JSON document on stdout; seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qpatch.builds.builder import BASELINE
from qpatch.builds.qemu.backend import QemuBackend
from qpatch.builds.qemu.venv import python_environment
from qpatch.builds.recipe import qemu_recipe
from qpatch.builds.steps import make_steps
from qpatch.builds.toolchain import build_environment
from qpatch.builds.workspace import default_workspace
from qpatch.series.commits import new_commits
from qpatch.series.model import PLACEHOLDER
from qpatch.series.open_tree import opened_tree
from qpatch.series.render import attempt
from qpatch.strategy.library import StrategyLibrary
from qpatch.trees.releases import release_names

if TYPE_CHECKING:
    from qpatch.builds.workspace import BuildWorkspace

WITHOUT_CCACHE = {**os.environ, "CCACHE_DISABLE": "1"}


def build(*words: str) -> tuple[float, dict[str, Any]]:
    """Run `qpatch build`; return the seconds it took and its only result."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "qpatch", "build", *words, "--json"],
        env=WITHOUT_CCACHE,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    (result,) = json.loads(done.stdout)["results"]
    return seconds, result


def forget_series(workspace: BuildWorkspace) -> None:
    """Remove what is kept of strategies, so that they are built again."""
    for metadata in (workspace.directory / "products").glob("*/metadata.json"):
        if json.loads(metadata.read_text(encoding="utf-8"))["strategy"] != BASELINE:
            shutil.rmtree(metadata.parent)


def bare(tree: str, strategy: str, target: str) -> list[float]:
    """Return the seconds that ninja takes for each patch, from what the patch before has left; end with the base."""
    with opened_tree(tree) as opened, ExitStack() as stack:
        recipe = qemu_recipe(opened.info.release)
        workspace = default_workspace(opened.info.name, opened.source.repository.path)
        lock = stack.enter_context(workspace.locked(sys.exit))
        place = workspace.place("qemu", target, "bare", lock)
        repository = workspace.checkout.borrow(opened.source.repository, opened.source.commit)
        planned = attempt(StrategyLibrary().get(strategy), opened, {}).planned
        overlay = QemuBackend(recipe, target).overlay()
        commits = new_commits(planned, PLACEHOLDER, signoff=False) if planned else ()
        steps = make_steps(repository, opened.source.commit, overlay, planned, commits)
        environment = {**build_environment(place, python_environment(recipe.python, place)), "CCACHE_DISABLE": "1"}
        seconds = []
        for step in (*steps, steps[0]):
            workspace.checkout.switch(step.build_commit)
            started = time.monotonic()
            subprocess.run(
                ["ninja", recipe.targets[target].goal],
                cwd=place.build,
                env=environment,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            seconds.append(time.monotonic() - started)
    return seconds[1:-1]


def measure(tree: str, strategies: list[str], target: str, *, cold: bool) -> dict[str, Any]:
    """Measure one tree; see the module."""
    with opened_tree(tree) as opened:
        workspace = default_workspace(opened.info.name, opened.source.repository.path)
    if cold:
        shutil.rmtree(workspace.directory, ignore_errors=True)
    words = ("--tree", tree, "--target", target)
    seconds, result = build(BASELINE, *words)
    metadata = json.loads(Path(result["metadata"]).read_text(encoding="utf-8"))
    found: dict[str, Any] = {"baseline": {"wall": seconds, "steps": metadata["steps"], **metadata["durations"]}}
    forget_series(workspace)
    for strategy in strategies:
        alone = bare(tree, strategy, target)
        warm, result = build(strategy, *words, "--each-patch")
        again, _ = build(strategy, *words, "--each-patch")
        patches = [
            {
                "subject": patch["subject"],
                "steps": patch["steps"],
                "cpu": patch["cpu_seconds"],
                "seconds": patch["switch_seconds"] + patch["seconds"],
                "bare": seconds,
                "ratio": (patch["switch_seconds"] + patch["seconds"]) / seconds,
            }
            for patch, seconds in zip(result["patches"][1:], alone, strict=True)
        ]
        found[strategy] = {
            "status": result["status"],
            "all patches": warm,
            "no-op": again,
            "patches": patches,
            "ratio": warm / sum(alone),
        }
    return found


def main() -> int:
    """Measure what the command line asks for and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.builds", description="Measure builds.")
    parser.add_argument("--tree", nargs="+", default=release_names("qemu", "build"), help="default: %(default)s")
    parser.add_argument("--strategy", nargs="+", default=[])
    parser.add_argument("--target", default="aarch64-softmmu")
    parser.add_argument("--cold", action="store_true", help="remove the tree's workspace first")
    options = parser.parse_args()
    json.dump(
        {tree: measure(tree, options.strategy, options.target, cold=options.cold) for tree in options.tree},
        sys.stdout,
        indent=1,
        default=str,
    )
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
