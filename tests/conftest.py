# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for all tests: nothing of the user's or this machine's configuration reaches them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from qpatch.trees.places import cache_directory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def isolated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Give every test a home of its own; tests on real trees keep the cache that holds these."""
    home = tmp_path_factory.mktemp("home")
    on_real_trees = any(request.node.get_closest_marker(marker) for marker in ("tree", "build", "lab", "vm"))
    cache = cache_directory() if on_real_trees else home / "cache"
    for name in [name for name in os.environ if name.startswith(("GIT_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "gitconfig"))
    monkeypatch.setenv("QPATCH_CACHE", str(cache))
    return home
