# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests of verbs share: capabilities of their own, and a tiny tree that counts as QEMU."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from strategy_support import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

SOURCE = """\
#include "qemu/osdep.h"

void start(void)
{
    prepare();
    old_call();
}
"""
FILES = {"VERSION": "9.9.9\n", "include/qemu/osdep.h": "/* everything */\n", "hw/demo.c": SOURCE}


def use_capabilities(monkeypatch: pytest.MonkeyPatch, values: Mapping[str, bool] = CAPABILITIES) -> None:
    """Let every tree have the capabilities `values`, and strategies know their names."""
    module = ModuleType("qpatch.capabilities.evaluate")
    monkeypatch.setattr(module, "evaluate", lambda *_: dict(values), raising=False)
    monkeypatch.setattr(
        module, "names_by_kind", lambda: {"qemu": frozenset(values), "linux": frozenset()}, raising=False
    )
    monkeypatch.setitem(sys.modules, module.__name__, module)


def isolate(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in `directory`, without settings from the environment."""
    monkeypatch.chdir(directory)
    for variable in ("QPATCH_STRATEGIES", "QPATCH_JSON", "QPATCH_QUIET", "QPATCH_VERBOSE"):
        monkeypatch.delenv(variable, raising=False)


def make_tree(directory: Path, **changes: str) -> Path:
    """Make a git repository that holds FILES, with hw/demo.c replaced by `demo` if that is given."""
    for name, content in {**FILES, **({"hw/demo.c": changes["demo"]} if "demo" in changes else {})}.items():
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    for command in (
        ("init", "-q", "-b", "master"),
        ("add", "-A"),
        ("-c", "user.name=A", "-c", "user.email=a@b.invalid", "commit", "-q", "-m", "import"),
    ):
        subprocess.run(["git", *command], cwd=directory, check=True)
    return directory
