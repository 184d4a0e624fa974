# SPDX-License-Identifier: GPL-2.0-or-later
"""Who the mails of `render` are from: senders and recipients of all kinds, and what is said where nobody is known."""

from __future__ import annotations

import email
import subprocess
import sys
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import TYPE_CHECKING

import pytest
from cli_support import isolate, make_tree, use_capabilities
from strategy_support import write_strategy

from qpatch.cli.main import main
from qpatch.errors import ExitCode
from qpatch.series.addresses import address_header, is_mailbox

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]

LONG = "Renée-Élise de Montégu-Ślązak of the House with the Long Corridors and the Longer Names"


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    use_capabilities(monkeypatch)
    write_strategy(tmp_path)
    make_tree(tmp_path / "one")


def configure(home: Path, **sections: tuple[str, str]) -> None:
    """Let the user's configuration have a name and an address in each of `sections`."""
    for section, values in sections.items():
        for key, value in zip(("name", "email"), values, strict=True):
            subprocess.run(["git", "config", "--file", home / "gitconfig", f"{section}.{key}", value], check=True)


def render(*words: str) -> int:
    return main(["render", "demo", "--tree", "./one", "--no-checkpatch", "--no-maintainers", *words])


def mails(directory: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((directory / "series/demo/one").glob("*.patch"))]


def sender(mail: bytes) -> tuple[str, str]:
    return person(raw_sender(mail).decode().partition(": ")[2])


def person(written: str) -> tuple[str, str]:
    """Return name and address; the parser of the newer `email.policy` keeps blanks between encoded words."""
    name, address = parseaddr(written.replace("\n", ""))
    return str(make_header(decode_header(name))), address


def raw_sender(mail: bytes) -> bytes:
    head = mail.partition(b"\n\n")[0]
    return head[head.index(b"\nFrom: ") + 1 : head.index(b"\nDate: ")]


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("Ann Onym", "ann@a.org"),
        ("Grün, Ōtani (QA & CI)", "grün@bücher.example"),
        ("Grün", "ann@bücher.example"),
        ("Ann, Onym (QA)", "ann@a.org"),
        ('Ann "Ace" Onym', "ann@a.org"),
        ('Ärmel "Ace", Onym', "ann@a.org"),
        ("A. N. Onym", "ann@a.org"),
        (LONG, "renee@a.org"),
        ("漢字" * 30, "kanji@a.org"),
        ("Ann the Author of the Longest Name in Letters That Are All ASCII and Nothing Else", "ann@a.org"),
        ("=?utf-8?q?Ann?=", "ann@a.org"),
    ],
)
def test_letter_and_patches_are_from_the_same_person_in_the_same_form(
    tmp_path: Path, isolated: Path, name: str, address: str
) -> None:
    configure(isolated, user=(name, address))
    assert render() == ExitCode.OK
    cover, patch = mails(tmp_path)
    assert sender(cover) == sender(patch) == (name, address)
    assert raw_sender(cover) == raw_sender(patch)
    assert all(len(line) <= 78 for line in raw_sender(cover).split(b"\n"))
    judged = subprocess.run(["git", "mailinfo", "-", "-"], input=patch, capture_output=True, check=True, cwd=tmp_path)
    assert f"Email: {address}\n" in judged.stdout.decode()


@pytest.mark.parametrize(
    "address", ["", "ann", "ann at a.org", "ann@", "ann@a.org, bea@a.org", "root@host.(none)", "a(b)@c"]
)
def test_what_is_no_address_is_refused_before_anything_is_written(
    tmp_path: Path, isolated: Path, capsys: Capture, address: str
) -> None:
    configure(isolated, user=("Ann", address))
    assert render() == ExitCode.USAGE
    assert f"'{address}' is no address" in capsys.readouterr().err
    assert not (tmp_path / "series").exists()


def test_without_an_identity_a_warning_says_who_the_mails_are_from(tmp_path: Path, capsys: Capture) -> None:
    assert render("--json") == ExitCode.OK
    said = capsys.readouterr().err
    assert "warning: git does not know who you are (" in said and "From: qpatch <qpatch@localhost.invalid>" in said
    assert "git config --global user.name" in said
    assert len(mails(tmp_path)) == 2


def test_rebase_warns_too(tmp_path: Path, capsys: Capture) -> None:
    words = ["--from", "./one", "--onto", "./one", "--no-checkpatch", "--no-maintainers"]
    assert main(["rebase", "demo", *words]) == ExitCode.OK
    assert "warning: git does not know who you are" in capsys.readouterr().err


def test_a_configuration_that_git_cannot_read_is_named(isolated: Path, capsys: Capture) -> None:
    (isolated / "gitconfig").write_text("[user\n")
    imported = subprocess.run([sys.executable, "-c", "import qpatch.trees.gitpython"], capture_output=True, check=False)
    assert (imported.returncode, imported.stderr) == (0, b"")
    assert render() == ExitCode.OK
    assert "(bad config line 1 in file" in capsys.readouterr().err


def test_an_address_beyond_ascii_is_warned_of(isolated: Path, capsys: Capture) -> None:
    configure(isolated, user=("Grün", "grün@bücher.example"))
    assert render() == ExitCode.OK
    assert "warning: mail servers without SMTPUTF8 refuse the address grün@bücher.example" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_nothing_is_warned_of_where_there_is_no_reason(isolated: Path, capsys: Capture, words: list[str]) -> None:
    if not words:
        configure(isolated, user=("Grün", "gruen@a.org"))
    assert render(*words) == ExitCode.OK
    assert "warning" not in capsys.readouterr().err


def test_the_author_writes_and_the_committer_signs_off(tmp_path: Path, isolated: Path) -> None:
    configure(isolated, user=("Uma", "u@a.org"), author=("Avi", "avi@a.org"), committer=("Cy, Chief", "cy@a.org"))
    assert render("--signoff", "--branch", "made") == ExitCode.OK
    cover, patch = mails(tmp_path)
    assert sender(cover) == sender(patch) == ("Avi", "avi@a.org")
    assert b"\nSigned-off-by: Cy, Chief <cy@a.org>\n---\n" in patch
    log = ["git", "-C", str(tmp_path / "one"), "log", "-1", "--format=%an <%ae> %cn <%ce>", "made"]
    assert subprocess.run(log, check=True, capture_output=True, text=True).stdout == (
        "Avi <avi@a.org> Cy, Chief <cy@a.org>\n"
    )


def test_a_committer_without_an_address_is_refused(tmp_path: Path, isolated: Path, capsys: Capture) -> None:
    configure(isolated, user=("Uma", "u@a.org"), committer=("Cy", "cy"))
    assert render("--signoff") == ExitCode.USAGE
    assert "'cy' is no address" in capsys.readouterr().err


def test_a_line_break_in_a_name_begins_no_header(tmp_path: Path, isolated: Path) -> None:
    configure(isolated, user=("Ann\nBcc: evil@x.org", "ann@a.org"))
    assert render() == ExitCode.OK
    for mail in mails(tmp_path):
        assert email.message_from_bytes(mail)["Bcc"] is None
        assert sender(mail) == ("AnnBcc: evil@x.org", "ann@a.org")


@pytest.mark.parametrize("name", ["A\tB", "Andr\udce9"])
def test_a_name_that_no_header_holds_is_refused(
    monkeypatch: pytest.MonkeyPatch, isolated: Path, capsys: Capture, name: str
) -> None:
    configure(isolated, user=("Ann", "ann@a.org"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", name)
    assert render() == ExitCode.USAGE
    assert "the name of the author is one line of text" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("devel@a.org", "", "devel@a.org"),
        ("<devel@a.org>", "", "devel@a.org"),
        ("Grün, Ōtani <gruen@a.org>", "Grün, Ōtani", "gruen@a.org"),
        ('"Grün, Ōtani (QA)" <grün@bücher.example>', "Grün, Ōtani (QA)", "grün@bücher.example"),
        ('"Onym, \\"Ace\\" Ann" <ann@a.org>', 'Onym, "Ace" Ann', "ann@a.org"),
        ("A. N. Onym <ann@a.org>", "A. N. Onym", "ann@a.org"),
        ("Ann Onym (QA) <ann@a.org>", "Ann Onym (QA)", "ann@a.org"),
        (f"{LONG} <renee@a.org>", LONG, "renee@a.org"),
        (f"Ann <{'a' * 60}@a.org>", "Ann", f"{'a' * 60}@a.org"),
        (f"Ann {'of the many names ' * 9}end <ann@a.org>", f"Ann {'of the many names ' * 9}end", "ann@a.org"),
    ],
)
def test_recipients_keep_name_and_address_in_short_lines(written: str, name: str, address: str) -> None:
    made = address_header("Cc", [written, "Zoe <zoe@a.org>"])
    first, separator, second = made.removeprefix("Cc: ").rpartition(",\n ")
    assert (person(first), separator, second) == ((name, address), ",\n ", "Zoe <zoe@a.org>")
    lines = made.split("\n")
    assert all(len(line) <= (76 if "=?" in line else 78) for line in lines)
    assert all(len(word) <= 75 for line in lines for word in line.split() if word.startswith("=?"))


@pytest.mark.parametrize(
    "text", ["a@b", "a.b+c@d-e.org", "o'x@a.org", "ab.@a.org", '"a b"@a.org', "a@[10.0.0.1]", "é@ü.org"]
)
def test_addresses_of_unusual_forms_are_taken(text: str) -> None:
    assert is_mailbox(text)
