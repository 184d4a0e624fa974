# SPDX-License-Identifier: GPL-2.0-or-later
"""The signature of a .dsc file: what gpgv says of it, and what is made of that."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from debs_support import Signer, missing_programs, signing
from test_trees_fetch import Listener, debian, job, only
from test_trees_folder import package

from qpatch.errors import EnvironmentFault
from qpatch.trees.signature import check_signature

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WANTED = debian("sid")
VALID = "[GNUPG:] VALIDSIG 0123 2026-01-01"
needs_gpg = pytest.mark.skipif(
    bool(missing_programs()) or shutil.which("gpgv") is None, reason="gpg, gpgv or apt are not here"
)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "sources"
    path.mkdir()
    return path


def messages(listener: Listener) -> str:
    return "\n".join(listener.notes)


@pytest.fixture(scope="module")
def signer() -> Iterator[Signer]:
    with signing() as made:
        yield made


def signed(signer: Signer, dsc: Path) -> Path:
    """Sign a .dsc in place and return a keyring that has the key."""
    plain = dsc.with_suffix(".plain")
    dsc.rename(plain)
    signer.gpg("--clearsign", "--output", str(dsc), str(plain))
    keyring = dsc.parent / "debian-keyring.gpg"
    keyring.write_bytes(signer.gpg("--export"))
    return keyring


@needs_gpg
def test_a_good_signature_is_not_spoken_of(folder: Path, signer: Signer, listener: Listener) -> None:
    dsc = package(folder, "1:10.2.2-1")
    keyring = signed(signer, dsc)
    check_signature(dsc, str(keyring), listener.note)
    check_signature(dsc, "", listener.note, folder)
    assert listener.notes == []


@needs_gpg
def test_a_changed_dsc_is_refused(tmp_path: Path, folder: Path, signer: Signer, listener: Listener) -> None:
    dsc = package(folder, "1:10.2.2-1")
    keyring = signed(signer, dsc)
    whole = only(job(tmp_path, listener, WANTED, sources=[{"path": str(folder), "signed-by": str(keyring)}]))
    assert (whole.status, whole.faults, listener.notes) == ("fetched", (), [])
    dsc.write_text(dsc.read_text().replace("Version: 1:10.2.2-1", "Version: 1:10.2.2-2"))
    work = job(tmp_path / "2", listener, WANTED, sources=[{"path": str(folder), "signed-by": str(keyring)}])
    assert [fault.code for fault in only(work).faults] == ["bad-signature", "no-debian-mirror"]
    with pytest.raises(EnvironmentFault, match="gpgv says BADSIG"):
        check_signature(dsc, "", listener.note, folder)


@needs_gpg
def test_a_key_that_no_keyring_has(folder: Path, signer: Signer, listener: Listener, tmp_path: Path) -> None:
    dsc = package(folder, "1:10.2.2-1")
    signed(signer, dsc)
    with signing() as stranger:
        foreign = tmp_path / "debian-keyring.gpg"
        foreign.write_bytes(stranger.gpg("--export"))
    check_signature(dsc, "", listener.note, tmp_path)
    assert "the key that made it, is in no keyring; only the checksums were" in messages(listener)
    with pytest.raises(EnvironmentFault, match="is in no keyring") as caught:
        check_signature(dsc, str(foreign), listener.note)
    assert caught.value.code == "bad-signature"


def test_what_cannot_be_checked_is_said(
    tmp_path: Path, folder: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsc = package(folder, "1:10.2.2-1")
    check_signature(dsc, "", listener.note, tmp_path)
    dsc.write_text(f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{dsc.read_text()}")
    check_signature(dsc, "", listener.note, tmp_path)
    (tmp_path / "debian-keyring.gpg").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    check_signature(dsc, "", listener.note, tmp_path)
    said = [note.partition("was not checked: ")[2].partition(";")[0] for note in listener.notes]
    assert said == [
        "there is none",
        "no keyring of Debian's developers is installed (package debian-keyring)",
        "gpgv is not installed",
    ]
    with pytest.raises(EnvironmentFault, match="gpgv is not installed"):
        check_signature(dsc, str(tmp_path / "debian-keyring.gpg"), listener.note)


@needs_gpg
def test_a_key_that_was_revoked_signs_nothing(folder: Path, listener: Listener) -> None:
    dsc = package(folder, "1:10.2.2-1")
    with signing() as owner:
        keyring = signed(owner, dsc)
        certificate = next((owner.home / "openpgp-revocs.d").iterdir())
        revocation = folder / "revocation"
        revocation.write_text(certificate.read_text().replace(":-----BEGIN", "-----BEGIN"))  # gpg's guard against haste
        owner.gpg("--import", str(revocation))
        keyring.write_bytes(owner.gpg("--export"))
    for named in (str(keyring), ""):
        with pytest.raises(EnvironmentFault, match="gpgv says REVKEYSIG"):
            check_signature(dsc, named, listener.note, folder)


@pytest.mark.parametrize("word", ["BADSIG", "REVKEYSIG", "NODATA", "UNEXPECTED", "BADARMOR"])
def test_no_good_signature_outweighs_a_bad_one(
    tmp_path: Path, folder: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    dsc = package(folder, "1:10.2.2-1")
    dsc.write_text(f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{dsc.read_text()}")
    (tmp_path / "debian-keyring.gpg").touch()
    gpgv = tmp_path / "gpgv"
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for statuses in ([VALID], [VALID, f"[GNUPG:] {word} 89AB"], [f"[GNUPG:] {word} 89AB", VALID]):
        lines = "".join(f"echo '{status}'\n" for status in statuses)
        gpgv.write_text(f"#!/bin/sh\n{lines}")
        gpgv.chmod(0o755)
        if statuses == [VALID]:
            check_signature(dsc, "", listener.note, tmp_path)
            assert listener.notes == []
            continue
        with pytest.raises(EnvironmentFault, match=f"gpgv says {word}"):
            check_signature(dsc, "", listener.note, tmp_path)
