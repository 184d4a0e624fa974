# SPDX-License-Identifier: GPL-2.0-or-later
"""The tree's own scripts: what they are shown, what they say, and that they end up in the mails."""

from __future__ import annotations

import email
import email.policy
from typing import TYPE_CHECKING

import pytest
from series_support import FILES, content_of, make_tree, plan, replaced, write

from qpatch.cells.rendered import Remark
from qpatch.errors import EnvironmentFault
from qpatch.series.mails import Recipients
from qpatch.series.model import PlannedPatch, RenderOptions
from qpatch.series.treetools import load_tools, workbench
from qpatch.trees.commit_tree import CommitTree
from qpatch.trees.git import Identity, Repository

if TYPE_CHECKING:
    from pathlib import Path

ME = Identity("Me", "me@example.org")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "user")


@pytest.fixture
def options(tmp_path: Path) -> RenderOptions:
    return RenderOptions(tmp_path / "out")


def patches(*texts: str) -> tuple[PlannedPatch, ...]:
    return tuple(
        PlannedPatch(f"patch {number}", "text", {"hw/a.c": replaced(number, text)}) for number, text in enumerate(texts)
    )


def with_script(tmp_path: Path, path: str, script: bytes) -> Repository:
    return make_tree(tmp_path / "own", {**FILES, path: script})


def test_remarks_name_mail_line_and_text(repository: Repository, options: RenderOptions) -> None:
    rendered = write(repository, plan(repository, patches("fine;", "int BAD;")), options)
    assert rendered.remarks is not None
    (remark,) = rendered.remarks
    lines = (rendered.directory / remark.file).read_text().splitlines()
    assert (remark.file, remark.level, remark.text) == ("0002-patch-1.patch", "ERROR", "bad word")
    assert remark.source == "+int BAD;"
    assert "+int BAD;" in lines
    assert str(remark).endswith(": ERROR: bad word")


def test_clean_series_has_no_remarks(repository: Repository, options: RenderOptions) -> None:
    assert write(repository, plan(repository), options).remarks == ()


def test_signoff_is_checked_only_where_it_was_asked_for(repository: Repository, tmp_path: Path) -> None:
    options = RenderOptions(tmp_path / "out", identity=ME, signoff=True)
    rendered = write(repository, plan(repository, patches("fine;")), options)
    assert rendered.remarks == (
        Remark(
            file="0001-patch-0.patch",
            line=1,
            level="WARNING",
            text="signed",
            source="From " + "0" * 40 + " Mon Sep 17 00:00:00 2001",
        ),
    )


def test_tree_without_checkpatch_is_not_checked(tmp_path: Path, options: RenderOptions) -> None:
    repository = make_tree(tmp_path / "own", {"hw/a.c": FILES["hw/a.c"]})
    rendered = write(repository, plan(repository, patches("int BAD;")), options)
    assert rendered.remarks is None


def test_lists_are_to_and_people_are_cc_in_order(repository: Repository, options: RenderOptions) -> None:
    rendered = write(repository, plan(repository, cc=("Proposer <p@example.org>",)), options)
    for name in (rendered.cover, *(patch.file for patch in rendered.patches)):
        raw = (rendered.directory / name).read_bytes()
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert message["To"] == "devel@example.org"
        assert str(message["Cc"]) == (
            "Jörg Üml <joerg@example.org>, Zoe Last <zoe@example.org>, Proposer <p@example.org>"
        )
        assert raw.split(b"\n\n")[0].isascii()


def test_recipients_do_not_change_the_commits(repository: Repository, tmp_path: Path) -> None:
    with_people = write(repository, plan(repository), RenderOptions(tmp_path / "a"))
    without = write(repository, plan(repository), RenderOptions(tmp_path / "b", check=False, maintainers=False))
    assert with_people.tip == without.tip


def test_script_that_dies_is_an_environment_fault(tmp_path: Path, options: RenderOptions) -> None:
    repository = with_script(tmp_path, "scripts/get_maintainer.pl", b'die "no such luck\\n";\n')
    with pytest.raises(EnvironmentFault) as caught:
        write(repository, plan(repository), options)
    assert caught.value.code == "script-failed"
    assert "no such luck" in caught.value.message
    assert content_of(options.output) == {}


@pytest.mark.parametrize("script", [b"exit(2);\n", b"print STDERR 'cannot';\nexit(1);\n"])
def test_checkpatch_that_fails_is_an_environment_fault(tmp_path: Path, options: RenderOptions, script: bytes) -> None:
    repository = with_script(tmp_path, "scripts/checkpatch.pl", script)
    with pytest.raises(EnvironmentFault) as caught:
        write(repository, plan(repository), options)
    assert caught.value.code == "script-failed"


def test_missing_perl_is_an_environment_fault(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CommitTree(repository, repository.resolve("HEAD")) as tree, workbench(tree, "qemu") as bench:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(EnvironmentFault) as caught:
            bench.maintainers([])
    assert caught.value.code == "perl-missing"


def test_scripts_see_directories_and_no_home(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    script = b"-d 'hw/deep' && -z 'COPYING' && -s 'MAINTAINERS' or die;\nprint \"$ENV{HOME} <a\\@example.org>\\n\";\n"
    own = with_script(tmp_path, "scripts/get_maintainer.pl", script)
    with CommitTree(own, own.resolve("HEAD")) as tree, workbench(tree, "qemu") as bench:
        found = bench.maintainers([])
        assert found == Recipients((), (f"{bench.directory} <a@example.org>",))
        directory = bench.directory
    assert not directory.exists()


@pytest.mark.parametrize("component", ["qemu", "linux"])
def test_tools_are_data_for_both_components(component: str) -> None:
    tools = load_tools()[component]
    assert tools["checkpatch"].script == "scripts/checkpatch.pl"
    assert "MAINTAINERS" in tools["maintainers"].reads
