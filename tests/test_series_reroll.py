# SPDX-License-Identifier: GPL-2.0-or-later
"""The next version: side by side with the one before, with changelog and range-diff."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from series_support import (
    applied_tree,
    commit_files,
    content_of,
    git,
    make_tree,
    plan,
    replaced,
    two_patches,
    write,
)

from qpatch.errors import UserError
from qpatch.series.model import PlannedPatch, PlannedSeries, RenderOptions
from qpatch.series.outputs.branch import BranchOutput
from qpatch.series.record import RECORD_FILE
from qpatch.series.reroll import apply_mails
from qpatch.trees.private import import_commits, private_repository

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.trees.git import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "user")


def version(tmp_path: Path, number: int, **more: Any) -> RenderOptions:
    return RenderOptions(tmp_path / "out", revision=number, check=False, maintainers=False, **more)


def changed_patches() -> tuple[PlannedPatch, ...]:
    """Return a new first patch and the old first one with another text; the old second one is gone."""
    added = replaced(35, "short new;")
    return (
        PlannedPatch("c: Prepare", "text", {"hw/a.c": added}),
        replace(two_patches()[0], changes={"hw/a.c": replaced(5, "long changed_again;", added)}),
    )


def lone(repository: Repository, text: str) -> PlannedSeries:
    """Plan one patch without a cover letter."""
    patch = PlannedPatch(
        "a: Change a line", "Because it was wrong.", {"hw/a.c": replaced(5, text)}, ("Fixes: nothing",)
    )
    return replace(plan(repository, (patch,)), cover_body=None)


def test_a_lone_patch_needs_no_cover_letter(repository: Repository, tmp_path: Path) -> None:
    first = write(repository, lone(repository, "int one;"), version(tmp_path, 1))
    assert set(content_of(first.directory)) == {"0001-a-Change-a-line.patch", RECORD_FILE} and first.cover == ""
    mail = (first.directory / "0001-a-Change-a-line.patch").read_text()
    assert "Subject: [PATCH RFC] a: Change a line" in mail and "base-commit:" in mail
    options = version(tmp_path, 2, changes="renamed the line")
    second = write(repository, lone(repository, "int two;"), options)
    mail = (second.directory / "v2-0001-a-Change-a-line.patch").read_text()
    assert "Subject: [PATCH RFC v2] a: Change a line" in mail
    notes = mail[mail.index("\n---\n") : mail.index("\ndiff --git")]
    assert '- renamed the line\n- patch 1 changed: "a: Change a line"' in notes and "Range-diff" in notes
    applied = applied_tree(repository, second, tmp_path / "clone")
    assert git(tmp_path / "clone", "show", f"{applied}:hw/a.c") == replaced(5, "int two;").decode().strip()
    third = write(repository, lone(repository, "int three;"), version(tmp_path, 3))
    mail = (third.directory / "v3-0001-a-Change-a-line.patch").read_text()
    assert mail.index("Changes since v2:") < mail.index("Changes since v1:") < mail.index("diff --git")
    again = write(repository, lone(repository, "int three;"), version(tmp_path, 3))
    assert (again.directory / "v3-0001-a-Change-a-line.patch").read_text() == mail


def test_versions_lie_side_by_side(repository: Repository, tmp_path: Path) -> None:
    first = write(repository, plan(repository), version(tmp_path, 1))
    before = content_of(first.directory)
    second = write(repository, plan(repository, changed_patches()), version(tmp_path, 2))
    after = content_of(second.directory)
    assert {name: after[name] for name in before if name != RECORD_FILE} == {
        name: before[name] for name in before if name != RECORD_FILE
    }
    assert sorted(after.keys() - before.keys()) == [
        "v2-0000-cover-letter.patch",
        "v2-0001-c-Prepare.patch",
        "v2-0002-a-Change-a-line.patch",
    ]
    assert b"Subject: [PATCH RFC v2 1/2] c: Prepare\n" in after["v2-0001-c-Prepare.patch"]


def test_letter_tells_what_changed(repository: Repository, tmp_path: Path) -> None:
    write(repository, plan(repository), version(tmp_path, 1))
    second = write(
        repository, plan(repository, changed_patches()), version(tmp_path, 2, changes="- as Zoe asked\nmore words\n")
    )
    letter = (second.directory / second.cover).read_text()
    assert (
        '\n\nChanges since v1:\n- as Zoe asked\n- more words\n- new patch 1: "c: Prepare"\n'
        '- patch 2 changed: "a: Change a line"\n- dropped: "b: Größere Änderung'
    ) in letter
    assert "\nRange-diff against v1:\n" in letter
    assert "a: Change a line\n    @@ hw/a.c" in letter
    assert "-+long changed;" in letter
    assert "changed_again" in second.range_diff


def test_changelogs_pile_up(repository: Repository, tmp_path: Path) -> None:
    write(repository, plan(repository), version(tmp_path, 1))
    write(repository, plan(repository, changed_patches()), version(tmp_path, 2, changes="two"))
    third = write(repository, plan(repository, changed_patches()), version(tmp_path, 3))
    letter = (third.directory / third.cover).read_text()
    assert "Changes since v2:\n- no change\n\nChanges since v1:\n- two\n" in letter


def test_reroll_is_repeatable(repository: Repository, tmp_path: Path) -> None:
    write(repository, plan(repository), version(tmp_path, 1))
    write(repository, plan(repository, changed_patches()), version(tmp_path, 2))
    once = content_of(tmp_path / "out")
    write(repository, plan(repository, changed_patches()), version(tmp_path, 2))
    assert content_of(tmp_path / "out") == once


def test_new_base_is_said(repository: Repository, tmp_path: Path) -> None:
    write(repository, plan(repository), version(tmp_path, 1))
    base = commit_files(repository.path, {"COPYING": b"new\n"}, "next")
    second = write(repository, plan(repository), version(tmp_path, 2))
    letter = (second.directory / second.cover).read_text()
    assert f"Changes since v1:\n- rebased onto {base[:12]}\n\n" in letter


def test_edits_by_hand_in_sent_mails_count(repository: Repository, tmp_path: Path) -> None:
    first = write(repository, plan(repository), version(tmp_path, 1))
    mail = first.directory / first.patches[0].file
    mail.write_text(mail.read_text().replace("+long changed;", "+long by_hand;"))
    second_mail = first.directory / first.patches[1].file
    second_mail.write_text(second_mail.read_text().replace("long changed;", "long by_hand;"))
    second = write(repository, plan(repository), version(tmp_path, 2))
    assert "by_hand" in second.range_diff


def test_second_version_applies(repository: Repository, tmp_path: Path) -> None:
    write(repository, plan(repository), version(tmp_path, 1))
    second = write(
        repository, plan(repository, changed_patches()), version(tmp_path, 2, outputs=(BranchOutput("topic"),))
    )
    applied = applied_tree(repository, second, tmp_path / "am")
    assert applied == git(repository.path, "rev-parse", "topic^{tree}")


def test_first_version_must_be_there(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        write(repository, plan(repository), version(tmp_path, 2))
    assert caught.value.code == "no-previous-version"
    assert content_of(tmp_path / "out") == {}


def test_older_version_is_not_rendered_over_a_newer_one(repository: Repository, tmp_path: Path) -> None:
    write(repository, plan(repository), version(tmp_path, 1))
    write(repository, plan(repository), version(tmp_path, 2))
    before = content_of(tmp_path / "out")
    with pytest.raises(UserError) as caught:
        write(repository, plan(repository), version(tmp_path, 1))
    assert caught.value.code == "newer-version-exists"
    assert "--reroll 3" in caught.value.hint
    assert content_of(tmp_path / "out") == before


def test_lost_base_is_named(repository: Repository, tmp_path: Path) -> None:
    first = write(repository, plan(repository), version(tmp_path, 1))
    other = make_tree(
        tmp_path / "elsewhere", {"hw/a.c": replaced(39, "far;"), "hw/b.c": b"x\n", "hw/deep/run.sh": b"#!/bin/sh\n"}
    )
    with pytest.raises(UserError) as caught:
        write(other, plan(other), version(tmp_path, 2))
    assert caught.value.code == "previous-base-missing"
    assert first.base in caught.value.message


def test_mail_that_does_not_apply_is_named(repository: Repository, tmp_path: Path) -> None:
    first = write(repository, plan(repository), version(tmp_path, 1))
    mail = first.directory / first.patches[0].file
    mail.write_text(mail.read_text().replace("-int line_5;", "-int other_5;"))
    with pytest.raises(UserError) as caught:
        write(repository, plan(repository), version(tmp_path, 2))
    assert caught.value.code == "previous-version-broken"


def test_mails_give_back_the_very_commits(repository: Repository, tmp_path: Path) -> None:
    rendered = write(repository, plan(repository), version(tmp_path, 1))
    mails = [(rendered.directory / patch.file).read_bytes() for patch in rendered.patches]
    with private_repository([repository], rendered.base) as private:
        assert import_commits(private, rendered.base, []) == []
        assert apply_mails(private, rendered.base, mails) == rendered.tip
