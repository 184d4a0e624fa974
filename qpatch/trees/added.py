# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that the user gives to trees of their own: an entry in the configuration file, no more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

from qpatch.errors import Location, UserError
from qpatch.trees.places import write_whole
from qpatch.trees.releases import load_configuration

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.trees.releases import LocalSource


def add_tree(file: Path, name: str, source: LocalSource) -> None:
    """Write the tree `name` into the configuration `file`, keeping the rest of it, comments too, as it is.

    Raises UserError `tree-exists` where the name is taken and `bad-configuration` where the file is wrong.
    """
    if name in load_configuration(file).trees:
        raise UserError("tree-exists", f"{file} has a tree '{name}' already", where=Location(str(file)))
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    # A JSON string is a YAML string.
    entry = f"{name}: {{path: {json.dumps(source.path)}, ref: {json.dumps(source.ref)}}}"
    write_whole(file, _with_entry(text, entry))


def _with_entry(text: str, entry: str) -> str:
    root = yaml.compose(text, yaml.CSafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    node = next((value for key, value in pairs if key.value == "trees"), None)
    if not isinstance(node, yaml.MappingNode):
        return text + ("" if not text or text.endswith("\n") else "\n") + f"trees:\n  {entry}\n"
    # Marks count characters; libyaml's carry no index into the text, only line and column.
    lines = text.splitlines(keepends=True)
    line, column = node.start_mark.line, node.start_mark.column
    if node.flow_style:
        opened = column + 1
        separator = ", " if node.value else ""
        lines[line] = lines[line][:opened] + entry + separator + lines[line][opened:]
    else:
        lines.insert(line, " " * column + entry + "\n")
    return "".join(lines)
