# SPDX-License-Identifier: GPL-2.0-or-later
"""Directories that are replaced as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from qpatch.trees.replacing import recover_directories, recover_directory, replaced_directory


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "parent" / "place.1"


def write(place: Path, text: str) -> None:
    with replaced_directory(place) as new:
        assert list(new.iterdir()) == []
        (new / "file").write_text(text)


def content(place: Path) -> str:
    """Return what the directory holds, with nothing beside it."""
    assert [path.name for path in place.parent.iterdir()] == [place.name]
    (file,) = place.iterdir()
    return file.read_text()


def test_what_is_there_is_replaced(place: Path) -> None:
    for text in ("one", "two"):
        write(place, text)
        assert content(place) == text


def test_an_exception_leaves_what_was_there(place: Path) -> None:
    with pytest.raises(KeyboardInterrupt), replaced_directory(place) as new:
        (new / "half").touch()
        raise KeyboardInterrupt
    assert list(place.parent.iterdir()) == []
    write(place, "one")
    with pytest.raises(OSError, match="full"), replaced_directory(place):
        raise OSError("full")
    assert content(place) == "one"


def test_the_old_content_comes_back_where_renaming_fails(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(place, "one")
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.name.endswith(".new"):
            assert not place.exists()
            raise OSError("no permission")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no permission"):
        write(place, "two")
    assert content(place) == "one"


def leave(place: Path, *names: str) -> None:
    """Leave directories as a process that is killed does."""
    for name in names:
        directory = place if name == place.name else place.with_name(f".{place.name}.{name}")
        directory.mkdir(parents=True)
        (directory / "file").write_text(name)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (("new", "place.1"), "place.1"),  # killed while the new content was written
        (("new", "old"), "old"),  # between the two renames
        (("old", "place.1"), "place.1"),  # before the old one was removed
    ],
)
def test_what_a_killed_process_leaves(place: Path, left: tuple[str, ...], expected: str) -> None:
    leave(place, *left)
    recover_directory(place)
    assert content(place) == expected
    leave(place, "new")
    write(place, "three")
    assert content(place) == "three"


def test_all_directories_of_a_store(place: Path) -> None:
    leave(place, "new", "old")
    leave(place.with_name("other"), "new")
    (place.parent / "lock").touch()
    recover_directories(place.parent)
    assert sorted(path.name for path in place.parent.iterdir()) == ["lock", place.name]
    recover_directories(place / "nowhere")
