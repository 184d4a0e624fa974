# SPDX-License-Identifier: GPL-2.0-or-later
"""The macro table on real sources: every function of the parts that strategies touch parses, and no token is lost."""

from __future__ import annotations

import pytest
from release_support import need

from bench.parse_coverage import lost_code
from qpatch.csource.syntax.macro_repair import broken_nodes
from qpatch.csource.syntax.macros import TreeKind, macro_table
from qpatch.csource.syntax.parse import parse
from qpatch.csource.syntax.symbols import SymbolKind, outline
from qpatch.trees.releases import release_names

pytestmark = pytest.mark.tree

FOLDERS: dict[TreeKind, tuple[str, ...]] = {
    "qemu": ("hw/vfio/", "migration/", "hw/pci/"),
    "linux": ("drivers/vfio/", "samples/vfio-mdev/"),
}


def sources_of(name: str, folders: tuple[str, ...]) -> dict[str, bytes]:
    """The C files below `folders`; skips the test where the tree is not in the cache."""
    with need(name).open() as files:
        found = {
            path: files.read(path) for folder in folders for path in files.paths(folder) if path.endswith((".c", ".h"))
        }
    return {path: source for path, source in found.items() if source is not None}


@pytest.mark.parametrize(
    ("name", "kind", "folders"),
    [(name, kind, folders) for kind, folders in FOLDERS.items() for name in release_names(kind, "render")],
)
def test_sources_parse_whole(name: str, kind: TreeKind, folders: tuple[str, ...]) -> None:
    table = macro_table(kind)
    functions = 0
    broken: dict[str, list[int]] = {}
    for path, source in sources_of(name, folders).items():
        parsed = parse(source, table)
        functions += sum(1 for symbol in outline(parsed) if symbol.kind == SymbolKind.FUNCTION)
        lines = [node.start_point[0] + 1 for node in broken_nodes(parsed.tree.root_node)]
        if lines:
            broken[path] = lines
        assert lost_code(parsed) == [], path
    assert broken == {}
    assert functions > 500  # linux-6.1 has 762 of them
