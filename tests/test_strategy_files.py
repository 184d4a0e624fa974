# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of whole files as a strategy says them: keys, paths, modes, and what is refused without any tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from strategy_support import CAPABILITIES, STRATEGY, TEMPLATES, bind, load, write_strategy

from qpatch.csource.edit import CreateOperation, DeleteOperation, Edit, ModeOperation, RenameOperation
from qpatch.errors import UserError
from qpatch.strategy.check import check_file
from qpatch.strategy.load import load_strategy

if TYPE_CHECKING:
    from pathlib import Path

FIRST = STRATEGY.index("        - in: function start")


def with_edit(text: str) -> str:
    """Return the small strategy with one edit, written at the margin, in the place of its own."""
    lines = text.strip("\n").split("\n")
    return STRATEGY[:FIRST] + "".join(f"        {line}\n" if line else "\n" for line in lines)


def bound(directory: Path, text: str, **templates: str) -> Edit:
    file = write_strategy(
        directory, with_edit(text), {**TEMPLATES, **{f"demo/{n}.j2": t for n, t in templates.items()}}
    )
    (edit,) = bind(load_strategy(file)).patches()[0].edits
    return edit


def fault(directory: Path, text: str) -> UserError:
    with pytest.raises(UserError) as caught:
        bound(directory, text)
    return caught.value


def test_a_file_is_created_from_text_or_a_template(tmp_path: Path) -> None:
    edit = bound(tmp_path, "- create: hw/@{{ tree.kind }}/new.c\n  text: |\n    int limit = @{{ limit }};\n")
    assert (str(edit.anchor), edit.operation) == ("file hw/qemu/new.c", CreateOperation(b"int limit = 4;\n", "100644"))
    edit = bound(tmp_path, "- create: run.sh\n  mode: 100755\n  template: demo/run.j2", run="#!/bin/sh\n\n")
    assert edit.operation == CreateOperation(b"#!/bin/sh\n\n", "100755")
    edit = bound(tmp_path, '- create: empty\n  text: ""')
    assert edit.operation == CreateOperation(b"", "100644")


def test_a_file_is_deleted_renamed_and_given_a_mode(tmp_path: Path) -> None:
    edit = bound(tmp_path, "- delete: file hw/old.c")
    assert (edit.anchor.path, edit.operation) == ("hw/old.c", DeleteOperation())
    edit = bound(tmp_path, "- rename: hw/old.c\n  to: hw/@{{ tree.kind }}.c")
    assert (edit.anchor.path, edit.operation) == ("hw/old.c", RenameOperation("hw/qemu.c"))
    edit = bound(tmp_path, '- in: file run.sh\n  mode: "100755"')
    assert (edit.anchor.path, edit.operation) == ("run.sh", ModeOperation("100755"))


def test_an_anchor_names_the_path_of_its_file(tmp_path: Path) -> None:
    edit = bound(tmp_path, "- in: includes hw/a.c\n  add: |\n    #include <x.h>")
    assert (edit.anchor.path, str(edit.anchor)) == ("hw/a.c", "includes hw/a.c")
    error = fault(tmp_path, "- in: file hw/a.c\n  path: hw/b.c\n  add: int x;")
    assert "the anchor is file hw/a.c, and `path` says hw/b.c" in error.message
    assert "needs `path:`" in fault(tmp_path, "- in: file\n  add: int x;").message


@pytest.mark.parametrize(
    "path", ["../x.c", "/etc/x.c", "hw/../../x.c", ".git/config", "hw/.GIT/hooks/x", "a\\\\b.c", '"a\\nb"']
)
@pytest.mark.parametrize("edit", ["- create: {}\n  text: x", "- rename: hw/a.c\n  to: {}", "- delete: file {}"])
def test_a_path_stays_in_the_tree(tmp_path: Path, path: str, edit: str) -> None:
    if path.startswith('"') and "file" in edit:
        path = '"file a\\nb"'
        edit = "- delete: {}"
    assert fault(tmp_path, edit.format(path)).code == "path-leaves-tree"


@pytest.mark.parametrize("path", ["hw/", "."])
def test_a_folder_is_no_file(tmp_path: Path, path: str) -> None:
    assert "is no path of a file" in fault(tmp_path, f"- create: {path}\n  text: x").message
    assert "is no path of a file" in fault(tmp_path, f"- rename: hw/a.c\n  to: {path}").message


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ("- create: a.c", "exactly one of `text` and `template`"),
        ("- create: a.c\n  text: x\n  template: demo/a.j2", "exactly one of `text` and `template`"),
        ("- in: file a.c\n  add: x\n  text: y", "no other edit has them"),
        ("- rename: a.c", "`rename` needs `to: PATH`"),
        ("- rename: hw/a.c\n  to: hw/./a.c", "hw/a.c is renamed to itself"),
        ("- create: a.c\n  text: x\n  to: b.c", "no other edit has `to`"),
        ("- create: a.c\n  text: x\n  path: b.c", "takes no `path`"),
        ("- rename: a.c\n  to: b.c\n  expect: 2", "takes no `expect`"),
        ("- create: a.c\n  text: x\n  guard: defined(A)", "takes no `guard`"),
        ("- in: file a.c\n  create: b.c\n  text: x", "names its own anchor"),
        ("- delete: file a.c\n  mode: 100755", "`mode` stands with `create`, or as the only operation"),
        ("- after: file a.c\n  mode: 100755", "write `in:`"),
        ("- mode: 100755", "needs exactly one of in, after, before"),
        ("- in: file a.c\n  mode: 755", "a file has the mode 100644, or 100755 if it is a program: `mode: 755`"),
        ("- in: file a.c\n  mode: 120000", "a symbolic link is neither made nor changed"),
        ("- create: a\n  text: x\n  mode: 160000", "a submodule is neither made nor changed"),
        ("- in: function f\n  mode: 100755", "cannot change the mode of function f"),
        ("- delete: file\n  path: a.c", "say which file goes: `delete: file PATH`"),
        ("- delete: includes a.c", "cannot delete includes a.c"),
        ("- move: file a.c\n  to: after file b.c", "cannot move file a.c"),
        ("- move: includes a.c\n  to: after function f", "cannot move includes a.c"),
        ('- create: a.bin\n  text: "a\\0b"', "the file would hold a NUL byte"),
    ],
)
def test_what_makes_no_sense_is_refused_without_a_tree(tmp_path: Path, edit: str, message: str) -> None:
    assert message in fault(tmp_path, edit).message


def test_the_check_finds_unknown_names_in_paths_and_contents(tmp_path: Path) -> None:
    edits = "- create: hw/@{{ nowhere }}.c\n  text: |\n    int @{{ nothing }};\n- rename: a\n  to: b"
    problems = check_file(write_strategy(tmp_path, with_edit(edits)), {"qemu": CAPABILITIES, "linux": ()})
    assert [problem.message.split()[0] for problem in problems] == ["'nowhere'", "'nothing'"]


def test_the_small_strategy_is_as_before(tmp_path: Path) -> None:
    assert len(bind(load(tmp_path)).patches()[0].edits) == 1
