# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's binary packages: unpacked, and fetched by the real apt from a small signed archive on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from debs_support import MTIME, SUITE, Archive, Signer, deb, missing_programs, signing

from qpatch.errors import EnvironmentFault, UserError
from qpatch.trees.apt_packages import binary_suites
from qpatch.trees.deb import read_member, unpack, unpack_all
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

needs_apt = pytest.mark.skipif(bool(missing_programs()), reason=f"not here: {' '.join(missing_programs())}")


@pytest.fixture(scope="module")
def signer() -> Iterator[Signer]:
    with signing() as made:
        yield made


@pytest.fixture
def archive(tmp_path: Path, signer: Signer) -> Archive:
    return Archive(tmp_path / "archive", signer)


# --- unpacking


@pytest.mark.parametrize("suffix", ["xz", "gz"])
def test_files_links_and_times_are_unpacked_without_special_permissions(tmp_path: Path, suffix: str) -> None:
    package = deb(
        tmp_path / "a.deb",
        {"usr/bin/x": b"program", "usr/lib/libx.so.1.2": b"library"},
        {"usr/lib/libx.so.1": "libx.so.1.2"},
        suffix=suffix,
        hard_links={"usr/bin/y": "./usr/bin/x"},
    )
    unpack(package, tmp_path / "out")
    program = tmp_path / "out/usr/bin/x"
    assert program.read_bytes() == b"program"
    assert (program.stat().st_mode & 0o7777, program.stat().st_mtime) == (0o755, MTIME)
    assert (tmp_path / "out/usr/bin/y").samefile(program)
    assert (tmp_path / "out/usr/lib/libx.so.1").read_bytes() == b"library"


def test_a_file_of_an_earlier_package_is_replaced_not_written_through(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"mine")
    first = deb(tmp_path / "a.deb", {}, {"x": str(outside)})
    second = deb(tmp_path / "b.deb", {"x": b"new"})
    unpack_all([first, second], tmp_path / "out", NoProgress())
    assert (outside.read_bytes(), (tmp_path / "out/x").read_bytes()) == (b"mine", b"new")


def test_one_file_is_read(tmp_path: Path) -> None:
    package = deb(tmp_path / "a.deb", {"boot/config-1": b"options", "boot/vmlinuz-1": b"kernel"})
    assert read_member(package, "boot/vmlinuz-*") == b"kernel"
    with pytest.raises(UserError, match=r"a\.deb has no boot/x\*"):
        read_member(package, "boot/x*")


@pytest.mark.parametrize("name", ["../x", "a/../../x", "link/x"])
def test_nothing_leaves_the_directory(tmp_path: Path, name: str) -> None:
    unpack(deb(tmp_path / "a.deb", {}, {"link": str(tmp_path)}), tmp_path / "out")
    with pytest.raises(UserError) as caught:
        unpack(deb(tmp_path / "b.deb", {name: b"evil"}), tmp_path / "out")
    assert caught.value.code == "archive-escapes"
    assert not (tmp_path / "x").exists()


def test_what_is_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.deb").write_text("not found")
    (tmp_path / "cut.deb").write_bytes(deb(tmp_path / "a.deb", {"x": b"1" * 5000}).read_bytes()[:200])
    codes = []
    for package in (tmp_path / "text.deb", tmp_path / "cut.deb", deb(tmp_path / "z.deb", {}, suffix="zst")):
        with pytest.raises(UserError) as caught:
            unpack(package, tmp_path / "out")
        codes.append(caught.value.code)
    assert codes == ["bad-package", "bad-archive", "bad-package"]


# --- apt


@needs_apt
def test_packages_are_listed_newest_first_and_downloaded_once(tmp_path: Path, archive: Archive) -> None:
    archive.add("libx", "1:1.9-1", {"x": b"old"})
    archive.add("libx", "1:1.10-1", {"x": b"new"}, depends="libc6 (>= 2.4), liby | libz:any, liby")
    archive.add("program", "2", {"p": b"p"}, section="misc", architecture="all")
    archive.publish()
    job = archive.job(tmp_path / "cache", NoProgress())
    with binary_suites(job, SUITE) as root:
        assert root.names("lib") == ["libx"]
        listed = root.packages(["libx", "no-such", "program"])
        assert [package.version for package in listed["libx"]] == ["1:1.10-1", "1:1.9-1"]
        assert listed["libx"][0].dependencies == ("libc6", "liby", "libz")
        assert (listed["no-such"], listed["program"][0].architecture) == ([], "all")
        assert root.newest("libx", "1:1.9*").version == "1:1.9-1"
        with pytest.raises(EnvironmentFault, match=r"demo has no libx 3\* \(it has 1:1\.10-1, 1:1\.9-1\)") as caught:
            root.newest("libx", "3*")
        assert caught.value.code == "version-unlisted"
        files = root.download([listed["libx"][0], listed["program"][0]], NoProgress())
        times = [file.stat().st_mtime_ns for file in files]
        assert root.download([listed["libx"][0]], NoProgress()) == files[:1]
        assert [file.stat().st_mtime_ns for file in files] == times
        unpack_all(files, tmp_path / "out", NoProgress())
    assert ((tmp_path / "out/x").read_bytes(), (tmp_path / "out/p").read_bytes()) == (b"new", b"p")
    assert not any(file.exists() for file in files)


@needs_apt
def test_a_cut_off_download_is_fetched_again(tmp_path: Path, archive: Archive) -> None:
    original = archive.add("libx", "1", {"x": b"x"})
    archive.publish()
    with binary_suites(archive.job(tmp_path / "cache", NoProgress()), SUITE) as root:
        package = root.newest("libx")
        directory = root.directory / "downloads"
        directory.mkdir()
        (directory / package.file).write_bytes(b"half")
        assert root.download([package], NoProgress())[0].read_bytes() == original.read_bytes()


@needs_apt
def test_a_package_that_is_not_what_the_index_says_is_refused(tmp_path: Path, archive: Archive) -> None:
    file = archive.add("libx", "1", {"x": b"x"})
    archive.publish()
    file.write_bytes(file.read_bytes()[:-8] + b"tampered")
    job = archive.job(tmp_path / "cache", NoProgress())
    with pytest.raises(EnvironmentFault) as caught, binary_suites(job, SUITE) as root:
        root.download([root.newest("libx")], NoProgress())
    assert caught.value.code == "apt-failed"


@needs_apt
@pytest.mark.parametrize(
    ("break_it", "code"), [("key", "apt-failed"), ("origin", "not-debian"), ("index", "apt-failed")]
)
def test_an_archive_that_is_not_to_be_trusted(tmp_path: Path, archive: Archive, break_it: str, code: str) -> None:
    archive.add("libx", "1", {"x": b"x"})
    archive.origin = "Somebody" if break_it == "origin" else "Debian"
    archive.publish()
    if break_it == "key":
        with signing() as somebody:
            archive.keyring.write_bytes(somebody.gpg("--export"))
    elif break_it == "index":
        index = next(archive.directory.rglob("Packages"))
        index.write_text(index.read_text().replace("Version: 1", "Version: 9"))
    with pytest.raises(EnvironmentFault) as caught, binary_suites(archive.job(tmp_path / "c", NoProgress()), SUITE):
        pass
    assert caught.value.code == code
