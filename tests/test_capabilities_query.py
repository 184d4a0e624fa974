# SPDX-License-Identifier: GPL-2.0-or-later
"""The query language of capabilities on small trees, its data files, and lazy evaluation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qpatch.capabilities.catalogue import KINDS, capabilities_of, patterns_of, read_catalogue
from qpatch.capabilities.evaluate import Capabilities, evaluate, names_by_kind
from qpatch.capabilities.sources import Sources
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table

if TYPE_CHECKING:
    from qpatch.capabilities.answer import Value

ZOO = b"""
/* The zoo opens at
 * nine o'clock.  */
#include "pet.h"

static const PetOps zoo_ops = {
    .feed = zoo_feed,
#ifdef CONFIG_WALK
    .walk = zoo_walk,
#endif
    .names = { "cat", "dog" },
};

static int zoo_feed(Pet *pet, int count, Error **errp)
{
    g_autofree char *name = pet_name(pet);  /* not zoo_walk() */
    QLIST_FOREACH(flea, &pet->fleas, next) {
        flea_feed(flea, count + 1, NULL);
    }
    return pet_feed(pet, count);
}
"""
HEADER = b"""
#ifndef PET_H
#define PET_H
#define PET_LEGS 4
typedef struct Pet {
    unsigned int legs;
#ifdef CONFIG_TAIL
    Tail *tail;
#endif
    int (*feed)(struct Pet *pet, Error **errp);
    int ages[2], weight;
} Pet;
enum PetKind { PET_CAT, PET_DOG = 2 };
#endif
"""
EVENTS = b'# zoo.c\nzoo_feed(int count) "%d"\ndisable zoo_walk(void) ""\n'
TREE = DictTree(
    {
        "zoo/zoo.c": ZOO,
        "include/zoo/pet.h": HEADER,
        "zoo/trace-events": EVENTS,
        "park/tree.c": b"int leaf(void) { return 1; }\n",
    }
)
AREAS = {"zoo": ["zoo", "include/zoo"]}


def answer(query: object, tree: DictTree | Overlay = TREE) -> Value:
    data = {"areas": AREAS, "capabilities": {"it": {"doc": "d", "source": "s", "query": query}}}
    sources = Sources(tree, ParseCache(macro_table("qemu")))
    return read_catalogue(data)["it"].query.answer(sources)


@pytest.mark.parametrize(
    "query",
    [
        {"function": "zoo_feed"},
        {"function": ["zoo_food", "zoo_feed"]},
        {"function": "zoo_feed", "path": "zoo/zoo.c", "contains": "flea_feed(...)"},
        {"function": "zoo_feed", "area": "zoo", "contains": "return pet_feed($pet, ...)"},
        {"function": "zoo_feed", "parameters": "..., Error **$errp"},
        {"function": "zoo_feed", "path": "moved/elsewhere.c"},
        {"struct": "Pet", "path": "zoo/zoo.c", "area": "zoo", "member": "legs"},
        {"struct": "Pet", "member": "tail"},
        {"struct": "Pet", "member": "feed"},
        {"struct": "Pet", "member": "weight"},
        {"struct": "Pet", "member": "ages"},
        {"struct": "Pet", "member": "$type (*feed)(..., Error **$errp)"},
        {"struct": "Pet", "member": "Tail *$tail"},
        {"enum": "PetKind", "constant": "PET_DOG"},
        {"macro": "PET_LEGS"},
        {"macro": "PET_LEGS", "contains": "4"},
        {"initializer": "zoo_ops", "entry": ".feed = zoo_feed"},
        {"initializer": "zoo_ops", "entry": ".walk = $function"},
        {"initializer": "zoo_ops", "declared": "const"},
        {"initializer": "zoo_ops", "contains": '"dog"'},
        {"file": "zoo/zoo.c"},
        {"code": "pet_name($pet)", "area": "zoo"},
        {"code": "pet_name($pet)"},
        {"code": "pet_name(pet)", "path": "zoo/zoo.c"},
        {"comment": "The zoo opens at nine o'clock.", "path": "zoo/zoo.c"},
        {"trace-event": "zoo_feed", "path": "zoo/trace-events"},
        {"trace-event": "zoo_walk", "path": "zoo/trace-events"},
        {"all": [{"file": "zoo/zoo.c"}, {"macro": "PET_LEGS"}]},
        {"any": [{"file": "no"}, {"macro": "PET_LEGS"}]},
        {"not": {"file": "no"}},
    ],
)
def test_queries_that_hold(query: object) -> None:
    assert answer(query) is True


@pytest.mark.parametrize(
    "query",
    [
        {"function": "zoo_feed", "contains": "zoo_walk()"},
        {"function": "zoo_feed", "contains": "pet_feed(pet)"},
        {"function": "zoo_feed", "parameters": "Pet *$pet, ..., int $count"},
        {"function": "leaf", "area": "zoo"},
        {"struct": "Pet", "member": "pet"},
        {"struct": "Pet", "member": "long $legs"},
        {"enum": "PetKind", "constant": "PET_HORSE"},
        {"macro": "PET_LEGS", "contains": "5"},
        {"macro": "PET_WINGS"},
        {"initializer": "zoo_ops", "entry": ".feed = zoo_walk"},
        {"initializer": "zoo_ops", "declared": "extern"},
        {"file": "zoo"},
        {"code": "leaf(void)", "area": "zoo"},
        {"comment": "opens at ten", "path": "zoo/zoo.c"},
        {"comment": "zoo_feed", "path": "zoo/zoo.c"},
        {"comment": "anything", "path": "none.h"},
        {"trace-event": "zoo", "path": "zoo/trace-events"},
        {"trace-event": "zoo_feed", "path": "none/trace-events"},
        {"all": [{"file": "zoo/zoo.c"}, {"macro": "PET_WINGS"}]},
        {"any": [{"file": "no"}]},
        {"not": {"file": "zoo/zoo.c"}},
    ],
)
def test_queries_that_do_not_hold(query: object) -> None:
    assert answer(query) is False


def test_the_expected_file_wins_over_others() -> None:
    other = b"int zoo_feed(void)\n{\n    return other();\n}\n"
    tree = Overlay(TREE, {"zoo/other.c": other})
    query = {"function": "zoo_feed", "area": "zoo", "contains": "other()"}
    assert answer({**query, "path": "zoo/zoo.c"}, tree) is False
    assert answer({**query, "path": "zoo/gone.c"}, tree) is True


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ({"method": "f"}, "no query begins with 'method'"),
        ({"function": "f", "member": "x", "colour": "red"}, "does not take colour"),
        ({"file": "a", "path": "b"}, "does not take path"),
        ({"function": 3}, "should be a list"),
        ({"all": {"file": "a"}}, "should be a list"),
        ({"not": ["a"]}, "should be a mapping"),
        ({"code": "1 + 2"}, "has no word"),
        ({"function": "f", "area": "moon"}, "moon"),
        ({"comment": "text"}, "path"),
        ({"function": "f", "contains": ""}, "empty pattern"),
        ({"function": "f", "declared": ["const"]}, "should be a text"),
    ],
)
def test_mistakes_in_the_data_are_named(query: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"capability it: .*{complaint}"):
        answer(query)


@pytest.mark.parametrize(
    "query",
    [
        {"initializer": "zoo_ops", "entry": ".feed"},
        {"function": "zoo_feed", "contains": "if (count) {"},
        {"struct": "Pet", "member": "int ("},
    ],
)
def test_a_pattern_that_is_not_c_is_named(query: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"the pattern {list(query.values())[-1]!r} is not C")):
        answer(query)


@pytest.mark.parametrize("kind", KINDS)
def test_every_shipped_pattern_is_c(kind: str) -> None:
    """An empty tree leaves most queries unanswered before their pattern is compiled: here each one is."""
    table = macro_table("qemu" if kind == "qemu" else "linux")
    patterns = [pattern for entry in capabilities_of(kind).values() for pattern in patterns_of(entry.query)]
    for pattern in patterns:
        pattern.compiled(table)
    assert len(patterns) > 10 or kind == "linux"


@pytest.mark.parametrize("kind", KINDS)
def test_every_shipped_capability_is_documented(kind: str) -> None:
    catalogue = capabilities_of(kind)
    assert catalogue
    for capability in catalogue.values():
        assert capability.doc.endswith((".", ")."))
        assert capability.source
        assert capability.name.isidentifier()


@pytest.mark.parametrize("kind", KINDS)
def test_the_handbook_lists_every_capability(kind: str) -> None:
    handbook = (Path(__file__).parent.parent / "docs" / "capabilities.md").read_text(encoding="utf-8")
    in_one_line = " ".join(handbook.split())
    for capability in capabilities_of(kind).values():
        item = f"- `{capability.name}`: {capability.doc} *Known from:* {capability.source}"
        assert " ".join(item.split()) in in_one_line


def test_names_by_kind() -> None:
    names = names_by_kind()
    assert {"v1", "config_in_save_state", "uapi_stop_msix_text"} <= names["qemu"]
    assert "mtty_migration" in names["linux"]


class CountingTree(DictTree):
    """A tree that remembers what was read."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(files)
        self.reads: list[str] = []

    def read(self, path: str) -> bytes | None:
        self.reads.append(path)
        return super().read(path)


def test_a_capability_is_computed_when_asked_for_and_once() -> None:
    tree = CountingTree({"hw/vfio/migration-multifd.c": b""})
    capabilities = evaluate(tree, "qemu")
    assert set(capabilities) == names_by_kind()["qemu"]
    assert "multifd" in capabilities
    assert len(capabilities) == len(set(capabilities))
    assert tree.reads == []
    assert capabilities["multifd"] is True
    assert capabilities["multifd"] is True
    assert tree.reads == ["hw/vfio/migration-multifd.c"]
    with pytest.raises(KeyError):
        capabilities["never_heard_of"]


def test_an_empty_tree_has_no_capability() -> None:
    assert not any(evaluate(DictTree({}), "qemu").values())
    assert not any(evaluate(DictTree({}), "linux").values())


def test_parsed_files_are_shared() -> None:
    source = b"struct VFIOMigration {\n    int data_fd;\n};\n"
    cache = ParseCache(macro_table("qemu"))
    parsed = cache.parse(source)
    capabilities = Capabilities(DictTree({"hw/vfio/x.h": source}), "qemu", cache)
    assert capabilities["v2"]
    assert capabilities.cache.parse(source) is parsed


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("uapi_v2_hdr", b"#define VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE 2\n", True),
        ("uapi_v2_hdr", b"/* VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE */\n", False),
        ("uapi_stop_msix_text", b"/*\n * STOP, for example PCI\n *   MSI-X and PCI config space.\n */\n", True),
        ("uapi_stop_msix_text", b'#define MSIX "for example PCI MSI-X and PCI config space"\n', False),
        ("uapi_precopy", b"struct x {\n#define VFIO_MIGRATION_PRE_COPY\t\t(1 << 2)\n\tint a;\n};\n", True),
        ("uapi_precopy", b"#define VFIO_MIGRATION_STOP_COPY\t(1 << 0)\n", False),
    ],
)
def test_capabilities_of_kernel_headers(name: str, source: bytes, *, expected: bool) -> None:
    tree = DictTree({"include/uapi/linux/vfio.h": source})
    assert evaluate(tree, "linux")[name] is expected


def test_trivial_drift_does_not_matter() -> None:
    """Headers move, qualifiers and attributes appear, names get the prefix vfio_pci_, members move into #if."""
    tree = DictTree(
        {
            "include/hw/vfio/new-name.h": b"struct VFIOMigration {\n"
            b"#ifdef CONFIG_X\n    const int data_fd;\n#endif\n};\n"
            b"struct VFIOPCIDevice {\n    bool a, defer_kvm_irq_routing;\n};\n",
            "hw/vfio/pci/msix.c": b"G_GNUC_UNUSED\nint\nvfio_pci_enable_msix_no_vec(VFIOPCIDevice *v)\n{\n}\n",
            "hw/vfio/vmstate.c": b"void coroutine_fn vfio_vmstate_change_prepare(void)\n{\n}\n"
            b"int vfio_save_setup(QEMUFile *file, void *data, Error **error)\n{\n}\n",
        }
    )
    found = {name for name, value in evaluate(tree, "qemu").items() if value}
    assert found == {"v2", "batch_defer", "no_vec", "p2p", "errp_setup"}
