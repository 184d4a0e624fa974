# SPDX-License-Identifier: GPL-2.0-or-later
"""Uses of a function whose signature takes another number of parameters, in whatever form they are written."""

from __future__ import annotations

import pytest
from csource_support import hunk_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.results import Applied, Drifted, EditResult

MORE = "- int get(int a, int b)\n+ int get(int a, int b, int c)"
DEFINITION = "int get(int a, int b)\n{\n    return a + b;\n}\n"


def edited(**files: str) -> EditResult:
    """Return what the edit of the signature of `get` in lib.c ends as."""
    contents = {"lib.c": DEFINITION, **{path.replace("_", "."): text for path, text in files.items()}}
    contents["lib.c"] = DEFINITION + files.get("lib_c", "")
    (result,) = apply_edits([hunk_edit("signature get", MORE, path="lib.c")], workspace(**contents))
    return result


@pytest.mark.parametrize(
    "use",
    [
        "#define TWICE(x) get(x, x)\n",
        "#define TWICE(x) \\\n    do { \\\n        get(x, 2); \\\n    } while (0)\n",
        "int f(void)\n{\n    return (get)(1, 2);\n}\n",
        "int f(void)\n{\n    return (*get)(1, 2);\n}\n",
        "int f(void)\n{\n    return (&get)(1, 2);\n}\n",
        "#define fetch get\nint f(void)\n{\n    return fetch(1, 2);\n}\n",
        "#define fetch (get)\n#define bring fetch\nint f(void)\n{\n    return bring(1, 2);\n}\n",
        "int f(void)\n{\n    extern int get(int a, int b);\n    return 0;\n}\n",
        "int f(void)\n{\n    int (*p)(int, int) = get;\n    return p(1, 2);\n}\n",
        "static int (*p)(int, int) = &get;\n",
    ],
)
def test_use_with_the_old_number_is_left_behind(use: str) -> None:
    for result in (edited(lib_c=use), edited(user_c=use)):
        assert isinstance(result, Drifted) and len(result.candidates) == 1, result


def test_place_in_the_value_of_a_macro_is_named() -> None:
    result = edited(user_h="\n\n#define TWICE(x) get(x, x)\n")
    assert isinstance(result, Drifted)
    assert [(each.place.path, each.place.line) for each in result.candidates] == [("user.h", 3)]


def test_macro_of_a_header_that_stands_for_the_function_is_followed() -> None:
    result = edited(lib_h="#define fetch get\n", user_c="int f(void)\n{\n    return fetch(1, 2);\n}\n")
    assert isinstance(result, Drifted)
    assert [each.place.path for each in result.candidates] == ["user.c"]


@pytest.mark.parametrize(
    "use",
    [
        "#define TWICE(x) get(x, x, x)\n",
        "#define PASS(...) get(__VA_ARGS__)\n",
        '#define NAME "get(1, 2)"\n',
        "#define forget(x) x\nint f(void)\n{\n    return forget(1);\n}\n",
        "int f(void)\n{\n    return (get)(1, 2, 3);\n}\n",
        "int f(void)\n{\n    int get(int a, int b, int c);\n    return s->get(1);\n}\n",
        "int f(int (*get)(int a));\n",
        "struct s {\n    int (*get)(int a);\n};\n",
    ],
)
def test_other_uses_are_no_drift(use: str) -> None:
    result = edited(user_c=use)
    assert isinstance(result, Applied) and not result.warnings, result


def test_static_function_of_that_name_in_another_file_is_another_one() -> None:
    other = "static int get(int a)\n{\n    return a;\n}\n\nint f(void)\n{\n    return get(1);\n}\n"
    assert isinstance(edited(user_c=other), Applied)


@pytest.mark.parametrize(
    "use",
    [
        "void f(void)\n{\n    offer(get);\n}\n",
        "void f(struct s *o)\n{\n    o->turn = get;\n}\n",
        "static turn_fn p = get;\n",
        "static turn_fn all[] = { &get };\n",
        "static const struct s s = {\n    .turn = get,\n};\n",
    ],
)
def test_address_that_goes_where_nobody_can_tell_is_a_warning(use: str) -> None:
    result = edited(user_c="\n" + use)
    assert isinstance(result, Applied) and len(result.warnings) == 1, result
    assert "get takes 3 parameters now" in result.warnings[0] and "user.c" in result.warnings[0]
