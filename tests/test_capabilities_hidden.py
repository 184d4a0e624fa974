# SPDX-License-Identifier: GPL-2.0-or-later
"""Code that is hidden, behind a macro, another name or in an embedded struct, and code that is never reached."""

from __future__ import annotations

import pytest
from test_capabilities_doubts import CALLS, PATH, asked, doubt

HEADER = "include/zoo/pet.h"
MEMBER = {"struct": "Pet", "path": HEADER, "area": "zoo", "member": "legs"}
ENTRY = {"initializer": "zoo_ops", "area": "zoo", "entry": ".feed = zoo_feed"}
CONSTANT = {"enum": "Kind", "area": "zoo", "constant": "PET_CAT"}
MACRO = {"macro": "PET_LEGS", "path": HEADER, "area": "zoo"}


def feed(*lines: str) -> str:
    return "".join(["int zoo_feed(Pet *pet)\n{\n", *(f"    {line}\n" for line in lines), "}\n"])


@pytest.mark.parametrize("alias", ["#define EAT pet_eat\n", "#define EAT (pet_eat)\n"])
def test_another_name_of_a_function(alias: str) -> None:
    found = doubt(CALLS, zoo=feed("return EAT(pet);"), header=alias)
    assert "but calls EAT(), which has it" in found.reason
    assert asked(CALLS, zoo=feed("return DRINK(pet);"), header=alias) is False
    assert asked(CALLS, zoo=feed("return EAT(pet);"), header="#define EAT pet_eat_less\n") is False


@pytest.mark.parametrize(
    "line",
    [
        "int (*eat)(Pet *) = pet_eat;",
        "each(pet_eat, pet);",
        "pet->eat = pet_eat;",
        "run(&pet_eat);",
        "run(pet ? pet_eat : NULL);",
    ],
)
def test_a_function_that_is_given_away(line: str) -> None:
    assert "zoo_feed has no `pet_eat($pet)`, but names pet_eat" in doubt(CALLS, zoo=feed(line)).reason


@pytest.mark.parametrize(
    "line", ["pet_eat(pet, 1);", "pet->pet_eat = 1;", "int pet_eat;", "if (pet_eat) {}", "/* pet_eat */"]
)
def test_other_mentions_of_a_function(line: str) -> None:
    assert asked(CALLS, zoo=feed(line)) is False


@pytest.mark.parametrize(
    "wrapper",
    [
        "static inline int serve(Pet *p)\n{\n    return pet_eat(p);\n}\n",
        "#define serve(p) pet_eat(p)\n",
        "#define serve(p) do { \\\n    pet_eat(p); \\\n} while (0)\n",
    ],
)
def test_a_wrapper_in_a_header_outside_the_area(wrapper: str) -> None:
    zoo = feed("return serve(pet);")
    util = {"include/util/serve.h": wrapper}
    assert "but calls serve()" in doubt(CALLS, zoo=f'#include "util/serve.h"\n{zoo}', **util).reason
    through = {**util, HEADER: "#include <util/serve.h>\n"}
    assert "but calls serve()" in doubt(CALLS, zoo=f'#include "zoo/pet.h"\n{zoo}', **through).reason
    assert asked(CALLS, zoo=zoo, **util) is False
    assert asked(CALLS, zoo=f'#include "util/serve.h"\n{feed("return other(pet);")}', **util) is False


@pytest.mark.parametrize(
    "lines",
    [
        ["return 0;", "pet_eat(pet);"],
        ["goto out;", "pet_eat(pet);", "out:", "return 0;"],
        ["while (1) {", "    break;", "    pet_eat(pet);", "}", "return 0;"],
        ["if (pet) {", "    return 1;", "} else {", "    return 0;", "}", "return pet_eat(pet);"],
        ["abort();", "pet_eat(pet);"],
    ],
)
def test_a_call_that_is_never_reached(lines: list[str]) -> None:
    assert "never run" in doubt(CALLS, zoo=feed(*lines)).reason
    assert asked(CALLS, zoo=feed("pet_eat(pet);", *lines)) is True


@pytest.mark.parametrize(
    "lines",
    [
        ["goto out;", "out:", "pet_eat(pet);", "return 0;"],
        ["if (pet) {", "    return 0;", "}", "return pet_eat(pet);"],
        ["switch (pet->n) {", "case 1:", "    return 0;", "case 2:", "    return pet_eat(pet);", "}", "return 0;"],
        ["#ifdef CONFIG_X", "return 0;", "#endif", "return pet_eat(pet);"],
    ],
)
def test_a_call_that_may_be_reached(lines: list[str]) -> None:
    assert asked(CALLS, zoo=feed(*lines)) is True


def test_a_macro_that_is_undefined_again() -> None:
    found = doubt(MACRO, header="#define PET_LEGS 4\nint legs = PET_LEGS;\n#undef PET_LEGS\n")
    assert found.reason == "PET_LEGS is defined, and then undefined again" and found.place.line == 3
    assert asked(MACRO, header="#undef PET_LEGS\n#define PET_LEGS 4\n") is True
    assert asked(MACRO, header="#define PET_LEGS 4\n#undef PET_LEGS\n#define PET_LEGS 5\n") is True
    assert asked(MACRO, header="#define PET_LEGS 4\n#undef PET_LEGS_MAX\n") is True


BODY = "struct Body {\n    int legs;\n};\n"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"header": f"{BODY}struct Pet {{\n    struct Body body;\n}};\n"}, "but Body, a part of it, has"),
        ({"header": f"{BODY}struct Pet {{\n    struct Body bodies[2];\n}};\n"}, "but Body, a part of it, has"),
        (
            {
                "header": '#include "util/body.h"\nstruct Pet {\n    Body body;\n};\n',
                "include/util/body.h": f"typedef {BODY[:-2]} Body;\n",
            },
            "but Body, a part of it, has",
        ),
        (
            {"header": f"{BODY}struct Base {{\n    struct Body b;\n}};\nstruct Pet {{\n    struct Base base;\n}};\n"},
            "but Base, a part of it, has",
        ),
        ({"header": "struct Pet {\n    struct {\n        int legs;\n    } body;\n};\n"}, "only in a struct within it"),
        ({"header": "#define PET_BODY int legs\nstruct Pet {\n    PET_BODY;\n    int x;\n};\n"}, "but uses PET_BODY"),
        ({"header": "#define BODY(T) T legs\nstruct Pet {\n    BODY(int);\n    int x;\n};\n"}, "but uses BODY"),
    ],
)
def test_a_member_that_a_struct_has_by_another_one(files: dict[str, str], said: str) -> None:
    assert said in doubt(MEMBER, **files).reason
    pattern = {**MEMBER, "member": "int legs"}
    assert said in doubt(pattern, **files).reason
    assert asked({**MEMBER, "member": "wings"}, **files) is False


@pytest.mark.parametrize(
    "header",
    [
        f"{BODY}struct Pet {{\n    struct Body *body;\n}};\n",
        f"{BODY}struct Pet {{\n    int (*move)(struct Body body);\n}};\n",
        f"{BODY}struct Pet {{\n    int arms;\n}};\n",
        "#define PET_BODY int legs\nstruct Pet {\n    int x;\n};\n",
    ],
)
def test_a_member_of_another_struct(header: str) -> None:
    assert asked(MEMBER, header=header) is False


@pytest.mark.parametrize("inner", ["struct {\n int legs;\n};", "union {\n struct {\n int legs;\n };\n int x;\n};"])
def test_a_member_of_a_struct_without_a_name_is_one(inner: str) -> None:
    assert asked(MEMBER, header=f"struct Pet {{\n    {inner}\n}};\n") is True


def test_an_entry_or_a_constant_by_a_macro() -> None:
    ops = "static PetOps zoo_ops = {{\n    {}\n    .open = zoo_open,\n}};\n"
    macro = "#define ZOO_COMMON .feed = zoo_feed, .shut = zoo_shut\n"
    found = doubt(ENTRY, zoo=macro + ops.format("ZOO_COMMON,"))
    assert "zoo_ops has no zoo_feed, but uses ZOO_COMMON" in found.reason and found.place.path == PATH
    assert isinstance(asked(ENTRY, zoo="#define FEED zoo_feed\n" + ops.format(".feed = FEED,")), type(found))
    assert asked(ENTRY, zoo=macro + ops.format("")) is False
    kinds = "#define CATS PET_CAT, PET_TOM\nenum Kind {{\n    {}\n    PET_DOG,\n}};\n"
    assert "Kind has no PET_CAT, but uses CATS" in doubt(CONSTANT, header=kinds.format("CATS,")).reason
    assert asked(CONSTANT, header=kinds.format("")) is False
