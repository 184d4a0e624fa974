# SPDX-License-Identifier: GPL-2.0-or-later
"""What a miss says: the differences token by token, the places where the parts stand, in whatever bytes they are."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, code, hunk_edit, operation_edit, outcome

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import DeleteOperation
from qpatch.csource.matching.compare import differences
from qpatch.csource.results import Ambiguous, Applied, Drifted
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.workspace import EditWorkspace


def body(*statements: str) -> str:
    """Return a file with one function."""
    return code("static void demo(Demo *d)\n{\n" + "".join(f"    {line}\n" for line in statements) + "}\n")


def miss(statement: str, hunk: str) -> tuple[str, ...]:
    """Return how the only statement of a function differs from what the hunk expects."""
    result = outcome(body(statement), hunk_edit("function demo", f"- {hunk}"))
    assert isinstance(result, Drifted), result
    return result.candidates[0].differences


def test_what_is_missing_what_is_more_and_what_is_other() -> None:
    assert miss("reset(d, hard);", "reset(d, hard, errp);") == ("'errp' is missing",)
    assert miss("reset(d, hard, errp);", "reset(d, hard);") == (
        "found 'errp' after 'hard', which the hunk does not have",
    )
    assert miss("reset(d, soft);", "reset(d, hard);") == ("expected 'hard', found 'soft'",)


def test_no_more_than_eight_differences_are_listed() -> None:
    old, new = (" + ".join(f"{word}{number}" for number in range(12)) for word in ("a", "b"))
    assert len(miss(f"reset(d->size = {new});", f"reset(d->size = {old});")) == 8


def test_long_code_is_cut_to_a_line() -> None:
    (found,) = miss(f"reset(d, {'y' * 90} + {'y' * 90});", "reset(d, x);")
    cut = found.partition("found '")[2].rstrip("'")
    assert (len(cut), cut[-4:]) == (100, "y...")


def test_words_that_change_together_are_no_rename() -> None:
    source = body("write(d, sizeof(struct demo), d->size);")
    hunk = "- send(d, sizeof(unsigned long), d->size);\n+ send(d, sizeof(unsigned long), 0);"
    result = outcome(source, hunk_edit("function demo", hunk))
    assert isinstance(result, Drifted), result
    assert "+write(d,sizeof(unsignedlong),0);" in result.suggestion.replace(" ", "").splitlines()


def test_many_equal_tokens_do_not_hide_where_two_differ() -> None:
    zeros = ", ".join(["0"] * 80)
    found = miss(f"f({zeros}, c, {zeros}, d, {zeros});", f"f({zeros}, a, {zeros}, b, {zeros});")
    assert found == ("expected 'a', found 'c'", "expected 'b', found 'd'")


def test_what_an_ellipsis_may_stand_for_is_no_difference_and_what_is_far_from_it_is() -> None:
    variadic = ("log", "(", "fmt", ",", "...", ")", "FORMAT", "(", "1", ")", ";")
    for beside in ((*variadic[:4], "level", *variadic[4:]), (*variadic[:5], "level", *variadic[5:])):
        assert differences(variadic, beside) == ()
    after = (*variadic[:9], ",", "2", *variadic[9:])
    assert differences(variadic, after) == ("found ', 2' after '1', which the hunk does not have",)


@pytest.mark.parametrize(
    ("code", "hunk", "said"),
    [
        # what a metavariable stands for: an operation, a call, a cast; what differs is elsewhere
        (
            "if (d->on && now() > d->limit) { warn(d); } else if (d->off) { note(d); } else { wait(d); }",
            "if (d->on && $late) { ... } else { ... }",
            ("found 'if ( d -> off )' after 'else', which the hunk does not have",),
        ),
        (
            "while (left(d) - 1 > 0 && more(d)) { step(d, soft); }",
            "while ($rest && more(d)) { step(d, hard); }",
            ("expected 'hard', found 'soft'",),
        ),
        ("send(d, (int)(d->len + 1), first(d), 0);", "send(d, $len, $what, 1);", ("expected '1', found '0'",)),
        ("send(d, a * (b + c), 0);", "send(d, $n);", ("found '0' after '$n', which the hunk does not have",)),
        ("send(d);", "send(d, $n);", ("'$n' is missing",)),
        ("unsigned n = count(d) * sizeof(*d);", "int n = $count;", ("expected 'int', found 'unsigned'",)),
        ("Box b = { .w = wide(d) + 1, .h = 3 };", "Box b = { .w = $w, .h = 4 };", ("expected '4', found '3'",)),
        ("d->a[next(d)] |= flags(d) << 2;", "d->b[$i] |= $f;", ("expected 'b', found 'a'",)),
        ("x = (d->n - 1) ? old(d, 2) : fresh(d);", "x = $c ? $o : stale(d);", ("expected 'stale', found 'fresh'",)),
        # the same metavariable for other code is what differs
        ("send(get(d), get(d) + 1);", "send($x, $x);", ("found '+ 1' after ')', which the hunk does not have",)),
        ("send(p, q);", "send($x, $x);", ("expected 'p', found 'q'",)),
        # a block that `...` stands for is not held against another one
        (
            "if (d->n > 3) { a(d); b(d); } else { c(d); halt(d, 1); }",
            "if ($c) { ... } else { ... halt(d, 2); }",
            ("expected '2', found '1'",),
        ),
    ],
)
def test_what_a_placeholder_stands_for_is_no_difference(code: str, hunk: str, said: tuple[str, ...]) -> None:
    result = outcome(body(code), hunk_edit("function demo", f"  {hunk}\n+ more(d);"))
    assert isinstance(result, Drifted), result
    assert result.candidates[0].differences[: len(said)] == said


def test_differences_deep_inside_are_found_whatever_the_stack() -> None:
    old, new = ("send(" + " + ".join(["$n", *["d"] * 400, last]) + ");" for last in ("a", "b"))
    assert miss(new.replace("$n", "len(d)"), old) == ("expected 'a', found 'b'",)


def test_an_argument_given_once_too_often_is_left_out_of_the_suggested_hunk() -> None:
    source = body("copy(d, d->size);")
    result = outcome(source, hunk_edit("function demo", "- copy(d, d, d->size);\n+ move(d, d, d->size);"))
    assert isinstance(result, Drifted), result
    suggested = result.suggestion.partition(":\n")[2]
    assert "-copy(d,d->size);" in suggested.replace(" ", "").splitlines()
    assert isinstance(outcome(source, hunk_edit("function demo", suggested)), Applied)


def test_parts_that_stand_once_tell_the_order() -> None:
    source = body("stop(d);", "start(d);", "stop(d);", "prepare(d);")
    result = outcome(source, hunk_edit("function demo", "  prepare(d);\n  stop(d);\n- start(d);"))
    assert isinstance(result, Drifted), result
    assert [(one.place.line, one.differences) for one in result.candidates] == [
        (4, ("'start ( d ) ;' is here",)),
        (6, ("'prepare ( d ) ;' is here",)),
    ]


def test_places_in_files_that_are_not_utf8_are_shown() -> None:
    source = body('stop(d, "Zur\xfcck");', "go(d);", 'stop(d, "Zur\xfcck");').encode("latin-1")
    space = EditWorkspace(Overlay(DictTree({PATH: source})), ParseCache(macro_table("qemu")))
    result = apply_edit(hunk_edit("function demo", "- stop(d, $why);"), space)
    assert isinstance(result, Ambiguous), result
    assert [place.snippet for place in result.matches] == ['stop(d, "Zur\ufffdck");'] * 2


def test_an_added_member_that_is_there_with_another_content_is_as_like_as_can_be() -> None:
    source = "struct Demo {\n    int size;\n    int count;\n};\n"
    result = outcome(source, add_edit("struct Demo", "    long size;\n"))
    assert isinstance(result, Drifted), result
    (candidate,) = result.candidates
    assert (candidate.likeness, candidate.place.line) == (1.0, 2)
    assert candidate.differences == ("expected 'long', found 'int'",)


def test_deleting_one_of_two_definitions_is_ambiguous() -> None:
    source = (
        "#ifdef A\nstatic void demo(void)\n{\n    one();\n}\n#else\nstatic void demo(void)\n{\n    two();\n}\n#endif\n"
    )
    result = outcome(source, operation_edit("function demo", DeleteOperation()))
    assert isinstance(result, Ambiguous), result
    assert [place.line for place in result.matches] == [2, 7]
