# SPDX-License-Identifier: GPL-2.0-or-later
"""The macro table: which macros the C grammar does not understand, and what form each one takes.

The data is in `macro_tables/qemu.yaml` and `macro_tables/linux.yaml`: for each `MacroForm` the names, or shell patterns
of names. What a form does to the source is in `macro_forms.py`.
"""

from __future__ import annotations

import enum
import fnmatch
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TreeKind = Literal["qemu", "linux"]


class MacroForm(enum.StrEnum):
    """What a macro stands for in C. The value is the key in the data files, which describe each form."""

    LOOP = "loop"
    ATTRIBUTE = "attribute"
    JOINED = "joined"
    TYPED = "typed"
    DECLARATION = "declaration"
    ARRAY = "array"
    FUNCTION = "function"
    TEST_FUNCTION = "test function"


class MacroTable:
    """The forms of macro names: `names` are exact, `patterns` are shell patterns, tried in order.

    `kind` tells the trees whose macros they are.
    """

    def __init__(
        self,
        names: Mapping[str, MacroForm],
        patterns: Iterable[tuple[str, MacroForm]] = (),
        kind: TreeKind = "qemu",
    ) -> None:
        self.kind = kind
        self._forms: dict[bytes, MacroForm | None] = {name.encode(): form for name, form in names.items()}
        globs = [(fnmatch.translate(glob).encode(), form) for glob, form in patterns]
        self._patterns = [(re.compile(regex), form) for regex, form in globs]
        self._any_pattern = re.compile(b"|".join(regex for regex, _ in globs) or rb"(?!)")

    def form_of(self, name: bytes) -> MacroForm | None:
        """Return the form of the macro `name`, None where the table does not know it."""
        if name not in self._forms:
            self._forms[name] = self._by_pattern(name) if self._any_pattern.match(name) else None
        return self._forms[name]

    def _by_pattern(self, name: bytes) -> MacroForm:
        return next(form for regex, form in self._patterns if regex.match(name))


@cache
def macro_table(kind: TreeKind) -> MacroTable:
    """Return the table shipped for trees of this kind (one object for the process)."""
    import yaml

    text = resources.files(__package__).joinpath("macro_tables", f"{kind}.yaml").read_text(encoding="utf-8")
    data: dict[str, list[str]] = yaml.load(text, Loader=yaml.CSafeLoader)
    entries = [(name, MacroForm(form)) for form, names in data.items() for name in names]
    return MacroTable(
        {name: form for name, form in entries if "*" not in name},
        [(name, form) for name, form in entries if "*" in name],
        kind,
    )
