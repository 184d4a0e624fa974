# SPDX-License-Identifier: GPL-2.0-or-later
"""Small tarballs, source packages, repositories and a fake apt for the tests of qpatch.trees."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

QEMU_FILES = {
    "VERSION": "10.2.2\n",
    "include/qemu/osdep.h": "#define OSDEP\n",
    "hw/dev.c": "int dev(void)\n{\n    return first_word;\n}\n",
}
MTIME = 1_700_000_000


_MODES: dict[str, Literal["w:", "w:gz", "w:bz2", "w:xz"]] = {
    ".tar": "w:",
    ".gz": "w:gz",
    ".bz2": "w:bz2",
    ".xz": "w:xz",
}


def tarball(
    path: Path,
    files: Mapping[str, str],
    *,
    top: str = "src-1/",
    executable: str = "",
    links: Mapping[str, str] | None = None,
    mtime: int = MTIME,
) -> Path:
    """Write a tarball, compressed as the suffix of `path` says."""
    mode = _MODES[path.suffix]
    with tarfile.open(path, mode) as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"{top}{name}")
            data = text.encode()
            entry.size, entry.mtime, entry.mode = len(data), mtime, 0o755 if name == executable else 0o644
            tar.addfile(entry, io.BytesIO(data))
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(f"{top}{name}")
            entry.type, entry.linkname, entry.mtime = tarfile.SYMTYPE, target, mtime
            tar.addfile(entry)
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def description(directory: Path, version: str, files: list[Path], source_format: str = "3.0 (quilt)") -> Path:
    """Write a .dsc listing `files`."""
    lines = [f"Format: {source_format}", "Source: qemu", f"Version: {version}", "Checksums-Sha256:"]
    lines += [f" {sha256(file)} {file.stat().st_size} {file.name}" for file in files]
    path = directory / f"qemu_{version.split(':')[-1]}.dsc"
    path.write_text("\n".join(lines) + "\n")
    return path


def git(directory: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.com", *arguments],
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def repository(path: Path, files: Mapping[str, str] = QEMU_FILES) -> Path:
    """Make a repository with one commit, tagged v1."""
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "one")
    git(path, "tag", "v1")
    return path


def snapshot(directory: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of change of everything under `directory`, the directory included."""
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in (directory, *directory.rglob("*"))}


_APT_GET = """\
#!/bin/sh
# apt's stand-in: the index and the pool are directories named in the environment.
set -e
cd_here=$PWD
. "$FAKE_APT/settings"
root=$(sed -n 's/^Dir "\\(.*\\)";/\\1/p' "$APT_CONFIG")
suite=$(sed -n 's/^Suites: //p' "$root/debian.sources")
echo "$*" >> "$FAKE_APT/log"
case "$*" in
*update*)
    [ -d "$FAKE_APT/index/$suite" ] || { echo "E: no $suite" >&2; exit 100; }
    mkdir -p "$root/state/lists"
    printf 'Origin: %s\\n' "$ORIGIN" > "$root/state/lists/x_InRelease" ;;
*source*)
    version=$(echo "$*" | sed -n 's/.*=\\([^ ]*\\) -o.*/\\1/p')
    fd=$(echo "$*" | sed -n 's/.*Status-Fd=//p')
    echo dlstatus:1:40.5:half > "/proc/self/fd/$fd"
    if [ ! -d "$FAKE_APT/pool/$version" ]; then
        echo "E: Failed to fetch http://mirror.example/x.dsc  404  Not Found" >&2
        exit 100
    fi
    cp "$FAKE_APT/pool/$version/"* "$cd_here/" ;;
esac
"""
_APT_CACHE = """\
#!/bin/sh
root=$(sed -n 's/^Dir "\\(.*\\)";/\\1/p' "$APT_CONFIG")
suite=$(sed -n 's/^Suites: //p' "$root/debian.sources")
cat "$FAKE_APT/index/$suite/Sources"
"""


@dataclass
class FakeApt:
    """A fake apt-get and apt-cache in `directory`; put `path` first on PATH and set FAKE_APT."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        programs = self.directory / "bin"
        programs.mkdir(parents=True)
        for name, text in (("apt-get", _APT_GET), ("apt-cache", _APT_CACHE)):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.origin("Debian")
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}", "FAKE_APT": str(self.directory)}

    def origin(self, name: str) -> None:
        (self.directory / "settings").write_text(f"ORIGIN={name}\n")

    def suite(self, name: str, *versions: str) -> None:
        """Let the index of suite `name` list `versions` of qemu."""
        index = self.directory / "index" / name
        index.mkdir(parents=True)
        stanzas = [f"Package: qemu\nVersion: {version}\nDirectory: pool\n" for version in versions]
        (index / "Sources").write_text("\n".join(stanzas))

    def package(self, version: str, files: Mapping[str, str] = QEMU_FILES) -> Path:
        """Put a source package into the pool and return its directory."""
        pool = self.directory / "pool" / version
        pool.mkdir(parents=True)
        main = tarball(pool / "qemu_1.orig.tar.xz", files)
        control = {"patches/series": "", "control": "x"}
        debian = tarball(pool / "qemu_1-1.debian.tar.xz", control, top="debian/")
        description(pool, version, [main, debian])
        return pool

    def log(self) -> str:
        return (self.directory / "log").read_text()


def apt_configuration(directory: Path) -> Path:
    """Make an /etc/apt with one Debian mirror."""
    directory.mkdir()
    (directory / "sources.list").write_text("deb http://mirror.example/debian bookworm main\n")
    return directory
