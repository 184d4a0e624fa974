# SPDX-License-Identifier: GPL-2.0-or-later
"""The OpenPGP signature of a .dsc file, checked by gpgv with the keyrings of Debian's developers.

Packages that come through apt need none of this: apt verifies them by the archive's own signature.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.errors import EnvironmentFault
from qpatch.trees.places import expanded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What Debian's package debian-keyring installs, with the suffix that its releases have used.
KEYRINGS = Path("/usr/share/keyrings")
_DEVELOPERS = tuple(f"debian-{who}.{suffix}" for who in ("keyring", "maintainers") for suffix in ("pgp", "gpg"))
_BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----"
# Status lines, as GnuPG's doc/DETAILS describes them; VALIDSIG also comes for a key that has expired since.
_GOOD = re.compile(r"^\[GNUPG:\] VALIDSIG ", re.MULTILINE)
_NO_KEY = re.compile(r"^\[GNUPG:\] NO_PUBKEY (\w+)", re.MULTILINE)
_BAD = re.compile(r"^\[GNUPG:\] (BADSIG|REVKEYSIG|NODATA|UNEXPECTED|BADARMOR) ?", re.MULTILINE)


def check_signature(file: Path, keyring: str, note: Callable[[str], None], installed: Path = KEYRINGS) -> None:
    """Check who signed the .dsc `file`: by the `keyring` named by the user, or those of developers in `installed`.

    With a `keyring`, raises EnvironmentFault `bad-signature` unless a key of it made the signature. Without one, only
    a wrong signature is an error; that nothing could be checked (no signature, no keyring, no such key, no gpgv) is
    said through `note`.
    """
    keyrings = [expanded(keyring).absolute()] if keyring else _of_developers(installed)
    problem = _problem(file, keyrings)
    if problem and keyring:
        raise EnvironmentFault("bad-signature", f"{file}: {problem} (keyring {keyring})")
    if problem:
        note(f"{file.name}: the signature was not checked: {problem}; only the checksums were")


def _problem(file: Path, keyrings: Sequence[Path]) -> str:
    """Return why the signature could not be checked, '' where it is good; raise `bad-signature` where it is wrong."""
    if not file.read_bytes().startswith(_BEGIN):  # what stands before it would not be covered
        return "there is none"
    if not keyrings:
        return "no keyring of Debian's developers is installed (package debian-keyring)"
    status = _gpgv(file, keyrings)
    if status is None:
        return "gpgv is not installed"
    if bad := _BAD.search(status):
        raise EnvironmentFault("bad-signature", f"{file}: gpgv says {bad[1]}")
    if _GOOD.search(status):
        return ""
    missing = _NO_KEY.search(status)
    return f"{missing[1]}, the key that made it, is in no keyring" if missing else "gpgv could not check it"


def _of_developers(directory: Path) -> list[Path]:
    return [directory / name for name in _DEVELOPERS if (directory / name).is_file()]


def _gpgv(file: Path, keyrings: Sequence[Path]) -> str | None:
    """Return the status lines of gpgv on `file`, None where there is no gpgv."""
    options = [word for keyring in keyrings for word in ("--keyring", str(keyring))]
    try:
        done = subprocess.run(
            ["gpgv", "--status-fd", "1", *options, "--", str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout.decode(errors="replace")
