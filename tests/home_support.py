# SPDX-License-Identifier: GPL-2.0-or-later
"""A home for tests: nothing of the user's or this machine's configuration reaches what runs in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def use_home(monkeypatch: pytest.MonkeyPatch, home: Path, cache: Path | None = None) -> None:
    """Let all settings be in `home`, and the cache there too unless another is given."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("EMAIL", raising=False)  # git takes it for the user's address
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("QPATCH_CACHE", str(cache or home / "cache"))
