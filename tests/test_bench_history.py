# SPDX-License-Identifier: GPL-2.0-or-later
"""Commits expressed as edits, rendered on their parents: in a small history of our own, each kind of commit once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from series_support import commit_files, git, make_tree
from strategy_support import TREE

from bench.history import __main__ as program
from bench.history.commits import NotDrawnError, in_random_order, read_commit, split_hunks
from bench.history.trials import try_commit
from bench.history.written import strategy_text
from qpatch.csource.edit import CreateOperation, VerbatimOperation
from qpatch.errors import ExitCode
from qpatch.strategy.bind import Binding
from qpatch.strategy.load import load_strategy

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.trees.git import Repository

CODE = b"""\
#include "fan.h"
#ifdef CONFIG_ROTOR
#include "rotor.h"  /* rotor_turn() */
#endif

/* Starts the fan. */
int fan_start(int speed)
{
    int ret;

    ret = rotor_turn(speed);


    if (ret) {
\treturn ret;
    }
    return 0;
}

int fan_stop(void)
{
    int ret = rotor_turn(0);
    return ret;
}

#ifdef CONFIG_ROTOR
int rotor_turn(int speed);
#else
static inline int rotor_turn(int speed)
{
    return 0;
}
#endif
"""
LONG = b"".join(b"int value_%d;\n" % number for number in range(300))
FILES = {
    "hw/fan.c": CODE,
    "docs/fan.rst": b"Fan\n===\n\nIt turns.\n",
    "qapi/fan.json": b"{ 'struct': 'Fan',\n  'data': { 'speed': 'int' } }\n",
    "hw/old.c": LONG,
    "hw/crlf.txt": b"one\r\ntwo\r\nthree\r\n",
    "hw/same.txt": b"x\n" * 40,
    "hw/open.txt": b"one\ntwo",
    "hw/latin.txt": b"caf\xe9\n\x0c\nnext\n",
    "hw/empty.txt": b"",
    "hw/tool.py": b"#!/usr/bin/env python3\n",
    "hw/sub/only.txt": b"only\n",
}


def tried(repository: Repository, files: dict[str, bytes | None], *, executable: str = "") -> dict[str, int]:
    """Commit `files` (None: deleted), express the commit, expect it byte for byte; return how many edits of a sort."""
    for path, content in files.items():
        if content is None:
            (repository.path / path).unlink()
            if not any((repository.path / path).parent.iterdir()):
                (repository.path / path).parent.rmdir()
    if executable:
        (repository.path / executable).chmod(0o755)
    commit = commit_files(repository.path, {path: text for path, text in files.items() if text is not None}, "change")
    trial = try_commit(repository, commit)
    assert (trial.differences, trial.excluded) == ((), "")
    assert trial.landed
    return dict(trial.sorts)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "tree", FILES)


AT_SYMBOL, AT_FILE = "verbatim, at a symbol", "verbatim, at the file"


def changed(old: bytes, new: bytes, source: bytes = CODE) -> bytes:
    assert source.count(old) == 1
    return source.replace(old, new)


@pytest.mark.parametrize(
    ("files", "sorts"),
    [
        pytest.param({"hw/fan.c": changed(b";\n\n\n    if", b";\n\n    if")}, {AT_SYMBOL: 1}, id="surplus-blank-line"),
        pytest.param(
            {"docs/fan.rst": FILES["docs/fan.rst"] + b"\n", "qapi/fan.json": FILES["qapi/fan.json"] + b"\n"},
            {AT_FILE: 2},
            id="blank-line-at-the-end",
        ),
        pytest.param({"hw/new.c": b"\n\tint a;\n\n\n"}, {"create": 1}, id="new-file"),
        pytest.param({"hw/new.c": LONG * 2}, {"create": 1}, id="new-long-file"),
        pytest.param(
            {"hw/old.c": None, "hw/new/name.c": changed(b"int value_9;\n", b"long value_9;\n", LONG)},
            {"rename": 1, AT_FILE: 1},
            id="rename",
        ),
        pytest.param(
            {"hw/fan.c": changed(b'"rotor.h"  /* rotor_turn() */', b'"hw/rotor.h"  /* rotor_turn() */')},
            {AT_FILE: 1},
            id="include-with-a-comment-under-ifdef",
        ),
        pytest.param({"hw/fan.c": changed(b"\treturn", b"        return")}, {AT_SYMBOL: 1}, id="white-space-only"),
        pytest.param(
            {"hw/fan.c": changed(b"(0);\n    return", b"(1);\n\n    return").replace(b"Starts the", b"Starts a")},
            {AT_SYMBOL: 1, AT_FILE: 1},
            id="one-blank-line-among-edits",
        ),
        pytest.param(
            {
                "hw/fan.c": changed(
                    b"    return 0;\n}\n#endif", b"    return 0;\n}\nstatic inline void rotor_stop(void)\n{\n}\n#endif"
                )
            },
            {AT_FILE: 1},
            id="stub-beside-an-else",
        ),
        pytest.param({"hw/crlf.txt": b"one\r\n2\r\nthree\r\n"}, {AT_FILE: 1}, id="crlf"),
        pytest.param({"hw/crlf.txt": b"one\ntwo\nthree\n"}, {AT_FILE: 1}, id="crlf-to-lf"),
        pytest.param({"hw/open.txt": b"one\ntwo\n"}, {AT_FILE: 1}, id="newline-at-the-end"),
        pytest.param({"hw/tool.py": b"#!/usr/bin/env python3\nx"}, {AT_FILE: 1}, id="no-newline-at-the-end"),
        pytest.param({"hw/same.txt": b"x\n" * 39}, {AT_FILE: 1}, id="same-lines"),
        pytest.param({"hw/latin.txt": b"caf\xe9s\n\x0c\n\xff\x00".replace(b"\0", b"\1")}, {AT_FILE: 1}, id="bytes"),
        pytest.param({"hw/empty.txt": b"no more\n"}, {AT_FILE: 1}, id="filled"),
        pytest.param({"hw/tool.py": b""}, {AT_FILE: 1}, id="emptied"),
        pytest.param(
            {"hw/sub/only.txt": None, "hw/sub": b"a file\n"}, {"delete": 1, "create": 1}, id="file-for-folder"
        ),
        pytest.param({"hw/sub/only.txt": None, "hw/sub": b"only\n"}, {"rename": 1}, id="rename-to-the-folder"),
        pytest.param({"hw/old.c": None, "hw/old.c/old.c": LONG}, {"rename": 1}, id="rename-into-a-folder"),
        pytest.param({"hw/a b\u00fc@{{.txt": b"x\n"}, {"create": 1}, id="odd-path"),
        pytest.param({"hw/t.txt": b"@{{ a }} @{% b %} {{ @ @{# @@{{\n"}, {"create": 1}, id="delimiters"),
    ],
)
def test_a_commit_comes_out_byte_for_byte(
    repository: Repository, files: dict[str, bytes | None], sorts: dict[str, int]
) -> None:
    assert tried(repository, files) == sorts


def test_a_mode_comes_out(repository: Repository) -> None:
    assert tried(repository, {}, executable="hw/tool.py") == {"mode": 1}


def test_commits_that_edits_are_not_meant_for_are_left_out(repository: Repository) -> None:
    with pytest.raises(NotDrawnError, match="no parent"):
        read_commit(repository, repository.resolve("HEAD"))
    binary = commit_files(repository.path, {"a.bin": b"a\0b"})
    (repository.path / "link").symlink_to("hw/fan.c")
    link = commit_files(repository.path, {})
    git(repository.path, "update-index", "--add", "--cacheinfo", f"160000,{link},roms/sub")
    git(repository.path, "commit", "-q", "-m", "submodule")
    module = git(repository.path, "rev-parse", "HEAD")
    git(repository.path, "commit", "-q", "--allow-empty", "-m", "nothing")
    reasons = [try_commit(repository, commit).excluded for commit in (binary, link, module, "HEAD")]
    assert reasons == ["a binary file", "a symbolic link", "a submodule", "no change"]


def test_commits_are_drawn_by_the_seed(repository: Repository) -> None:
    made = [commit_files(repository.path, {"a.txt": str(number).encode()}) for number in range(6)]
    order = list(in_random_order(repository, "HEAD", 3))
    assert order == list(in_random_order(repository, "HEAD", 3)) != list(in_random_order(repository, "HEAD", 4))
    assert set(made) < set(order)


def test_a_diff_is_split_as_git_prints_it() -> None:
    diff = (
        b"diff --git a b\n--- a\n+++ b\n@@ -1 +1,2 @@ x\n-a\n+@@ -1 @@\r\n+b\n\\ No newline at end of file\n"
        b"@@ -9,0 +9 @@\n+c\n"
    )
    first, second = split_hunks(diff)
    assert (first.place, first.lines[1:]) == (0, (b"+@@ -1 @@\r\n", b"+b\n\\ No newline at end of file\n"))
    assert (second.place, second.lines) == (8, (b"+c\n",))


def test_the_program_prints_a_table(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commit_files(repository.path, {"hw/fan.c": changed(b"Starts the", b"Starts a")})
    monkeypatch.setattr(sys, "argv", ["history", "--repository", str(repository.path), "--number", "1", "--checkpatch"])
    assert program.main() == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines[:4]] == ["1"] * 4


TEXTS = some.text(
    some.one_of(some.sampled_from("ab \t\n\r\x0c@{}%#|'\"\\-+:>&*!\x85\u2028\ufeff\x7f\x1b\udce9"), some.characters())
)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_any_text_comes_back_from_the_strategy(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    exact = text.encode("utf-8", "surrogateescape" if _has_only_bytes(text) else "surrogatepass").replace(b"\0", b"")
    written = exact.decode("utf-8", "surrogateescape")
    lines = "".join(f"+{line}\n" for line in written.split("\n"))
    file = tmp_path_factory.mktemp("s") / "x.yaml"
    edits = [{"create": "a.txt", "text": written}, {"in": "file a.txt", "verbatim": f" x\n{lines}"}]
    file.write_bytes(strategy_text("x", edits).encode())
    created, hunk = Binding(load_strategy(file), TREE, {}).patches()[0].edits
    assert isinstance(created.operation, CreateOperation) and isinstance(hunk.operation, VerbatimOperation)
    assert created.operation.content == exact
    assert str(hunk.operation.hunk).encode("utf-8", "surrogateescape") == b" x\n" + lines.encode(
        "utf-8", "surrogateescape"
    )


def _has_only_bytes(text: str) -> bool:
    """Tell whether the surrogates in `text` stand for bytes."""
    return all(0xDC80 <= ord(sign) <= 0xDCFF for sign in text if 0xD800 <= ord(sign) <= 0xDFFF)
