# SPDX-License-Identifier: GPL-2.0-or-later
"""Fragments of C given as data: where they match, and that they mean what hunks mean."""

from __future__ import annotations

import pytest

from qpatch.csource.matching.fragment import Fragment
from qpatch.csource.matching.pattern import Context
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.term import build

QEMU = macro_table("qemu")


def occurs(pattern: str, statements: str) -> bool:
    parsed = parse(f"void zoo(void)\n{{\n    {statements}\n}}\n".encode(), QEMU)
    return Fragment(pattern).occurs_in(parsed, parsed.tree.root_node, QEMU)


@pytest.mark.parametrize(
    ("pattern", "statements", "found"),
    [
        ("f(a)", "x = f( a );", True),
        ("f(a)", "x = f(a, b);", False),
        ("f(...)", "x = f(a, g(b));", True),
        ("f(...)", "x = f();", True),
        ("f(..., NULL)", "f(a, (b, c), NULL);", True),
        ("f(..., NULL)", "f(a, NULL, b);", False),
        ("f($one)", "f(a->b[c, d]);", True),
        ("f($one)", "f(a, b);", False),
        ("f($one)", "f();", False),
        ("f($a, $a)", "f(x + 1, x + 1);", True),
        ("f($a, $a)", "f(x + 1, x + 2);", False),
        ("return f(...)", "if (a) { return f(b); }", True),
        ("return f(...)", "x = f(b);", False),
        ("return f(...);", "if (a) { return /* at once */ f(b); }", True),
        ("f(a)", "/* f(a) */ g();", False),
        ("f(a)", "f(/* b */ a);", True),
        ("f(a);", "x = f(a);", False),
        ('"f (a)"', 'g("f (a)");', True),
        ('"f(a)"', 'g("f (a)");', False),
        ("max", "x = y->max;", True),
        ("max", "x = maximum;", False),
        ("4", "x = 4;", True),
        ("a(); ... b();", "a(); c(); b();", True),
        ("a(); ... b();", "if (x) { a(); } b();", False),
        ("a(); b();", "if (x) { a(); b(); }", True),
        ("QLIST_FOREACH($pet, ...) { ... }", "QLIST_FOREACH(cat, &pets, next) { feed(cat); }", True),
    ],
)
def test_where_a_fragment_occurs(pattern: str, statements: str, *, found: bool) -> None:
    assert occurs(pattern, statements) is found


@pytest.mark.parametrize(
    ("text", "context", "code", "found"),
    [
        ("..., Error **$e", Context.PARAMETERS, "void f(int a, Error **errp);", True),
        ("..., Error **$e", Context.PARAMETERS, "void f(Error **errp);", True),
        ("..., Error **$e", Context.PARAMETERS, "void f(Error **errp, int a);", False),
        ("int $a", Context.PARAMETERS, "void f(int a, int b);", False),
        ("...", Context.PARAMETERS, "void f(void);", True),
        ("Tail *$tail", Context.MEMBERS, "struct s { Tail *end; };", True),
        ("Tail *$tail", Context.MEMBERS, "struct s { Tail end; };", False),
        ("$type (*feed)(..., Error **$errp)", Context.MEMBERS, "struct s { int (*feed)(P *p, Error **e); };", True),
        (".feed = $f", Context.ENTRIES, "ops o = { .feed = zoo_feed };", True),
        (".feed = $f", Context.ENTRIES, "ops o = { .walk = zoo_feed };", False),
    ],
)
def test_a_whole_member_entry_or_parameter_list(text: str, context: Context, code: str, *, found: bool) -> None:
    parsed = parse(f"{code}\n".encode(), QEMU)
    kinds = {
        Context.PARAMETERS: "parameter_list",
        Context.MEMBERS: "field_declaration",
        Context.ENTRIES: "initializer_pair",
    }
    root = build(parsed, parsed.tree.root_node)
    term = next(below for below in root.below() if below.kind == kinds[context])
    assert Fragment(text, context).is_whole(term, QEMU) is found


def test_the_context_decides_what_a_declaration_is() -> None:
    parsed = parse(b"struct s {\n    Tail tail;\n};\nvoid f(void)\n{\n    Leg leg;\n}\n", QEMU)
    root = parsed.tree.root_node
    assert Fragment("Tail $t", Context.MEMBERS).occurs_in(parsed, root, QEMU)
    assert not Fragment("Tail $t").occurs_in(parsed, root, QEMU)
    assert Fragment("Leg $l").occurs_in(parsed, root, QEMU)
    # What is no list of members is tried as statements.
    assert Fragment("f() + 1", Context.MEMBERS).compiled(QEMU).items[0].kind == "binary_expression"


def test_the_value_of_a_macro_is_code() -> None:
    parsed = parse(b"#define FEED(p) \\\n    do { feed(p, 4); } while (0)\n", QEMU)
    assert Fragment("feed($p, 4)").occurs_in(parsed, parsed.tree.root_node, QEMU)
    assert not Fragment("feed($p, 5)").occurs_in(parsed, parsed.tree.root_node, QEMU)
    assert list(Fragment("feed($p, 4)").places_in_file(parsed, QEMU))


FILE = b"""\
/* feed(cat) */
#ifdef CONFIG_CAT
static int cats(void)
{
    return refeed(cat) + feed(dog);
}
#endif
"""


def test_a_file_is_searched_where_it_has_the_word() -> None:
    parsed = parse(FILE, QEMU)
    assert list(Fragment("feed(dog)").places_in_file(parsed, QEMU))
    assert not list(Fragment("feed(cat)").places_in_file(parsed, QEMU))


def test_the_word_to_look_for_is_the_longest_name() -> None:
    assert Fragment("f($metavariable, longest, x)").word == "longest"
    assert Fragment('"string"').word == ""
    assert Fragment("1 + 2").word == ""


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_blank_fragment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="empty pattern"):
        Fragment(text)


@pytest.mark.parametrize("text", ["f(", "a b c", "} else {"])
def test_a_fragment_that_is_not_c_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not C: .*does not parse as C"):
        Fragment(text).compiled(QEMU)
