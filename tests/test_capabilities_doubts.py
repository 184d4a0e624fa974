# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the sources do not tell whether a tree has a capability: neither a yes nor a no in silence."""

from __future__ import annotations

import pytest
from csource_support import code
from test_capabilities_query import answer

from qpatch.capabilities.answer import CannotTell, every, opposite, some
from qpatch.capabilities.evaluate import Capabilities
from qpatch.csource.results import SourcePlace
from qpatch.csource.source import DictTree
from qpatch.errors import UndecidedError

DOUBT = CannotTell("it could be either", SourcePlace("a.c", 1))
PATH = "zoo/zoo.c"
FEED = {"function": "zoo_feed", "path": PATH, "area": "zoo"}
CALLS = {**FEED, "contains": "pet_eat($pet)"}
BLOCK = {"code": "pet_is_ill()", "path": PATH}


def asked(query: object, **files: str) -> object:
    """Ask a tree of the given files; `zoo` and `header` stand for two of them."""
    places = {"zoo": PATH, "header": "include/zoo/pet.h", "other": "zoo/other.c"}
    tree = DictTree({places.get(name, name): code(text).encode() for name, text in files.items()})
    return answer(query, tree)


def doubt(query: object, **files: str) -> CannotTell:
    found = asked(query, **files)
    assert isinstance(found, CannotTell), found
    return found


def test_answers_combine() -> None:
    assert every([True, True]) is True
    assert every([True, DOUBT, True]) is DOUBT
    assert every([DOUBT, False]) is False
    assert some([False, False]) is False
    assert some([False, DOUBT]) is DOUBT
    assert some([DOUBT, True]) is True
    assert opposite(DOUBT) is DOUBT
    assert [opposite(True), opposite(False)] == [False, True]


def test_a_doubt_that_does_not_matter_is_none() -> None:
    files = {"zoo": "static int zoo_feed_pets(void)\n{\n    return 0;\n}\n"}
    assert isinstance(asked(FEED, **files), CannotTell)
    assert asked({"all": [FEED, {"file": "none.c"}]}, **files) is False
    assert asked({"any": [FEED, {"file": PATH}]}, **files) is True


@pytest.mark.parametrize(
    "zoo",
    [
        "static int feed_zoo(Pet *pet)\n{\n    return 0;\n}\n",
        "static int zoo_pet_feed(Pet *pet)\n{\n    return 0;\n}\n",
        "static int zoo_feeds(Pet *pet)\n{\n    return 0;\n}\n",
    ],
)
def test_a_function_that_may_have_been_renamed(zoo: str) -> None:
    found = doubt(FEED, zoo=zoo)
    assert "it may have been renamed to" in found.reason
    assert found.place == SourcePlace(PATH, 1)


@pytest.mark.parametrize("other", ["zoo_open", "feed", "zoo"])
def test_a_function_of_another_name_is_another_function(other: str) -> None:
    assert asked(FEED, zoo=f"static int {other}(Pet *pet)\n{{\n    return 0;\n}}\n") is False


def test_a_name_that_differs_more_counts_where_the_details_fit() -> None:
    renamed = "static int zoo_fodder(Pet *pet)\n{{\n    return {}(pet);\n}}\n"
    assert "renamed to zoo_fodder" in doubt(CALLS, zoo=renamed.format("pet_eat")).reason
    assert asked(CALLS, zoo=renamed.format("pet_sleep")) is False


def test_a_similar_name_that_is_known_to_be_another_symbol() -> None:
    zoo = "static int zoo_pet_feed(Pet *pet)\n{\n    return 0;\n}\n"
    assert asked({**FEED, "unlike": "zoo_pet_feed"}, zoo=zoo) is False
    assert asked({**FEED, "unlike": ["zoo_x", "zoo_pet_feed"]}, zoo=zoo) is False


@pytest.mark.parametrize(
    ("query", "text", "said"),
    [
        (FEED, "#define zoo_feed(pet) pet_eat(pet)\n", "zoo_feed is a macro here, not a function"),
        ({"struct": "Pet", "area": "zoo"}, "union Pet { int a; };\n", "Pet is a union here, not a struct"),
        ({"macro": "PET_LEGS", "area": "zoo"}, "enum { PET_LEGS = 4 };\n", "no definition of macro PET_LEGS"),
        (FEED, "int zoo_feed(Pet *pet);\n", "no definition of function zoo_feed was found, but the name is used"),
        (FEED, "ZOO_FUNCTION(zoo_feed, Pet *pet)\n", "but the name is used"),
    ],
)
def test_a_symbol_of_another_kind_or_without_definition(query: object, text: str, said: str) -> None:
    found = doubt(query, header=text)
    assert said in found.reason
    assert found.place == SourcePlace("include/zoo/pet.h", 1)


@pytest.mark.parametrize("mention", ['puts("zoo_feed");', "/* see zoo_feed() */", "// zoo_feed", "zoo_feeder();"])
def test_a_name_that_no_code_has_is_no_use(mention: str) -> None:
    assert asked(FEED, zoo=f"void f(void)\n{{\n    {mention}\n}}\n") is False


DEAD = ["#if 0\n{}\n#endif\n", "#if 1\n#else\n{}\n#endif\n", "#if (0) /* never */\n{}\n#elif 0\n#endif\n"]


@pytest.mark.parametrize("frame", DEAD)
def test_a_definition_that_is_never_compiled(frame: str) -> None:
    zoo = frame.format("int zoo_feed(void)\n{\n    return 1;\n}")
    assert "never compiled" in doubt(FEED, zoo=zoo).reason
    again = f"{zoo}int zoo_feed(void)\n{{\n    return 2;\n}}\n"
    assert asked(FEED, zoo=again) is True


@pytest.mark.parametrize("frame", [*DEAD, "if (0) {{\n{}\n}}", "while (false) {{ {} }}"])
def test_a_call_that_is_never_made(frame: str) -> None:
    body = "int zoo_feed(Pet *pet)\n{{\n    start();\n{}\n}}\n"
    found = doubt(CALLS, zoo=body.format(frame.format("pet_eat(pet);")))
    assert "never compiled, never run" in found.reason


@pytest.mark.parametrize("frame", ["#ifdef CONFIG_PET\n{}\n#endif\n", "#if 0\n#else\n{}\n#endif\n", "if (1) {{ {} }}"])
def test_a_call_that_may_be_made(frame: str) -> None:
    body = "int zoo_feed(Pet *pet)\n{{\n    start();\n{}\n}}\n"
    assert asked(CALLS, zoo=body.format(frame.format("pet_eat(pet);"))) is True


def test_an_entry_that_is_never_compiled() -> None:
    query = {"initializer": "zoo_ops", "area": "zoo", "entry": ".feed = zoo_feed"}
    ops = "static PetOps zoo_ops = {{\n    .open = zoo_open,\n{}\n}};\n"
    assert asked(query, zoo=ops.format("    .feed = zoo_feed,")) is True
    assert isinstance(asked(query, zoo=ops.format("#if 0\n    .feed = zoo_feed,\n#endif")), CannotTell)


def test_a_call_through_a_helper_or_a_macro() -> None:
    zoo = "int zoo_feed(Pet *pet)\n{\n    return zoo_serve(pet);\n}\n"
    helper = "static inline int zoo_serve(Pet *pet)\n{\n    return pet_eat(pet);\n}\n"
    found = doubt(CALLS, zoo=zoo, header=helper)
    assert found.reason == "zoo_feed has no `pet_eat($pet)`, but calls zoo_serve(), which has it"
    assert found.place == SourcePlace("include/zoo/pet.h", 1)
    assert isinstance(asked(CALLS, zoo=zoo, header="#define zoo_serve(pet) pet_eat(pet)\n"), CannotTell)
    twice = "static int plate(Pet *p)\n{\n    return pet_eat(p);\n}\n" + helper.replace("pet_eat", "plate")
    assert isinstance(asked(CALLS, zoo=zoo, header=twice), CannotTell)
    assert asked(CALLS, zoo=zoo, header=helper.replace("pet_eat(pet)", "pet_eat(pet, 1)")) is False
    assert asked(CALLS, zoo=zoo.replace("zoo_serve", "zoo_open"), header=helper) is False


def test_a_function_that_does_much_is_no_helper() -> None:
    zoo = "int zoo_feed(Pet *pet)\n{\n    return zoo_run(pet);\n}\n"
    much = "".join(f"    step_{number}();\n" for number in range(20))
    assert asked(CALLS, zoo=zoo, header=f"int zoo_run(Pet *pet)\n{{\n{much}    return pet_eat(pet);\n}}\n") is False


def test_code_of_one_file_through_a_helper() -> None:
    zoo = "int zoo_open(void)\n{\n    return zoo_closed();\n}\n"
    assert asked(BLOCK, zoo=zoo) is False
    found = doubt(BLOCK, zoo=zoo, header="static inline int zoo_closed(void)\n{\n    return pet_is_ill();\n}\n")
    assert "but calls zoo_closed()" in found.reason


def test_a_definition_follows_its_file_out_of_the_area() -> None:
    moved = "int zoo_feed(Pet *pet)\n{\n    return pet_eat(pet);\n}\n"
    assert asked(CALLS, **{"farm/zoo.c": moved}) is True
    assert asked(CALLS, zoo="int other;\n", **{"farm/zoo.c": moved}) is False


def test_code_of_a_file_that_moved() -> None:
    moved = "int zoo_open(void)\n{\n    return pet_is_ill();\n}\n"
    found = doubt(BLOCK, **{"zoo/zoo-core.c": moved})
    assert found.place == SourcePlace("zoo/zoo-core.c", 3)
    assert asked(BLOCK, **{"zoo/zoo-core.c": "int x;\n"}) is False


def test_code_whose_whole_area_moved() -> None:
    moved = {"farm/barn.c": "int f(void)\n{\n    return pet_is_ill();\n}\n"}
    query = {"code": "pet_is_ill()", "area": "zoo"}
    assert doubt(query, **moved).reason == "there is no zoo, nor include/zoo, but `pet_is_ill()` elsewhere"
    assert asked(query, zoo="int x;\n", **moved) is False
    assert asked({"function": "f", "area": "zoo"}, **moved) is True


def test_files_comments_and_events_that_moved() -> None:
    text = "/* Open from nine. */\n"
    comment = {"comment": "Open from nine.", "path": PATH}
    assert doubt({"file": PATH}, **{"zoo/deep/zoo.c": text}).place.path == "zoo/deep/zoo.c"
    assert asked({"file": PATH}, **{"zoo/a/zoo.c": text, "zoo/b/zoo.c": text}) is False
    assert doubt(comment, **{"farm/zoo.c": text}).place.path == "farm/zoo.c"
    assert asked(comment, **{"farm/zoo.c": "int x;\n"}) is False
    event = {"trace-event": "zoo_feed", "path": "zoo/trace-events"}
    assert "it is traced" in doubt(event, zoo="void f(void)\n{\n    trace_zoo_feed(1);\n}\n").reason


def test_a_similar_name_beside_the_one_that_is_there_is_no_other_name_for_it() -> None:
    asks = {**FEED, "contains": "return !pet->meal_count || ...;"}
    alone = "int zoo_feed(Pet *pet)\n{\n    lock(&pet->meal_count_lock);\n    return %s;\n}\n"
    assert asked(asks, zoo=alone % "eat(pet->meal_count)") is False
    assert asked(asks, zoo=alone % "!pet->meal_count || eat(pet->meal_count)") is True
    assert "has no meal_count, but a meal_count_lock" in doubt(asks, zoo=alone % "eat(pet)").reason


def test_a_part_that_does_not_parse_or_was_renamed() -> None:
    member = {"struct": "Pet", "area": "zoo", "member": "legs"}
    assert "does not parse" in doubt(member, header="struct Pet {\n    int a;\n    int ((legs;\n};\n").reason
    assert "has no legs, but a legs_count" in doubt(member, header="struct Pet {\n    int legs_count;\n};\n").reason
    assert asked(member, header="struct Pet {\n    int arms;\n};\n") is False
    constant = {"enum": "Kind", "area": "zoo", "constant": "PET_CAT"}
    assert "but a KIND_PET_CAT" in doubt(constant, header="enum Kind { KIND_PET_CAT };\n").reason
    broken = "int zoo_feed(Pet *pet)\n{\n    if (a {\n    pet_eat(pet, (;\n}\n"
    assert isinstance(asked(CALLS, zoo=broken), CannotTell)


def test_asking_for_what_cannot_be_told_raises() -> None:
    source = b"static void vfio_change_vmstate_prepare(void)\n{\n}\n"
    capabilities = Capabilities(DictTree({"hw/vfio/migration.c": source}), "qemu")
    assert isinstance(capabilities.answer("p2p"), CannotTell)
    with pytest.raises(UndecidedError, match=r"whether the tree has `p2p`: .*vfio_change_vmstate_prepare") as caught:
        capabilities["p2p"]
    assert (caught.value.name, caught.value.path, caught.value.line) == ("p2p", "hw/vfio/migration.c", 1)
