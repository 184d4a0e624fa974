# SPDX-License-Identifier: GPL-2.0-or-later
"""Uses of members that a patch has taken out of a struct."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from csource_support import code, hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.results import Applied
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    from qpatch.csource.edit import Edit

HEADER = """
typedef struct Kiln {
    int heat;
    Clay *load, *spare;
    struct {
        int depth;
    };
    unsigned lit : 1;
    int (*fire)(struct Kiln *kiln);
} Kiln;
"""
# Another struct with members of the same names.
OTHER = """
struct Oven {
    int heat, lit;
    void *load;
    int depth, fire;
};
"""
PATH, USER = "include/hw/kiln.h", "hw/demo/user.c"
MEMBERS = {
    "heat": "- int heat;",
    "load": "- Clay *load, *spare;\n+ Clay *spare;",
    "depth": "- struct {\n-     int depth;\n- };",
    "lit": "- unsigned lit : 1;",
    "fire": "- int (*fire)(struct Kiln *kiln);",
}


def gone(member: str) -> Edit:
    return hunk_edit("struct Kiln", MEMBERS[member], path=PATH)


def warnings(edits: list[Edit], **files: str) -> list[str]:
    found = apply_edits(edits, workspace(**{PATH: code(HEADER), **files}))
    assert all(isinstance(result, Applied) for result in found), found
    return [warning for result in found if isinstance(result, Applied) for warning in result.warnings]


def user(statement: str) -> str:
    return f"int work(Kiln *kiln, struct Oven *oven, Shed *shed, void *opaque)\n{{\n    {statement}\n}}\n"


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize(
    "use",
    [
        "return kiln->{0} + 1;",
        "kiln[1].{0} = (*kiln).{0};",
        "((Kiln *)opaque)->{0} = 1;",
        "Kiln own = {{ .{0} = 0 }};",
        "*kiln = (Kiln) {{ .{0} = 0 }};",
        "return offsetof(struct Kiln, {0});",
        "return container_of(opaque, Kiln, {0});",
        "VMSTATE_UINT32({0}, Kiln);",
        "VMSTATE_UINT32({0}.x, struct Kiln);",
    ],
)
def test_a_member_that_goes_while_it_is_used(member: str, use: str) -> None:
    (warning,) = warnings([gone(member)], **{USER: user(use.format(member)), "hw/demo/oven.h": code(OTHER)})
    assert warning.startswith(f"struct Kiln has no `{member}` any more, but it is used in {USER}:3")


@pytest.mark.parametrize(
    "use",
    [
        "return oven->heat;",
        "return shed->kiln.heat;",
        "struct Oven own = { .heat = 0 };",
        "VMSTATE_UINT32(heat, Oven);",
        "int heat = 1;",
        "heat(kiln);",
        "goto heat;\n    heat:\n    return 0;",
        "#if 0\n    return kiln->heat;\n#endif",
    ],
)
def test_members_of_other_structs_are_not_told(use: str) -> None:
    text = user(use)
    assert not [
        each for each in warnings([gone("heat")], **{USER: text, "hw/demo/oven.h": code(OTHER)}) if "`heat`" in each
    ]


@pytest.mark.parametrize("use", ["return shed->kiln.heat;", "return get(opaque)->heat;"])
def test_any_access_counts_where_no_other_struct_has_the_member(use: str) -> None:
    (warning,) = warnings([gone("heat")], **{USER: user(use)})
    assert f"is used in {USER}:3" in warning


def test_a_member_that_is_changed_or_moved_within_the_struct_stays() -> None:
    files = {USER: user("return kiln->heat;")}
    assert warnings([hunk_edit("struct Kiln", "- int heat;\n+ uint64_t heat;", path=PATH)], **files) == []
    inner = hunk_edit(
        "struct Kiln", "- int heat;\n  ...\n  struct {\n+     int heat;\n      int depth;\n  };", path=PATH
    )
    assert warnings([inner], **files) == []
    macro = hunk_edit("struct Kiln", "- int heat;\n+ DECLARE_BITMAP(heat, 8);", path=PATH)
    assert warnings([macro], **files) == []


def test_users_that_follow_in_the_same_patch() -> None:
    follow = hunk_edit("function work", "- return kiln->heat;\n+ return 0;", path=USER)
    assert warnings([gone("heat"), follow], **{USER: user("return kiln->heat;")}) == []


def test_a_struct_whose_name_another_one_has_is_left_alone() -> None:
    files = {USER: user("return kiln->heat;"), "hw/demo/other.c": "struct Kiln {\n    int heat;\n};\n"}
    assert warnings([gone("heat")], **files) == []


def test_a_struct_of_a_source_file_is_used_there_alone() -> None:
    text = code(HEADER) + user("return kiln->heat;")
    edit = hunk_edit("struct Kiln", MEMBERS["heat"], path=USER)
    found = apply_edits([edit], workspace(**{USER: text, "hw/demo/x.c": user("return kiln->heat;")}))
    assert isinstance(found[0], Applied) and len(found[0].warnings) == 1
    assert f"is used in {USER}:11: " in found[0].warnings[0]


def test_many_places_are_not_all_named() -> None:
    shown = thresholds().limits.told_places
    lines = "\n    ".join(["kiln->heat++;"] * (shown + 2))
    (warning,) = warnings([gone("heat")], **{USER: user(lines)})
    assert warning.count(USER) == shown and " and more: change it there" in warning
