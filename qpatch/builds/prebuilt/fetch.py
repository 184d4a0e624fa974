# SPDX-License-Identifier: GPL-2.0-or-later
"""Making prebuilt binaries: each candidate in its order, unpacked beside its place and put there as a whole."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from qpatch.builds.prebuilt.binary import (
    FORMAT_VERSION,
    METADATA,
    Prebuilt,
    described_files,
    find_prebuilt,
    write_wrapper,
)
from qpatch.builds.prebuilt.catalogue import load_catalogue
from qpatch.builds.prebuilt.libraries import LIBC, host_glibc, library_packages, link, remove_unusable_modules
from qpatch.errors import EnvironmentFault, QpatchError
from qpatch.trees.apt_packages import binary_suites
from qpatch.trees.deb import unpack_all
from qpatch.trees.replacing import recover_directories, replaced_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from qpatch.builds.prebuilt.catalogue import PackageCandidate, PackagedProgram
    from qpatch.trees.apt_packages import BinaryPackage, BinaryRoot
    from qpatch.trees.job import FetchJob

# Errors that every other candidate would meet as well.
_FINAL = ("disk-full", "apt-missing", "no-debian-mirror")
_FIRMWARE = ("usr/share/qemu", "usr/share/seabios")


def prebuilt_binaries(
    job: FetchJob, name: str, release: str, target: str = "", *, again: bool = False
) -> tuple[Prebuilt, ...]:
    """Return Debian's binaries of QEMU's `release`, such as `7.2` or `10.0.13`, kept in the cache under `name`.

    `target` is one of the catalogue's, `both`, or '' for the first. What is there and whole is returned at once; with
    `again` it is made anew, from the newest packages. Raises UserError `unknown-target`, and `no-prebuilt` where none
    is known; EnvironmentFault `no-prebuilt` where none can be had, and what no other candidate would mend, such as
    `no-debian-mirror` or `disk-full`.
    """
    catalogue = load_catalogue(release)
    targets, candidates = catalogue.target_names(target), catalogue.candidates
    found = {} if again else _all_kept(job, name, targets, candidates)
    if len(found) < len(targets):
        with _locked(job.store.cache / "prebuilt" / name):
            found = {} if again else _all_kept(job, name, targets, candidates)  # another run may have made them
            missing = [one for one in targets if one not in found]
            found |= _from_first(job, name, release, missing, candidates) if missing else {}
    return tuple(found[one] for one in targets)


def _place(job: FetchJob, name: str, target: str) -> Path:
    return job.store.cache / "prebuilt" / name / target


def _identity(candidate: PackageCandidate) -> dict[str, str]:
    """Return what a binary is made from, besides the packages: with a newer C library it may run differently."""
    return {"recipe": candidate.digest, "host-libc": ".".join(str(number) for number in host_glibc())}


def _all_kept(
    job: FetchJob, name: str, targets: Sequence[str], candidates: Sequence[PackageCandidate]
) -> dict[str, Prebuilt]:
    """Return those of the targets' binaries that are in the cache and whole, whichever candidate they came from."""
    return {
        target: binary
        for target in targets
        for candidate in candidates
        if (binary := find_prebuilt(_place(job, name, target), _identity(candidate))) is not None
    }


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    from filelock import FileLock  # only here: looking at what is there needs no lock

    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / "lock"):
        recover_directories(directory)  # nobody else works here now
        yield


def _from_first(
    job: FetchJob, name: str, release: str, targets: Sequence[str], candidates: Sequence[PackageCandidate]
) -> dict[str, Prebuilt]:
    faults: list[QpatchError] = []
    for candidate in candidates:
        try:
            with binary_suites(job, *candidate.suites) as root:
                return {
                    target: _BinaryUnpacker(job, root, candidate, target).put(_place(job, name, target))
                    for target in targets
                }
        except QpatchError as fault:
            if fault.code in _FINAL:
                raise
            job.progress.note(f"{name}: not from {' + '.join(candidate.suites)}: {fault.message}")
            faults.append(fault)
    raise EnvironmentFault(
        "no-prebuilt",
        f"Debian's binaries of QEMU {release} cannot be had: {'; '.join(fault.message for fault in faults)}",
    )


class _BinaryUnpacker:
    """One binary being made from the packages of `root`."""

    def __init__(self, job: FetchJob, root: BinaryRoot, candidate: PackageCandidate, target: str) -> None:
        self._job = job
        self._root = root
        self._candidate = candidate
        self._target = target

    def put(self, place: Path) -> Prebuilt:
        """Make the binary beside `place`, then put it there, instead of what is there."""
        started = time.monotonic()
        with replaced_directory(place) as work:
            made = self._unpacked(work, started)
        return replace(made, directory=place)

    def _unpacked(self, work: Path, started: float) -> Prebuilt:
        program = self._candidate.targets[self._target]
        packages = self._packages(program)
        files = self._root.download(packages, self._job.progress)
        of_libc = [file for file, package in zip(files, packages, strict=True) if package.name == LIBC]
        unpack_all([file for file in files if file not in of_libc], work / "root", self._job.progress)
        unpack_all(of_libc, work / "libc", self._job.progress)
        described = self._linked(work, program)
        described |= {
            "packages": {package.name: package.version for package in packages},
            "download_bytes": sum(package.size for package in packages),
        }
        return self._finished(work, described, started)

    def _packages(self, program: PackagedProgram) -> list[BinaryPackage]:
        """Return the packages to unpack; those beside the program's own have its version where they are QEMU's."""
        main = self._root.newest(program.package, self._candidate.version)
        listed = self._root.packages(program.beside)
        beside = [
            next((package for package in listed[name] if package.version.startswith(_upstream(main))), None)
            or self._root.newest(name)
            for name in program.beside
        ]
        return [main, *beside, *library_packages(self._root, main)]

    def _linked(self, work: Path, program: PackagedProgram) -> dict[str, object]:
        unpacked, libc = work / "root", work / "libc"
        file = unpacked / "usr/bin" / program.program
        if not file.is_file():
            raise EnvironmentFault("prebuilt-broken", f"{program.package} has no {program.program}")
        linked = link(file, unpacked, libc, host_glibc())
        modules = next(iter(sorted(unpacked.glob("usr/lib/*/qemu"))), unpacked / "usr/lib/qemu")
        remove_unusable_modules(modules, unpacked, libc)
        if linked.loader is None:
            shutil.rmtree(libc, ignore_errors=True)
        relative = [str(path.relative_to(work)) for path in (file, modules, *linked.directories)]
        loader = str(linked.loader.relative_to(work)) if linked.loader else None
        return {
            "program": relative[0],
            "modules": relative[1],
            "libraries": relative[2:],
            "loader": loader,
            "data": [f"root/{name}" for name in _FIRMWARE if (unpacked / name).is_dir()],
        }

    def _finished(self, work: Path, described: Mapping[str, object], started: float) -> Prebuilt:
        """Run the program once, write the wrapper and, at the very end, the metadata."""
        metadata = {
            "format": FORMAT_VERSION,
            "identity": _identity(self._candidate),
            "target": self._target,
            "suites": list(self._candidate.suites),
            **described,
        }
        first = Prebuilt(work, metadata)
        metadata |= {"version": first.first_version_line()}
        write_wrapper(first)
        metadata |= {"seconds": round(time.monotonic() - started, 1), "files": dict(described_files(work))}
        (work / METADATA).write_text(json.dumps(metadata, indent=1) + "\n", encoding="utf-8")
        return Prebuilt(work, metadata)


def _upstream(package: BinaryPackage) -> str:
    """Return a package's version without Debian's revision."""
    return package.version.rpartition("-")[0]
