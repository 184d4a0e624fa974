# SPDX-License-Identifier: GPL-2.0-or-later
"""From a message of the compiler to the edit behind it, and never to one that is not."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from blame_support import DEMO, FILES, HEADER, STRATEGY, demo_authorship, line_of

from qpatch.builds.culprit import NO_EDIT, NO_PATCH, WROTE_LINE, Culprit, find_culprit
from qpatch.builds.diagnostics import INCLUDED, Diagnostic, errors

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.series.blame import Authorship


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Authorship:
    return demo_authorship(tmp_path_factory.mktemp("demo"))


def error(
    message: str, path: str = DEMO, line: int = 0, function: str = "", symbol: str = "", *notes: Diagnostic
) -> Diagnostic:
    return Diagnostic(path, line, 5 if line else 0, "error", message, function, notes, symbol=symbol)


def note(message: str, path: str, line: int) -> Diagnostic:
    return Diagnostic(path, line, 1, "note", message)


def found(written: Authorship, *told: Diagnostic, patch: int = 2, built: int = 0) -> Culprit:
    culprit = find_culprit(told, written, patch, built)
    assert culprit is not None
    return culprit


def who(culprit: Culprit) -> tuple[int, str] | None:
    return (culprit.edit.patch, culprit.edit.anchor) if culprit.edit else None


def test_line_of_an_edit(written: Authorship) -> None:
    culprit = found(written, error("bad", line=line_of(written, 2, "later();"), function="start"))
    assert (who(culprit), culprit.how, culprit.certain) == ((2, "function start"), WROTE_LINE, True)
    assert culprit.snippet == "    later();"


def test_patch_that_is_asked_about(written: Authorship) -> None:
    line = line_of(written, 1, "new_call();")
    assert who(found(written, error("bad", line=line), patch=1)) == (1, "function start")
    assert who(found(written, error("bad", line=line), patch=2)) == (2, "function later")


def test_caller_left_behind(written: Authorship) -> None:
    declared = note("declared here", HEADER, line_of(written, 2, "int helper(int a, int b);", HEADER))
    told = error("too few arguments to function 'helper'", "hw/other.c", 7, "f", "", declared)
    culprit = found(written, told)
    assert (who(culprit), culprit.how) == (
        (2, "signature helper"),
        "wrote the declaration that the message points to (hw/demo.h:5:1)",
    )


@pytest.mark.parametrize(
    ("message", "deed"),
    [
        ("expected 'int *' but argument is of type 'int'", "wrote the declaration that the message points to"),
        ("previous definition of 'x' was here", "wrote the definition that the message points to"),
        ("in expansion of macro 'X'", "wrote the use of the macro"),
        (INCLUDED, "wrote the #include that leads there"),
        ("something else", "wrote a line that the message points to"),
    ],
)
def test_notes(written: Authorship, message: str, deed: str) -> None:
    line = line_of(written, 2, "later();")
    culprit = found(written, error("bad", "hw/other.c", 3, "", "", note(message, DEMO, line)))
    assert (who(culprit), culprit.how) == ((2, "function start"), f"{deed} (hw/demo.c:{line}:1)")


def test_undefined_reference(written: Authorship) -> None:
    culprit = found(written, error("undefined reference to `newest_call'", function="later", symbol="newest_call"))
    line = line_of(written, 2, "newest_call();")
    assert (who(culprit), culprit.how) == (
        (2, "function later"),
        f"wrote hw/demo.c:{line}, which mentions 'newest_call'",
    )


def test_definition_taken_away(written: Authorship) -> None:
    culprit = found(written, error("undefined reference to `old_call'", "hw/other.c", symbol="old_call"))
    assert (who(culprit), culprit.how) == (
        (2, "function start"),
        "removed the last line of hw/demo.c that mentions 'old_call'",
    )


def test_member_taken_away(written: Authorship) -> None:
    told = error("'struct Dev' has no member named 'old'", "hw/other.c", 9, "f")
    culprit = found(written, told)
    assert (who(culprit), culprit.how) == ((1, "struct Dev"), "removed the last line of hw/demo.h that mentions 'old'")


def test_trace_event_taken_away(written: Authorship) -> None:
    for name in ("trace_demo_start", "TRACE_DEMO_START"):
        told = error(f"implicit declaration of function '{name}'", "hw/other.c", 9, "f")
        assert who(found(written, told)) == (1, "section demo.c")


def test_inside_of_another_function_is_no_cause(written: Authorship) -> None:
    elsewhere = error("'old_call' undeclared (first use in this function)", DEMO, 1, "stop")
    culprit = found(written, elsewhere)
    assert not culprit.certain
    same = error("unused variable 'old_call'", DEMO, 1, "start")
    assert found(written, same).how == "removed the last line of hw/demo.c that mentions 'old_call'"
    other_file = error("'old_call' undeclared", "hw/other.c", 1, "g")
    assert (found(written, other_file).edit, found(written, other_file).how) == (None, NO_EDIT)


def test_grammar_names_what_comes_next(written: Authorship) -> None:
    told = error("expected ';' before 'old_call'", "hw/other.c", 3)
    assert found(written, told).edit is None


def test_patches_that_were_built_are_not_suspected(written: Authorship) -> None:
    line = line_of(written, 2, "static void later(void)")
    told = error("unused variable 'old_call'", line=line, function="start")
    assert who(found(written, told)) == (1, "function start")
    culprit = found(written, told, built=1)
    assert (who(culprit), culprit.how) == (
        (2, "function start"),
        "removed the last line of hw/demo.c that mentions 'old_call'",
    )
    assert who(found(written, error("bad", line=line), built=1)) == (1, "function start")
    member = error("no member named 'old'", "hw/other.c", 9)
    assert found(written, member, built=1).edit is None


def test_function_and_neighbours_are_told_as_no_more_than_that(written: Authorship) -> None:
    culprit = found(written, error("control reaches end", line=line_of(written, 2, "prepare();"), function="start"))
    assert (who(culprit), culprit.certain) == ((2, "function start"), False)
    assert culprit.how == "no edit wrote this line; this one changed other lines of start"
    line = line_of(written, 2, "return a;")
    culprit = found(written, error("control reaches end", line=line, function="helper"))
    assert culprit.how == "no edit wrote this line; this one changed other lines of helper"
    culprit = found(written, error("undefined reference to `x'", function="start", symbol="x"))
    assert (culprit.how, culprit.certain) == ("changed other lines of start", False)
    line = line_of(written, 2, "old_stop();")
    culprit = found(written, error("bad", line=line, function="stop"))
    assert culprit.how == (
        f"no edit wrote this line; this one wrote line {line - 3} of the same file, the nearest that was changed"
    )


def test_nothing_known(written: Authorship) -> None:
    assert find_culprit([], written, 2) is None
    culprit = found(written, error("bad", "hw/other.c", 3))
    assert (culprit.edit, culprit.how) == (None, NO_EDIT)
    assert found(written, error("undefined reference to `x'", "hw/other.c", symbol="x")).how == (
        "no edit is known to be behind it"
    )
    assert found(written, error("bad", line=1), patch=0).how == NO_PATCH


def test_first_error_with_an_edit_is_reported(written: Authorship) -> None:
    foreign = error("bad", "hw/other.c", 3)
    near = error("bad", line=1)
    owned = error("worse", line=line_of(written, 2, "later();"))
    culprit = found(written, foreign, near, owned, owned)
    assert (culprit.diagnostic, culprit.more) == (owned, 3)
    assert found(written, foreign, near).diagnostic == near
    assert found(written, foreign, foreign).diagnostic == foreign


def test_error_of_a_suspected_patch_comes_before_one_of_a_patch_that_was_built(written: Authorship) -> None:
    old = error("bad", line=line_of(written, 2, "static void later(void)"))
    new = error("worse", line=line_of(written, 2, "later();"))
    assert found(written, old, new).diagnostic == old
    assert found(written, old, new, built=1).diagnostic == new
    near = error("bad", line=1)
    assert found(written, near, old, built=1).diagnostic == old


@pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")
def test_series_that_gcc_refuses(tmp_path: Path) -> None:
    written = demo_authorship(tmp_path, STRATEGY)
    source, build = tmp_path / "source", tmp_path / "build"
    build.mkdir()
    files = FILES | {
        path: "".join(f"{line.text}\n" for line in lines).encode() for path, lines in written.files[1].items()
    }
    for path, content in files.items():
        place = source / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (source / "hw/other.c").write_text('#include "demo.h"\nint f(struct Dev *dev)\n{ return helper(dev->old); }\n')
    told = []
    for path in ("other.c", "demo.c"):
        done = subprocess.run(
            ["gcc", "-Werror=implicit-function-declaration", "-c", f"../source/hw/{path}"],
            cwd=build,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            check=False,
            text=True,
        )
        told.append(
            [
                (who(culprit), culprit.how.partition(" (")[0])
                for each in errors(done.stderr, source, build)
                if (culprit := find_culprit([each], written, 2))
            ]
        )
    assert told[0] == [
        ((1, "struct Dev"), "removed the last line of hw/demo.h that mentions 'old'"),
        ((2, "signature helper"), "wrote the declaration that the message points to"),
    ]
    assert ((2, "function later"), WROTE_LINE) in told[1]
