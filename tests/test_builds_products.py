# SPDX-License-Identifier: GPL-2.0-or-later
"""The store of what was built."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from qpatch.builds.products import METADATA, ProductStore

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    file = tmp_path / "qemu-system-aarch64"
    file.write_bytes(b"\x7fELF and so on")
    file.chmod(0o755)
    return file


def test_what_is_kept_is_found_with_its_metadata(tmp_path: Path, binary: Path) -> None:
    store = ProductStore(tmp_path / "store")
    store.keep("key", {binary.name: binary}, {"warnings": ["w"]}, binary)
    binary.unlink()
    found = store.find("key")
    assert found is not None
    assert found.metadata["warnings"] == ["w"]
    assert found.files[binary.name].read_bytes() == b"\x7fELF and so on"
    assert found.log.read_bytes() == b"\x7fELF and so on"
    assert found.files[binary.name].stat().st_mode & 0o111
    assert json.loads(found.metadata_file.read_text())["products"][binary.name]["size"] == 14


@pytest.mark.parametrize("damage", ["change", "truncate", "remove", "metadata"])
def test_a_damaged_product_is_none(tmp_path: Path, binary: Path, damage: str) -> None:
    store = ProductStore(tmp_path / "store")
    kept = store.keep("key", {binary.name: binary}, {}, binary)
    file = kept.files[binary.name]
    if damage == "change":
        file.write_bytes(b"\x7fELF and so off")
    elif damage == "truncate":
        file.write_bytes(b"")
    elif damage == "remove":
        file.unlink()
    else:
        (kept.directory / METADATA).write_text("{")
    assert store.find("key") is None
    store.keep("key", {binary.name: binary}, {}, binary)
    assert store.find("key") is not None


def test_an_unknown_key_is_none(tmp_path: Path) -> None:
    assert ProductStore(tmp_path / "store").find("key") is None


def test_a_copy_that_fails_leaves_what_was_there(tmp_path: Path, binary: Path) -> None:
    store = ProductStore(tmp_path / "store")
    store.keep("key", {binary.name: binary}, {"run": 1}, binary)
    with pytest.raises(FileNotFoundError):
        store.keep("key", {binary.name: binary, "gone": tmp_path / "gone"}, {"run": 2}, binary)
    found = store.find("key")
    assert found is not None
    assert found.metadata["run"] == 1
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["key"]


def test_what_a_killed_process_left_goes_away(tmp_path: Path, binary: Path) -> None:
    (tmp_path / "store" / ".killed.new").mkdir(parents=True)
    ProductStore(tmp_path / "store").keep("key", {binary.name: binary}, {}, binary)
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["key"]


@pytest.mark.parametrize("content", ["[]", "null", '{"products": 1}', '{"products": {"x": 1}}'])
def test_other_json_is_no_metadata(tmp_path: Path, binary: Path, content: str) -> None:
    store = ProductStore(tmp_path / "store")
    kept = store.keep("key", {binary.name: binary}, {}, binary)
    kept.metadata_file.write_text(content)
    assert store.find("key") is None
