# SPDX-License-Identifier: GPL-2.0-or-later
"""Folders of Debian source packages: which is taken, what is checked, and what happens to damaged ones."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest
from test_trees_fetch import Listener, debian, job, only, pinned
from trees_support import QEMU_FILES, description, git, tarball

from qpatch.errors import EnvironmentFault, UserError
from qpatch.trees.dsc import read_description
from qpatch.trees.fetch import default_job
from qpatch.trees.places import configuration_file
from qpatch.trees.signature import check_signature

if TYPE_CHECKING:
    from pathlib import Path

WANTED = debian("sid")


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a folder of sources; no apt configuration, so that a mirror is never asked."""
    path = tmp_path / "sources"
    path.mkdir()
    return path


def package(folder: Path, version: str, text: str = "10.2.2\n") -> Path:
    """Put a source package into the folder and return its .dsc."""
    upstream = version.rpartition(":")[2].rpartition("-")[0]
    main = tarball(folder / f"qemu_{upstream}.orig.tar.xz", {**QEMU_FILES, "VERSION": text})
    patch = "--- a/hw/dev.c\n+++ b/hw/dev.c\n@@ -1,1 +1,1 @@\n-int dev(void)\n+int patched(void)\n"
    control = {"patches/series": "one.patch\n", "patches/one.patch": patch, "control": "x"}
    extra = tarball(folder / f"qemu_{version.rpartition(':')[2]}.debian.tar.xz", control, top="debian/")
    return description(folder, version, [main, extra])


def test_a_folder_comes_before_the_mirror(tmp_path: Path, folder: Path, listener: Listener) -> None:
    package(folder, "1:10.2.2-1")
    package(folder, "1:10.2.10-1")
    package(folder, "1:10.3.0-1")
    fetched = only(job(tmp_path, listener, WANTED, sources=[str(folder)]))
    assert (fetched.status, fetched.faults) == ("fetched", ())
    store = tmp_path / "cache" / "trees.git"
    assert git(store, "show", "-s", "--format=%s", "r-1") == "Import qemu 1:10.2.10-1 from Debian"
    assert "int patched(void)" in git(store, "show", "r-1:hw/dev.c")
    assert "debian" not in git(store, "ls-tree", "--name-only", "r-1").split()


def test_a_folder_without_the_release_is_not_spoken_of(tmp_path: Path, folder: Path, listener: Listener) -> None:
    package(folder, "1:10.3.0-1")
    archive = tarball(tmp_path / "q.tar.gz", QEMU_FILES)
    fetched = only(job(tmp_path, listener, pinned(archive), WANTED, sources=[str(folder), str(tmp_path / "none")]))
    assert (fetched.status, fetched.faults, listener.notes) == ("fetched", (), [])


def test_the_user_may_prefer_another_provider(tmp_path: Path, folder: Path, listener: Listener) -> None:
    package(folder, "1:10.2.2-1")
    fetched = only(job(tmp_path, listener, WANTED, sources=[str(folder)], providers=["debian"]))
    assert [fault.code for fault in fetched.faults] == ["no-debian-mirror"]
    assert fetched.status == "fetched"


@pytest.mark.parametrize(
    ("damage", "code", "words"),
    [
        ("missing", "package-incomplete", "qemu_10.2.2.orig.tar.xz, which is not beside it"),
        ("changed", "checksum-mismatch", "qemu_10.2.2.orig.tar.xz: sha256 is"),
        ("cut dsc", "bad-package", "qemu_10.2.2-1.dsc is not a complete .dsc file: it has no Checksums-Sha256"),
        ("no patch", "checksum-mismatch", "qemu_10.2.2-1.debian.tar.xz: sha256 is"),
    ],
)
def test_a_damaged_package_is_named_and_the_next_candidate_tried(
    tmp_path: Path, folder: Path, listener: Listener, damage: str, code: str, words: str
) -> None:
    dsc = package(folder, "1:10.2.2-1")
    if damage == "missing":
        (folder / "qemu_10.2.2.orig.tar.xz").unlink()
    elif damage == "changed":
        (folder / "qemu_10.2.2.orig.tar.xz").write_bytes(b"something else")
    elif damage == "cut dsc":
        dsc.write_text("".join(dsc.read_text().partition("Version: 1:10.2.2-1\n")[:2]))
    else:
        tarball(folder / "qemu_10.2.2-1.debian.tar.xz", {"control": "x"}, top="debian/")
    archive = tarball(tmp_path / "q.tar.gz", QEMU_FILES)
    alone = only(job(tmp_path, listener, WANTED, sources=[str(folder)]))
    assert (alone.status, alone.faults[0].code) == ("missing", code)
    assert words in alone.faults[0].message and words in alone.reason
    fetched = only(job(tmp_path, listener, WANTED, pinned(archive), sources=[str(folder)]))
    assert fetched.status == "fetched"
    assert fetched.faults[0].code == code


def test_an_older_whole_package_of_the_folder_is_taken(tmp_path: Path, folder: Path, listener: Listener) -> None:
    package(folder, "1:10.2.2-1")
    package(folder, "1:10.2.3-1")
    (folder / "qemu_10.2.3.orig.tar.xz").unlink()
    (folder / "qemu_10.2.4-1.dsc").write_text("nothing")
    fetched = only(job(tmp_path, listener, WANTED, sources=[str(folder)]))
    assert (fetched.status, [fault.code for fault in fetched.faults]) == (
        "fetched",
        ["bad-package", "package-incomplete"],
    )
    notes = [note for note in listener.notes if "passed over" in note]
    assert notes == [f"r-1: passed over: {fault.message}" for fault in fetched.faults]
    subject = git(tmp_path / "cache" / "trees.git", "show", "-s", "--format=%s", "r-1")
    assert subject == "Import qemu 1:10.2.2-1 from Debian"


def test_every_package_that_cannot_be_taken_is_named_the_newest_first(
    tmp_path: Path, folder: Path, listener: Listener
) -> None:
    package(folder, "1:10.2.9-1")
    package(folder, "1:10.2.10-1")
    (folder / "qemu_10.2.10.orig.tar.xz").unlink()
    (folder / "qemu_10.2.9.orig.tar.xz").write_bytes(b"something else")
    missing = only(job(tmp_path, listener, WANTED, sources=[str(folder)]))
    codes = [fault.code for fault in missing.faults]
    assert (missing.status, codes) == ("missing", ["package-incomplete", "checksum-mismatch", "no-debian-mirror"])
    assert missing.reason.index("qemu_10.2.10.orig") < missing.reason.index("qemu_10.2.9.orig")
    assert sum("passed over" in note for note in listener.notes) == 2


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("fifo", "is not a regular file"),
        ("directory", "is not a regular file"),
        ("dangling link", "is not a regular file"),
        ("link to itself", "is not a regular file"),
        ("long name", "File name too long"),
        ("sum on the header's line", "Checksums-Sha256 is not a list of files"),
        ("blank", "is not a complete .dsc file"),
        ("cut signature", "is not a complete .dsc file"),
    ],
)
def test_what_is_no_readable_description_stops_nothing(
    tmp_path: Path, folder: Path, listener: Listener, kind: str, words: str
) -> None:
    bad = folder / "qemu_10.2.9-1.dsc"
    head = "Format: 3.0 (quilt)\nSource: qemu\nVersion: 1:10.2.9-1\nChecksums-Sha256:"
    match kind:
        case "fifo":
            os.mkfifo(bad)
        case "directory":
            bad.mkdir()
        case "dangling link":
            bad.symlink_to("nowhere")
        case "link to itself":
            bad.symlink_to(bad.name)
        case "long name":
            bad.write_text(f"{head}\n {'0' * 64} 1 {'q' * 300}.orig.tar.xz\n")
        case "sum on the header's line":
            bad.write_text(f"{head} deadbeef\n")
        case "blank":
            bad.write_text("\n \n")
        case "cut signature":
            bad.write_text("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n")
    alone = only(job(tmp_path / "1", listener, WANTED, sources=[str(folder)]))
    assert (alone.status, alone.faults[0].code) == ("missing", "bad-package")
    assert str(bad) in alone.faults[0].message and words in alone.faults[0].message
    package(folder, "1:10.2.2-1")
    beside = only(job(tmp_path / "2", listener, WANTED, sources=[str(folder)]))
    assert (beside.status, [fault.message for fault in beside.faults]) == ("fetched", [alone.faults[0].message])


def test_a_description_that_may_not_be_read_stops_nothing(
    tmp_path: Path, folder: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: Path, **_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    dsc = package(folder, "1:10.2.2-1")
    monkeypatch.setattr("pathlib.Path.read_text", refuse)  # root, as whom tests may run, may read everything
    with pytest.raises(UserError, match="cannot be read: Permission denied"):
        read_description(dsc)


@pytest.mark.parametrize("damaged", ["qemu_10.2.2-1.dsc", "qemu_10.2.2-1a.dsc"])
def test_of_two_files_with_one_version_the_whole_one_is_taken(
    tmp_path: Path, folder: Path, listener: Listener, damaged: str
) -> None:
    dsc = package(folder, "1:10.2.2-1")
    text = dsc.read_text()
    (folder / "qemu_10.2.2-1a.dsc").write_text(text)
    (folder / damaged).write_text(text.replace("qemu_10.2.2.orig", "qemu_lost.orig"))
    fetched = only(job(tmp_path, listener, WANTED, sources=[str(folder)]))
    assert fetched.status == "fetched"
    assert [damaged in fault.message for fault in fetched.faults] == [True] * (damaged == "qemu_10.2.2-1a.dsc")


def test_a_folder_of_a_user_that_there_is_not(
    tmp_path: Path, folder: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = "~nosuchuser/sources"
    monkeypatch.setenv("QPATCH_SOURCES", nobody)
    assert default_job(listener).configuration.sources[0].path == nobody
    assert listener.notes == [f"QPATCH_SOURCES names {nobody}, which is not a directory"]
    given = {"folder": {"path": nobody, "package": "qemu", "version": "*"}}
    local = {"local": {"path": nobody}}
    work = job(tmp_path, listener, WANTED, given, local, sources=[nobody])
    assert [fault.code for fault in only(work).faults] == ["no-debian-mirror", "version-unlisted", "no-repository"]
    dsc = package(folder, "1:10.2.2-1")
    with pytest.raises(EnvironmentFault, match="there is none \\(keyring ~nosuchuser"):
        check_signature(dsc, "~nosuchuser/keyring.gpg", listener.note)


def test_what_a_release_names_itself(tmp_path: Path, folder: Path, listener: Listener) -> None:
    package(folder, "2:10.2.2-1")  # another epoch than the pattern's
    entry = {"path": str(folder), "package": "qemu"}
    other = only(job(tmp_path, listener, {"folder": {**entry, "version": "1:10.2.*"}}))
    assert [fault.code for fault in other.faults] == ["version-unlisted"]
    assert only(job(tmp_path, listener, {"folder": {**entry, "version": "2:10.2.*"}})).status == "fetched"


def test_a_full_disk_stops_at_once(
    tmp_path: Path, folder: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise EnvironmentFault("disk-full", "no space")

    package(folder, "1:10.2.2-1")
    monkeypatch.setattr("qpatch.trees.providers.folder.import_package", full)
    with pytest.raises(EnvironmentFault, match="no space"):
        only(job(tmp_path, listener, WANTED, sources=[str(folder)]))


def test_the_environment_comes_before_the_configuration(
    tmp_path: Path, folder: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration_file().parent.mkdir(parents=True)
    configuration_file().write_text(f"sources: [{{path: {folder}, signed-by: /keys}}, /other]\n")
    monkeypatch.setenv("QPATCH_SOURCES", f"{tmp_path}::{tmp_path / 'nowhere'}")
    sources = default_job(listener).configuration.sources
    assert [(source.path, source.signed_by) for source in sources] == [
        (str(tmp_path), ""),
        (str(tmp_path / "nowhere"), ""),
        (str(folder), "/keys"),
        ("/other", ""),
    ]
    assert listener.notes == [f"QPATCH_SOURCES names {tmp_path / 'nowhere'}, which is not a directory"]


def test_an_overlong_path_in_the_environment_is_no_directory(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QPATCH_SOURCES", "x" * 5000)
    assert len(default_job(listener).configuration.sources) == 1
    assert listener.notes == [f"QPATCH_SOURCES names {'x' * 5000}, which is not a directory"]
