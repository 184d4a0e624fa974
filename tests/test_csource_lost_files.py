# SPDX-License-Identifier: GPL-2.0-or-later
"""What still names a file that a patch has renamed or taken away."""

from __future__ import annotations

import pytest
from csource_support import hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import Anchor, CreateOperation, DeleteOperation, Edit, RenameOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.results import Applied, Drifted
from qpatch.csource.source import REGULAR

HEADER = "hw/silo/silo.h"
PUBLIC = "include/hw/silo/silo.h"


def deleted(path: str) -> Edit:
    return Edit(Anchor(ANCHOR_KINDS["file"], "", path), DeleteOperation())


def renamed(path: str, to: str) -> Edit:
    return Edit(Anchor(ANCHOR_KINDS["file"], "", path), RenameOperation(to))


def drift(edit: Edit, **files: str) -> Drifted:
    (found,) = apply_edits([edit], workspace(**files))
    assert isinstance(found, Drifted), found
    return found


def warnings(*edits: Edit, **files: str) -> list[str]:
    found = apply_edits(edits, workspace(**files))
    assert all(isinstance(result, Applied) for result in found), found
    return [warning for result in found if isinstance(result, Applied) for warning in result.warnings]


@pytest.mark.parametrize(
    ("path", "user", "include"),
    [
        (HEADER, "hw/silo/silo.c", '#include "silo.h"'),
        (HEADER, "hw/barn/barn.c", '#include "hw/silo/silo.h"'),
        (HEADER, "hw/barn/barn.h", '#include "../silo/silo.h"'),
        (PUBLIC, "hw/barn/barn.c", '#  include "hw/silo/silo.h" /* fill() */'),
        ("hw/silo/silo.c.inc", "hw/silo/silo.c", '#include "silo.c.inc"'),
    ],
)
@pytest.mark.parametrize("to", ["", "hw/silo/tower.h"])
def test_a_header_that_goes_while_it_is_included(path: str, user: str, include: str, to: str) -> None:
    edit = renamed(path, to) if to else deleted(path)
    found = drift(edit, **{path: "int fill(int n);\n", user: f"/* Corn. */\n{include}\n"})
    fate = f"called {to} now" if to else "gone"
    assert found.message == f"file {path}: it is {fate}, and 1 include of it stayed behind"
    assert [str(candidate.place) for candidate in found.candidates] == [f"{user}:2"]


def test_the_edit_that_takes_the_file_away_is_named() -> None:
    created = Edit(Anchor(ANCHOR_KINDS["file"], "", "hw/silo/tower.h"), CreateOperation(b"int y;\n", REGULAR))
    files = {HEADER: "int fill(int n);\n", "hw/silo/silo.c": '#include "silo.h"\n'}
    gone, made = apply_edits([deleted(HEADER), created], workspace(**files))
    assert isinstance(gone, Drifted) and gone.message.startswith(f"file {HEADER}: it is gone"), gone
    assert isinstance(made, Applied)


def test_includes_that_follow_in_the_same_patch() -> None:
    files = {HEADER: "int fill(int n);\n", "hw/silo/silo.c": '#include "silo.h"\n'}
    follow = hunk_edit("file x", '- #include "silo.h"\n+ #include "tower.h"', path="hw/silo/silo.c")
    assert warnings(renamed(HEADER, "hw/silo/tower.h"), follow, **files) == []
    gone = hunk_edit("file x", '- #include "silo.h"\n+ int fill(int n);', path="hw/silo/silo.c")
    assert warnings(gone, deleted(HEADER), **files) == []


@pytest.mark.parametrize(
    "text",
    [
        '#include "hw/barn/silo.h"',
        '#include "tall-silo.h"',
        '/*\n#include "silo.h"\n*/',
        '#if 0\n#include "silo.h"\n#endif',
        'const char *name = "silo.h";',
    ],
)
def test_other_mentions_are_no_includes_of_it(text: str) -> None:
    files = {HEADER: "int x;\n", "hw/silo/silo.c": f"{text}\nint y;\n", "hw/barn/silo.h": "int z;\n"}
    assert warnings(deleted(HEADER), **files) == []


def test_a_header_that_moves_to_where_it_is_still_found() -> None:
    files = {HEADER: "int x;\n", "hw/barn/barn.c": '#include "hw/silo/silo.h"\n'}
    assert warnings(renamed(HEADER, PUBLIC), **files) == []


@pytest.mark.parametrize(
    ("path", "user", "include", "others"),
    [
        (HEADER, "hw/silo/silo.c", '#include "silo.h"', {"hw/barn/silo.h": "int y;\n"}),
        (HEADER, "hw/barn/barn.c", '#include "silo.h"', {}),
        ("include/elf.h", "hw/barn/barn.c", "#include <elf.h>", {}),
    ],
)
def test_an_include_that_may_lead_elsewhere_is_warned_about(
    path: str, user: str, include: str, others: dict[str, str]
) -> None:
    (warning,) = warnings(deleted(path), **{path: "int x;\n", user: f"{include}\n", **others})
    assert warning == f"{path} is gone, and may still be meant in {user}:1"


def test_a_source_that_moves_away_from_what_it_includes() -> None:
    files = {
        "hw/silo/silo.c": '#include "silo.h"\n#include "hw/hw.h"\n',
        HEADER: "int x;\n",
        "include/hw/hw.h": "int y;\n",
    }
    (warning,) = warnings(renamed("hw/silo/silo.c", "hw/barn/silo.c"), **files)
    assert warning == ("hw/barn/silo.c includes `silo.h` (hw/barn/silo.c:1), which was found beside hw/silo/silo.c")
    assert warnings(renamed("hw/silo/silo.c", "hw/silo/tower.c"), **files) == []
    both = (renamed("hw/silo/silo.c", "hw/barn/silo.c"), renamed(HEADER, "hw/barn/silo.h"))
    assert warnings(*both, **files) == []


def test_a_folder_that_the_build_looks_in_is_found_from_everywhere() -> None:
    files = {"hw/silo/silo.c": '#include "silo.h"\n', HEADER: "int x;\n", "hw/crop/crop.c": '#include "silo.h"\n'}
    assert warnings(renamed("hw/silo/silo.c", "hw/barn/silo.c"), **files) == []


def test_a_header_that_the_build_may_make_now_is_only_warned_about() -> None:
    files = {HEADER: "int x;\n", "hw/silo/silo.c": '#include "silo.h"\n', "hw/silo/Makefile.objs": "obj-y += silo.o\n"}
    rule = hunk_edit("file x", "  obj-y += silo.o\n+ generated-files-y += hw/silo/silo.h", path="hw/silo/Makefile.objs")
    (warning,) = warnings(deleted(HEADER), rule, **files)
    assert warning == f"{HEADER} is gone, and may still be meant in hw/silo/silo.c:1"


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("hw/silo/meson.build", "ss = ss.source_set()\nss.add(files('silo.c', 'x.c'))\n", 2),
        ("hw/silo/Makefile", "# silo.o\nobj-$(CONFIG_SILO) += silo.o\n", 2),
        ("hw/silo/Kbuild", "obj-m := x.o \\\n\tsilo.o\n", 2),
    ],
)
def test_a_source_that_goes_while_it_is_listed_for_the_build(path: str, text: str, line: int) -> None:
    files = {"hw/silo/silo.c": "int x;\n", path: text}
    (warning,) = warnings(deleted("hw/silo/silo.c"), **files)
    assert warning == f"hw/silo/silo.c is gone, and may still be meant in {path}:{line}"
    (warning,) = warnings(renamed("hw/silo/silo.c", "hw/silo/tower.c"), **files)
    assert "is called hw/silo/tower.c now" in warning


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("hw/silo/meson.build", "ss.add(files('tall-silo.c', 'x.c'))\n# 'silo.c'\n"),
        ("hw/silo/Makefile", "obj-y += tall-silo.o x/silo.o\n"),
        ("hw/silo/Makefile", "obj-y += silo.o\nsilo-objs := a.o b.o\n"),
        ("hw/barn/meson.build", "ss.add(files('silo.c'))\n"),
    ],
)
def test_other_lists_are_left_alone(path: str, text: str) -> None:
    assert warnings(deleted("hw/silo/silo.c"), **{"hw/silo/silo.c": "int x;\n", path: text}) == []
