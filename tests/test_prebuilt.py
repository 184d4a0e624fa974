# SPDX-License-Identifier: GPL-2.0-or-later
"""Prebuilt binaries: a stand-in for QEMU (bash, which knows -version too) from a small archive on disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from debs_support import PROGRAMS, SUITE, Archive, Signer, libraries_of, signing

from qpatch.builds.prebuilt import fetch
from qpatch.builds.prebuilt.catalogue import PackageCandidate, PackageCatalogue, PackagedProgram, load_catalogue
from qpatch.builds.prebuilt.elf import read_needs
from qpatch.builds.prebuilt.fetch import prebuilt_binaries
from qpatch.builds.prebuilt.libraries import host_glibc
from qpatch.builds.report import prebuilt_result
from qpatch.errors import EnvironmentFault, UserError
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qpatch.builds.prebuilt.binary import Prebuilt
    from qpatch.trees.job import FetchJob

STAND_IN = "/bin/bash"
NEEDED = (*PROGRAMS, "bash", "ldd")
MISSING = [program for program in NEEDED if not shutil.which(program)]
OF_LIBC = ("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0")
VERSION = "1:9.1+dfsg-2"
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not here: {' '.join(MISSING)}")


class Listener(NoProgress):
    """Progress that remembers its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def catalogue(*versions: str) -> PackageCatalogue:
    targets = {
        "aarch64-softmmu": PackagedProgram(
            program="qemu-system-aarch64", package="qemu-system-arm", beside=("qemu-system-data", "seabios")
        ),
        "x86_64-softmmu": PackagedProgram(program="qemu-system-x86_64", package="qemu-system-x86"),
    }
    return PackageCatalogue(targets, tuple(PackageCandidate((SUITE,), version, targets) for version in versions))


def content(files: Mapping[str, Path]) -> dict[str, bytes]:
    return {f"usr/lib/multiarch/{name}": file.read_bytes() for name, file in files.items()}


@pytest.fixture(scope="module")
def signer() -> Iterator[Signer]:
    with signing() as made:
        yield made


@pytest.fixture
def archive(tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """Make an archive with the stand-in for both targets, its libraries, data, modules, and packages not wanted."""
    made = Archive(tmp_path / "archive", signer)
    libraries = libraries_of(STAND_IN)
    libc = {name: file for name, file in libraries.items() if name in OF_LIBC or name.startswith("ld-")}
    others = {name: file for name, file in libraries.items() if name not in libc}
    program = Path(STAND_IN).read_bytes()
    made.add("libc6", "2.99-1", content(libc))
    made.add("libone1", "1-1", {}, depends="libtwo1 | libtwo1t64, perl")
    made.add("libtwo1", "2:2-1", content(others), depends="libc6 (>= 2.4), libone-data")
    made.add("libone-data", "1", {"usr/share/one": b"useless"}, architecture="all")
    made.add("perl", "5", {"usr/bin/perl": b"useless"}, section="perl")
    depends = "libc6 (>= 2.4), libone1 (>= 1)"
    made.add("qemu-system-arm", VERSION, {"usr/bin/qemu-system-aarch64": program}, depends=depends, section="misc")
    made.add("qemu-system-x86", VERSION, {"usr/bin/qemu-system-x86_64": program}, depends=depends, section="misc")
    data = {
        "usr/share/qemu/rom.bin": b"rom",
        "usr/lib/multiarch/qemu/good.so": next(iter(libc.values())).read_bytes(),
        "usr/lib/multiarch/qemu/bad.so": Path(shutil.which("apt-get") or "").read_bytes(),
    }
    made.add("qemu-system-data", VERSION, data, architecture="all", section="misc", depends="perl")
    made.add("qemu-system-data", "1:9.2-1", {}, architecture="all", section="misc")
    made.add("seabios", "1.16-1", {"usr/share/seabios/bios.bin": b"bios"}, architecture="all", section="misc")
    made.publish()
    monkeypatch.setattr(fetch, "load_catalogue", lambda _release: catalogue("1:9.1*"))
    return made


@pytest.fixture
def job(tmp_path: Path, archive: Archive) -> FetchJob:
    return archive.job(tmp_path / "cache", Listener())


def made(job: FetchJob, *, again: bool = False) -> Prebuilt:
    return prebuilt_binaries(job, "qemu-9.1", "9.1", again=again)[0]


def inode(binary: Prebuilt) -> int:
    return binary.directory.stat().st_ino


def output(binary: Prebuilt, *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], **binary.environment}
    return subprocess.check_output([*binary.command, *arguments], env=environment, text=True)


def test_the_program_runs_with_the_libraries_of_its_suite_and_this_machines_libc(tmp_path: Path, job: FetchJob) -> None:
    binary = made(job)
    assert binary.directory == tmp_path / "cache/prebuilt/qemu-9.1/aarch64-softmmu"
    assert binary.version.startswith("GNU bash")
    assert binary.command == (str(binary.program),)
    mapped = output(binary, "-c", "while read -r line; do echo $line; done </proc/self/maps")
    for name, file in libraries_of(STAND_IN).items():
        own = str(binary.directory / "root" / f"usr/lib/multiarch/{name}") in mapped
        assert own == (name not in OF_LIBC and not name.startswith("ld-")), f"{name}, here {file}"
    assert not (binary.directory / "libc").exists()


def test_what_is_unpacked(job: FetchJob) -> None:
    binary = made(job)
    assert dict(binary.packages) == {
        "qemu-system-arm": VERSION,
        "qemu-system-data": VERSION,
        "seabios": "1.16-1",
        "libc6": "2.99-1",
        "libone1": "1-1",
        "libtwo1": "2:2-1",
    }
    modules = Path(binary.environment["QEMU_MODULE_DIR"])
    assert [file.name for file in modules.iterdir()] == ["good.so"], "bad.so has libraries that are not there"
    assert [path.name for path in binary.data] == ["qemu", "seabios"]
    assert binary.arguments == ("-L", str(binary.data[0]), "-L", str(binary.data[1]))
    assert prebuilt_result("baseline", "qemu-1.0", binary).as_json()["prebuilt"] == {
        "directory": str(binary.directory),
        "program": str(binary.program),
        "wrapper": str(binary.wrapper),
        "command": [str(binary.program)],
        "environment": dict(binary.environment),
        "arguments": list(binary.arguments),
        "version": binary.version,
        "packages": dict(binary.packages),
    }


def test_an_old_libc_is_replaced_by_the_suites_with_its_loader(job: FetchJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "host_glibc", lambda: (2, 2))
    binary = made(job)
    assert Path(binary.command[0]).name.startswith("ld-")
    assert "LD_LIBRARY_PATH" not in binary.environment
    mapped = output(binary, "-c", "while read -r line; do echo $line; done </proc/self/maps")
    assert f"{binary.directory}/libc/usr/lib/multiarch/libc.so.6" in mapped
    monkeypatch.setattr(fetch, "host_glibc", host_glibc)
    assert len(made(job).command) == 1, "this machine's libc is used once it is new enough"


def test_the_wrapper_runs_wherever_the_cache_is(tmp_path: Path, job: FetchJob) -> None:
    binary = made(job)
    moved = tmp_path / "moved here"
    binary.directory.rename(moved)
    link = tmp_path / "link"
    link.symlink_to(moved / binary.wrapper.name)
    text = link.read_text()
    assert "/".join(['-L" "$here', "root", "usr/share/qemu"]) in text.replace('"-L"', '-L"')
    assert str(binary.directory) not in text
    # bash takes no -L: see that the right program starts with the right library path.
    ran = subprocess.run([link], capture_output=True, text=True, check=False)
    assert str(moved / "root" / "usr/bin/qemu-system-aarch64") in ran.stderr


def test_both_targets_share_their_downloads(job: FetchJob) -> None:
    binaries = prebuilt_binaries(job, "qemu-9.1", "9.1", "both")
    assert [binary.target for binary in binaries] == ["aarch64-softmmu", "x86_64-softmmu"]
    assert not list(job.store.cache.rglob("*.deb"))


def test_a_second_call_is_a_look_up(job: FetchJob, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(job)
    shutil.rmtree(archive.directory)
    programs: list[str] = []

    class Popen(subprocess.Popen[str]):
        def __init__(self, command: Sequence[str], **options: Any) -> None:
            programs.append(Path(command[0]).name)
            super().__init__(command, **options)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    assert inode(made(job)) == inode(first)
    assert programs == ["qemu-system-aarch64"]  # which says whether it runs here


@pytest.mark.parametrize("damage", ["library", "program", "metadata", "json", "data", "extra"])
def test_damage_is_noticed_and_mended(job: FetchJob, damage: str) -> None:
    first = made(job)
    before = inode(first)
    if damage == "library":
        next(first.directory.glob("root/usr/lib/multiarch/*.so*")).unlink()
    elif damage == "program":
        first.program.write_bytes(b"\0" * 10)
    elif damage == "data":
        (first.data[0] / "rom.bin").write_bytes(b"mor")
    elif damage == "extra":
        (first.directory / "root" / "usr/share/qemu/new").touch()
    else:
        first.metadata_file.write_text("{" if damage == "json" else "{}")
    mended = made(job)
    assert inode(mended) != before
    assert output(mended, "-version").startswith("GNU bash")


def test_a_program_that_no_longer_runs_is_made_anew(job: FetchJob) -> None:
    first = made(job)
    metadata = json.loads(first.metadata_file.read_text())
    metadata["version"] = "another"
    first.metadata_file.write_text(json.dumps(metadata))
    assert made(job).version == first.version


def test_newer_packages_come_when_asked_for(job: FetchJob, archive: Archive) -> None:
    made(job)
    archive.add("seabios", "1.17-1", {"usr/share/seabios/bios.bin": b"better"}, architecture="all")
    archive.publish()
    job.updated.clear()
    assert made(job).packages["seabios"] == "1.16-1"
    again = made(job, again=True)
    assert again.packages["seabios"] == "1.17-1"
    assert (again.data[1] / "bios.bin").read_bytes() == b"better"


def test_nothing_half_made_is_left(job: FetchJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(fetch, "write_wrapper", full)
        with pytest.raises(OSError, match="No space"):
            made(job)
    place = job.store.cache / "prebuilt" / "qemu-9.1"
    assert [file.name for file in place.iterdir()] == ["lock"]
    (place / ".aarch64-softmmu.new" / "root").mkdir(parents=True)  # what SIGKILL leaves
    (place / ".x86_64-softmmu.new").mkdir()
    made(job)
    assert sorted(file.name for file in place.iterdir()) == ["aarch64-softmmu", "lock"]


def test_a_failed_renewal_keeps_what_was_there(job: FetchJob, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(job)
    with monkeypatch.context() as patched:
        patched.setattr(fetch, "write_wrapper", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            made(job, again=True)
    assert inode(made(job)) == inode(first)


def test_a_library_that_no_package_has(job: FetchJob, archive: Archive) -> None:
    archive.add("libtwo1", "2:3-1", {})
    archive.publish()
    with pytest.raises(EnvironmentFault, match=r"qemu-system-aarch64 needs \S+, which none of its packages has"):
        made(job)
    assert not (job.store.cache / "prebuilt/qemu-9.1/aarch64-softmmu").exists()


def test_candidates_are_tried_in_turn(job: FetchJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "load_catalogue", lambda _release: catalogue("1:9.0*", "1:9.1*"))
    assert made(job).packages["qemu-system-arm"] == VERSION
    progress = job.progress
    assert isinstance(progress, Listener)
    assert progress.notes == [f"qemu-9.1: not from demo: demo has no qemu-system-arm 1:9.0* (it has {VERSION})"]


def test_none_can_be_had(job: FetchJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "load_catalogue", lambda _release: catalogue("1:8*"))
    with pytest.raises(EnvironmentFault, match=r"QEMU 9.1 cannot be had: demo has no qemu-system-arm 1:8\*") as caught:
        made(job)
    assert caught.value.code == "no-prebuilt"


@pytest.mark.parametrize("release", ["6.0.1", "99.0"])
def test_none_is_known(release: str) -> None:
    with pytest.raises(UserError) as caught:
        load_catalogue(release)
    assert caught.value.code == "no-prebuilt"


def test_an_unknown_target(job: FetchJob) -> None:
    with pytest.raises(UserError) as caught:
        prebuilt_binaries(job, "qemu-9.1", "9.1", "modules")
    assert caught.value.code == "unknown-target"


def test_what_an_elf_file_needs(tmp_path: Path) -> None:
    needs = read_needs(Path(STAND_IN))
    assert needs is not None
    assert set(needs.sonames) <= set(libraries_of(STAND_IN))
    assert (2, 0) < needs.glibc <= host_glibc()
    assert Path(needs.loader).exists()
    (tmp_path / "text").write_text("text")
    assert read_needs(tmp_path / "text") is None


@pytest.mark.parametrize("release", ["5.2", "7.2.22", "10.0.13", "10.2", "11.1"])
def test_the_shipped_catalogue(release: str) -> None:
    shipped = load_catalogue(release)
    assert list(shipped.targets) == ["aarch64-softmmu", "x86_64-softmmu"]
    assert shipped.candidates
    for candidate in shipped.candidates:
        assert candidate.version.startswith(f"1:{'.'.join(release.split('.')[:2])}"), "another release"
        assert candidate.version.endswith("*"), "suites move on: no exact version"


# --- Debian's own


@pytest.mark.build
@pytest.mark.parametrize("release", ["5.2", "7.2", "10.0", "11.1"])
def test_debians_binaries_run(release: str) -> None:
    from qpatch.trees.fetch import default_job

    machines = {
        "aarch64-softmmu": ("virt", "virt,gic-version=3", ("-cpu", "cortex-a57")),
        "x86_64-softmmu": ("q35", "q35", ()),
    }
    try:
        binaries = prebuilt_binaries(default_job(), f"qemu-{release}", release, "both")
    except EnvironmentFault as fault:
        if fault.code != "no-prebuilt":
            raise
        pytest.skip(f"QEMU {release} WAS NOT TRIED: {fault.message}")
    for binary in binaries:
        known, machine, more = machines[binary.target]
        assert f"version {release}." in binary.version
        assert f"\n{known} " in output(binary, "-M", "help")
        assert 'name "vfio-pci"' in output(binary, "-device", "help")
        process = subprocess.run(
            [
                *binary.command,
                *binary.arguments,
                "-M",
                machine,
                *more,
                "-accel",
                "tcg",
                "-nodefaults",
                "-S",
                "-display",
                "none",
                "-qmp",
                "stdio",
            ],
            env={**os.environ, **binary.environment},
            capture_output=True,
            input='{"execute":"qmp_capabilities"}\n{"execute":"query-status"}\n{"execute":"quit"}\n',
            text=True,
            timeout=60,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        assert '"status": "prelaunch"' in process.stdout
