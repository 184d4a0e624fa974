# SPDX-License-Identifier: GPL-2.0-or-later
"""The outline of a file: what it finds, under which names, lines and conditions."""

from __future__ import annotations

import pytest

from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.symbols import Symbol, SymbolKind, outline, symbols_named


def symbols(source: str) -> tuple[Symbol, ...]:
    return outline(parse(source.encode(), macro_table("qemu")))


def names(source: str, kind: SymbolKind) -> list[str]:
    return [symbol.name for symbol in symbols(source) if symbol.kind is kind]


@pytest.mark.parametrize(
    "source",
    [
        "int feed(Pet *pet)\n{\n}\n",
        "static inline struct Food *feed(void)\n{\n}\n",
        "static Food **\nfeed(Pet *pet,\n     int n)\n{\n}\n",
        "static void coroutine_fn GRAPH_RDLOCK feed(void)\n{\n}\n",
        "static void __attribute__((unused)) feed(void)\n{\n}\n",
        "int feed(void) G_GNUC_NORETURN\n{\n}\n",
        "static g_autoptr(Food) (feed)(void)\n{\n}\n",
        "static void (*feed(int n))(Pet *)\n{\n}\n",
    ],
)
def test_function_definitions_of_all_shapes(source: str) -> None:
    (found,) = symbols(source)
    assert (found.kind, found.name) == (SymbolKind.FUNCTION, "feed")
    assert found.body is not None
    assert found.body.type == "compound_statement"
    assert (found.start_line, found.end_line) == (1, source.count("\n"))


def test_the_line_of_a_name_is_its_own() -> None:
    (found,) = symbols("static int\nfeed(Pet *pet)\n{\n    return 0;\n}\n")
    assert (found.start_line, found.line, found.end_line) == (1, 2, 5)


@pytest.mark.parametrize(
    "source",
    [
        "int feed(Pet *pet);",
        "Food *feed(Pet *pet, int n);",
        "int feed(const char *f, ...) G_GNUC_PRINTF(1, 2);",
        "extern bool feed(void);",
    ],
)
def test_prototypes(source: str) -> None:
    assert [(s.kind, s.name) for s in symbols(source)] == [(SymbolKind.PROTOTYPE, "feed")]


@pytest.mark.parametrize(
    "source",
    [
        "int (*feed)(Pet *pet);",
        "int feed;",
        "extern Pet pets[];",
        "typedef int (*feed)(Pet *pet);",
    ],
)
def test_what_is_no_prototype(source: str) -> None:
    assert names(source, SymbolKind.PROTOTYPE) == []


def test_a_struct_is_there_under_tag_and_typedef_name() -> None:
    source = "typedef struct Pet {\n    int legs;\n} Animal;\n"
    assert names(source, SymbolKind.STRUCT) == ["Pet", "Animal"]
    assert names(source, SymbolKind.TYPEDEF) == ["Animal"]
    assert all(s.body is not None and s.body.type == "field_declaration_list" for s in symbols(source))


def test_a_struct_with_one_name_is_there_once() -> None:
    assert names("typedef struct Pet { int legs; } Pet;", SymbolKind.STRUCT) == ["Pet"]


def test_a_struct_without_tag_has_its_typedef_name() -> None:
    source = "typedef struct { int legs; } QEMU_PACKED Pet, *PetPointer;"
    assert names(source, SymbolKind.STRUCT) == ["Pet", "PetPointer"]


def test_structs_unions_and_enums_with_a_body_only() -> None:
    source = (
        "struct Pet;\nstruct Dog { int legs; };\nunion Cat { int lives; };\n"
        "enum Kind { BIG, SMALL };\nstruct Dog dog;\n"
    )
    assert [(s.kind, s.name) for s in symbols(source)] == [
        (SymbolKind.STRUCT, "Dog"),
        (SymbolKind.UNION, "Cat"),
        (SymbolKind.ENUM, "Kind"),
    ]


def test_a_struct_defined_with_its_variable() -> None:
    source = "static struct Zoo {\n    int pets;\n} zoo = { .pets = 1 };\n"
    assert [(s.kind, s.name) for s in symbols(source)] == [(SymbolKind.STRUCT, "Zoo"), (SymbolKind.INITIALIZER, "zoo")]


def test_typedefs() -> None:
    assert names(
        "typedef struct Pet Pet;\ntypedef int (*Feed)(Pet *);\ntypedef int Legs[4];\n", SymbolKind.TYPEDEF
    ) == ["Pet", "Feed", "Legs"]


def test_variables_with_initialisers() -> None:
    source = (
        "static const Ops ops = {\n    .feed = feed,\n};\nstatic Prop props[] = { A, B };\n"
        "int a = 1, *b = &a;\n"
        "static QLIST_HEAD(, Pet) pets = QLIST_HEAD_INITIALIZER(pets);\nint none;\n"
    )
    assert names(source, SymbolKind.INITIALIZER) == ["ops", "props", "a", "b", "pets"]
    assert [s.body.type for s in symbols(source)[:2] if s.body] == ["initializer_list", "initializer_list"]


def test_macros_with_and_without_parameters() -> None:
    source = "#define LEGS 4\n#define FEED(pet) \\\n    feed(pet)\n"
    assert names(source, SymbolKind.MACRO) == ["LEGS", "FEED"]
    assert [(s.start_line, s.end_line) for s in symbols(source)] == [(1, 1), (2, 3)]


def test_macros_inside_a_struct_or_a_function() -> None:
    source = (
        "struct Pet {\n    int flags;\n#define PET_BIG 1\n#ifdef X\n# define PET_OLD 2 /* old */\n"
        "#endif\n};\n"
        "int f(void)\n{\n    /*\n#define NOT_ME\n    */\n#define LOCAL 3\n    return LOCAL;\n}\n"
    )
    assert names(source, SymbolKind.MACRO) == ["PET_BIG", "PET_OLD", "LOCAL"]


def test_the_include_block_spans_the_unconditional_includes() -> None:
    source = (
        '/* x */\n#include "a.h"\n#ifdef B\n#include <b.h>\n#endif\n#include "c.h"\n\n'
        'int x;\n#ifdef D\n#include "d.h"\n#endif\n'
    )
    (block,) = (s for s in symbols(source) if s.kind == SymbolKind.INCLUDES)
    assert (block.start_line, block.end_line) == (2, 6)


def test_guards_name_the_conditions_around_a_symbol() -> None:
    source = (
        "#ifdef A\nint a(void) { }\n# if B > 1 && \\\n     C\nint b(void) { }\n# elif D\n"
        "int d(void) { }\n# else\nint e(void) { }\n# endif\n#endif\nint f(void) { }\n"
        "#ifndef G\nint g(void) { }\n"
        "#else\nint h(void) { }\n#endif\n"
    )
    assert {s.name: s.guards for s in symbols(source)} == {
        "a": ("defined(A)",),
        "b": ("defined(A)", "B > 1 && C"),
        "d": ("defined(A)", "!(B > 1 && C)", "D"),
        "e": ("defined(A)", "!(B > 1 && C)", "!(D)"),
        "f": (),
        "g": ("!defined(G)",),
        "h": ("!(!defined(G))",),
    }


def test_an_include_guard_is_no_condition() -> None:
    source = "/* pets */\n#ifndef PET_H\n#define PET_H\n\nint feed(void);\n#endif\n"
    assert {s.name: s.guards for s in symbols(source)} == {"PET_H": (), "feed": ()}


def test_the_other_arm_of_an_if_inside_a_guarded_header() -> None:
    source = (
        "#ifndef PET_H\n#define PET_H\n#ifdef X\nint feed(void);\n#else\n"
        "static inline int feed(void) { return 0; }\n#endif\n#endif\n"
    )
    assert [(s.kind, s.name, s.guards) for s in symbols(source)[1:]] == [
        (SymbolKind.PROTOTYPE, "feed", ("defined(X)",)),
        (SymbolKind.FUNCTION, "feed", ("!(defined(X))",)),
    ]


def test_symbols_inside_extern_c() -> None:
    source = (
        '#ifdef __cplusplus\nextern "C" {\n#endif\nint feed(void);\n'
        "struct Pet { int legs; };\n#ifdef __cplusplus\n}\n#endif\n"
    )
    found = {(s.kind, s.name) for s in symbols(source)}
    assert {(SymbolKind.PROTOTYPE, "feed"), (SymbolKind.STRUCT, "Pet")} <= found


def test_symbols_after_something_that_does_not_parse() -> None:
    assert "feed" in names("int = = ] ;\n\nint feed(void)\n{\n    return 0;\n}\n", SymbolKind.FUNCTION)


def test_functions_around_macros_that_look_like_them() -> None:
    source = (
        "OBJECT_DECLARE_SIMPLE_TYPE(Pet, PET)\n\n"
        "static void feed(void)\n{\n    QLIST_FOREACH(a, b, c) {\n    }\n}\n\n"
        "static int for_each_pet(int n)\n{\n    return 0;\n}\n\ntype_init(register_pet)\n"
    )
    assert names(source, SymbolKind.FUNCTION) == ["feed", "for_each_pet"]


NAMES_IN_ODD_PLACES = b"""\
#ifndef DEMO_H
#define DEMO_H
#include "demo_open.h"
typedef struct DemoPort {
    int demo_open;   /* demo_open is no symbol here */
#define DEMO_FLAG 1
} DemoPort;
#ifdef CONFIG_DEMO
int demo_open(DemoPort *port);
#else
static inline int demo_open(DemoPort *port) { return demo_open_all(DEMO_FLAG); }
#endif
enum DemoPort2 { DEMO_A, DEMO_B };
static const int demo_open_all[] = { DEMO_A }, demo_last = 3;
#endif
"""


@pytest.mark.parametrize(
    "name", ["demo_open", "DemoPort", "DEMO_FLAG", "DEMO_H", "demo_last", "demo_open_all", "absent"]
)
def test_symbols_by_name_are_those_of_the_outline(name: str) -> None:
    parsed = parse(NAMES_IN_ODD_PLACES)
    wanted = tuple(symbol for symbol in outline(parsed) if symbol.name == name)
    assert symbols_named(parsed, name) == wanted
    assert bool(wanted) == (name != "absent")
