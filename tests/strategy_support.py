# SPDX-License-Identifier: GPL-2.0-or-later
"""A small strategy on disk, to be spoilt by tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.strategy.bind import Binding, TreeInfo
from qpatch.strategy.load import LoadedStrategy, load_strategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STRATEGY = """\
name: demo
title: "demo: A small change"
option: O1
proposer: {name: Jane Doe, message-id: 20201114.1@example.org, date: 2020-11-14}
summary: >-
  Calls the new function.
for: [It is small.]
against:
  - {who: John, text: It is too small.}
relations:
  - {option: O2, text: Does the opposite.}
parameters:
  limit: {default: 4, doc: How many.}
  fast: {default: false, doc: Whether to hurry.}
qemu:
  landed: {when: has_new, reason: "Upstream calls it on @{{ tree.name }}."}
  void:
    - {when: not has_old, reason: There is nothing to replace.}
  cover: demo/cover.j2
  patches:
    - subject: "demo: Call the new function"
      body: demo/01-call.j2
      trailers: ["Suggested-by: Jane Doe <jane@example.org>"]
      edits:
        - in: function start
          path: hw/demo.c
          why: the old one is wrong
          hunk: |2
              prepare();
            - old_call();
            + new_call(@{{ limit }});
        - after: function start
          when: has_extra
          add: |
            static void extra(void)
            {
            }
"""
TEMPLATES = {
    "demo/cover.j2": "On @{{ tree.name }}: @{{ strategy.summary }}\n"
    "@{% for patch in patches %}\n - @{{ patch.subject }}\n@{% endfor %}\n",
    "demo/01-call.j2": "The old function is wrong@{% if has_extra %} in every way@{% endif %}.\n",
}
CAPABILITIES = {"has_new": False, "has_old": True, "has_extra": False}
TREE = TreeInfo("qemu-1.0", "1.0.3", "qemu")


def write_strategy(
    directory: Path, text: str = STRATEGY, templates: Mapping[str, str] = TEMPLATES, name: str = "demo"
) -> Path:
    """Write the strategy and its templates below `directory`; return the strategy's file."""
    for template, content in templates.items():
        file = directory / "templates" / template
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    file = directory / "strategies" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def line_of(text: str, fragment: str) -> int:
    """Return the line (from 1) of the first occurrence of `fragment`."""
    return text[: text.index(fragment)].count("\n") + 1


def load(directory: Path, *replacements: tuple[str, str], templates: Mapping[str, str] = TEMPLATES) -> LoadedStrategy:
    """Load the small strategy with some of its text replaced."""
    text = STRATEGY
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return load_strategy(write_strategy(directory, text, templates))


def bind(
    loaded: LoadedStrategy,
    capabilities: Mapping[str, bool] | None = None,
    parameters: Mapping[str, object] | None = None,
) -> Binding:
    """Bind a strategy to the small tree."""
    return Binding(loaded, TREE, CAPABILITIES if capabilities is None else capabilities, parameters or {})
