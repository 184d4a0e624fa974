# SPDX-License-Identifier: GPL-2.0-or-later
"""Symbols in the arms of an `#if`: which one `guard:` means, and what may be added to an arm or behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from csource_support import add_edit, check_applied, code, hunk_edit, operation_edit, outcome, workspace

from qpatch.csource.anchors.guards import same_guard, suggested
from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import DeleteOperation, Edit, Position
from qpatch.csource.results import Ambiguous, Applied, Drifted
from qpatch.errors import UserError

TWO_ARMS = """
#ifdef CONFIG_FAN
static int cool(void)
{
    return blow(1);
}
#else
static int cool(void)
{
    return blow(1);
}
#endif
"""
THREE_ARMS = """
#if FANS > 2
int fans(void) { return 3; }
#elif FANS > 1
int fans(void) { return 2; }
#else
int fans(void) { return 1; }
#endif
"""
ONE_ARM = """
#ifdef CONFIG_FAN
int first;

int cool(void)
{
    return 1;
}
#endif /* CONFIG_FAN */

int last;
"""
STUB = "#else\nint cool(void)\n{\n    return 0;\n}\n"


def guarded(edit: Edit, guard: str) -> Edit:
    return replace(edit, anchor=replace(edit.anchor, guard=guard))


@pytest.mark.parametrize(
    ("guard", "conditions"),
    [
        ("!defined(X)", ("!(defined(X))",)),
        ("!defined X", ("!(defined (X))",)),
        ("! ( defined( X ) )", ("!defined(X)",)),
        ("defined X", ("defined(X)",)),
        ("(defined(X))", ("defined(X)",)),
        ("#ifdef X", ("defined(X)",)),
        ("#ifndef X", ("!(defined(X))",)),
        ("#if !defined(X)", ("!(defined(X))",)),
        ("ifndef X", ("!defined(X)",)),
        ("defined(X)", ("!(!defined(X))",)),
        ("FANS", ("!(!FANS)",)),
        ("FANS>1", ("FANS > 1",)),
        ("!(FANS > 1)", ("!(FANS>1)",)),
        ("IS_ENABLED(CONFIG_X)", ("IS_ENABLED( CONFIG_X )",)),
        ("defined(A) && !defined(B)", ("defined(A)", "!(defined(B))")),
        ("!defined(B) && defined(A)", ("defined(A) && !defined(B)",)),
        ("defined(A) || (defined(B))", ("(defined A) || defined B",)),
        ("0", ("0",)),
        ("", ()),
    ],
)
def test_guards_are_compared_by_their_meaning(guard: str, conditions: tuple[str, ...]) -> None:
    assert same_guard(guard, conditions)


@pytest.mark.parametrize(
    ("guard", "conditions"),
    [
        ("defined(X)", ()),
        ("", ("defined(X)",)),
        ("defined(X)", ("!(defined(X))",)),
        ("X", ("defined(X)",)),
        ("defined(A)", ("defined(A)", "defined(B)")),
        ("defined(A) || defined(B)", ("defined(A)", "defined(B)")),
        ("!(defined(A) && defined(B))", ("!(defined(A))", "!(defined(B))")),
        ("A || B && C", ("(A || B)", "C")),
        ("!X == 1", ("!(X == 1)",)),
        ("!!X == 1", ("X == 1",)),
        ("FANS > 1", ("FANS > 2",)),
        ("defined(X) &&", ("defined(X)",)),
    ],
)
def test_guards_that_mean_something_else_differ(guard: str, conditions: tuple[str, ...]) -> None:
    assert not same_guard(guard, conditions)


def test_suggested_guard_is_yaml() -> None:
    assert suggested(("defined(X)",)) == "guard: defined(X)"
    assert suggested(("!(defined(X))", "Y")) == "guard: '!(defined(X)) && Y'"


@pytest.mark.parametrize(("guard", "line"), [("defined(CONFIG_FAN)", 4), ("!defined(CONFIG_FAN)", 9)])
def test_guard_selects_one_of_two_definitions(guard: str, line: int) -> None:
    edit = guarded(hunk_edit("function cool", "- return blow(1);\n+ return blow(2);"), guard)
    expected = code(TWO_ARMS).splitlines(keepends=True)
    expected[line - 1] = "    return blow(2);\n"
    check_applied(TWO_ARMS, edit, "".join(expected))


@pytest.mark.parametrize(
    ("guard", "line"), [("FANS > 2", 2), ("!(FANS > 2) && FANS > 1", 4), ("!(FANS>2) && !(FANS>1)", 6)]
)
def test_guard_selects_one_of_three_definitions(guard: str, line: int) -> None:
    edit = guarded(operation_edit("function fans", DeleteOperation()), guard)
    space = workspace(THREE_ARMS)
    assert isinstance(apply_edit(edit, space), Applied)
    (changed,) = space.tree.changed.values()
    lines = code(THREE_ARMS).splitlines(keepends=True)
    assert changed.decode() == "".join(lines[: line - 1] + lines[line:])


def test_guard_that_none_of_the_definitions_has_is_refused_with_those_there_are() -> None:
    result = outcome(TWO_ARMS, guarded(hunk_edit("function cool", "- return blow(1);"), "defined(CONFIG_PUMP)"))
    assert isinstance(result, Ambiguous)
    assert result.advice == ("say which is meant:\nguard: defined(CONFIG_FAN)\n# or\nguard: '!(defined(CONFIG_FAN))'")


def test_definitions_without_a_guard_in_the_edit_stay_ambiguous() -> None:
    result = outcome(TWO_ARMS, hunk_edit("function cool", "- return blow(1);"))
    assert isinstance(result, Ambiguous)
    assert "guard: defined(CONFIG_FAN)" in result.advice


def test_two_definitions_under_the_same_guard_cannot_be_told_apart() -> None:
    source = TWO_ARMS.replace("#else", "#endif\n#ifdef CONFIG_FAN")
    result = outcome(source, guarded(hunk_edit("function cool", "- return blow(1);"), "defined(CONFIG_FAN)"))
    assert isinstance(result, Ambiguous)
    assert "under the same #if" in result.advice


def test_stub_is_added_in_an_else() -> None:
    check_applied(
        ONE_ARM,
        guarded(add_edit("function cool", STUB, Position.AFTER), "defined(CONFIG_FAN)"),
        ONE_ARM.replace("#endif", f"{STUB}#endif"),
    )


def test_further_arm_is_added_before_an_else() -> None:
    source = ONE_ARM.replace("#endif", "#else\nint cool(void) { return 0; }\n#endif")
    arm = "#elif defined(CONFIG_PUMP)\nint cool(void)\n{\n    return 2;\n}\n"
    edit = guarded(add_edit("function cool", arm, Position.AFTER), "defined(CONFIG_FAN)")
    check_applied(source, edit, source.replace("#else", f"{arm}#else"))


def test_symbol_of_another_arm_is_added_to_its_own() -> None:
    source = ONE_ARM.replace("#endif", "#else\nint other;\n#endif")
    edit = guarded(add_edit("prototype other", "int cool(void);", Position.AFTER), "!defined(CONFIG_FAN)")
    prototypes = source.replace("int other;", "int other(void);")
    check_applied(prototypes, edit, prototypes.replace("int other(void);", "int other(void);\nint cool(void);"))


def test_one_line_functions_stand_together() -> None:
    source = "#ifdef X\nvoid a(void);\n#else\nstatic inline void a(void) { }\n#endif\n"
    edit = guarded(add_edit("function a", "static inline void b(void) { }", Position.AFTER), "!defined(X)")
    check_applied(source, edit, source.replace("{ }\n", "{ }\nstatic inline void b(void) { }\n"))


def test_symbol_that_is_there_under_another_condition_only_is_no_result() -> None:
    source = f"{ONE_ARM}\n#ifdef CONFIG_PUMP\nint pump(void);\n#endif\n"
    edit = guarded(add_edit("function cool", "int pump(void);", Position.AFTER), "defined(CONFIG_FAN)")
    assert isinstance(outcome(source, edit), Applied)


def test_symbol_that_is_there_under_a_condition_cannot_be_added_without() -> None:
    result = outcome(ONE_ARM, add_edit("initializer last", "int cool(void)\n{\n    return 1;\n}", Position.AFTER))
    assert isinstance(result, Drifted)
    result = outcome(
        ONE_ARM.replace("int last;", "int last = 1;"),
        add_edit("initializer last", "int cool(void)\n{\n    return 1;\n}", Position.AFTER),
    )
    assert isinstance(result, Drifted)
    assert result.message == "function cool exists already under #if defined(CONFIG_FAN), with another content"


@pytest.mark.parametrize(
    ("source", "where", "position", "why"),
    [
        (ONE_ARM, "initializer first", Position.AFTER, "would change the arm of what follows there"),
        (ONE_ARM, "function cool", Position.BEFORE, "can only follow the last symbol"),
        (TWO_ARMS.replace("blow(1)", "2", 1), "function cool", Position.AFTER, "would be a second one"),
        (ONE_ARM.replace("int last", "int last = 1"), "initializer last", Position.AFTER, "has no #if to go on with"),
    ],
)
def test_else_that_would_change_other_arms_is_refused(source: str, where: str, position: Position, why: str) -> None:
    source = source.replace("int first;", "int first = 1;")
    edit = add_edit(where, "#else\nint stub;\n", position)
    result = outcome(source, edit if "last" in where else guarded(edit, "defined(CONFIG_FAN)"))
    assert isinstance(result, Ambiguous)
    assert why in result.message


def test_else_behind_an_else_is_refused() -> None:
    edit = guarded(add_edit("function cool", "#elif X\nint stub;\n", Position.AFTER), "!defined(CONFIG_FAN)")
    assert isinstance(outcome(TWO_ARMS, edit), Ambiguous)


@pytest.mark.parametrize(
    "text", ["int a;\n#else\nint b;\n", "#ifdef X\nint a;\n", "#endif\n#ifdef X\nint a;\n", "#else\nint a;\n#endif\n"]
)
def test_added_text_opens_and_closes_its_own_conditions(text: str) -> None:
    with pytest.raises(UserError, match="does not open and close its own #if"):
        outcome(ONE_ARM, guarded(add_edit("function cool", text, Position.AFTER), "defined(CONFIG_FAN)"))


def test_signature_changes_alike_in_all_arms() -> None:
    edit = guarded(
        hunk_edit("signature cool", "- static int cool(void)\n+ static long cool(void)"), "#ifndef CONFIG_FAN"
    )
    check_applied(TWO_ARMS, edit, TWO_ARMS.replace("static int", "static long"))


@pytest.mark.parametrize(
    ("anchored", "symbol"),
    [
        ("struct fan", "struct fan {\n    int turns;\n};\n"),
        ("macro FAN", "#define FAN 1\n"),
        ("initializer fan", "static int fan = 1;\n"),
        ("enum fan", "enum fan { SLOW };\n"),
        ("prototype fan", "int fan(void);\n"),
    ],
)
def test_guard_selects_among_symbols_of_each_kind(anchored: str, symbol: str) -> None:
    space = workspace(f"#ifdef CONFIG_FAN\n{symbol}#else\n{symbol}#endif\nint last;\n")
    result = apply_edit(guarded(operation_edit(anchored, DeleteOperation()), "!defined CONFIG_FAN"), space)
    assert isinstance(result, Applied)
    (changed,) = space.tree.changed.values()
    assert changed.decode() == f"#ifdef CONFIG_FAN\n{symbol}#else\n#endif\nint last;\n"
