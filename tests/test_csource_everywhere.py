# SPDX-License-Identifier: GPL-2.0-or-later
"""Replacing an expression or a name wherever it stands, with the number of places as part of the edit."""

from __future__ import annotations

import pytest
from csource_support import PATH, gutter, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Anchor, Edit, EverywhereOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.matching.rewriting import check_rewriting, read_rewriting
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, Drifted
from qpatch.errors import UserError


def everywhere(where: str, hunk: str, expect: int = 1, *, path: str = "", **options: bool) -> Edit:
    """Return an edit that replaces everywhere at the anchor `where`."""
    kind, _, name = where.partition(" ")
    operation = EverywhereOperation(read_rewriting(gutter(hunk)), **options)
    return Edit(Anchor(ANCHOR_KINDS[kind], name, path), operation, expect)


SWAP = """
- old($a, $b)
+ new($b, $a)
"""


def in_statement(statement: str, hunk: str, expect: int = 1) -> str:
    """Return what becomes of a statement in a function; the second time all is there, and nothing changes."""
    space = workspace(f"void f(void)\n{{\n    {statement}\n}}\n")
    edit = everywhere("function f", hunk, expect)
    assert isinstance(edit.operation, EverywhereOperation)
    result = apply_edit(edit, space)
    assert isinstance(result, Applied) and result.count == expect, result
    text = space.tree.changed[PATH].decode()
    again = apply_edit(edit, space)
    assert space.tree.changed[PATH].decode() == text
    named = edit.operation.rewriting.new_word  # what has no name may stand there for any reason
    assert isinstance(again, AlreadyThere if named else Drifted), again
    return text.removeprefix("void f(void)\n{\n    ").removesuffix("\n}\n")


@pytest.mark.parametrize(
    ("statement", "after", "count"),
    [
        ("old(1, 2);", "new(2, 1);", 1),
        ("x = old(a->b, c + d) * 2;", "x = new(c + d, a->b) * 2;", 1),
        ("old(old(1, 2), 3);", "new(3, new(2, 1));", 2),
        ("old(1, g(old(2, 3) + old(4, 5)));", "new(g(new(3, 2) + new(5, 4)), 1);", 3),
        (
            "#ifdef A\n    old(1, 2);\n#else\n    old(3, 4);\n#endif",
            "#ifdef A\n    new(2, 1);\n#else\n    new(4, 3);\n#endif",
            2,
        ),
        ("s->old(1, 2); old(1, 2);", "s->old(1, 2); new(2, 1);", 1),
        ("p = old; old(1); old(1, 2, 3); old(1, 2);", "p = old; old(1); old(1, 2, 3); new(2, 1);", 1),
        ('puts("old(1, 2)"); /* old(1, 2) */ old(1, 2);', 'puts("old(1, 2)"); /* old(1, 2) */ new(2, 1);', 1),
        ("old(1 /* one */,\n        2);", "new(2, 1);", None),
        ("if (old(1, 2)) return old(3, 4);", "if (new(2, 1)) return new(4, 3);", 2),
        ("switch (x) { case 1: old(1, 2); }", "switch (x) { case 1: new(2, 1); }", 1),
    ],
)
def test_a_call_wherever_it_stands(statement: str, after: str, count: int | None) -> None:
    if count is None:
        result = apply_edit(everywhere("function f", SWAP), workspace(f"void f(void)\n{{\n    {statement}\n}}\n"))
        assert isinstance(result, Drifted) and "would lose a comment" in result.message
    else:
        assert in_statement(statement, SWAP, count) == after


@pytest.mark.parametrize(
    ("hunk", "statement", "after"),
    [
        ("- get($x)\n+ $x->a + 1", "y = 2 * get(p);", "y = 2 * (p->a + 1);"),
        ("- get($x)\n+ $x->a + 1", "y = get(p);", "y = p->a + 1;"),
        ("- get($x)\n+ $x->a + 1", "y = get(p) + 2;", "y = p->a + 1 + 2;"),
        ("- get($x)\n+ $x->a + 1", "y = 2 - get(p);", "y = 2 - (p->a + 1);"),
        ("- get($x)\n+ $x->a + 1", "y = !get(p);", "y = !(p->a + 1);"),
        ("- get($x)\n+ $x->a + 1", "g(get(p), 1);", "g(p->a + 1, 1);"),
        ("- get($x)\n+ $x->a + 1", "if (get(p)) { }", "if (p->a + 1) { }"),
        ("- get($x)\n+ $x->a + 1", "get(p)->z = 1;", "(p->a + 1)->z = 1;"),
        ("- get($x)\n+ $x->a + 1", "y = get(p) ? get2(p) : 0;", "y = p->a + 1 ? get2(p) : 0;"),
        ("- twice($x)\n+ 2 * $x", "y = twice(a + b);", "y = 2 * (a + b);"),
        ("- twice($x)\n+ 2 * $x", "y = twice(a[0].b);", "y = 2 * a[0].b;"),
        ("- twice($x)\n+ 2 * $x", "y = twice((a + b));", "y = 2 * (a + b);"),
        ("- field($x)\n+ $x->f", "y = field(*p);", "y = (*p)->f;"),
        ("- field($x)\n+ $x->f", "y = field((T *)p);", "y = ((T *)p)->f;"),
        ("- field($x)\n+ $x->f", "y = field(g(p));", "y = g(p)->f;"),
        ("- id($x)\n+ $x", "y = 3 * id(a, b), id(a + b) * c;", None),
        ("- neg($x)\n+ -$x", "y = neg(-a);", "y = -(-a);"),
        ("- neg($x)\n+ -$x", "y = b - neg(a);", "y = b - (-a);"),
        ("- both($a, $b)\n+ $a && $b", "y = both(p || q, r == s);", "y = (p || q) && r == s;"),
        ("- pick($a)\n+ $a ? 1 : 2", "y = pick(b = c);", "y = (b = c) ? 1 : 2;"),
        ("- f2($a, ...)\n+ f3($a, NULL, ...)", "f2(1, 2, g(3, 4));", "f3(1, NULL, 2, g(3, 4));"),
        ("- f2($a, ...)\n+ f3($a, NULL, ...)", "f2(1);", "f3(1, NULL);"),
        ("- f2(...)\n+ f3(..., 0)", "f2();", "f3(0);"),
        ("- f2(...)\n+ f3(..., 0)", "f2(1, 2);", "f3(1, 2, 0);"),
        ("- f2($a);\n+ f3($a, false);", "if (x) f2(1);", "if (x) f3(1, false);"),
        ("- $s->old\n+ $s->parent.old", "p->old = q.old + r->old;", None),
        ("- LIMIT\n+ limit(s)", "x = LIMIT - 1;", "x = limit(s) - 1;"),
        ("- wrap($x)\n+ wrap(check($x))", "wrap(y);", "wrap(check(y));"),
        ("- plain\n+ twice(plain)", "y = plain;", "y = twice(plain);"),
    ],
)
def test_parentheses_and_placeholders(hunk: str, statement: str, after: str | None) -> None:
    if after is not None:
        assert in_statement(statement, hunk) == after
        return
    expect = 2 if "->old" in hunk else 1
    space = workspace(f"void f(void)\n{{\n    {statement}\n}}\n")
    assert isinstance(apply_edit(everywhere("function f", hunk, expect), space), Applied)
    text = space.tree.changed[PATH].decode()
    assert ("p->parent.old = q.old + r->parent.old" in text) or ("y = 3 * id(a, b), (a + b) * c;" in text)


def test_nested_places_keep_their_meaning() -> None:
    assert in_statement("y = inc(inc(x));", "- inc($a)\n+ $a + 1", 2) == "y = x + 1 + 1;"
    assert (
        in_statement("y = dbl(dbl2(x) + dbl(x + 1));", "- dbl($a)\n+ 2 * $a", 2) == "y = 2 * (dbl2(x) + 2 * (x + 1));"
    )
    space = workspace("void f(void)\n{\n    y = mul(mul(a, b), c);\n}\n")
    assert isinstance(apply_edit(everywhere("function f", "- mul($a, $b)\n+ $a + $b * 2", 2), space), Applied)
    assert b"y = a + b * 2 + c * 2;" in space.tree.changed[PATH]


def test_a_place_that_the_result_would_lose_is_refused() -> None:
    space = workspace("void f(void)\n{\n    old(1, old(2, 3));\n}\n")
    result = apply_edit(everywhere("function f", "- old($a, $b)\n+ new($a)", 2), space)
    assert isinstance(result, Drifted) and "would lose" in result.message and not space.tree.changed


def test_a_result_that_has_the_pattern_again_is_done_once() -> None:
    assert in_statement("log(a); log(b);", "- log($x)\n+ log(text($x))", 2) == "log(text(a)); log(text(b));"
    space = workspace("void f(void)\n{\n    log(text(a));\n    log(b);\n}\n")
    result = apply_edit(everywhere("function f", "- log($x)\n+ log(text($x))", 2), space)
    assert isinstance(result, Drifted) and "the new one stands in 1 place already" in result.message


MACROS = """\
#define ONE(x) old(x, 1)
#define TWO(x) do { old(x, 2); } while (0)
#define THREE(x) \\
    old((x), \\
        3)
#define HALF(x) old(x, 4); if (x) {
"""


def test_values_of_macros_are_code() -> None:
    space = workspace(MACROS.partition("#define HALF")[0])
    result = apply_edit(everywhere("file", SWAP, 3, path=PATH), space)
    assert isinstance(result, Applied) and [place.line for place in result.places] == [1, 2, 4]
    assert space.tree.changed[PATH].decode() == (
        "#define ONE(x) new(1, x)\n#define TWO(x) do { new(2, x); } while (0)\n#define THREE(x) \\\n    new(3, (x))\n"
    )


def test_the_whole_value_of_a_macro_gets_parentheses() -> None:
    space = workspace("#define SIZE old(1, 2)\n")
    assert isinstance(apply_edit(everywhere("macro SIZE", "- old($a, $b)\n+ $a + $b", path=PATH), space), Applied)
    assert space.tree.changed[PATH] == b"#define SIZE (1 + 2)\n"


def test_what_cannot_be_read_as_c_is_refused_and_told() -> None:
    for source, line in ((MACROS, 6), ("void f(void)\n{\n    old(1, 2);\n}\n} ) old(3, 4) ] {\n", 5)):
        space = workspace(source)
        result = apply_edit(everywhere("file", SWAP, 3, path=PATH), space)
        assert isinstance(result, Drifted) and "could not be read as C" in result.message, result
        assert line in [candidate.place.line for candidate in result.candidates] and not space.tree.changed


def test_a_place_in_a_statement_with_an_error_is_told() -> None:
    space = workspace('void f(void)\n{\n    old(1, 2);\n    s = "a" old(3, 4) "b";\n}\n')
    result = apply_edit(everywhere("function f", SWAP), space)
    assert isinstance(result, Drifted) and [candidate.place.line for candidate in result.candidates] == [4]


def test_a_constant_is_replaced_where_it_is_an_expression() -> None:
    space = workspace(
        "enum { LEN = SIZE };\nint a[SIZE];\nstruct s { int SIZE : SIZE; };\n"
        "int b = SIZE;\nt c = { [SIZE] = s->SIZE };\n"
        "void f(int x)\n{\n    switch (x) {\n    case SIZE:\n        goto SIZE;\n    }\nSIZE:\n    return;\n}\n"
    )
    result = apply_edit(everywhere("file", "- SIZE\n+ BASE + 1", 6, path=PATH), space)
    assert isinstance(result, Applied), result
    assert space.tree.changed[PATH].decode().count("SIZE") == 4


KR = """\
#include <old.h>
#include "old.h"
int old(a, b)
    int a, b;
{
    return a;
}
/* old: the old one */
static const char *name = "old";
#define CALL(x) old(x, 1)
#if defined(old)
struct s { int old; };
#endif
int older = old(1, 2);
"""


def test_a_name_is_renamed_wherever_code_has_it() -> None:
    space = workspace(KR, **{"include/old.h": "int old(int a, int b);\n", "docs/old.rst": "The old one.\n"})
    result = apply_edit(everywhere("tree", "- old\n+ fresh", 6), space)
    assert isinstance(result, Applied) and result.count == 6
    assert [(place.path, place.line) for place in result.places] == [
        *((PATH, line) for line in (3, 10, 11, 12, 14)),
        ("include/old.h", 1),
    ]
    text = space.tree.changed[PATH].decode()
    assert text.count("fresh") == 5 and "<old.h>" in text and '"old"' in text and "older = fresh(" in text
    assert isinstance(apply_edit(everywhere("tree", "- old\n+ fresh", 6), space), AlreadyThere)


def test_comments_strings_and_texts_are_changed_where_asked_for() -> None:
    files = {PATH: KR, "docs/old.rst": "The old one; olden.\n"}
    space = workspace(**files)
    edit = everywhere("files **", "- old\n+ fresh", 11, comments=True, strings=True, texts=True)
    result = apply_edit(edit, space)
    assert isinstance(result, Applied), result
    assert b"/* fresh: the fresh one */" in space.tree.changed[PATH]
    assert b'name = "fresh"' in space.tree.changed[PATH]
    assert space.tree.changed["docs/old.rst"] == b"The fresh one; olden.\n"


@pytest.mark.parametrize(
    ("where", "paths"),
    [
        ("tree", {"a.c", "hw/a.c", "hw/deep/b.h"}),
        ("files hw/", {"hw/a.c", "hw/deep/b.h"}),
        ("files hw/*.c", {"hw/a.c"}),
        ("files **/*.c", {"hw/a.c"}),
        ("files **.c", {"a.c", "hw/a.c"}),
        ("files hw/?.c", {"hw/a.c"}),
    ],
)
def test_scopes(where: str, paths: set[str]) -> None:
    files = dict.fromkeys(("a.c", "hw/a.c", "hw/deep/b.h", "hw/a.txt"), "int x = old(1, 2);\n")
    space = workspace(**files)
    result = apply_edit(everywhere(where, SWAP, len(paths)), space)
    assert isinstance(result, Applied), result
    assert set(space.tree.changed) == paths == {place.path for place in result.places}


def test_only_the_symbol_is_searched() -> None:
    space = workspace("void f(void)\n{\n    old(1, 2);\n}\n\nvoid g(void)\n{\n    old(3, 4);\n}\n")
    assert isinstance(apply_edit(everywhere("function g", SWAP), space), Applied)
    assert space.tree.changed[PATH].count(b"old(1, 2)") == 1 and b"new(4, 3)" in space.tree.changed[PATH]


def test_counts() -> None:
    source = "void f(void)\n{\n    old(1, 2);\n    old(3, 4);\n}\n"
    more = apply_edit(everywhere("function f", SWAP, 1), workspace(source))
    assert isinstance(more, Ambiguous) and [place.line for place in more.matches] == [3, 4]
    assert "stands in 2 places, 1 expected" in more.message and "expect: 2" in more.advice
    less = apply_edit(everywhere("function f", SWAP, 3), workspace(source))
    assert isinstance(less, Drifted) and [candidate.place.line for candidate in less.candidates] == [3, 4]
    assert isinstance(apply_edit(everywhere("function f", SWAP, 1, at_least=True), workspace(source)), Applied)
    few = apply_edit(everywhere("function f", SWAP, 3, at_least=True), workspace(source))
    assert isinstance(few, Drifted) and "at least 3 expected" in few.message
    none = apply_edit(everywhere("function f", "- none($a)\n+ some($a)", 2), workspace(source))
    assert isinstance(none, Drifted) and "in no place, 2 expected" in none.message
    half = workspace("void f(void)\n{\n    old(1, 2);\n    new(3, 4);\n}\n")
    result = apply_edit(everywhere("function f", SWAP, 2), half)
    assert isinstance(result, Drifted) and not result.advice and not half.tree.changed
    assert isinstance(apply_edit(everywhere("files none/*.c", SWAP), workspace(source)), Drifted)


def test_what_stands_in_a_loop_macro_is_replaced() -> None:
    space = workspace("void f(void)\n{\n    QLIST_FOREACH(x, old(1, 2), next) {\n        old(3, 4);\n    }\n}\n")
    result = apply_edit(everywhere("function f", SWAP, 2), space)
    assert isinstance(result, Applied) and b"FOREACH(x, new(2, 1), next)" in space.tree.changed[PATH], result


@pytest.mark.parametrize(
    ("hunk", "told"),
    [
        ("  f();\n- a()\n+ b()", "a line of context"),
        ("- a()", "there is no `+` line"),
        ("- a()\n+ b($x)", "is bound by no"),
        ("- $a + 1\n+ b", "has no name"),
        ("- a()\n+ b(...)", "`...` on the `+` line"),
    ],
)
def test_hunks_that_are_refused(hunk: str, told: str) -> None:
    with pytest.raises(HunkError, match=told.replace("(", r"\(").replace(".", r"\.").replace("+", r"\+")):
        read_rewriting(hunk)


@pytest.mark.parametrize(
    "hunk",
    [
        *("- a(\n+ b()", "- a() b()\n+ c()", "- a();\n+ b()", "- int a;\n+ int b;"),
        *("- a(); b();\n+ c();", "- a()\n+ + ;", "- a($x, $y)\n+ a($y, $x)"),
        *("- a($x);\n+ if (b) c($x);", "- a($x);\n+ b($x); c();"),
    ],
)
def test_sides_that_are_no_expression(hunk: str) -> None:
    with pytest.raises(HunkError):
        check_rewriting(hunk, None)


def test_a_tree_has_no_path() -> None:
    with pytest.raises(UserError, match="neither a path nor a guard"):
        apply_edit(everywhere("tree", SWAP, path=PATH), workspace("int x;\n"))
