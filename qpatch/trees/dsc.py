# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's source control file (.dsc): which files make up a package, checked against its sha256 sums."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault, UserError
from qpatch.trees.importer import SourcePackage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_FORMATS = ("3.0 (quilt)", "3.0 (native)")
_COMPONENT = re.compile(r".*\.orig-(?P<component>[A-Za-z0-9-]+)\.tar\.\w+")


def read_package(description: Path) -> SourcePackage:
    """Return the source package that the .dsc file `description` describes, its files being beside it.

    Its signature is not looked at: apt has verified the file. Raises UserError `bad-package` where it is not
    understood and EnvironmentFault `checksum-mismatch` where a file is not what it says.
    """
    from debian.deb822 import Dsc  # only here: it takes a while to import

    with description.open(encoding="utf-8") as file:
        fields = Dsc(file)
    if fields.get("Format") not in _FORMATS:
        raise UserError("bad-package", f"{description.name}: format {fields.get('Format')!r} is not supported")
    files = []
    for entry in fields.get("Checksums-Sha256", []):
        path = description.parent / _plain_name(entry["name"], description)
        check_sha256(path, entry["sha256"])
        files.append(path)
    return _sorted_out(files, f"{fields['Source']} {fields['Version']}", description)


def check_sha256(path: Path, expected: str) -> None:
    """Raise EnvironmentFault `checksum-mismatch` where the sha256 sum is not `expected` (hexadecimal)."""
    if not path.is_file():
        raise EnvironmentFault("checksum-mismatch", f"{path.name} was not downloaded")
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected.lower():
        raise EnvironmentFault("checksum-mismatch", f"{path.name}: sha256 is {actual}, expected {expected}")


def _sorted_out(files: Iterable[Path], title: str, description: Path) -> SourcePackage:
    archives = [file for file in files if ".tar." in file.name and not file.name.endswith(".asc")]
    debian = [file for file in archives if ".debian.tar." in file.name]
    components = {match["component"]: file for file in archives if (match := _COMPONENT.fullmatch(file.name))}
    main = [file for file in archives if file not in debian and file not in components.values()]
    if len(main) != 1 or len(debian) > 1:
        raise UserError("bad-package", f"{description.name} does not name one upstream tarball")
    return SourcePackage(main[0], f"Import {title} from Debian", components, debian[0] if debian else None)


def _plain_name(name: str, description: Path) -> str:
    if "/" in name or name in ("", ".", ".."):
        raise UserError("bad-package", f"{description.name} names a file '{name}'")
    return name
