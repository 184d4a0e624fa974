# SPDX-License-Identifier: GPL-2.0-or-later
"""Hunks on real sources: every statement of central files can be found and replaced, and nothing else moves."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest
from release_support import need

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Anchor, Edit, HunkOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.hunk import parse_hunk
from qpatch.csource.results import Ambiguous, Applied
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.syntax.symbols import SymbolKind
from qpatch.csource.workspace import EditWorkspace
from qpatch.trees.releases import release_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.syntax.symbols import Symbol

pytestmark = pytest.mark.tree

LABEL = "labeled_statement"  # its indentation is not that of a statement, which the expected bytes are computed with


def source_of(name: str, path: str) -> bytes:
    with need(name).open() as files:
        source = files.read(path)
    assert source is not None
    return source


def statements(source: bytes, workspace: EditWorkspace, path: str) -> Iterator[tuple[Symbol, int, int]]:
    """Yield the function, the start of its line and the end of each statement of a function's own block."""
    for symbol in workspace.outline(path):
        if symbol.kind != SymbolKind.FUNCTION or symbol.body is None:
            continue
        for node in symbol.body.named_children:
            start = source.rfind(b"\n", 0, node.start_byte) + 1
            plain = node.type not in ("comment", LABEL) and not node.type.startswith("preproc")
            if plain and not source[start : node.start_byte].strip():
                yield symbol, start, node.end_byte


@pytest.mark.parametrize("name", release_names("qemu", "render"))
@pytest.mark.parametrize("path", ["hw/vfio/migration.c", "hw/vfio/display.c"])
def test_every_statement_can_be_replaced(name: str, path: str) -> None:
    source = source_of(name, path)
    cache = ParseCache(macro_table("qemu"))
    found = list(statements(source, EditWorkspace(Overlay(DictTree({path: source})), cache), path))
    replaced = 0
    for symbol, start, end in found:
        workspace = EditWorkspace(Overlay(DictTree({path: source})), cache)
        removed = textwrap.dedent(source[start:end].decode()).split("\n")
        hunk = "".join(f"- {line}\n" for line in removed) + "+ qpatch_marker(1);\n"
        anchor = Anchor(ANCHOR_KINDS["function"], symbol.name, path, guard=" && ".join(symbol.guards))
        result = apply_edit(Edit(anchor, HunkOperation((parse_hunk(hunk),))), workspace)
        # The same statement twice in one function is ambiguous, and must be.
        assert isinstance(result, Applied | Ambiguous), (symbol.name, hunk, result)
        if isinstance(result, Applied):
            replaced += 1
            assert workspace.tree.changed[path] == source[:start] + b"    qpatch_marker(1);" + source[end:]
    assert replaced > 0.85 * len(found) > 30
