# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept in the cache by digest: it is given back, bounded in number, and never in the way."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from qpatch.fingerprint import fingerprint
from qpatch.thresholds import thresholds
from qpatch.trees import memory as module
from qpatch.trees.memory import Memory, memory
from qpatch.trees.places import cache_directory

if TYPE_CHECKING:
    from pathlib import Path


def test_an_entry_is_given_back() -> None:
    assert memory().recall("one") is None
    memory().remember("one", {"a": [1, None, "x"]})
    assert memory().recall("one") == {"a": [1, None, "x"]}
    assert memory().recall("two") is None
    assert memory().directory == cache_directory() / "remembered"


@pytest.mark.parametrize("content", ["", '{"a": ', "\x00\xff", "{}", "null", "3", "0123\n{}", "\n{}"])
def test_a_damaged_entry_is_none(tmp_path: Path, content: str) -> None:
    kept = Memory(tmp_path)
    kept.remember("one", 1)
    (tmp_path / "one.json").write_text(content)
    assert kept.recall("one") is None
    kept.remember("one", 2)
    assert kept.recall("one") == 2


def test_a_changed_entry_is_none(tmp_path: Path) -> None:
    Memory(tmp_path).remember("one", {"a": 1})
    file = tmp_path / "one.json"
    file.write_text(file.read_text().replace("1}", "2}"))
    assert Memory(tmp_path).recall("one") is None


def test_an_entry_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "one.json").mkdir()
    (tmp_path / "two.json").symlink_to("two.json")
    (tmp_path / "file").write_text("")
    kept = Memory(tmp_path)
    for name in ("one", "two"):
        assert kept.recall(name) is None
        kept.remember(name, 1)
    assert Memory(tmp_path / "file").recall("one") is None


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    Memory(tmp_path / "taken").remember("one", 1)
    assert Memory(tmp_path / "taken-not").recall("one") is None


@pytest.fixture
def eight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let eight entries be the limit."""

    class Limits:
        remembered = 8

    class Few:
        limits = Limits()

    assert thresholds().limits.remembered > Limits.remembered
    monkeypatch.setattr(module, "thresholds", lambda: Few())


def fill(directory: Path) -> Memory:
    """Keep eight entries, `1` to `8`, the first of them the longest ago."""
    kept = Memory(directory)
    for number in range(1, 9):
        kept.remember(str(number), number)
        os.utime(directory / f"{number}.json", (number, number))
    assert len(list(directory.iterdir())) == 8
    return kept


@pytest.mark.usefixtures("eight")
def test_the_oldest_entries_go(tmp_path: Path) -> None:
    fill(tmp_path).remember("new0", 8)
    assert {file.stem for file in tmp_path.iterdir()} == {"4", "5", "6", "7", "8", "new0"}


@pytest.mark.usefixtures("eight")
def test_what_was_asked_for_stays(tmp_path: Path) -> None:
    kept = fill(tmp_path)
    assert kept.recall("1") == 1
    kept.remember("new0", 8)
    assert {file.stem for file in tmp_path.iterdir()} == {"1", "5", "6", "7", "8", "new0"}


@pytest.mark.usefixtures("eight")
def test_what_a_killed_process_has_left_goes_too(tmp_path: Path) -> None:
    kept = fill(tmp_path)
    (tmp_path / ".3.json-abc").write_text("half")
    os.utime(tmp_path / ".3.json-abc", (0, 0))
    kept.remember("new0", 8)
    assert not (tmp_path / ".3.json-abc").exists()


@pytest.mark.usefixtures("eight")
def test_the_number_of_entries_is_bounded(tmp_path: Path) -> None:
    kept = Memory(tmp_path)
    for number in range(400):
        kept.remember(fingerprint(number), number)
    assert len(list(tmp_path.iterdir())) < 8 + 100


@pytest.mark.usefixtures("eight")
def test_several_processes_may_use_it_at_once(tmp_path: Path) -> None:
    def use(start: int) -> list[object]:
        kept, found = Memory(tmp_path), []
        for number in range(start, start + 200):
            digest = f"{number % 20}0"
            kept.remember(digest, [number % 20] * 1000)
            found.append(kept.recall(digest) or [number % 20] * 1000)
        return [value for number, value in enumerate(found, start) if value != [number % 20] * 1000]

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(use, range(4))] == [[]] * 4
