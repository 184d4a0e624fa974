# SPDX-License-Identifier: GPL-2.0-or-later
"""Small .deb files, and a signed archive of them on disk, for the real apt to read."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.trees.job import FetchJob
from qpatch.trees.releases import Configuration
from qpatch.trees.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qpatch.trees.progress import Progress

PROGRAMS = ("apt-get", "apt-cache", "apt-config", "gpg", "gpgconf")
SUITE = "demo"
MTIME = 1_700_000_000


def missing_programs() -> list[str]:
    return [program for program in PROGRAMS if not shutil.which(program)]


def deb(
    path: Path,
    files: Mapping[str, bytes],
    links: Mapping[str, str] | None = None,
    *,
    suffix: str = "",
    hard_links: Mapping[str, str] | None = None,
) -> Path:
    """Write a .deb as deb(5) describes it; every file is executable."""
    data = io.BytesIO()
    mode = f"w:{suffix}" if suffix in ("xz", "gz") else "w:"
    with tarfile.open(fileobj=data, mode=mode) as tar:  # type: ignore[call-overload]  # mode is no literal
        for name, content in files.items():
            entry = tarfile.TarInfo(f"./{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o4755, MTIME
            tar.addfile(entry, io.BytesIO(content))
        for kind, named in ((tarfile.SYMTYPE, links or {}), (tarfile.LNKTYPE, hard_links or {})):
            for name, target in named.items():
                entry = tarfile.TarInfo(f"./{name}")
                entry.type, entry.linkname = kind, target
                tar.addfile(entry)
    parts = [("debian-binary", b"2.0\n"), ("control.tar.xz", b""), (f"data.tar.{suffix}".rstrip("."), data.getvalue())]
    path.write_bytes(b"!<arch>\n" + b"".join(_part(name, content) for name, content in parts))
    return path


def _part(name: str, content: bytes) -> bytes:
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def libraries_of(program: str) -> dict[str, Path]:
    """Return the shared libraries that this machine's `program` is linked with, the loader among them."""
    listing = subprocess.check_output(["ldd", program], text=True).splitlines()
    words = [line.split() for line in listing if "/" in line]
    return {Path(line[0]).name: Path(next(word for word in line if word.startswith("/"))) for line in words}


class Signer:
    """A key in a directory of its own, whose name must be short: gpg puts a socket there."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.gpg("--quick-generate-key", "archive@example.com", "ed25519", "sign", "never")

    def gpg(self, *arguments: str) -> bytes:
        return subprocess.run(
            ["gpg", "--homedir", str(self.home), "--batch", "--quiet", "--passphrase", "", *arguments],
            check=True,
            capture_output=True,
        ).stdout

    def close(self) -> None:
        """End gpg's agent."""
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "gpg-agent"], check=True)


@contextmanager
def signing() -> Iterator[Signer]:
    """Make a key that is gone at the end."""
    with tempfile.TemporaryDirectory() as home:
        signer = Signer(Path(home))
        yield signer
        signer.close()


@dataclass
class Archive:
    """A Debian archive in `directory` with one suite, signed by `signer`."""

    directory: Path
    signer: Signer
    origin: str = "Debian"
    stanzas: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.directory / "pool").mkdir(parents=True)
        self.architecture = subprocess.check_output(
            ["apt-config", "dump", "--format=%v", "APT::Architecture"], text=True
        ).strip()
        self.keyring.write_bytes(self.signer.gpg("--export"))

    @property
    def keyring(self) -> Path:
        return self.directory / "archive.gpg"

    def add(
        self,
        name: str,
        version: str,
        files: Mapping[str, bytes],
        *,
        depends: str = "",
        section: str = "libs",
        architecture: str = "",
    ) -> Path:
        """Add a package; `publish` makes it known."""
        architecture = architecture or self.architecture
        file = deb(self.directory / "pool" / f"{name}_{version.rpartition(':')[2]}.deb", files)
        checksum = hashlib.sha256(file.read_bytes()).hexdigest()
        fields = {
            "Package": name,
            "Version": version,
            "Architecture": architecture,
            "Section": section,
            "Maintainer": "T <t@example.com>",
            "Description": "x",
            "Depends": depends,
            "Filename": f"pool/{file.name}",
            "Size": str(file.stat().st_size),
            "SHA256": checksum,
        }
        self.stanzas.append("".join(f"{name}: {value}\n" for name, value in fields.items() if value))
        return file

    def publish(self) -> None:
        """Write the index and sign it."""
        top = self.directory / "dists" / SUITE
        index = top / "main" / f"binary-{self.architecture}" / "Packages"
        index.parent.mkdir(parents=True, exist_ok=True)
        index.write_text("\n".join(self.stanzas))
        checksum = hashlib.sha256(index.read_bytes()).hexdigest()
        release = (
            f"Origin: {self.origin}\nSuite: {SUITE}\nCodename: {SUITE}\nComponents: main\n"
            f"Architectures: {self.architecture}\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n"
            f" {checksum} {index.stat().st_size} {index.relative_to(top)}\n"
        )
        (top / "Release").write_text(release)
        (top / "InRelease").unlink(missing_ok=True)
        self.signer.gpg("--clearsign", "--output", str(top / "InRelease"), str(top / "Release"))

    def job(self, cache: Path, progress: Progress) -> FetchJob:
        """Return a job that takes packages from here."""
        mirror = {"mirror": f"file:{self.directory}", "signed-by": str(self.keyring)}
        return FetchJob(
            Store(cache), Configuration.model_validate({"debian": mirror}), progress, self.directory / "no-etc"
        )
