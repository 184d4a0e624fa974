# SPDX-License-Identifier: GPL-2.0-or-later
"""A series on the tree that has it: its own result is landed, and none of its edits undoes what another has brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from csource_support import add_edit, anchor, gutter, hunk_edit

from qpatch.cells.base import Status
from qpatch.csource.edit import (
    CreateOperation,
    DeleteOperation,
    Edit,
    EverywhereOperation,
    ModeOperation,
    MoveOperation,
    Operation,
    Position,
    RenameOperation,
    VerbatimOperation,
)
from qpatch.csource.matching.rewriting import read_rewriting
from qpatch.csource.matching.verbatim import parse_verbatim
from qpatch.csource.results import AlreadyThere, Applied, Drifted
from qpatch.csource.source import EXECUTABLE, REGULAR, DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.workspace import EditWorkspace
from qpatch.series.attempt import AttemptedPatches, attempt_patches
from qpatch.strategy.bind import BoundPatch

if TYPE_CHECKING:
    from collections.abc import Mapping

LAMP = "hw/lamp/lamp.c"
LAMP_H = "hw/lamp/lamp.h"
REGS_H = "hw/lamp/lamp-regs.h"
BULB = "hw/lamp/bulb.c"
FILES = {
    LAMP: """\
#include "lamp.h"

#define LAMP_ON 0x01
#define LAMP_OFF 0x02

struct Lamp {
    int level;
};

static void lamp_dim(struct Lamp *lamp)
{
    lamp->level = LAMP_OFF;
}

void lamp_light(struct Lamp *lamp)
{
    lamp_dim(lamp);
    lamp->level = LAMP_ON;
}
""",
    LAMP_H: """\
#ifndef LAMP_H
#define LAMP_H

void lamp_light(struct Lamp *lamp);

#endif
""",
    BULB: """\
#include "lamp.h"

void bulb_reset(void)
{
    reset();
}
""",
    "hw/lamp/trace-events": """\
# lamp.c
lamp_lit(int level) "level %d"
lamp_dark(void) ""
""",
    "hw/stove/stove.c": "#define LAMP_OFF 7\n",
    "hw/oven/oven.c": "#define LAMP_OFF 8\n\nstatic void lamp_dim(struct Lamp *lamp)\n{\n}\n",
}
REGS = """\
#ifndef LAMP_REGS_H
#define LAMP_REGS_H

#define LAMP_ON 0x01
#define LAMP_OFF 0x02

struct Lamp {
    int level;
};

#endif
"""
ENUM = "enum lamp_state {\n    LAMP_ON = 0x01,\n    LAMP_OFF = 0x02,\n};\n"


def at(where: str, operation: Operation, path: str = LAMP) -> Edit:
    return Edit(anchor(where, path=path), operation)


def delete(where: str, path: str = LAMP) -> Edit:
    return at(where, DeleteOperation(), path)


def create(path: str, text: str) -> Edit:
    return at("file ", CreateOperation(text.encode(), REGULAR), path)


def rename(old: str, new: str) -> Edit:
    return at("file ", RenameOperation(new), old)


def move(where: str, target: str, path: str, position: Position = Position.AFTER) -> Edit:
    return at(where, MoveOperation(anchor(target, position, path)))


def everywhere(where: str, hunk: str) -> Edit:
    return at(where, EverywhereOperation(read_rewriting(gutter(hunk)), at_least=True))


def in_tree(hunk: str, expect: int) -> Edit:
    return Edit(anchor("tree ", path=""), EverywhereOperation(read_rewriting(gutter(hunk))), expect)


def mode(path: str, value: str) -> Edit:
    return at("file ", ModeOperation(value), path)


def attempted(files: Mapping[str, str], *patches: tuple[Edit, ...]) -> tuple[AttemptedPatches, dict[str, str]]:
    """Return what the patches, by their edits, come to on `files`, and the files that they leave."""
    base = {path: text.encode() for path, text in files.items()}
    workspace = EditWorkspace(Overlay(DictTree(base)), ParseCache(macro_table("qemu")))
    tried = attempt_patches([BoundPatch(f"demo: {len(edits)}", "Why.\n", steps=edits) for edits in patches], workspace)
    left = {path: content for path in workspace.tree.paths() if (content := workspace.tree.read(path)) is not None}
    return tried, {path: content.decode() for path, content in left.items()}


def results(tried: AttemptedPatches) -> list[object]:
    return [outcome.result for patch in tried.outcomes for outcome in patch.edits]


DIM_ON = hunk_edit("function lamp_dim", "- lamp->level = LAMP_OFF;\n+ lamp->level = LAMP_ON;", path=LAMP)
SIGNATURE = hunk_edit(
    "signature lamp_dim", "- static void lamp_dim(struct Lamp *lamp)\n+ void lamp_darken(struct Lamp *lamp)", path=LAMP
)
CALLS = everywhere("file ", "- lamp_dim\n+ lamp_darken")
RENAMED_EVENT = at(
    "section lamp_dark",
    VerbatimOperation(parse_verbatim('-lamp_dark(void) ""\n+lamp_gone(void) "gone"\n')),
    "hw/lamp/trace-events",
)
DIMMER = "hw/lamp/dimmer.c"
HEAD = '#include "lamp.h"\n'
SPLIT = (create(DIMMER, HEAD), move("function lamp_light", "file ", DIMMER))
CALLER = "void dimmer_reset(void)\n{\n    reset();\n}\n"
INCLUDE = add_edit("includes ", '#include "lamp-regs.h"\n', path=LAMP)
SERIES = {
    "a header of its own": [
        (create(REGS_H, REGS), INCLUDE),
        (delete("macro LAMP_ON"), delete("macro LAMP_OFF"), delete("struct Lamp")),
    ],
    "a header that is there": [
        (delete("struct Lamp"), add_edit("file ", "struct Lamp {\n    int level;\n};\n", path=LAMP_H)),
    ],
    "a file that is written anew": [(delete("file ", LAMP), create(LAMP, "#define LAMP_ON 0x03\n"))],
    "a symbol that is written anew": [
        (
            delete("function lamp_dim"),
            add_edit("struct Lamp", "static int lamp_dim(void)\n{\n    return 1;\n}\n", Position.AFTER, path=LAMP),
        )
    ],
    "macros that become an enum elsewhere": [
        (create(REGS_H, ENUM), INCLUDE),
        (delete("macro LAMP_ON"), delete("macro LAMP_OFF")),
    ],
    "a prototype in another header": [
        (delete("prototype lamp_light", LAMP_H), create(REGS_H, "void lamp_light(struct Lamp *lamp);\n"))
    ],
    "a function in another file": [
        (move("function lamp_light", "function bulb_reset", "hw/lamp/bulb.c"),),
        (hunk_edit("function lamp_light", "  lamp_dim(lamp);\n+ check(lamp);", path=LAMP),),
    ],
    "an edit before its file's rename": [(DIM_ON,), (rename(LAMP, "hw/lamp/light.c"),)],
    "an edit before two renames": [
        (DIM_ON,),
        (rename(LAMP, "hw/lamp/light.c"),),
        (rename("hw/lamp/light.c", "hw/light/light.c"),),
    ],
    "a rename, and another file of the old name": [(rename(LAMP, "hw/lamp/light.c"), create(LAMP, "int lamp;\n"))],
    "a created file that is renamed": [(create(REGS_H, REGS),), (rename(REGS_H, "hw/lamp/regs.h"),)],
    "a created file that is edited": [
        (create(REGS_H, REGS),),
        (add_edit("macro LAMP_ON", "#define LAMP_BRIGHT 0x04\n", Position.AFTER, path=REGS_H),),
    ],
    "a file that is split": [SPLIT],
    "a file that is split in two patches, and the part edited": [
        (create(DIMMER, HEAD),),
        (move("function lamp_light", "file ", DIMMER),),
        (hunk_edit("function lamp_light", "- lamp_dim(lamp);\n+ lamp_blink(lamp);", path=DIMMER),),
    ],
    "a file that is split, and its function renamed": [SPLIT, (in_tree("- lamp_light\n+ lamp_shine", 2),)],
    "two symbols in a file that is split": [
        (
            create(DIMMER, HEAD),
            move("struct Lamp", "includes ", DIMMER),
            move("function lamp_light", "struct Lamp", DIMMER),
        )
    ],
    "a function before one of a created file": [
        (
            create(DIMMER, HEAD + "\n" + CALLER),
            move("function lamp_light", "function dimmer_reset", DIMMER, Position.BEFORE),
        )
    ],
    "a created file with a place of many": [
        (create(DIMMER, CALLER),),
        (in_tree("- reset()\n+ restart()", 2),),
    ],
    "a created file with a name of many": [
        (create(DIMMER, CALLER),),
        (in_tree("- reset\n+ restart", 2),),
    ],
    "an edit before its file's deletion": [(DIM_ON,), (delete("file ", LAMP),)],
    "a deleted file beside a created one of a similar name": [
        (
            delete("file ", LAMP_H),
            create("hw/lamp/lamps.h", REGS),
            *(hunk_edit("file ", '- #include "lamp.h"\n+ #include "lamps.h"', path=path) for path in (LAMP, BULB)),
        )
    ],
    "a signature with another name": [(SIGNATURE, CALLS)],
    "an edit before its function's rename": [(DIM_ON,), (SIGNATURE, CALLS)],
    "an entry with another name": [(RENAMED_EVENT,)],
    "a macro with another name": [
        (hunk_edit("macro LAMP_OFF", "- #define LAMP_OFF 0x02\n+ #define LAMP_DARK 0x02", path=LAMP),),
    ],
    "a name that is replaced in its own function": [(everywhere("function lamp_dim", "- lamp_dim\n+ lamp_darken"),)],
}


@pytest.mark.parametrize("patches", SERIES.values(), ids=SERIES)
def test_a_series_has_landed_on_its_own_result(patches: list[tuple[Edit, ...]]) -> None:
    first, left = attempted(FILES, *patches)
    assert first.decision.status is Status.RENDERED, first.decision
    again, unchanged = attempted(left, *patches)
    assert again.decision.status is Status.LANDED, again.decision
    assert unchanged == left


def test_what_an_edit_has_just_brought_is_not_deleted_in_the_place_of_what_is_gone() -> None:
    files = {LAMP: "#define LAMP_LIT 0x01\n", "hw/other.c": "int other;\n"}
    tried, left = attempted(files, (create(REGS_H, REGS),), (delete("macro LAMP_ON"),))
    created, deleted = results(tried)
    assert isinstance(created, Applied) and isinstance(deleted, Drifted)
    assert "the only one is what another edit has put into hw/lamp/lamp-regs.h" in deleted.message
    assert left[REGS_H] == REGS


def test_what_has_moved_without_the_series_is_deleted_where_it_is() -> None:
    files = {LAMP: "int lamp = LAMP_ON;\n", LAMP_H: "#define LAMP_ON 0x01\n"}
    other = create(REGS_H, "#define LAMP_OFF 0x02\n")
    tried, left = attempted(files, (other, delete("macro LAMP_ON")))
    assert [type(result) for result in results(tried)] == [Applied, Applied]
    assert left[LAMP_H] == ""


def test_what_an_earlier_patch_adds_a_later_one_deletes() -> None:
    helper = add_edit("struct Lamp", "static void once(void)\n{\n    go();\n}\n", Position.AFTER, path=LAMP)
    tried, left = attempted(FILES, (helper,), (delete("function once"), DIM_ON))
    assert [type(result) for result in results(tried)] == [Applied] * 3
    assert "once" not in left[LAMP]


def test_an_edit_is_not_done_under_a_new_name_while_the_old_one_is_there() -> None:
    both = FILES[LAMP] + "\nvoid lamp_darken(struct Lamp *lamp)\n{\n}\n"
    both = both.replace("static void lamp_dim(struct Lamp *lamp)", "static void lamp_dim(struct Lamp *lamp, int how)")
    tried, _ = attempted({**FILES, LAMP: both}, (SIGNATURE,))
    (result,) = results(tried)
    assert isinstance(result, Drifted)


def test_a_deletion_is_no_proof_of_itself() -> None:
    files = {LAMP: FILES[LAMP].replace("lamp_dim", "lamp_dimm")}
    tried, _ = attempted(files, (delete("function lamp_dim"),))
    (result,) = results(tried)
    assert isinstance(result, Drifted) and "lamp_dimm" in result.suggestion + result.advice


def test_edits_of_a_patch_that_cancel_out_leave_the_rest_of_the_series() -> None:
    anew = (delete("file ", REGS_H), create(REGS_H, REGS))
    tried, _ = attempted({**FILES, REGS_H: REGS}, anew, (DIM_ON,))
    assert (tried.decision.status, tried.decision.kept) == (Status.RENDERED, (1,))
    assert all(isinstance(outcome.result, AlreadyThere) for outcome in tried.outcomes[0].edits)


THREE_STEPS = [
    (create(DIMMER, HEAD + "\n" + CALLER),),
    (add_edit("includes ", '#include "bulb.h"\n', path=DIMMER),),
    (hunk_edit("function dimmer_reset", "- reset();\n+ restart();", path=DIMMER),),
]


@pytest.mark.parametrize(
    "patches",
    [
        THREE_STEPS,
        [*THREE_STEPS[:2], (hunk_edit("file ", '- #include "bulb.h"', path=DIMMER),)],
        [(create(DIMMER, HEAD),), (move("function lamp_light", "file ", DIMMER),), THREE_STEPS[1]],
        [THREE_STEPS[0], (in_tree("- reset()\n+ restart()", 2),), THREE_STEPS[1]],
    ],
    ids=["edits", "what is taken away again", "a move", "everywhere"],
)
def test_a_created_file_is_known_in_every_state_of_its_series(patches: list[tuple[Edit, ...]]) -> None:
    _, whole = attempted(FILES, *patches)
    for landed in range(1, len(patches)):
        _, half = attempted(FILES, *patches[:landed])
        tried, left = attempted(half, *patches)
        assert tried.decision.status in (Status.RENDERED, Status.LANDED), (landed, results(tried))
        assert left == whole


@pytest.mark.parametrize(
    ("path", "other"),
    [
        (DIMMER, HEAD + "\nint lamp_light;\n"),
        (DIMMER, '#include "other.h"\n\nvoid lamp_light(struct Lamp *lamp)\n{\n}\n'),
        (DIMMER, HEAD + "\nvoid lamp_light(struct Lamp *lamp)\n{\n}\n\nint more;\n"),
    ],
)
def test_a_file_with_more_than_the_series_brings_is_not_its_own(path: str, other: str) -> None:
    tried, _ = attempted({**FILES, path: other}, SPLIT)
    created = results(tried)[0]
    assert isinstance(created, Drifted) and "with another content" in created.message


@pytest.mark.parametrize(
    "patches",
    [
        [(create(DIMMER, CALLER),), (mode(DIMMER, EXECUTABLE),)],
        [(create(DIMMER, CALLER), mode(DIMMER, EXECUTABLE)), THREE_STEPS[2]],
        [THREE_STEPS[0], (mode(DIMMER, EXECUTABLE),), THREE_STEPS[2]],
    ],
    ids=["alone", "in one patch", "before an edit"],
)
def test_a_created_file_that_gets_another_mode_has_landed(patches: list[tuple[Edit, ...]]) -> None:
    tree = Overlay(DictTree({path: text.encode() for path, text in FILES.items()}))
    for status in (Status.RENDERED, Status.LANDED):
        workspace = EditWorkspace(tree, ParseCache(macro_table("qemu")))
        tried = attempt_patches([BoundPatch("demo", "Why.\n", steps=edits) for edits in patches], workspace)
        assert tried.decision.status is status, results(tried)
        assert tree.mode(DIMMER) == EXECUTABLE
        tree = Overlay(workspace.tree)


def test_a_mode_that_no_edit_of_the_series_gives_is_told() -> None:
    tree = Overlay(DictTree({path: text.encode() for path, text in FILES.items()}))
    tree.create(DIMMER, (HEAD + "\n" + CALLER.replace("reset();", "restart();")).encode(), EXECUTABLE)
    workspace = EditWorkspace(tree, ParseCache(macro_table("qemu")))
    patches = [BoundPatch("demo", "Why.\n", steps=edits) for edits in (THREE_STEPS[0], THREE_STEPS[2])]
    created = results(attempt_patches(patches, workspace))[0]
    assert isinstance(created, Drifted) and "with the mode 100755 and not 100644" in created.message


LATER = (in_tree("- lamp_dim\n+ lamp_darken", 3),)


@pytest.mark.parametrize(
    "earlier",
    [
        hunk_edit("function lamp_light", "+ check(lamp);\n  lamp_dim(lamp);", path=LAMP),
        hunk_edit("function lamp_light", "- lamp_dim(lamp);\n+ lamp_dim(lamp->next);", path=LAMP),
        hunk_edit("function lamp_dim", "  lamp->level = LAMP_OFF;\n+ check(lamp);", path=LAMP),
        add_edit("function lamp_dim", "int lamp_is_dim;\n", Position.AFTER, path=LAMP),
    ],
    ids=["context", "what is replaced", "the anchor", "an addition's anchor"],
)
def test_an_edit_is_made_where_only_the_later_rename_is_there(earlier: Edit) -> None:
    _, whole = attempted(FILES, (earlier,), LATER)
    _, half = attempted(FILES, LATER)
    tried, left = attempted(half, (earlier,), LATER)
    assert tried.decision.status is Status.RENDERED, results(tried)
    assert left == whole


def test_an_edit_is_not_made_in_later_names_where_the_old_ones_are() -> None:
    both = {**FILES, LAMP: FILES[LAMP].replace("    lamp_dim(lamp);\n", "    lamp_darken(lamp);\n")}
    earlier = hunk_edit("function lamp_light", "+ check(lamp);\n  lamp_dim(lamp);", path=LAMP)
    tried, _ = attempted(both, (earlier,), LATER)
    assert isinstance(results(tried)[0], Drifted)
