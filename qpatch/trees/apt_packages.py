# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's packages by way of a private apt root: which versions a suite lists, and their files, verified by apt."""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, ClassVar, TypeVar

from qpatch.errors import EnvironmentFault
from qpatch.trees.apt_root import AptFailed, AptRoot
from qpatch.trees.apt_sources import Mirror, configured_sources, debian_mirrors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from qpatch.trees.job import FetchJob
    from qpatch.trees.progress import Progress

_NAME = re.compile(r"\s*([a-z0-9][a-z0-9+.-]+)")


class SourceRoot(AptRoot):
    """A root with the index of source packages."""

    kind: ClassVar[str] = "deb-src"
    index: ClassVar[str] = "Sources"

    def versions(self, package: str) -> list[str]:
        """Return the versions of the source `package` that the index lists, newest first."""
        from debian.deb822 import Deb822  # only here: it takes a while to import

        listing = self._run("apt-cache", "showsrc", "--only-source", package)
        stanzas = Deb822.iter_paragraphs(listing.splitlines(), use_apt_pkg=False)
        with _reading_index(self, package):
            return newest_first({stanza["Version"] for stanza in stanzas if stanza.get("Package") == package})

    def download(self, package: str, version: str, directory: Path, progress: Progress) -> Path:
        """Download the source `package` in `version` into `directory` and return the path of its .dsc.

        apt verifies each file against the signed index. Raises EnvironmentFault `version-gone` where the
        index lists files that the mirror does not have, AptFailed for any other failure.
        """
        self._fetch(
            progress,
            directory,
            f"{package} {version}",
            "apt-get",
            "-q",
            "source",
            "--download-only",
            "--only-source",
            f"{package}={version}",
        )
        descriptions = list(directory.glob("*.dsc"))
        if len(descriptions) != 1:
            raise AptFailed(f"E: apt-get source left {len(descriptions)} .dsc files for {package} {version}")
        return descriptions[0]


@dataclass(frozen=True)
class BinaryPackage:
    """One version of a binary package, as the index lists it; `size` is that of its .deb file in bytes.

    `dependencies` are the names that Pre-Depends and Depends mention, alternatives included.
    """

    name: str
    version: str
    architecture: str
    section: str
    size: int
    sha256: str
    dependencies: tuple[str, ...]

    @property
    def file(self) -> str:
        """The name that apt gives to the downloaded file."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"


class BinaryRoot(AptRoot):
    """A root with the index of binary packages.

    Downloaded files stay in it until `forget_downloads`: several products may need the same.
    """

    kind: ClassVar[str] = "deb"
    index: ClassVar[str] = "Packages"

    def names(self, prefix: str) -> list[str]:
        """Return the names of the packages that begin with `prefix`, sorted."""
        return sorted(self._run("apt-cache", "pkgnames", prefix).split())

    def packages(self, names: Iterable[str]) -> dict[str, list[BinaryPackage]]:
        """Return what the index lists under `names`, each name's versions the newest first.

        A name that the index does not have, or that is a virtual package's, gets an empty list.
        """
        wanted = list(dict.fromkeys(names))
        found: dict[str, list[BinaryPackage]] = {name: [] for name in wanted}
        # apt-cache fails where a name is unknown, and shows the others all the same.
        listing = self._run("apt-cache", "show", "--", *wanted, ignored_error="No packages found") if wanted else ""
        for text in listing.split("\n\n"):
            fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", text, re.MULTILINE))
            name = fields.get("Package")
            if name in found:
                with _reading_index(self, name):
                    found[name].append(_package(fields))
        return {name: _sorted(versions) for name, versions in found.items()}

    def newest(self, name: str, version: str = "*") -> BinaryPackage:
        """Return the newest package `name` whose version matches the shell pattern `version`.

        Raises EnvironmentFault `version-unlisted` where there is none.
        """
        listed = self.packages([name])[name]
        matching = [package for package in listed if fnmatchcase(package.version, version)]
        if not matching:
            raise version_unlisted(self, name, version, [package.version for package in listed])
        return matching[0]

    def download(self, packages: Sequence[BinaryPackage], progress: Progress) -> list[Path]:
        """Download the .deb files of `packages`, except those which are there, and return their paths.

        Each is verified against the signed index. Raises EnvironmentFault `version-gone` where the index lists
        files that the mirror does not have, AptFailed for any other failure.
        """
        directory = self.directory / "downloads"
        missing = [package for package in packages if not _is_intact(directory / package.file, package)]
        if missing:
            for package in missing:  # what an interrupted download left
                (directory / package.file).unlink(missing_ok=True)
            rest = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            self._fetch(
                progress,
                directory,
                f"{missing[0].name} {missing[0].version}{rest}",
                "apt-get",
                "-q",
                "download",
                *(f"{package.name}={package.version}" for package in missing),
            )
        for package in missing:
            if not _is_intact(directory / package.file, package):
                raise AptFailed(f"E: apt-get download left no {package.file}")
        return [directory / package.file for package in packages]

    def forget_downloads(self) -> None:
        """Remove what was downloaded."""
        directory = self.directory / "downloads"
        for file in directory.iterdir() if directory.is_dir() else ():
            file.unlink()


_Root = TypeVar("_Root", bound=AptRoot)


def updated_root(job: FetchJob, kind: type[_Root], suites: tuple[str, ...], architecture: str = "") -> _Root:
    """Return the root for `suites`, its index fetched once in the job, from the first mirror that has them.

    `architecture` is Debian's name of one, '' for the machine's own.
    Raises EnvironmentFault `no-debian-mirror`, `not-debian`, `apt-failed`, `apt-missing`, `disk-full`.
    """
    directory = root_directory(job, kind, suites, architecture)
    known = job.updated.get(directory)
    if isinstance(known, kind):
        return known
    root = _first_working(job, kind, suites, architecture)
    job.updated[directory] = root
    return root


def root_directory(job: FetchJob, kind: type[AptRoot], suites: tuple[str, ...], architecture: str = "") -> Path:
    """Return where the root of these suites lies in the cache."""
    parent = job.store.cache / "apt"
    name = "+".join(suites) + (f"@{architecture}" if architecture else "")
    return (parent if kind is SourceRoot else parent / "binary") / name


@contextmanager
def binary_suites(job: FetchJob, *suites: str, architecture: str = "") -> Iterator[BinaryRoot]:
    """Open the binary packages of `suites` (a backport needs its release beside it), locked for this process.

    `architecture` is Debian's name of one, '' for the machine's own.
    What was downloaded is removed at the end; after a failure the next run uses it. The lock is held meanwhile: do not
    open the same suites twice at a time. Raises as `updated_root`.
    """
    from filelock import FileLock  # only here: looking at what is there needs no lock

    directory = root_directory(job, BinaryRoot, suites, architecture)
    directory.mkdir(parents=True, exist_ok=True)
    with FileLock(directory / "lock"):
        root = updated_root(job, BinaryRoot, suites, architecture)
        yield root
        root.forget_downloads()


def newest_first(versions: Iterable[str]) -> list[str]:
    """Return Debian `versions` in descending order, by the rules of deb-version(7)."""
    from debian.debian_support import Version  # only here: it takes a while to import

    return sorted(versions, key=Version, reverse=True)


def version_unlisted(root: AptRoot, package: str, version: str, listed: Sequence[str]) -> EnvironmentFault:
    """Return the fault that `root` lists no `package` in a version which matches the pattern `version`."""
    return EnvironmentFault(
        "version-unlisted", f"{root.title} has no {package} {version} (it has {', '.join(listed) or 'none'})"
    )


def _first_working(job: FetchJob, kind: type[_Root], suites: tuple[str, ...], architecture: str) -> _Root:
    failures: list[EnvironmentFault] = []
    for mirror in _mirrors(job):
        root = kind(root_directory(job, kind, suites, architecture), suites, mirror, job.etc, architecture)
        job.progress.begin(f"fetching Debian's index of {root.title}", None)
        try:
            root.update()
        except EnvironmentFault as fault:
            failures.append(fault)
            continue
        return root
    raise failures[0]


def _mirrors(job: FetchJob) -> list[Mirror]:
    settings = job.configuration.debian
    if settings is not None:
        return [Mirror(settings.mirror, settings.signed_by)]
    mirrors = debian_mirrors(configured_sources(job.etc))
    if not mirrors:
        raise EnvironmentFault("no-debian-mirror", f"no Debian mirror is configured under {job.etc}")
    return mirrors


@contextmanager
def _reading_index(root: AptRoot, package: str) -> Iterator[None]:
    """Raise AptFailed for a field of `package` in the index of `root` that is missing, or not what it must be."""
    try:
        yield
    except (KeyError, ValueError) as error:
        raise AptFailed(
            f"E: the index of {root.title} has an entry of {package} that is not understood: {error}"
        ) from error


def _package(fields: Mapping[str, str]) -> BinaryPackage:
    from debian.debian_support import Version  # only here: it takes a while to import

    mentioned = f"{fields.get('Pre-Depends', '')},{fields.get('Depends', '')}"
    names = (match[1] for part in re.split(r"[,|]", mentioned) if (match := _NAME.match(part)))
    return BinaryPackage(
        fields["Package"],
        str(Version(fields["Version"])),
        fields["Architecture"],
        fields.get("Section", ""),
        int(fields["Size"]),
        fields["SHA256"],
        tuple(dict.fromkeys(names)),
    )


def _sorted(packages: Iterable[BinaryPackage]) -> list[BinaryPackage]:
    by_version = {package.version: package for package in packages}
    return [by_version[version] for version in newest_first(by_version)]


def _is_intact(file: Path, package: BinaryPackage) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == package.sha256
