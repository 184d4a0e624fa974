# SPDX-License-Identifier: GPL-2.0-or-later
"""Importing tarballs and Debian source packages as one commit."""

from __future__ import annotations

import gzip
import io
import multiprocessing
import os
import signal
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest
from trees_support import MTIME, QEMU_FILES, description, git, sha256, tarball

from qpatch.errors import EnvironmentFault, QpatchError, UserError
from qpatch.trees.dsc import read_description
from qpatch.trees.fastimport import quoted
from qpatch.trees.importer import SourcePackage, import_package
from qpatch.trees.progress import NoProgress
from qpatch.trees.quilt import SeriesEntry, as_patch_reads, parse_series
from qpatch.trees.store import Store

if TYPE_CHECKING:
    from pathlib import Path

PATCH = """\
A description.

--- {old}
+++ {new}
@@ -1,2 +1,2 @@
 one
-two
+{text}
"""


def patched(name: str, text: str, prefix: tuple[str, str] = ("a/", "b/")) -> str:
    return PATCH.format(old=f"{prefix[0]}{name}", new=f"{prefix[1]}{name}", text=text)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def imported(store: Store, package: SourcePackage, name: str = "r-1") -> str:
    return import_package(store, name, package, NoProgress())


def listing(store: Store, commit: str) -> dict[str, str]:
    lines = git(store.path, "ls-tree", "-r", commit).splitlines()
    return {line.split("\t")[1]: line.split()[0] for line in lines}


def content(store: Store, commit: str, path: str) -> str:
    return git(store.path, "show", f"{commit}:{path}")


@pytest.mark.parametrize("suffix", ["xz", "gz", "bz2"])
def test_a_tarball_becomes_one_dated_commit(tmp_path: Path, store: Store, suffix: str) -> None:
    archive = tarball(
        tmp_path / f"x.tar.{suffix}",
        {"run.sh": "#!/bin/sh\n", "dir/a.c": "a\n"},
        links={"l": "dir/a.c"},
        executable="run.sh",
    )
    commit = imported(store, SourcePackage(archive, "Import x"))
    assert listing(store, commit) == {"run.sh": "100755", "dir/a.c": "100644", "l": "120000"}
    assert content(store, commit, "dir/a.c") == "a"
    shown = git(store.path, "show", "-s", "--format=%P|%ct|%at|%an|%s", "r-1")
    assert shown == f"|{MTIME}|{MTIME}|qpatch|Import x"
    git(store.path, "fsck", "--full", "--strict")


def test_the_same_input_gives_the_same_commit(tmp_path: Path) -> None:
    archive = tarball(tmp_path / "x.tar.xz", QEMU_FILES)
    package = SourcePackage(archive, "Import x")
    assert imported(Store(tmp_path / "cache1"), package) == imported(Store(tmp_path / "cache2"), package)


def test_an_archive_without_a_top_directory_keeps_its_paths(tmp_path: Path, store: Store) -> None:
    archive = tarball(tmp_path / "x.tar.gz", {"a": "1", "b/c": "2"}, top="")
    commit = imported(store, SourcePackage(archive, "x"))
    assert set(listing(store, commit)) == {"a", "b/c"}


def test_odd_names_survive(tmp_path: Path, store: Store) -> None:
    names = ["with space", 'with "quotes"', "back\\slash", "näme", "tab\there"]
    commit = imported(store, SourcePackage(tarball(tmp_path / "x.tar.gz", dict.fromkeys(names, "x")), "x"))
    listed = git(store.path, "ls-tree", "-z", "--name-only", commit).split("\0")[:-1]
    assert sorted(listed) == sorted(names)
    assert quoted("a\nb") == b'"a\\012b"'


def test_a_hard_link_has_the_content_of_its_target(tmp_path: Path, store: Store) -> None:
    archive = tmp_path / "x.tar"
    with tarfile.open(archive, "w") as tar:
        entry = tarfile.TarInfo("t/a")
        entry.size = 2
        tar.addfile(entry, io.BytesIO(b"a\n"))
        link = tarfile.TarInfo("t/b")
        link.type, link.linkname = tarfile.LNKTYPE, "t/a"
        tar.addfile(link)
    assert content(store, imported(store, SourcePackage(archive, "x")), "b") == "a"


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "top/../../x", "a/.."])
def test_a_member_that_leaves_the_directory_is_refused(tmp_path: Path, store: Store, name: str) -> None:
    archive = tarball(tmp_path / "x.tar.gz", {"fine": "x", name: "bad"}, top="")
    with pytest.raises(UserError) as caught:
        imported(store, SourcePackage(archive, "x"))
    assert caught.value.code == "archive-escapes"
    assert name in caught.value.message
    assert store.releases() == {}


def test_a_device_is_refused(tmp_path: Path, store: Store) -> None:
    archive = tmp_path / "x.tar"
    with tarfile.open(archive, "w") as tar:
        entry = tarfile.TarInfo("t/pipe")
        entry.type = tarfile.FIFOTYPE
        tar.addfile(entry)
    with pytest.raises(UserError, match="neither a file nor a link"):
        imported(store, SourcePackage(archive, "x"))


def test_a_damaged_archive_is_refused_and_leaves_nothing(tmp_path: Path, store: Store) -> None:
    whole = tarball(tmp_path / "x.tar.gz", {str(number): str(number) * 9999 for number in range(99)})
    for damaged in (whole.read_bytes()[:-300], b"no archive at all", gzip.compress(b"x" * 2000)):
        whole.write_bytes(damaged)
        with pytest.raises(UserError) as caught:
            imported(store, SourcePackage(whole, "x"))
        assert caught.value.code == "bad-archive"
    assert store.releases() == {}
    git(store.path, "fsck", "--full")


@pytest.mark.parametrize("time", ["inf", "-inf", "nan", "1e300"])
def test_a_time_that_is_no_date_is_refused(tmp_path: Path, store: Store, time: str) -> None:
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w:", format=tarfile.PAX_FORMAT) as tar:
        entry = tarfile.TarInfo("top/file")
        entry.pax_headers = {"mtime": time}
        tar.addfile(entry, io.BytesIO())
    with pytest.raises(UserError, match="'top/file' has the time") as caught:
        imported(store, SourcePackage(archive, "x"))
    assert caught.value.code == "bad-archive"


def test_a_broken_bzip2_stream_is_refused(tmp_path: Path, store: Store) -> None:
    archive = tarball(tmp_path / "a.tar.bz2", {"f": "x"})
    archive.write_bytes(archive.read_bytes()[:10] + b"\0" * 100)
    with pytest.raises(UserError) as caught:
        imported(store, SourcePackage(archive, "x"))
    assert caught.value.code == "bad-archive"


def test_series_with_options_and_comments() -> None:
    text = b"# all of it\nfirst.patch\n\nsecond.patch -p0 # why\nthird.patch -p 2\nfourth.patch -p1\n  # end\n"
    assert parse_series(text) == [
        SeriesEntry("first.patch"),
        SeriesEntry("second.patch", 0),
        SeriesEntry("third.patch", 2),
        SeriesEntry("fourth.patch", 1),
    ]


@pytest.mark.parametrize(
    ("series", "words"),
    [
        (b"first.patch -R\n", "'first.patch -R' is not understood"),
        ("first.patch -p\u00b2\n".encode(), "'first.patch -p\u00b2' is not understood"),
        ("first.patch -p\u0663\n".encode(), "is not understood"),  # a digit, as str.isdigit has it
        (b"first.patch -p" + b"9" * 5000, "is not understood"),
        (b"first.patch -p -1", "is not understood"),
        (b"one.patch # by Andr\xe9\n", "debian/patches/series is not UTF-8: invalid continuation byte at byte 19"),
        (b"\xff\xfea\0", "debian/patches/series is not UTF-8"),
    ],
)
def test_a_series_that_is_not_understood(series: bytes, words: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_series(series)
    assert (caught.value.code, words in caught.value.message) == ("bad-series", True), caught.value.message


def debian_package(tmp_path: Path, series: str, patches: dict[str, str]) -> SourcePackage:
    main = tarball(tmp_path / "q_1.orig.tar.xz", {"f": "one\ntwo\n", "debian/old": "upstream's\n"})
    files = {f"patches/{name}": text for name, text in {"series": series, **patches}.items()}
    files["control"] = "c\n"
    debian = tarball(tmp_path / "q_1-1.debian.tar.xz", files, top="debian/", mtime=MTIME + 60)
    return SourcePackage(main, "x", {}, debian)


def test_debians_patches_are_applied_in_order_and_debian_is_left_out(tmp_path: Path, store: Store) -> None:
    package = debian_package(
        tmp_path,
        "# first\na.patch\nb.patch -p0 # plain\n",
        {"a.patch": patched("f", "2"), "b.patch": patched("f", "three", ("", "")).replace("-two", "-2")},
    )
    commit = imported(store, package)
    assert listing(store, commit) == {"f": "100644"}
    assert content(store, commit, "f") == "one\nthree"
    assert git(store.path, "rev-list", "--count", commit) == "1"
    assert git(store.path, "show", "-s", "--format=%ct", commit) == str(MTIME + 60)


def test_a_patch_that_does_not_apply_is_named(tmp_path: Path, store: Store) -> None:
    package = debian_package(
        tmp_path, "a.patch\nb.patch\n", {"a.patch": patched("f", "2"), "b.patch": patched("f", "again")}
    )
    with pytest.raises(EnvironmentFault, match=r"b\.patch does not apply") as caught:
        imported(store, package)
    assert caught.value.code == "patch-failed"
    assert store.releases() == {}


def test_a_patch_that_is_not_there_is_named(tmp_path: Path, store: Store) -> None:
    with pytest.raises(UserError, match=r"gone\.patch"):
        imported(store, debian_package(tmp_path, "gone.patch\n", {}))


def test_patches_are_read_as_patch_reads_them(tmp_path: Path, store: Store) -> None:
    text = (
        "diff --git a/logo b/logo\nindex 12..34 100644\nBinary files a/logo and b/logo differ\n"
        "diff --git a/f b/sub/g\nsimilarity index 50%\nrename from f\nrename to g\n"
        "index 1..2 100644\n--- a/f\n+++ b/sub/g\n@@ -2 +2 @@\n-two\n+2\n"
    )
    commit = imported(store, debian_package(tmp_path, "a.patch\n", {"a.patch": text}))
    assert listing(store, commit) == {"sub/g": "100644"}
    assert content(store, commit, "sub/g") == "one\n2"
    assert as_patch_reads(b"--- a/f\n+++ b/f\nBinary files x differ\n").endswith(b"differ\n")


def test_component_tarballs_replace_their_directory(tmp_path: Path, store: Store) -> None:
    main = tarball(tmp_path / "qemu_1.orig.tar.xz", {"f": "x", "fw/old": "old", "fwother": "y"})
    component = tarball(tmp_path / "qemu_1.orig-fw.tar.gz", {"new": "n"}, top="whatever/")
    debian = tarball(tmp_path / "qemu_1-1.debian.tar.xz", {"control": "c"}, top="debian/")
    (tmp_path / "qemu_1.orig.tar.xz.asc").write_text("signature")
    files = [main, component, debian, tmp_path / "qemu_1.orig.tar.xz.asc"]
    commit = imported(store, read_description(description(tmp_path, "1-1", files)).verified_package())
    assert set(listing(store, commit)) == {"f", "fw/new", "fwother"}
    assert git(store.path, "show", "-s", "--format=%s", commit) == "Import qemu 1-1 from Debian"


def test_a_file_that_differs_from_the_dsc_is_refused(tmp_path: Path) -> None:
    main = tarball(tmp_path / "qemu_1.orig.tar.xz", {"f": "x"})
    dsc = description(tmp_path, "1-1", [main])
    expected = sha256(main)
    main.write_bytes(main.read_bytes() + b"more")
    with pytest.raises(EnvironmentFault, match=expected) as caught:
        read_description(dsc).verified_package()
    assert caught.value.code == "checksum-mismatch"
    main.unlink()
    with pytest.raises(EnvironmentFault, match=r"names qemu_1\.orig\.tar\.xz, which is not beside it") as caught:
        read_description(dsc).verified_package()
    assert caught.value.code == "package-incomplete"


@pytest.mark.parametrize(
    "mistake", ["format", "escape", "two mains", "no checksums", "no version", "a version that is none", "not text"]
)
def test_a_dsc_that_is_not_understood(tmp_path: Path, mistake: str) -> None:
    main = tarball(tmp_path / "qemu_1.orig.tar.xz", {"f": "x"})
    files = [main, tarball(tmp_path / "extra.tar.gz", {"f": "x"})] if mistake == "two mains" else [main]
    dsc = description(tmp_path, "1-1", files, "1.0" if mistake == "format" else "3.0 (quilt)")
    if mistake == "escape":
        dsc.write_text(dsc.read_text().replace("qemu_1.orig", "../qemu_1.orig"))
    elif mistake == "no checksums":
        dsc.write_text(dsc.read_text().partition("Checksums")[0])
    elif mistake == "no version":
        dsc.write_text(dsc.read_text().replace("Version: 1-1\n", ""))
    elif mistake == "a version that is none":
        dsc.write_text(dsc.read_text().replace("Version: 1-1\n", "Version: one!\n"))
    elif mistake == "not text":
        dsc.write_bytes(b"\xff\xfe\0")
    with pytest.raises(UserError) as caught:
        read_description(dsc).verified_package()
    assert caught.value.code == "bad-package"


def _import_in_process(cache: Path, archive: Path, name: str) -> None:
    import_package(Store(cache), name, SourcePackage(archive, "x"), NoProgress())


def test_imports_at_the_same_time_do_not_harm_each_other(tmp_path: Path, store: Store) -> None:
    archive = tarball(tmp_path / "x.tar.gz", {str(number): str(number) * 100 for number in range(200)})
    names = ("r-0", "r-1", "r-2") * 2
    workers = [multiprocessing.Process(target=_import_in_process, args=(store.cache, archive, name)) for name in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 6
    assert set(store.releases()) == {"r-0", "r-1", "r-2"}
    assert len(set(store.releases().values())) == 1
    git(store.path, "fsck", "--full", "--strict")


_SLOW_IMPORT = """
import sys, time
from pathlib import Path
from qpatch.trees.importer import SourcePackage, import_package
from qpatch.trees.store import Store
from qpatch.trees import archive

class Slow:
    def begin(self, step, total): pass
    def advance(self, amount):
        print("begun", flush=True)
        time.sleep(3600)
    def note(self, message): pass

import_package(Store(Path(sys.argv[1])), "r-1", SourcePackage(Path(sys.argv[2]), "x"), Slow())
"""


def test_a_killed_import_leaves_nothing_half_done(tmp_path: Path, store: Store) -> None:
    archive = tarball(tmp_path / "x.tar", {str(number): os.urandom(9999).hex() for number in range(200)})
    process = subprocess.Popen(
        [sys.executable, "-c", _SLOW_IMPORT, str(store.cache), str(archive)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    (store.path / "objects" / "pack").mkdir(exist_ok=True)
    (store.path / "objects" / "pack" / "tmp_pack_left").write_text("half a pack")
    assert store.releases() == {}
    git(store.path, "fsck", "--full")
    commit = imported(store, SourcePackage(archive, "x"))
    assert store.commit_of("r-1") == commit
    assert not list((store.path / "objects" / "pack").glob("tmp_*"))
    assert git(store.path, "for-each-ref", "--format=%(refname)") == "refs/tags/r-1"


def test_locks_that_a_killed_git_left_do_not_stop_the_next_import(tmp_path: Path, store: Store) -> None:
    archive = tarball(tmp_path / "x.tar", {"a": "1"})
    first = imported(store, SourcePackage(archive, "x"))
    # Of what a killed import leaves, a packed ref is deleted under packed-refs.lock.
    git(store.path, "update-ref", store.staging_ref("r-1"), first)
    git(store.path, "pack-refs", "--all")
    locks = [store.path / "packed-refs.lock", store.path / "refs" / "tags" / "r-1.lock"]
    for lock in locks:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    assert imported(store, SourcePackage(archive, "x")) == first
    assert not any(lock.exists() for lock in locks)
    assert git(store.path, "for-each-ref", "--format=%(refname)") == "refs/tags/r-1"


def test_a_full_disk_is_told_as_such(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "git").write_text(
        '#!/bin/sh\ncase "$*" in *fast-import*)\n'
        "echo 'fatal: sha1 file write error: No space left on device' >&2; exit 128;;\n"
        f'esac\nexec {_program("git")} "$@"\n'
    )
    (fake / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake}:{os.environ['PATH']}")
    archive = tarball(tmp_path / "x.tar", {str(number): "x" * 99999 for number in range(20)})
    with pytest.raises(QpatchError) as caught:
        imported(store, SourcePackage(archive, "x"))
    assert caught.value.code == "disk-full"
    assert store.releases() == {}


def _program(name: str) -> str:
    import shutil

    return shutil.which(name) or name


def test_an_import_anew_replaces_the_release(tmp_path: Path, store: Store) -> None:
    first = imported(store, SourcePackage(tarball(tmp_path / "x.tar", {"a": "1"}), "x"))
    second = imported(store, SourcePackage(tarball(tmp_path / "x.tar", {"a": "2"}), "x"))
    assert first != second
    assert store.releases() == {"r-1": second}
