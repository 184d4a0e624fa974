# SPDX-License-Identifier: GPL-2.0-or-later
"""The JSON schema of strategy files, for editors: the model's own, with the kinds of anchors where one is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qpatch.csource.edit import Action
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.strategy.schema import Component, EditModel, PatchModel, Strategy
from qpatch.strategy.sharing import USE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qpatch.csource.edit import AnchorKind

_INSIDE = frozenset({Action.HUNK, Action.VERBATIM, Action.ADD_INSIDE, Action.EVERYWHERE, Action.MODE})
# What the anchor under each key must allow, at least one of them.
_ANCHOR_KEYS = {
    "in": _INSIDE,
    "after": frozenset({Action.ADD_BESIDE}),
    "before": frozenset({Action.ADD_BESIDE}),
    "delete": frozenset({Action.DELETE}),
    "move": frozenset({Action.MOVE}),
}

_USE = {
    "type": "object",
    "properties": {USE: {"type": "string", "description": "a file in templates/ that several strategies share"}},
    "required": [USE],
    "additionalProperties": False,
}


def json_schema() -> dict[str, Any]:
    """Return the schema; an anchor begins with the word of a kind that the key takes, or with a template."""
    schema = Strategy.model_json_schema()
    properties = schema["$defs"][EditModel.__name__]["properties"]
    for key, actions in _ANCHOR_KEYS.items():
        properties[key] |= _anchor(kind for kind in ANCHOR_KINDS.values() if kind.actions & actions)
    for model, key in ((Component, "patches"), (PatchModel, "edits")):
        entries = schema["$defs"][model.__name__]["properties"][key]
        entries["items"] = {"anyOf": [entries["items"], _USE]}
    return schema


def _anchor(kinds: Iterable[AnchorKind]) -> dict[str, Any]:
    chosen = list(kinds)
    words = "|".join(kind.word for kind in chosen)
    lines = [f"{' or '.join(kind.forms)}: {kind.description}" for kind in chosen]
    return {
        "pattern": rf"^\s*(?:(?:{words})(?:\s|$)|@\{{)",
        "description": "An anchor, KIND NAME:\n" + "\n".join(lines),
        "examples": [form for kind in chosen for form in kind.forms],
    }
