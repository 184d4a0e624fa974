# SPDX-License-Identifier: GPL-2.0-or-later
"""Commit messages: trailers as `git interpret-trailers` sets them, and nothing that a mail would lose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series_support import git

from qpatch.errors import UserError
from qpatch.strategy.message import Picked, add_trailers, clean_text, compose_message, foreign_approvals

if TYPE_CHECKING:
    from pathlib import Path

BODIES = [
    "",
    "One paragraph.",
    "Two\n\nparagraphs.",
    "Text.\n\nFixes: 123456",
    "Text.\n\nFixes: 1\nCc: a@example.org",
    "Fixes: 1\nLink: https://example.org/x",
    "Text.\n\nNote: this is\nprose, not a trailer",
    "Text.\n\nSigned-off-by: A <a@example.org>\nand\nthen\nprose",
    "Text.\n\nFixes: 1\n continued",
    "Text.\n\n(cherry picked from commit 1234)\nFixes: 9",
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("trailers", [["Link: https://example.org/1"], ["Cc: b@example.org", "Suggested-by: B <b@e>"]])
def test_trailers_land_where_git_puts_them(tmp_path: Path, body: str, trailers: list[str]) -> None:
    message = f"subject\n\n{body}\n" if body else "subject\n"
    options = [f"--trailer={trailer}" for trailer in trailers]
    expected = git(tmp_path, "interpret-trailers", *options, stdin=message.encode())
    assert f"subject\n\n{add_trailers(body, trailers)}" == expected


def test_a_trailer_is_not_repeated() -> None:
    assert add_trailers("Text.\n\nLink: x", ["Link: x", "Link: y", "Link: y"]) == "Text.\n\nLink: x\nLink: y"


def test_what_vouches_for_a_commit_as_it_is_is_told_from_where_it_comes_from() -> None:
    mine, helped = "Signed-off-by: Me (My) <Me@example.org>", "Signed-off-by: Helper <helper@example.org>"
    kept = ["Fixes: 1", helped, "Suggested-by: S <s@example.org>", "Reported-by: R <r@example.org>", mine, "Link: x"]
    praise = [
        "Reviewed-by: A <a@example.org>",
        "Acked-by: B <b@example.org>",
        "Reviewed-and-Tested-by: C <c@example.org>",
    ]
    passed_on = ["tested-by: D <d@example.org>", "Signed-off-by: Maintainer <m@example.org>"]
    assert foreign_approvals("Me <me@example.org>", [praise[0], *kept, *praise[1:], *passed_on]) == [
        *praise,
        *passed_on,
    ]
    assert foreign_approvals("Somebody <else@example.org>", [helped]) == [helped]


def test_what_a_picked_change_does_otherwise_stands_in_brackets() -> None:
    picked = Picked("f" * 40, "Me <me@example.org>", "backported", ("Fixes: 1",), True, "off by default")
    notes = ("[the message is not that of the commit]", "[off by default]")
    assert picked.lines == ("Fixes: 1", f"(backported from commit {'f' * 40})", *notes)
    assert Picked("f" * 40, "Me <me@example.org>", "cherry-picked").lines == (
        f"(cherry picked from commit {'f' * 40})",
    )


def test_message_is_subject_blank_body_trailers() -> None:
    message = compose_message("  a   subject\n", "\n\nBody.  \n\n\n\nMore.\n", ("Fixes: 1",), "Me <me@example.org>")
    assert message == "a subject\n\nBody.\n\nMore.\n\nFixes: 1\nSigned-off-by: Me <me@example.org>\n"


def test_message_without_body() -> None:
    assert compose_message("subject", "") == "subject\n"
    assert compose_message("subject", "", ("Fixes: 1",)) == "subject\n\nFixes: 1\n"


@given(st.lists(st.sampled_from(["a", " b", "", "c  ", "\t", "  "]), max_size=12).map("\n".join))
@settings(max_examples=60)
def test_clean_text_is_stable(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once
    assert "\n\n\n" not in once
    assert not once.startswith("\n")


@pytest.mark.parametrize(
    "line", ["---", "--- ", "--- a/file.c", "diff --git a b", "Index: x", "From abc Mon Sep 17 00:00:00 2001"]
)
def test_lines_that_end_a_message_are_refused(line: str) -> None:
    with pytest.raises(UserError) as caught:
        compose_message("subject", f"Text.\n{line}\nmore")
    assert caught.value.code == "message-not-mailable"
    assert line.strip() in caught.value.message


@pytest.mark.parametrize("line", ["From: A <a@example.org>", "Subject: x", "Date: today", "[PATCH] x"])
def test_headers_at_the_top_of_a_body_are_refused(line: str) -> None:
    with pytest.raises(UserError):
        compose_message("subject", line)


@pytest.mark.parametrize("line", ["----", "--option", "From a to b", "the diff - as said", " --- indented"])
def test_lines_that_only_look_like_it_are_kept(line: str) -> None:
    assert line.rstrip() in compose_message("subject", f"Text.\n\n{line}\nmore")


@pytest.mark.parametrize("trailer", ["no trailer", "Fixes:", "A: b\nC: d", "bad name: x"])
def test_what_is_no_trailer_is_refused(trailer: str) -> None:
    with pytest.raises(UserError) as caught:
        compose_message("subject", "body", (trailer,))
    assert caught.value.code == "invalid-trailer"


@pytest.mark.parametrize(
    ("body", "trailers"),
    [("body", ("Signed-off-by: X <x@example.org>",)), ("b\n\nsigned-off-by: X <x@example.org>", ())],
)
def test_a_strategy_cannot_sign_off(body: str, trailers: tuple[str, ...]) -> None:
    with pytest.raises(UserError) as caught:
        compose_message("subject", body, trailers)
    assert caught.value.code == "invalid-trailer"


@pytest.mark.parametrize("subject", ["  ", "[RFC] vfio: x"])
def test_a_message_needs_a_subject_that_git_keeps(subject: str) -> None:
    with pytest.raises(UserError) as caught:
        compose_message(subject, "body")
    assert caught.value.code == "message-not-mailable"
