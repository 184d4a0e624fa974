# SPDX-License-Identifier: GPL-2.0-or-later
"""Archives that hold what no tree of git can, and headers whose numbers and texts are none: refused, never a crash."""

from __future__ import annotations

import errno
import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from debs_support import deb
from test_trees_fetch import Listener, faults, job, only, pinned
from trees_support import QEMU_FILES, description, git, tarball

from qpatch.errors import UserError
from qpatch.trees.archive import members
from qpatch.trees.deb import unpack
from qpatch.trees.dsc import read_description
from qpatch.trees.importer import import_package
from qpatch.trees.progress import NoProgress
from qpatch.trees.store import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.mark.parametrize(
    "names",
    [
        [".git/config"],
        ["sub/.GIT/hooks/post-checkout"],
        ["sub/.git"],
        ["a/GIT~1/config"],
        [".git /config"],
        [".git./config"],
        [".git::$INDEX_ALLOCATION/config"],
        [".g\u200cit/config"],
        ["a", "a/b"],
        ["a/b/c/d", "a/b"],
    ],
)
def test_a_path_that_git_would_not_take_is_refused(tmp_path: Path, listener: Listener, names: list[str]) -> None:
    bad = tarball(tmp_path / "bad.tar.gz", {**QEMU_FILES, **dict.fromkeys(names, "x")})
    alone = only(job(tmp_path, listener, pinned(bad)))
    assert (alone.status, [fault.code for fault in alone.faults]) == ("missing", ["bad-archive"])
    assert repr(names[-1])[1:-1] in alone.reason
    good = tarball(tmp_path / "good.tar.gz", QEMU_FILES)
    assert only(job(tmp_path, listener, pinned(bad), pinned(good))).status == "fetched"


def test_names_that_only_begin_so_are_kept(tmp_path: Path, listener: Listener) -> None:
    names = [".gitignore", ".gitlab-ci.d/x.yml", "sub/.gitmodules", "git", "a.git/config", "git~12", "a", "a.c", "ab/c"]
    archive = tarball(tmp_path / "x.tar.gz", dict.fromkeys(names, "x"))
    commit = only(job(tmp_path, listener, pinned(archive))).commit
    assert git(tmp_path / "cache/trees.git", "ls-tree", "-r", "--name-only", commit).split() == sorted(names)


def test_a_component_takes_the_place_of_a_file_of_its_name(tmp_path: Path) -> None:
    main = tarball(tmp_path / "qemu_1.orig.tar.xz", {"f": "x"}, links={"fw": "elsewhere", "debian": "f"})
    component = tarball(tmp_path / "qemu_1.orig-fw.tar.gz", {"new": "n"}, top="whatever/")
    debian = tarball(tmp_path / "qemu_1-1.debian.tar.xz", {"control": "c"}, top="debian/")
    package = read_description(description(tmp_path, "1-1", [main, component, debian])).verified_package()
    store = Store(tmp_path / "cache")
    commit = import_package(store, "r-1", package, NoProgress())
    assert git(store.path, "ls-tree", "-r", "--name-only", commit).split() == ["f", "fw/new"]


def test_a_series_may_be_a_hard_link(tmp_path: Path) -> None:
    main = tarball(tmp_path / "qemu_1.orig.tar.xz", {"f": "x"})
    debian = tmp_path / "qemu_1-1.debian.tar.gz"
    with tarfile.open(debian, "w:gz") as tar:
        entry = tarfile.TarInfo("debian/patches/all")
        entry.size = len(b"lost.patch\n")
        tar.addfile(entry, io.BytesIO(b"lost.patch\n"))
        link = tarfile.TarInfo("debian/patches/series")
        link.type, link.linkname = tarfile.LNKTYPE, "debian/patches/all"
        tar.addfile(link)
    package = read_description(description(tmp_path, "1-1", [main, debian])).verified_package()
    with pytest.raises(UserError, match=r"names lost\.patch, which is not there"):
        import_package(Store(tmp_path / "cache"), "r-1", package, NoProgress())


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"GNU.sparse.major": "0", "GNU.sparse.map": "one,two", "GNU.sparse.size": "9"}, "invalid literal for int"),
        ({"path": "top/na\0me"}, "cannot be a path of a git tree"),
        ({"linkpath": "na\0me"}, "links to a name that cannot be one"),
    ],
)
def test_headers_that_are_not_what_they_must_be(tmp_path: Path, headers: dict[str, str], words: str) -> None:
    archive = tmp_path / "x.tar"
    with tarfile.open(archive, "w:", format=tarfile.PAX_FORMAT) as tar:
        entry = tarfile.TarInfo("top/file")
        entry.pax_headers = headers
        if "linkpath" in headers:
            entry.type = tarfile.SYMTYPE
        tar.addfile(entry, io.BytesIO())
    with pytest.raises(UserError, match=words) as caught:
        list(members(archive, NoProgress()))
    assert caught.value.code == "bad-archive"


def test_a_tarball_that_is_not_there_or_may_not_be_read(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "q.tar.gz")

    archive = tarball(tmp_path / "q.tar.gz", QEMU_FILES)
    lost = {"tarball": {"url": str(tmp_path / "lost.tar"), "sha256": "0" * 64}}
    assert faults(job(tmp_path, listener, lost)) == ["archive-missing"]
    assert only(job(tmp_path, listener, lost, pinned(archive))).status == "fetched"
    monkeypatch.setattr("qpatch.trees.providers.tarball.check_sha256", refuse)  # root may read everything
    assert faults(job(tmp_path / "2", listener, pinned(archive), lost)) == ["no-permission", "archive-missing"]


# --- packages (.deb)


@pytest.mark.parametrize("place", [8 + 16, 8 + 28, 8 + 34, 8 + 48, 8 + 58])
def test_a_package_with_a_damaged_header_is_refused(tmp_path: Path, place: int) -> None:
    content = bytearray(deb(tmp_path / "x.deb", {"a": b"x"}).read_bytes())
    content[place] = 0xFF
    (tmp_path / "x.deb").write_bytes(content)
    with pytest.raises(UserError) as caught:
        unpack(tmp_path / "x.deb", tmp_path / "out")
    assert caught.value.code == "bad-package"


@pytest.mark.parametrize(
    ("files", "hard_links"),
    [({"a": b"", "a/b": b""}, {}), ({"a/b": b"", "a": b""}, {}), ({"a": b""}, {"b": "lost"})],
)
def test_a_package_whose_members_contradict_each_other(
    tmp_path: Path, files: dict[str, bytes], hard_links: dict[str, str]
) -> None:
    package = deb(tmp_path / "x.deb", files, hard_links=hard_links)
    with pytest.raises(UserError) as caught:
        unpack(package, tmp_path / "out")
    assert caught.value.code == "bad-archive"
