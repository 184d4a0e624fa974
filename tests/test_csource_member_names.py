# SPDX-License-Identifier: GPL-2.0-or-later
"""What `beside:` calls the members of a block, and what a miss prints of them."""

from __future__ import annotations

import pytest
from csource_support import add_edit, check_applied, outcome

from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted

FIELDS = 'static const Demo demo = {\n    .name = "demo",\n    .version = 1,\n    [LAST] = 3,\n};\n'
MACROS = (
    "static const Entry entries[] = {\n"
    '    ENTRY_U32("size", Demo, size, 64),\n'
    '    ENTRY_U8("count", Demo,\n'
    "             count, 1),  /* at most */\n"
    "    ENTRY_U8(Demo, last, 2),\n"
    "};\n"
)
STRUCT = "struct Demo {\n    struct Bus *bus;\n    unsigned int low : 4, high : 4;\n    int cells[4];\n};\n"
ENUM = "enum Kind {\n    ONE = 1,\n    TWO,\n    THREE = (ONE | 2),\n};\n"
SWITCH = (
    "int pick(int kind)\n{\n    switch (kind) {\n"
    "    case ONE:\n        return 1;\n    default:\n        return 0;\n    }\n}\n"
)


@pytest.mark.parametrize("name", ["version", ".version", ". version", ".version = 1", ".version = 1,"])
def test_field_of_an_initializer_is_named_with_and_without_its_dot(name: str) -> None:
    check_applied(
        FIELDS,
        add_edit("initializer demo", ".more = 2,", beside=name),
        FIELDS.replace("= 1,\n", "= 1,\n    .more = 2,\n"),
    )


@pytest.mark.parametrize("name", ["LAST", "[LAST]", "[LAST] = 3"])
def test_index_of_an_initializer_is_named_with_and_without_its_brackets(name: str) -> None:
    check_applied(
        FIELDS,
        add_edit("initializer demo", "[NEXT] = 2,", beside=name),
        FIELDS.replace("3,\n", "3,\n    [NEXT] = 2,\n"),
    )


@pytest.mark.parametrize(
    "name",
    [
        "count",
        '"count"',
        'ENTRY_U8("count", Demo, count, 1)',
        'ENTRY_U8("count",Demo,count,1),',
        'ENTRY_U8 ( "count" Demo count 1 )',
    ],
)
def test_entry_of_a_list_is_named_by_a_word_a_string_or_whole(name: str) -> None:
    check_applied(
        MACROS,
        add_edit("initializer entries", "ENTRY_U8(Demo, next, 3),", beside=name),
        MACROS.replace("most */\n", "most */\n    ENTRY_U8(Demo, next, 3),\n"),
    )


@pytest.mark.parametrize(
    ("source", "where", "text", "name"),
    [
        (STRUCT, "struct Demo", "bool more;", "struct Bus *bus;"),
        (STRUCT, "struct Demo", "bool more;", "unsigned int low : 4, high : 4"),
        (STRUCT, "struct Demo", "bool more;", "int cells[4]"),
        (ENUM, "enum Kind", "MORE,", "ONE = 1"),
        (ENUM, "enum Kind", "MORE,", "THREE = (ONE | 2),"),
        (SWITCH, "switch pick", "case TWO:\n    return 2;", "case ONE"),
        (SWITCH, "switch pick", "case TWO:\n    return 2;", "case ONE:"),
    ],
)
def test_any_member_is_named_by_all_of_it(source: str, where: str, text: str, name: str) -> None:
    assert isinstance(outcome(source, add_edit(where, text, beside=name)), Applied)


@pytest.mark.parametrize("name", [".vers", "versio n", ".version = 2", "1", ".name.version"])
def test_what_is_no_name_of_a_member_is_a_miss(name: str) -> None:
    assert isinstance(outcome(FIELDS, add_edit("initializer demo", ".more = 2,", beside=name)), Drifted)


@pytest.mark.parametrize(
    ("source", "where", "text", "told"),
    [
        (FIELDS, "initializer demo", ".more = 2,", [".name", ".version", "[LAST]"]),
        (
            MACROS,
            "initializer entries",
            "ENTRY_U8(Demo, next, 3),",
            ['ENTRY_U32("size", Demo, size, 64)', 'ENTRY_U8("count", Demo, count, 1)', "ENTRY_U8(Demo, last, 2)"],
        ),
        (STRUCT, "struct Demo", "bool more;", ["bus", "low", "cells"]),
        (ENUM, "enum Kind", "MORE,", ["ONE", "TWO", "THREE"]),
        (SWITCH, "switch pick", "case TWO:\n    return 2;", ["case ONE", "default"]),
    ],
)
def test_what_a_miss_prints_can_be_copied(source: str, where: str, text: str, told: list[str]) -> None:
    result = outcome(source, add_edit(where, text, beside="nowhere"))
    assert isinstance(result, Drifted)
    assert result.candidates[0].differences == tuple(f"a member: {name}" for name in told)
    assert result.advice == "beside: after <one of the members above>"
    for name in told:
        mended = outcome(source, add_edit(where, text, beside=name))
        assert isinstance(mended, Applied) or mended.message.endswith("would fall into what is added"), (name, mended)


def test_long_entry_is_printed_by_a_name_of_its_own() -> None:
    entry = "    ENTRY_U32({}, Demo, {} | {}),\n"
    long = "WITH_A_LONG_NAME_OF_A_FLAG_THAT_FILLS_THE_LINE"
    entries = entry.format('"first"', f"F_{long}", f"G_{long}_AND_MORE_OF_IT") + entry.format(
        '"second"', f"F_{long}", f"G_{long}_AND_MORE_OF_IT"
    )
    source = f"static const Entry entries[] = {{\n{entries}}};\n"
    result = outcome(source, add_edit("initializer entries", "ENTRY_U8(x),", beside="nowhere"))
    assert isinstance(result, Drifted)
    assert result.candidates[0].differences == ('a member: "first"', 'a member: "second"')


def test_name_of_two_entries_shows_both() -> None:
    result = outcome(MACROS, add_edit("initializer entries", "ENTRY_U8(Demo, next, 3),", beside="ENTRY_U8"))
    assert isinstance(result, Ambiguous)
    assert [place.line for place in result.matches] == [3, 5]


def test_whole_entry_that_is_there_twice_is_ambiguous() -> None:
    source = "static const int table[] = {\n    F(1),\n    F(1),\n};\n"
    assert isinstance(outcome(source, add_edit("initializer table", "F(2),", beside="F(1)")), Ambiguous)
    assert isinstance(outcome(source, add_edit("initializer table", "F(1),", beside="F(1)")), AlreadyThere)
