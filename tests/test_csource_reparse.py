# SPDX-License-Identifier: GPL-2.0-or-later
"""Parsing again after an edit gives what parsing from scratch gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qpatch.csource.syntax.layout import Replacement
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.reparse import reparse

PARTS = [
    "OBJECT_DECLARE_TYPE(Demo, DemoClass, DEMO)\n\n",
    "type_init(demo_register)\n\n",
    "#define LIMIT 3\n\n",
    "static void one(Demo *demo)\n{\n    QLIST_FOREACH(x, &demo->list, next) {\n        use(x);\n    }\n}\n\n",
    "static int two(void)\n{\n    g_autofree char *text = NULL;\n\n    return text ? 1 : 0;\n}\n\n",
    "struct Demo {\n    int a;\n    QLIST_HEAD(, Item) list;\n};\n\n",
    "#ifdef CONFIG_DEMO\nint x;\n#endif\n\n",
]
INSERTED = [
    "",
    "    go(1);\n",
    "    g_autoptr(Error) err = NULL;\n",
    "}\n\nstatic void more(void)\n{\n",
    "    if (a) {\n",
]


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=7), st.integers(0, 10_000), st.sampled_from(INSERTED))
def test_reparse_equals_parse(parts: list[str], place: int, inserted: str) -> None:
    table = macro_table("qemu")
    source = "".join(parts).encode()
    lines = source.split(b"\n")
    position = len(b"\n".join(lines[: place % len(lines)])) + (1 if place % len(lines) else 0)
    change = Replacement(position, position, inserted.encode())
    again = reparse(parse(source, table), [change], table)
    fresh = parse(again.source, table)
    assert again.source == source[:position] + inserted.encode() + source[position:]
    assert again.masked == fresh.masked
    assert str(again.tree.root_node) == str(fresh.tree.root_node)
    assert set(again.regions) == set(fresh.regions)
