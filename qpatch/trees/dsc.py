# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's source control file (.dsc): which files make up a package, checked against its sha256 sums."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qpatch.errors import LONGEST_PATH, EnvironmentFault, UserError
from qpatch.trees.importer import SourcePackage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_FORMATS = ("3.0 (quilt)", "3.0 (native)")
_COMPONENT = re.compile(r".*\.orig-(?P<component>[A-Za-z0-9-]+)\.tar\.\w+")


@dataclass(frozen=True)
class SourceDescription:
    """What a .dsc `file` says: the source package, its version, and the sha256 sums of the files beside it by name."""

    file: Path
    package: str
    version: str
    checksums: Mapping[str, str]

    def verified_package(self) -> SourcePackage:
        """Return the source package, each of its files being there and what its checksum says.

        Raises EnvironmentFault `package-incomplete` and `checksum-mismatch`, UserError `bad-package` where the files
        are not those of one package or cannot be read.
        """
        files = [self.file.parent / name for name in self.checksums]
        for file in files:
            try:
                self._check(file)
            except OSError as error:  # such as a name that is too long for any file
                raise UserError(
                    "bad-package", f"{self.file} names {file.name[:LONGEST_PATH]}: {error.strerror}"
                ) from error
        return _source_package(files, f"{self.package} {self.version}", self.file)

    def _check(self, file: Path) -> None:
        if not file.is_file():
            raise EnvironmentFault("package-incomplete", f"{self.file} names {file.name}, which is not beside it")
        check_sha256(file, self.checksums[file.name])


def read_description(file: Path) -> SourceDescription:
    """Read a .dsc file; its signature is not looked at (see `qpatch.trees.signature`).

    Raises UserError `bad-package` where it is not a regular file (opening a FIFO would wait for a writer), cannot be
    read, or is not understood.
    """
    from debian.deb822 import Dsc  # only here: they take a while to import
    from debian.debian_support import Version

    try:
        if not file.is_file():
            raise UserError("bad-package", f"{file} is not a regular file")
        fields = Dsc(file.read_text(encoding="utf-8"))
        package, version = fields["Source"], str(Version(fields["Version"]))
        checksums = {_plain_name(entry["name"], file): entry["sha256"] for entry in _checksums(fields)}
    except OSError as error:
        raise UserError("bad-package", f"{file} cannot be read: {error.strerror}") from error
    except (KeyError, ValueError) as error:  # a UnicodeDecodeError is a ValueError
        raise UserError("bad-package", f"{file} is not a complete .dsc file: {_reason(error)}") from error
    if fields.get("Format") not in _FORMATS:
        raise UserError("bad-package", f"{file.name}: format {fields.get('Format')!r} is not supported")
    return SourceDescription(file, package, version, checksums)


def check_sha256(path: Path, expected: str) -> None:
    """Raise EnvironmentFault `checksum-mismatch` where the sha256 sum is not `expected` (hexadecimal)."""
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected.lower():
        raise EnvironmentFault("checksum-mismatch", f"{path.name}: sha256 is {actual}, expected {expected}")


def _checksums(fields: Mapping[str, Any]) -> list[Mapping[str, str]]:
    """Return the entries of Checksums-Sha256; what stands on the header's own line is no list of files."""
    entries = fields["Checksums-Sha256"]
    if not isinstance(entries, list):
        raise ValueError("its Checksums-Sha256 is not a list of files")
    return entries


def _source_package(files: Iterable[Path], title: str, description: Path) -> SourcePackage:
    archives = [file for file in files if ".tar." in file.name and not file.name.endswith(".asc")]
    debian = [file for file in archives if ".debian.tar." in file.name]
    components = {match["component"]: file for file in archives if (match := _COMPONENT.fullmatch(file.name))}
    main = [file for file in archives if file not in debian and file not in components.values()]
    if len(main) != 1 or len(debian) > 1:
        raise UserError("bad-package", f"{description.name} does not name one upstream tarball")
    return SourcePackage(main[0], f"Import {title} from Debian", components, debian[0] if debian else None)


def _reason(error: KeyError | ValueError) -> str:
    return f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)


def _plain_name(name: str, description: Path) -> str:
    if "/" in name or name in ("", ".", ".."):
        raise UserError("bad-package", f"{description.name} names a file '{name}'")
    return name
