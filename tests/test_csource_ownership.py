# SPDX-License-Identifier: GPL-2.0-or-later
"""A comment at the end of a block or of an `#if` arm belongs to that, and not to what ends it."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, code, gutter, hunk_edit, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.results import Applied

VALVE = code(
    """
    static int valve_turn(Valve *v, int n)
    {
        begin(v);
    #if 0
        /* old, first */
        v->old = n;
        /* old, last */
    #elif defined(FAST)
        /* fast, first */
        v->fast = n;
        /* fast, last */
    #else
        /* slow, first */
        v->slow = n;

        /* slow, last */
    #endif
        if (n) {
            /* some, first */
            some(v);
            /* some, last */
        } else if (v) {
            none(v);
            /* none, last */
        } else {
            never(v);
        }
        if (v)
            some(v);
        /* otherwise */
        else
            none(v);
        switch (n) {
        case 1:
            one(v);
            break;
            /* one, last */
        case 2:
            two(v);
            /* two, last */
            break;
            /* two, done */
        /* about three */
        case 3:
            three(v);
        /* fall through */
        default:
            break;
        }
        return 0;
    }
    """
)


def applied(hunk: str) -> str:
    space = workspace(VALVE)
    result = apply_edit(hunk_edit("function valve_turn", gutter(hunk)), space)
    assert isinstance(result, Applied), result
    return space.tree.changed[PATH].decode()


def without(first: str, last: str) -> str:
    """Return the source without the lines from one that holds `first` to the next one that holds `last`."""
    lines = VALVE.splitlines(keepends=True)
    start = next(index for index, line in enumerate(lines) if first in line)
    end = next(index for index, line in enumerate(lines) if index >= start and last in line)
    return "".join(lines[:start] + lines[end + 1 :])


ARMS = ("#if 0", "#elif defined(FAST)", "#else", "#endif")


@pytest.mark.parametrize("kept", range(3))
def test_a_kept_arm_keeps_its_first_and_last_comment(kept: int) -> None:
    lines = ["  begin(v);"]
    for index, directive in enumerate(ARMS):
        lines += [f"- {directive}"]
        if index < 3:
            lines += ["  ..." if index == kept else "- ..."]
    source = VALVE
    start, end = source.index(ARMS[kept]) + len(ARMS[kept]) + 1, source.index(ARMS[kept + 1])
    whole = slice(source.index("#if 0"), source.index("#endif\n") + len("#endif\n"))
    assert applied("\n".join(lines)) == source[: whole.start] + source[start:end] + source[whole.stop :]


@pytest.mark.parametrize(("index", "last"), [(1, "fast, last"), (2, "slow, last")])
def test_a_removed_arm_takes_its_own_comments_with_it(index: int, last: str) -> None:
    lines = [
        f"{'-' if at == index else ' '} {directive}\n{'-' if at == index else ' '} ..."
        for at, directive in enumerate(ARMS[:3])
    ]
    assert applied("\n".join([*lines, "  #endif"])) == without(ARMS[index], last)


@pytest.mark.parametrize(
    ("hunk", "first", "last"),
    [
        ("  if (n) {\n      ...\n- } else if (v) {\n-     ...\n  } else {\n      ...\n  }", "} else if", "none, last"),
        ("  if (n) {\n      ...\n- } else if (v) {\n-     ...\n- } else {\n-     ...\n  }", "} else if", "never(v)"),
        ("  if (v)\n      some(v);\n- else\n-     none(v);", "otherwise", "none(v)"),
        ("  switch (n) {\n  ...\n- case 2:\n- ...\n  case 3:\n  ...\n  }", "case 2:", "two, done"),
        ("  switch (n) {\n  ...\n- case 3:\n-     three(v);\n  default:\n  ...\n  }", "about three", "/* fall through"),
    ],
)
def test_a_comment_above_a_part_is_told_by_its_column(hunk: str, first: str, last: str) -> None:
    assert applied(hunk) == without(first, last)


def test_a_loop_that_is_unwrapped_leaves_its_last_comment() -> None:
    source = code("int f(void)\n{\n    while (n) {\n        step();\n        /* done */\n    }\n    return 0;\n}\n")
    space = workspace(source)
    assert isinstance(apply_edit(hunk_edit("function f", "- while (n) {\n      ...\n- }"), space), Applied)
    assert space.tree.changed[PATH].decode() == source.replace("    while (n) {\n", "").replace("    }\n", "")


@pytest.mark.parametrize("directive", ["#elif", "#else", "#endif"])
def test_what_is_added_to_the_end_of_an_arm_follows_its_last_comment(directive: str) -> None:
    index = [word.split()[0] for word in ARMS].index(directive)
    lines = [line for arm in ARMS for line in (f"  {arm}", "  ...")][:-1]
    lines.insert(2 * index, "+ more(v);")
    end = VALVE.index(ARMS[index])
    assert applied("\n".join(lines)) == VALVE[:end] + "    more(v);\n" + VALVE[end:]


def test_a_case_that_is_added_before_the_default_follows_what_is_said_of_the_case_above() -> None:
    source = VALVE.replace("    /* fall through */\n", "        break;\n        /* three, last */\n")
    space = workspace(source)
    added = add_edit("switch valve_turn", "case 4:\n    four(v);\n    break;\n")
    assert isinstance(apply_edit(added, space), Applied)
    assert space.tree.changed[PATH].decode() == source.replace(
        "    default:\n", "    case 4:\n        four(v);\n        break;\n    default:\n"
    )
