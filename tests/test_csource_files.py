# SPDX-License-Identifier: GPL-2.0-or-later
"""Edits of whole files: created, deleted, renamed, their modes changed; what later edits see of them."""

from __future__ import annotations

from typing import ClassVar

import pytest
from csource_support import add_edit, anchor, hunk_edit

from qpatch.csource.apply import apply_edit
from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import (
    AddOperation,
    CreateOperation,
    DeleteOperation,
    Edit,
    ModeOperation,
    MoveOperation,
    Operation,
    Position,
    RenameOperation,
)
from qpatch.csource.results import AlreadyThere, Applied, Drifted
from qpatch.csource.source import EXECUTABLE, FOLDER, LINK, REGULAR, SUBMODULE, DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.workspace import EditWorkspace

PUMP = b"int flow(void)\n{\n    return open_valve();\n}\n"
FILES = {
    "hw/pump/pump.c": PUMP,
    "hw/pump/notes.txt": b"one\ntwo\n",
    "hw/pump/logo.bin": b"\x89\0\1",
    "hw/fan/meson.build": b"fan_ss = []\n",
    "hw/gear/meson.build": b"gear_ss = []\n",
    "hw/belt/meson.build": b"belt_ss = []\n",
    "hw/cog/meson.build": b"cog_ss = []\n",
}


class Tree(DictTree):
    """A tree that has a link, a submodule and a program besides."""

    MODES: ClassVar = {"hw/link": LINK, "roms/seabios": SUBMODULE, "hw/pump/run.sh": EXECUTABLE}

    def __init__(self) -> None:
        super().__init__({**FILES, "hw/pump/run.sh": b"#!/bin/sh\n"})

    def mode(self, path: str) -> str | None:
        return self.MODES.get(path) or super().mode(path)


def space() -> EditWorkspace:
    return EditWorkspace(Overlay(Tree()), ParseCache(macro_table("qemu")))


def of_file(path: str, operation: Operation) -> Edit:
    return Edit(anchor("file ", path=path), operation)


def create(path: str, content: bytes = b"int x;\n", mode: str = REGULAR) -> Edit:
    return of_file(path, CreateOperation(content, mode))


def rename(old: str, new: str) -> Edit:
    return of_file(old, RenameOperation(new))


def delete(path: str) -> Edit:
    return of_file(path, DeleteOperation())


def refused(edit: Edit) -> str:
    """Return why `edit` drifts; it must change nothing."""
    tree = space()
    result = apply_edit(edit, tree)
    assert isinstance(result, Drifted), result
    assert not tree.tree.changed and not tree.tree.gone and not tree.tree.modes
    return result.message


def twice(edit: Edit) -> Overlay:
    """Apply `edit`, expect that it is there already the second time; return the tree."""
    tree = space()
    assert isinstance(apply_edit(edit, tree), Applied)
    assert isinstance(apply_edit(edit, tree), AlreadyThere)
    return tree.tree


@pytest.mark.parametrize("content", [b"", b"\n", b"no newline", b"a\r\nb\r\n", b"caf\xe9 \xc3\xa9\n", b"\tx  \n\n\n"])
def test_a_created_file_holds_exactly_what_is_said(content: bytes) -> None:
    tree = twice(create("hw/new/thing.c", content, EXECUTABLE))
    assert tree.read("hw/new/thing.c") == content
    assert tree.mode("hw/new/thing.c") == EXECUTABLE
    assert tree.mode("hw/new") == FOLDER
    assert "hw/new/thing.c" in tree.paths("hw/new/")


def test_a_file_that_is_there_with_other_content_or_mode_is_drift() -> None:
    assert isinstance(apply_edit(create("hw/pump/pump.c", PUMP), space()), AlreadyThere)
    assert "with another content" in refused(create("hw/pump/pump.c"))
    assert "with the mode 100644 and not 100755" in refused(create("hw/pump/pump.c", PUMP, EXECUTABLE))
    result = apply_edit(create("hw/pump/notes.txt", b"one\n2\n"), space())
    assert isinstance(result, Drifted)
    (candidate,) = result.candidates
    assert (candidate.place.line, candidate.differences) == (2, ("expected '2\\n', found 'two\\n'",))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("hw/pump", "hw/pump is a folder"),
        ("hw/pump/notes.txt/part.c", "file hw/pump/notes.txt is no folder"),
        ("hw/link", "hw/link is a symbolic link"),
        ("hw/link/x.c", "hw/link is no folder"),
        ("roms/seabios", "roms/seabios is a submodule"),
    ],
)
def test_nothing_is_created_where_something_else_stands(path: str, reason: str) -> None:
    assert reason in refused(create(path))
    assert reason in refused(rename("hw/pump/pump.c", path))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("hw/link", "a symbolic link"),
        ("roms/seabios", "a submodule"),
        ("hw/pump/logo.bin", "binary"),
        ("hw/pump", "a folder"),
    ],
)
def test_what_is_no_text_file_is_refused_with_the_reason(path: str, reason: str) -> None:
    for edit in (delete(path), rename(path, "hw/other"), of_file(path, ModeOperation(EXECUTABLE))):
        assert f"{path} is {reason}" in refused(edit)


def test_a_deleted_file_is_gone() -> None:
    tree = twice(delete("hw/pump/pump.c"))
    assert tree.read("hw/pump/pump.c") is None
    assert tree.mode("hw/pump/pump.c") is None
    assert "hw/pump/pump.c" not in tree.paths()
    assert tree.mentioning("open_valve") == []


def test_a_deletion_of_what_may_have_been_renamed_drifts() -> None:
    assert "renamed" in refused(delete("hw/pump/pumps.c"))  # a similar name in the folder
    assert "renamed" in refused(delete("hw/valve/pump.c"))  # the same name in another folder
    # Too many are called so to tell anything.
    assert isinstance(apply_edit(delete("hw/valve/meson.build"), space()), AlreadyThere)
    assert isinstance(apply_edit(delete("hw/pump/unheard.h"), space()), AlreadyThere)


def test_a_renamed_file_keeps_content_and_mode() -> None:
    tree = twice(rename("hw/pump/run.sh", "scripts/pump/start.sh"))
    assert (tree.read("scripts/pump/start.sh"), tree.mode("scripts/pump/start.sh")) == (b"#!/bin/sh\n", EXECUTABLE)
    assert tree.read("hw/pump/run.sh") is None
    assert tree.original("scripts/pump/start.sh") == "hw/pump/run.sh"


def test_a_rename_needs_the_old_file_and_no_new_one() -> None:
    assert "there is no file hw/pump/none.c" in refused(rename("hw/pump/none.c", "hw/pump/other.c"))
    assert "files of both names" in refused(rename("hw/pump/pump.c", "hw/pump/notes.txt"))


def test_later_edits_find_a_renamed_file_by_either_path() -> None:
    for path in ("hw/pump/pump.c", "hw/valve/main.c"):
        tree = space()
        results = apply_edits(
            [
                rename("hw/pump/pump.c", "hw/valve/main.c"),
                hunk_edit("function flow", "- return open_valve();\n+ return 0;", path=path),
                add_edit("function flow", "int more;\n", Position.AFTER, path=path),
                add_edit("file ", "int last;\n", path=path),
            ],
            tree,
        )
        assert [type(result) for result in results] == [Applied] * 4
        assert (tree.tree.read("hw/valve/main.c") or b"").count(b"int ") == 3
        assert [result.message for result in results[1:]] == ["", "", ""]


def test_a_rename_of_a_text_file_is_followed_and_so_is_a_chain() -> None:
    tree = space()
    edits = [
        rename("hw/pump/notes.txt", "docs/a.txt"),
        rename("docs/a.txt", "docs/b.txt"),
        hunk_edit("file ", "  one\n- two\n+ three", path="hw/pump/notes.txt"),
    ]
    assert [type(result) for result in apply_edits(edits, tree)] == [Applied] * 3
    assert tree.tree.read("docs/b.txt") == b"one\nthree\n"
    assert tree.tree.original("docs/b.txt") == "hw/pump/notes.txt"


def test_a_new_file_at_the_old_path_is_what_the_path_means_then() -> None:
    tree = space()
    edits = [
        rename("hw/pump/pump.c", "hw/pump/core.c"),
        create("hw/pump/pump.c", b"int fresh;\n"),
        add_edit("file ", "int added;\n", path="hw/pump/pump.c"),
    ]
    assert [type(result) for result in apply_edits(edits, tree)] == [Applied] * 3
    assert tree.tree.read("hw/pump/core.c") == PUMP
    assert tree.tree.read("hw/pump/pump.c") == b"int fresh;\n\nint added;\n"


def test_where_a_file_was_renamed_before_edits_follow_as_well() -> None:
    tree = EditWorkspace(Overlay(DictTree({"hw/valve/main.c": PUMP})), ParseCache(macro_table("qemu")))
    edits = [
        rename("hw/pump/pump.c", "hw/valve/main.c"),
        add_edit("file ", "int added;\n", path="hw/pump/pump.c"),
    ]
    assert [result.status for result in apply_edits(edits, tree)] == ["already there", "applied"]


def test_candidates_in_a_renamed_file_are_counted_as_in_the_tree() -> None:
    tree = space()
    results = apply_edits(
        [
            rename("hw/pump/pump.c", "hw/valve/main.c"),
            add_edit("function flow", "int above;\n", Position.BEFORE, path="hw/valve/main.c"),
            hunk_edit("function flow", "- return open_valves();", path="hw/valve/main.c"),
        ],
        tree,
    )
    missed = results[2]
    assert isinstance(missed, Drifted)
    assert (missed.candidates[0].place.line, missed.candidates[0].place.edited) == (3, False)


def test_a_mode_changes_and_the_content_does_not() -> None:
    tree = twice(of_file("hw/pump/notes.txt", ModeOperation(EXECUTABLE)))
    assert (tree.mode("hw/pump/notes.txt"), tree.read("hw/pump/notes.txt")) == (EXECUTABLE, b"one\ntwo\n")
    assert "there is no file hw/none.txt" in refused(of_file("hw/none.txt", ModeOperation(REGULAR)))


def test_a_file_takes_the_place_of_the_folder_that_was_emptied() -> None:
    tree = space()
    edits = [delete("hw/fan/meson.build"), create("hw/fan", b"a file\n")]
    assert [type(result) for result in apply_edits(edits, tree)] == [Applied] * 2
    assert tree.tree.mode("hw/fan") == REGULAR


def test_a_file_becomes_its_folder_and_a_folder_its_file() -> None:
    assert twice(rename("hw/fan/meson.build", "hw/fan")).read("hw/fan") == b"fan_ss = []\n"
    assert twice(rename("hw/pump/pump.c", "hw/pump/pump.c/main.c")).read("hw/pump/pump.c/main.c") == PUMP


def test_files_deleted_and_created_anew_differ_from_the_state_between() -> None:
    tree = space().tree
    between = tree.copy()
    tree.delete("hw/pump/pump.c")
    tree.create("hw/pump/notes.txt", b"one\ntwo\n", EXECUTABLE)
    assert tree.changes_since(between) == {"hw/pump/pump.c": None, "hw/pump/notes.txt": b"one\ntwo\n"}
    later = tree.copy()
    tree.create("hw/pump/pump.c", PUMP, REGULAR)
    assert tree.changes_since(later) == {"hw/pump/pump.c": PUMP}
    assert tree.changes_since(between) == {"hw/pump/notes.txt": b"one\ntwo\n"}


def test_an_addition_to_a_created_header_stays_in_its_guard() -> None:
    tree = space()
    guard = b"#ifndef A_H\n#define A_H\n\nint one;\n\n#endif\n"
    edits = [create("hw/a.h", guard), Edit(anchor("file ", path="hw/a.h"), AddOperation("int two;\n"))]
    assert [type(result) for result in apply_edits(edits, tree)] == [Applied] * 2
    assert (tree.tree.read("hw/a.h") or b"").endswith(b"int one;\n\nint two;\n\n#endif\n")


def test_a_symbol_moves_from_a_renamed_file() -> None:
    tree = space()
    target = anchor("function sink", Position.AFTER, "hw/sink.c")
    edits = [
        create("hw/sink.c", b"void sink(void)\n{\n}\n"),
        rename("hw/pump/pump.c", "hw/valve/main.c"),
        Edit(anchor("function flow", path="hw/pump/pump.c"), MoveOperation(target)),
    ]
    assert [type(result) for result in apply_edits(edits, tree)] == [Applied] * 3
    assert (tree.tree.read("hw/sink.c") or b"").endswith(PUMP)


@pytest.mark.parametrize(
    ("path", "edit"),
    [
        ("hw/pump/pump.c", hunk_edit("function flow", "- return open_valve();\n+ return 1;", path="hw/pump/pump.c")),
        (
            "hw/pump/pump.c",
            Edit(anchor("function flow", Position.AFTER, "hw/pump/pump.c"), AddOperation("int x;\n")),
        ),
        ("hw/pump/pump.c", Edit(anchor("function flow", path="hw/pump/pump.c"), DeleteOperation())),
        ("hw/fan/meson.build", hunk_edit("file ", "- fan_ss = []\n+ fan_ss = 1", path="hw/fan/meson.build")),
    ],
)
def test_a_file_that_holds_a_nul_is_not_edited(path: str, edit: Edit) -> None:
    tree = EditWorkspace(Overlay(DictTree({path: FILES[path] + b"\0"})), ParseCache(macro_table("qemu")))
    result = apply_edit(edit, tree)
    assert (
        isinstance(result, Drifted)
        and result.message == f"file {path} is binary: a mail of text cannot carry its change"
    )
    assert not tree.tree.changed
