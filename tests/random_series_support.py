# SPDX-License-Identifier: GPL-2.0-or-later
"""Random small series of every operation on small files, for tests of what a series makes of its own result.

Each edit is written for the files as the edits before it have left them, so that later ones change what earlier ones
have brought, or stand beside it.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from csource_support import add_edit, hunk_edit
from lamp_files_support import EVENTS, FILES, KCONFIG, MAINTAINERS, MESON, RST, C, H
from test_series_own_result import at, attempted, create, delete, everywhere, move, rename

from qpatch.cells.base import Status
from qpatch.csource.edit import Edit, Position, VerbatimOperation
from qpatch.csource.matching.verbatim import parse_verbatim
from qpatch.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

STATEMENTS = (
    "check(lamp);",
    "notify(lamp);",
    "level = {n};",
    'print("more {n}");',
    "if (hot(lamp)) {{\n    cool(lamp, {n});\n}}",
    "log(lamp, {n});\ncheck(lamp);",
    "assert(lamp);",
    "/* Note {n}. */\nwait({n});",
    "lamp_count += {n};",
)
FILE_SCOPE = (
    "#define LAMP_NEW{n} {n}\n",
    "static int lamp_extra{n};\n",
    "static void helper{n}(void)\n{{\n    go({n});\n}}\n",
    "int lamp_proto{n}(void);\n",
    "#define LAMP_CALL{n}(x) do {{ \\\n        go(x); \\\n    }} while (0)\n",
    "enum {{ LAMP_A{n}, LAMP_B{n} }};\n",
)
TEXT_LINES = {
    KCONFIG: ("    select MORE{n}", "    depends on X{n}", "config NEW{n}\n    bool\n"),
    RST: ("More of it {n}.", "- Another point {n}.", "", "New\n---\n\nText {n}.\n"),
    MESON: ("lamp_ss.add(files('n{n}.c'))", "  'n{n}.c',", "subdir('d{n}')"),
    MAINTAINERS: ("F: hw/n{n}/", "R: Eve{n} <eve@example.org>", "X: hw/none{n}/"),
    EVENTS: ('lamp_n{n}(void) ""', "# note {n}"),
    C: ("    check(lamp);", "    go({n});", "", "#define N{n} {n}", "/* note {n} */"),
    H: ("    int n{n};", "", "int f{n}(void);", "    LAMP_N{n},"),
}
SYMBOLS = (
    "macro LAMP_ON",
    "macro LAMP_OFF",
    "macro LAMP_STEP",
    "macro LAMP_EACH",
    "initializer lamp_entries",
    "initializer lamp_ops",
    "function lamp_set",
    "function lamp_light",
    "initializer lamp_count",
)
NAMES = (
    "lamp_set",
    "notify",
    "lamp_count",
    "LAMP_ON",
    "LAMP_OFF",
    "level",
    "check",
    "trace",
    "lamp_light",
    "lamp_entries",
    "LAMP_STEP",
    "mend",
)


class Author:
    """Writes random edits for the files as they are now."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  # nothing is kept secret here
        self._number = 0
        self.files: dict[str, str] = dict(FILES)

    def series(self) -> list[tuple[Edit, ...]]:
        """Return one to three patches of one to three edits, each of which can be made on the one before."""
        patches: list[tuple[Edit, ...]] = []
        for _ in range(self._random.randint(1, 3)):
            edits: list[Edit] = []
            for _ in range(self._random.choice((1, 1, 2, 3))):
                edit = self._edit()
                if edit is None:
                    continue
                try:
                    tried, left = attempted(FILES, *patches, (*edits, edit))
                except UserError:
                    continue
                if tried.decision.status is Status.RENDERED and not any(p.is_there for p in tried.outcomes):
                    edits.append(edit)
                    self.files = left
            if edits:
                patches.append(tuple(edits))
        return patches

    def _edit(self) -> Edit | None:
        writers: tuple[Callable[[], Edit | None], ...] = (
            self._statement, self._statement, self._statement, self._switch, self._add_inside, self._add_inside,
            self._add_beside, self._add_beside, self._verbatim, self._verbatim, self._everywhere, self._macro,
            self._text_hunk, self._text_hunk, self._text_add, self._file_hunk, self._whole, self._members,
            self._string,
        )  # fmt: skip
        try:
            return self._random.choice(writers)()
        except (UserError, IndexError, ValueError):
            return None

    def _fresh(self, text: str) -> str:
        self._number += 1
        return text.format(n=self._number)

    def _body(self, name: str) -> list[str]:
        """Return the top-level statements of a function, each with its lines."""
        text = self.files.get(C, "")
        found = re.search(rf"^[^\n]*\b{name}\([^)]*\)\n\{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
        if not found:
            return []
        return _statements(found[1])

    def _statement(self) -> Edit | None:
        name = self._random.choice(("lamp_set", "lamp_light"))
        lines = self._body(name)
        new = [f"+ {line}" for line in self._fresh(self._random.choice(STATEMENTS)).split("\n")]
        return self._hunk(f"function {name}", lines, new)

    def _hunk(self, where: str, lines: list[str], new: list[str], path: str = C) -> Edit:
        index = self._random.randint(0, len(lines))
        above, below = self._random.choice(((1, 0), (0, 1), (1, 1), (2, 0), (0, 0), (2, 1)))
        before = [_context(line) for line in lines[max(0, index - above) : index]]
        how = self._random.random()
        if how < 0.6:
            middle, rest = new, lines[index : index + below]
        elif how < 0.85:
            middle = [*_removed(lines[index]), *new]
            rest = lines[index + 1 : index + 1 + below]
        else:
            middle, rest = _removed(lines[index]), lines[index + 1 : index + 2]
        after = [_context(line) for line in rest]
        if self._random.random() < 0.3:
            before = ["  ...", *before]
        if self._random.random() < 0.3:
            after = [*after, "  ..."]
        hunk = "\n".join([*before, *middle, *after])
        if self._random.random() < 0.3:
            hunk = self._with_metavariable(hunk)
        return hunk_edit(where, hunk, path=path)

    def _with_metavariable(self, hunk: str) -> str:
        words = re.findall(r"\b(lamp|level|how)\b", hunk)
        if not words:
            return hunk
        return re.sub(rf'(?<!["\w$.>]){self._random.choice(words)}\b', "$m", hunk)

    def _switch(self) -> Edit | None:
        new = self._fresh(self._random.choice(("case LAMP_N{n}:\n    level = {n};\n    break;", "check({n});")))
        if self._random.random() < 0.5:
            return add_edit("switch lamp_light", self._fresh("case LAMP_N{n}:\n    level = {n};\n    break;\n"), path=C)
        lines = new.split("\n")
        case = self._random.choice(("case LAMP_ON:", "case LAMP_OFF:", "default:"))
        label, inside = [f"  {case}"], [f"+ {'    ' if len(lines) == 1 else ''}{line}" for line in lines]
        shape = self._random.choice(
            (
                [*inside, *label],
                [*label, *inside],
                ["  ...", *inside, *label],
                ["  ...", *label, *inside],
                [*label, *inside, "  ..."],
                [*label, "  ...", *inside, "  default:"],
            )
        )
        if self._random.random() < 0.5:
            return hunk_edit("switch lamp_light", "\n".join(shape), path=C)
        wrapped = ["  switch ($h) {", *shape, "  ...", "  }"]
        return hunk_edit("function lamp_light", "\n".join(wrapped), path=C)

    def _add_inside(self) -> Edit | None:
        where, text, members, path = self._random.choice(
            (
                ("enum lamp_state", "LAMP_N{n},\n", ("LAMP_DARK", "LAMP_DIM", "LAMP_BRIGHT"), H),
                ("struct Lamp", "int extra{n};\n", ("level", "broken"), H),
                ("initializer lamp_entries", 'ENTRY("n{n}", {n}),\n', (), C),
                ("initializer lamp_ops", ".n{n} = lamp_n{n},\n", ("open", "close"), C),
                ("includes ", '#include "n{n}.h"\n', (), C),
                ("file ", "#define LAMP_END{n} 1\n", (), C),
                ("file ", "static int lamp_end{n};\n", (), C),
            )
        )
        text = self._fresh(text)
        if members and self._random.random() < 0.5:
            position = self._random.choice((Position.AFTER, Position.BEFORE))
            return add_edit(where, text, Position.IN, self._random.choice(members), position, path=path)
        return add_edit(where, text, path=path)

    def _add_beside(self) -> Edit | None:
        text = self._fresh(self._random.choice(FILE_SCOPE))
        position = self._random.choice((Position.AFTER, Position.BEFORE))
        return add_edit(self._random.choice(SYMBOLS), text, position, path=C)

    def _members(self) -> Edit | None:
        where, text, path = self._random.choice(
            (
                ("enum lamp_state", "LAMP_N{n},", H),
                ("struct Lamp", "int extra{n};", H),
                ("initializer lamp_entries", 'ENTRY("n{n}", {n}),', C),
                ("initializer lamp_ops", ".n{n} = lamp_n{n},", C),
            )
        )
        name = where.split()[1]
        found = re.search(rf"^[^\n]*\b{name}\b[^\n]*\{{\n(.*?)^\}}", self.files.get(path, ""), re.MULTILINE | re.DOTALL)
        lines = [line.strip() for line in found[1].splitlines()] if found else []
        return self._hunk(where, lines, [f"+ {self._fresh(text)}"], path)

    def _string(self) -> Edit | None:
        return hunk_edit("function lamp_set", self._random.choice((
            '- print("level " $m, level);\n+ print("level " "now " $m, level);',
            '- print($a $m, level);\n+ print($a "now " $m, level);',
            "- print(\"level \" $m, level);\n+ print(PREFIX \"level \" $m, level);",
            "- print(..., level);\n+ print(lamp, ..., level);",
            "- notify($l);\n+ notify($l, $l);",
            "- lamp->level = $x;\n+ lamp->level = clamp($x);",
            "- lamp->level = $x;\n+ lamp->level = 2 * $x;",
            "- lamp->level = $x;\n+ lamp->level = $x + 1;",
            "- trace($l);\n+ trace(NULL, $l);",
        )), path=C)  # fmt: skip

    def _verbatim(self) -> Edit | None:
        path = self._random.choice(sorted(self.files.keys() & TEXT_LINES.keys()))
        lines = self.files.get(path, "").split("\n")[:-1]
        index = self._random.randint(0, len(lines))
        above, below = self._random.choice(((1, 0), (0, 1), (1, 1), (2, 0), (2, 2)))
        new = [f"+{line}" for line in self._fresh(self._random.choice(TEXT_LINES[path])).split("\n")]
        middle, rest = new, index
        if self._random.random() < 0.3:
            middle, rest = [f"-{lines[index]}", *new], index + 1
        hunk = [
            *(f" {line}" for line in lines[max(0, index - above) : index]),
            *middle,
            *(f" {line}" for line in lines[rest : rest + below]),
        ]
        return at("file ", VerbatimOperation(parse_verbatim("\n".join([*hunk, ""]))), path)

    def _text_hunk(self) -> Edit | None:
        path = self._random.choice((KCONFIG, RST, MESON, MAINTAINERS, EVENTS))
        lines = [line for line in self.files.get(path, "").split("\n")[:-1] if line.strip()]
        new = self._fresh(self._random.choice(TEXT_LINES[path])).split("\n")
        return self._hunk("file ", lines, [f"+ {line}" for line in new], path)

    def _text_add(self) -> Edit | None:
        where, text, path, beside = self._random.choice(
            (
                ("section LAMP", "select MORE{n}\n", KCONFIG, ""),
                ("section LAMP", "select MORE{n}\n", KCONFIG, "bool"),
                ("section BULB", "depends on M{n}\n", KCONFIG, ""),
                ("section Bulbs", "- More {n}.\n", RST, ""),
                ("section Lamps", "More {n}.\n", RST, ""),
                ("section Lamps", "F: hw/n{n}\n", MAINTAINERS, ""),
                ("section Lamps", "F: hw/n{n}\n", MAINTAINERS, "F"),
                ("file ", 'lamp_n{n}(void) ""\n', EVENTS, ""),
                ("file ", 'lamp_n{n}(void) ""\n', EVENTS, "lamp_lit"),
                ("file ", "subdir('d{n}')\n", MESON, ""),
            )
        )
        if self._random.random() < 0.4 and path != MESON and where != "file ":
            text = {
                KCONFIG: "config N{n}\n    bool\n",
                RST: "Added\n-----\n\nMore {n}.\n",
                MAINTAINERS: "Heaters{n}\nM: Eve\n",
            }.get(path, text)
            return add_edit(where, self._fresh(text), self._random.choice((Position.AFTER, Position.BEFORE)), path=path)
        return add_edit(where, self._fresh(text), Position.IN, beside, path=path)

    def _file_hunk(self) -> Edit | None:
        lines = [
            line
            for line in self.files.get(C, "").split("\n")
            if (line.startswith("#") and not line.endswith("\\")) or line.startswith("static int")
        ]
        new = self._fresh(self._random.choice(FILE_SCOPE[:2])).strip()
        return self._hunk("file ", lines, [f"+ {new}"])

    def _macro(self) -> Edit | None:
        return hunk_edit(*self._random.choice((
            ("macro LAMP_ON", f"  #define LAMP_ON 0x01\n+ {self._fresh('#define LAMP_N{n} 1')}"),
            ("macro LAMP_OFF", f"  #define LAMP_OFF 0x02\n+ {self._fresh('int m{n};')}"),
            ("macro LAMP_ON", f"+ {self._fresh('#define LAMP_N{n} 1')}\n  #define LAMP_ON 0x01"),
            ("macro LAMP_EACH", f"  start(i);\n+ {self._fresh('go({n});')}"),
            ("macro LAMP_EACH", f"  step(i);\n+ {self._fresh('go({n});')}\n  stop(i)"),
            ("macro LAMP_EACH", f"+ {self._fresh('go({n});')}\n  step(i);"),
            ("macro LAMP_STEP", "- #define LAMP_STEP(l, n) lamp_set((l), $x)\n"
                                "+ #define LAMP_STEP(l, n) lamp_set((l), 1 + $x)"),
        )), path=C)  # fmt: skip

    def _everywhere(self) -> Edit | None:
        old = self._random.choice([name for name in NAMES if re.search(rf"\b{name}\b", self.files.get(C, ""))])
        where = self._random.choice(("tree ", "file ", "files "))
        path = {"tree ": "", "file ": C, "files ": "hw/lamp/"}[where]
        if self._random.random() < 0.6:
            return everywhere_at(where, f"- {old}\n+ {self._fresh(old + '_n{n}')}", path)
        return everywhere_at(where, self._random.choice((
            "- notify($l)\n+ notify_all($l, 1)", "- check($x)\n+ check_it($x)", "- lamp->level\n+ lamp->brightness",
            "- lamp_set($l, $n)\n+ lamp_set(NULL, $l, $n)", "- notify(...)\n+ notify(NULL, ...)",
        )), path)  # fmt: skip

    def _whole(self) -> Edit | None:
        which = self._random.randrange(8)
        if which == 0:
            return create(self._fresh("hw/lamp/n{n}.h"), self._fresh("#define NEW{n} 1\n"))
        if which == 1:
            return rename(C, "hw/lamp/light.c") if C in self.files else None
        if which == 2:
            return delete(self._random.choice(SYMBOLS), C)
        if which == 3:
            one, other = self._random.sample(SYMBOLS, 2)
            return move(one, other, C)
        if which == 4:
            return hunk_edit("signature lamp_set", self._fresh(
                "- static void lamp_set(struct Lamp *lamp, int level)\n"
                "+ static void lamp_put{n}(struct Lamp *lamp, int level)"), path=C)  # fmt: skip
        if which == 5:
            added = self._fresh("int f{n}(void);")
            return hunk_edit(
                "prototype lamp_light", f"  int lamp_light(struct Lamp *lamp, int how);\n+ {added}", path=H
            )
        if which == 6:
            return add_edit(
                "prototype lamp_light",
                self._fresh("int f{n}(void);\n"),
                self._random.choice((Position.AFTER, Position.BEFORE)),
                path=H,
            )
        return move("function lamp_set", "function lamp_light", C)


def everywhere_at(where: str, hunk: str, path: str) -> Edit:
    """Return an `everywhere` at an anchor with a path of its own."""
    return at(where, everywhere("file ", hunk).operation, path)


def _statements(body: str) -> list[str]:
    """Return the statements of a function's body, those of several lines as one text."""
    found: list[list[str]] = []
    depth = 0
    for line in body.splitlines():
        if not line.strip():
            continue
        if depth == 0:
            found.append([])
        found[-1].append(line.removeprefix("    "))
        depth += line.count("{") - line.count("}")
    return ["\n".join(lines) for lines in found]


def _context(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))


def _removed(text: str) -> list[str]:
    return [f"- {line}" for line in text.split("\n")]
