# SPDX-License-Identifier: GPL-2.0-or-later
"""The parse: masked and source stay aligned, macros become C that parses, tokens keep the true text."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.parse_coverage import lost_code
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macro_repair import broken_nodes
from qpatch.csource.syntax.macros import MacroForm, MacroTable, macro_table
from qpatch.csource.syntax.parse import ParsedFile, parse
from qpatch.csource.syntax.term import build

QEMU = macro_table("qemu")
LINUX = macro_table("linux")

FUNCTION_BODIES = [
    "QLIST_FOREACH(pet, &zoo->pets, next) { feed(pet); }",
    "QTAILQ_FOREACH_SAFE(pet, &zoo->pets,\n    next, tmp) /* all */ { free(pet); }",
    "if (a) { b(); } else QLIST_FOREACH(pet, &zoo->pets, next) { feed(pet); }",
    "WITH_RCU_READ_LOCK_GUARD() { feed(pet); }",
    "WITH_QEMU_LOCK_GUARD(&zoo->lock) { feed(pet); }",
    "g_autofree char *name = NULL;",
    'g_autofree const char *name = g_strdup("x"), *other;',
    "g_autoptr(Error) err = NULL;",
    'g_autoptr( GString ) text = g_string_new("a, b)");',
    "struct pet *p = container_of(q, struct pet, list);",
    "pets = g_new0(Pet *, 3);",
    "x = g_new(unsigned int, n); y = va_arg(ap, const char *);",
    "x = g_array_index(pets, struct pet,\n                  3);",
    "DECLARE_BITMAP(free, COUNT * 2);",
    'report("%" PRIx64 " of " stringify(MANY) "\\n", n);',
    "switch (n) { case 0x10 ... 0x1f: break; case 'a' ... 'z': return; default: break; }",
    "p(\"a\\\"QLIST_FOREACH(\", '\"', '\\'');",
    'report("one "\n#ifdef CONFIG_PET\n       "two "\n#endif\n       "three");',
    "if (a) {\n        b();\n#ifdef CONFIG_PET\n    } else if (c) {\n        d();\n#endif\n    } else {\n"
    "        e();\n    }",
    "#ifdef A\n    if (a) {\n        b();\n    }\n#endif\n#ifdef C\n    else if (c) {\n        d();\n    }\n#endif",
    "feed(pet,\n#ifdef CONFIG_PET\n     1,\n#else\n     2,\n#endif\n     3);",
]
FILE_ITEMS = [
    "OBJECT_DECLARE_TYPE(Pet, PetClass, PET)",
    "OBJECT_DECLARE_SIMPLE_TYPE(Pet, PET);",
    "type_init(pet_register)",
    "DEFINE_TYPES(pet_types)",
    "DECLARE_INSTANCE_CHECKER(Pet, PET,\n                         TYPE_PET)",
    "static QLIST_HEAD(, Pet) pets = QLIST_HEAD_INITIALIZER(pets);",
    "typedef QLIST_HEAD(PetList, Pet) PetList;",
    "struct Pet { QTAILQ_ENTRY(Pet) next; QLIST_HEAD(, Flea) fleas; DECLARE_BITMAP(spots, 8); };",
    "typedef struct QEMU_PACKED Flea { int legs; } Flea;",
    "typedef struct { int legs; } QEMU_PACKED Louse;",
    "struct Tick { int legs QEMU_ALIGNED(8); } QEMU_PACKED;",
    "static void coroutine_fn walk(Pet *pet) { }",
    "int coroutine_fn GRAPH_RDLOCK run(Pet *pet, void *data G_GNUC_UNUSED);",
    "int tell(const char *format, ...) G_GNUC_PRINTF(1, 2);",
    "G_NORETURN void die(void);",
    "void call(void (coroutine_fn *entry)(void));",
    "#define QLIST_FOREACH(var, head, field) \\\n    for (; (var); ) /* g_autofree */",
    "/* QLIST_FOREACH(a, b, c) { g_autofree */",
    'static const Prop props[] = {\n    PROP("a", Pet, a),\n#ifdef CONFIG_PET\n    PROP("b", Pet, b),\n'
    "#endif\n    END(),\n};",
    '#ifdef __cplusplus\nextern "C" {\n#endif\nint f(void);\n#ifdef __cplusplus\n}\n#endif',
    "#define tell(zoo, fmt, args...) \\\n    report((zoo)->name, fmt, ##args)",
    "# define plain( rest ... ) report(rest)",
    "#define both(a, ...) report(a, __VA_ARGS__)",
    "enum Kind {\n#define BIG_BIT 1\n    BIG = 1 << BIG_BIT,\n};",
    'static const Prop more[] = {\n    DEFINE_PROP("c", Pet, c, kind, .set = true, .def.i = 1),\n'
    "#if defined(A) && B\n    D\n#else\n    E\n#endif\n};",
]


def shadow_is_aligned(parsed: ParsedFile) -> bool:
    return len(parsed.source) == len(parsed.masked) and [m.start() for m in re.finditer(rb"[\r\n]", parsed.source)] == [
        m.start() for m in re.finditer(rb"[\r\n]", parsed.masked)
    ]


def in_function(body: str) -> str:
    return f"static void f(Zoo *zoo)\n{{\n    {body}\n}}\n"


ALL_SNIPPETS = [in_function(body) for body in FUNCTION_BODIES] + [item + "\n" for item in FILE_ITEMS]


@pytest.mark.parametrize("source", ALL_SNIPPETS)
def test_macros_of_the_table_parse_without_errors(source: str) -> None:
    parsed = parse(source.encode(), QEMU)
    assert list(broken_nodes(parsed.tree.root_node)) == []


@given(st.lists(st.sampled_from(ALL_SNIPPETS), max_size=6))
@example(  # What looks like a macro in the string was tried as one.
    [
        *(snippet for snippet in ALL_SNIPPETS if "CONFIG_PET\n    PROP" in snippet),
        *(snippet for snippet in ALL_SNIPPETS if 'QLIST_FOREACH("' in snippet),
        *(snippet for snippet in ALL_SNIPPETS if "BIG_BIT" in snippet),
        *(snippet for snippet in ALL_SNIPPETS if "three" in snippet),
    ]
)
def test_terms_have_all_code_of_the_source(snippets: list[str]) -> None:
    parsed = parse("".join(snippets).encode(), QEMU)
    assert shadow_is_aligned(parsed)
    assert lost_code(parsed) == []


SOUP = [
    "QLIST_FOREACH",
    "g_autofree",
    "g_autoptr",
    "WITH_RCU_READ_LOCK_GUARD",
    "type_init",
    "container_of",
    "QEMU_PACKED",
    "struct",
    "DECLARE_BITMAP",
    "(",
    ")",
    "{",
    "}",
    ";",
    ",",
    "*",
    '"',
    "'",
    "/*",
    "*/",
    "//",
    "\\",
    "\n",
    "\r\n",
    " ",
    "#if X",
    "\n#ifdef Y\n",
    "\n#else\n",
    "\n#endif\n",
    "\n#define Z ",
    "case 1 ... 2:",
    "x",
    "1",
    "=",
]


@given(st.lists(st.sampled_from(SOUP), max_size=40))
def test_any_text_keeps_length_and_line_ends(pieces: list[str]) -> None:
    parsed = parse("".join(pieces).encode(), QEMU)
    assert shadow_is_aligned(parsed)
    ends = [(region.start, region.end) for region in parsed.regions]
    assert all(left[1] <= right[0] for left, right in pairwise(ends))


def test_without_a_table_nothing_is_rewritten() -> None:
    source = in_function("QLIST_FOREACH(a, b, c) { }").encode()
    parsed = parse(source)
    assert parsed.masked == source
    assert parsed.regions == ()


def test_a_loop_macro_is_one_token_with_its_true_name() -> None:
    parsed = parse(in_function("QLIST_FOREACH_SAFE(a, b, c, d) { }").encode(), QEMU)
    assert "QLIST_FOREACH_SAFE" in build(parsed, parsed.tree.root_node).tokens
    assert parsed.masked.count(b"while") == 1


def test_a_masked_region_is_one_token_with_white_space_folded() -> None:
    parsed = parse(in_function("g_autoptr(GString\n  ) text = NULL;").encode(), QEMU)
    assert "g_autoptr(GString )" in build(parsed, parsed.tree.root_node).tokens


def test_directives_where_c_has_no_room_for_them_are_blanked() -> None:
    parsed = parse(in_function("if (a) {\n#ifdef X\n    } else if (b) {\n#endif\n    }").encode(), QEMU)
    texts = [parsed.source[region.start : region.end] for region in parsed.regions]
    assert [text for text in texts if text.startswith(b"#")] == [b"#ifdef X", b"#endif"]


def test_a_string_is_one_token() -> None:
    parsed = parse(in_function(r'f("a \"b\" %d\n");').encode(), QEMU)
    assert r'"a \"b\" %d\n"' in build(parsed, parsed.tree.root_node).tokens


def test_the_term_of_a_node_leaves_out_what_is_around_it() -> None:
    parsed = parse(b"int a = 1; QLIST_HEAD(, T) b;\nint c;\n", QEMU)
    assert [build(parsed, node).tokens for node in parsed.tree.root_node.named_children] == [
        ("int", "a", "=", "1", ";"),
        ("QLIST_HEAD(, T)", "b", ";"),
        ("int", "c", ";"),
    ]


def test_a_function_named_like_a_loop_macro_stays_a_function() -> None:
    source = b"int\nfor_each_pet(Pet *pet)\n{ }\nstatic int *for_each_flea(Pet *pet)\n{ }\n"
    parsed = parse(source, QEMU)
    assert parsed.masked == source
    assert [node.type for node in parsed.tree.root_node.named_children] == ["function_definition"] * 2


@pytest.mark.parametrize(
    "source",
    [
        in_function("every_pet(pet, zoo) { feed(pet); }"),
        "SOME_REGISTRATION(pet_register)\nint x;\n",
        in_function("p = pet_of(q, struct pet, list);"),
        "static int NEVER_HEARD_OF f(int a)\n{\n    return a;\n}\n",
        "static PET_ATTR(name, 0444, show, NULL);\n",
        "static const char *f(void)\n{\n    return g(LEGS TAIL, 1);\n}\n",
    ],
)
def test_unknown_macros_are_mended_by_their_shape(source: str) -> None:
    empty = MacroTable({})
    assert parse(source.encode()).tree.root_node.has_error
    parsed = parse(source.encode(), empty)
    assert not parsed.tree.root_node.has_error
    assert shadow_is_aligned(parsed)


def test_macros_that_cut_through_each_other_are_left_alone() -> None:
    source = b"container_of(a, struct b [DECLARE_BITMAP(c] *, d), e)\n"
    assert shadow_is_aligned(parse(source, QEMU))


@pytest.mark.parametrize("column", ["", "    "])
def test_a_call_inside_a_function_is_no_declaration(column: str) -> None:
    source = f"static void f(void)\n{{\n{column}type_init(pet);\n}}\n".encode()
    assert parse(source, QEMU).regions == ()


def test_a_mistake_stays_a_mistake() -> None:
    parsed = parse(in_function("feed(pet)\n    pet->legs = 4;").encode(), QEMU)
    assert parsed.tree.root_node.has_error


def test_repair_gives_up_on_what_is_not_c() -> None:
    parsed = parse(b"this is ) not ( C at all } { \n" * 300, QEMU)
    assert parsed.tree.root_node.has_error


@pytest.mark.parametrize(
    "source",
    [
        in_function("list_for_each_entry(pos, head, member) { feed(pos); }"),
        in_function("scoped_guard(mutex, &zoo->lock) { feed(pet); }"),
        in_function("for_each_set_bit(bit, map, 8)\n    feed(bit);"),
        "static int __init zoo_init(void)\n{\n    return 0;\n}\nmodule_init(zoo_init);\n",
        "static long f(struct file *file, void __user *arg)\n{\n    return 0;\n}\n",
        "int g(void __iomem *base, u64 __percpu *count) __must_hold(&lock);\n",
        "static DEFINE_MUTEX(zoo_lock);\nstatic DEFINE_PER_CPU(struct pet, pets);\n",
        'EXPORT_SYMBOL_GPL(zoo_init);\nMODULE_LICENSE("GPL v2");\n',
        "struct pet { DECLARE_BITMAP(spots, 8); u8 tail[] __counted_by(length); } __packed;\n",
        "struct dog { __struct_group(tag, name, , int a; int b;); DECLARE_FLEX_ARRAY(u8, legs); };\n",
        "struct pet *p __free(kfree) = NULL;\n",
        in_function("struct pet *p __free(kfree) = kzalloc(sizeof(*p), GFP_KERNEL);"),
        in_function("p = container_of_const(q, struct pet, list); guard(mutex)(&lock);"),
        in_function("n = min_t(u64 __iomem *, a, b); m = offsetof(typeof(*p), tail[2]);"),
        in_function("typeof(&a->b.c) p = &a->b.c;"),
        in_function("module_put(pet->module);"),
        "static DEVICE_ATTR(legs, 0444, legs_show, NULL);\n",
    ],
)
def test_macros_of_the_kernel_parse_without_errors(source: str) -> None:
    parsed = parse(source.encode(), LINUX)
    assert list(broken_nodes(parsed.tree.root_node)) == []
    assert shadow_is_aligned(parsed)
    assert lost_code(parsed) == []


def test_names_come_before_patterns() -> None:
    table = MacroTable({"for_each_pet": MacroForm.TYPED}, [("for_each_*", MacroForm.LOOP)])
    assert table.form_of(b"for_each_pet") is MacroForm.TYPED
    assert table.form_of(b"for_each_flea") is MacroForm.LOOP
    assert table.form_of(b"for_all_fleas") is None


def test_the_cache_parses_each_content_once() -> None:
    cache = ParseCache(QEMU)
    first = cache.parse(b"int a;\n")
    assert cache.parse(bytes(bytearray(b"int a;\n"))) is first
    assert cache.parse(b"int b;\n") is not first
