# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for all tests: nothing of the user's or this machine's configuration reaches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from home_support import use_home

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
    use_home(monkeypatch, home, cache_directory() if on_real_trees else None)
    return home
