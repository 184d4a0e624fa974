# SPDX-License-Identifier: GPL-2.0-or-later
"""A series on a tiny tree, to ask which edit wrote what: two patches are in it, one of the strategy is dropped."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from series_support import make_tree
from strategy_support import CAPABILITIES, write_strategy

from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.series.blame import Authorship, authorship
from qpatch.series.open_tree import OpenTree
from qpatch.strategy.bind import TreeInfo
from qpatch.strategy.load import load_strategy
from qpatch.trees.commit_tree import CommitTree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEMO, HEADER = "hw/demo.c", "hw/demo.h"
STRATEGY = """\
name: demo
title: "demo: Defer the call"
summary: Calls later.
qemu:
  cover: demo/cover.j2
  patches:
    - subject: "demo: Say that it is a demo"
      body: The tree says so already.
      edits:
        - in: function stop
          path: hw/demo.c
          hunk: |2
              old_stop();
            + demo();
    - subject: "demo: Add later()"
      body: Nothing calls it yet.
      edits:
        - after: function start
          path: hw/demo.c
          why: somebody has to do it
          add: |
            static void later(void)
            {
                new_call();
            }
        - in: struct Dev
          path: hw/demo.h
          hunk: |2
            - int old;
            + int fresh;
        - in: section demo.c
          path: hw/trace-events
          hunk: |2
            - demo_start(int a) "a %d"
    - subject: "demo: Call later()"
      body: demo/01-call.j2
      edits:
        - in: function start
          path: hw/demo.c
          hunk: |2
            - old_call();
            + later();
        - in: function later
          path: hw/demo.c
          hunk: |2
            - new_call();
            + newest_call();
        - in: signature helper
          path: hw/demo.c
          hunk: |2
            - int helper(int a)
            + int helper(int a, int b)
"""
FILES = {
    DEMO: b"""\
#include "demo.h"

static void start(void)
{
    prepare();
    old_call();
}

static void stop(void)
{
    old_stop();
    demo();
}

int helper(int a)
{
    return a;
}
""",
    HEADER: b"""\
struct Dev {
    int old;
    int size;
};
int helper(int a);
""",
    "hw/trace-events": b'# demo.c\ndemo_start(int a) "a %d"\ndemo_stop(int a) "a %d"\n',
}


@contextmanager
def demo_target(directory: Path) -> Iterator[OpenTree]:
    """Make the tree below `directory` and open it."""
    repository = make_tree(directory / "tree", FILES)
    with CommitTree(repository, repository.resolve("HEAD")) as source:
        yield OpenTree(TreeInfo("qemu-1.0", "1.0", "qemu"), source, CAPABILITIES, ParseCache(macro_table("qemu")))


def demo_authorship(directory: Path, strategy: str = STRATEGY) -> Authorship:
    """Return who wrote what in the series."""
    with demo_target(directory) as target:
        return authorship(load_strategy(write_strategy(directory / "mine", strategy)), target, {})


def line_of(written: Authorship, patch: int, text: str, path: str = DEMO) -> int:
    """Return the number of the only line of `path` after `patch` that reads `text`."""
    numbers = [number for number, line in enumerate(written.lines(patch, path), 1) if line.text.strip() == text]
    assert len(numbers) == 1, numbers
    return numbers[0]
