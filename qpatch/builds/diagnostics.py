# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what compilers, linkers and the scripts of a build print, in the C locale, into typed diagnostics.

`read_diagnostics` gives all of them, `errors` those that made the build fail, `warnings` the warnings. A note belongs
to the message before it, an include chain to the messages in the file that it leads to. Output of commands that ran at
the same time must not be mixed line by line: ninja never does, make does unless it gets `-O`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from qpatch.builds.toolmessages import linker_message, script_message, without_linker
from qpatch.builds.treepaths import TreePaths, names_object

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INCLUDED = "included from here"
INLINED = "inlined from here"

_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What begins the output of another command: ninja's status, its word for a failure, make's quiet commands.
_NEXT_COMMAND = re.compile(r"\[\d+/\d+\] |FAILED: |  [A-Z]{2,}(?: \[M\])? +\S")
_DIRECTORY = re.compile(r"\S*make(?:\[\d+\])?: (?P<what>Entering|Leaving) directory '(?P<directory>/[^']*)'")
_INCLUDED = re.compile(r"(?:In file included| {16}) from (?P<path>[^:]+):(?P<line>\d+)(?::(?P<column>\d+))?[,:]$")
_INLINED = re.compile(r"\s+inlined from '(?P<function>[^']+)' at (?P<path>[^:]+):(?P<line>\d+):(?P<column>\d+)[,:]$")
_FUNCTION = re.compile(r"(?P<path>\S[^:]*): In function '(?P<function>[^']+)'[,:]$")
_TOP_LEVEL = re.compile(r"\S[^:]*: At top level:$")
_SEVERITY = r"(?P<severity>(?:fatal |internal compiler )?[Ee]rror|ERROR|[Ww]arning|WARNING|[Nn]ote): ?(?P<message>.+)"
_LOCATED = re.compile(r"(?P<path>[^\s:][^:]*):(?P<line>\d+):(?:(?P<column>\d+):)? ?" + _SEVERITY)
_ABOUT_FILE = re.compile(r"(?:(?P<path>[^\s:][^:]*): )?" + _SEVERITY)
# gcc and new clangs put line numbers before the source; old clangs do not.
_GUTTER = re.compile(r" *(?P<line>\d*) \|(?P<source>.*)")
_ONCE = "each undeclared identifier is reported only once"  # a note that tells nothing of the error
_CARET = re.compile(r"[ ~]*\^[ ~^]*$")
_QUOTED = re.compile(r"['`\u2018\"](?P<text>[^'`\u2018\u2019\"]+)['\u2019\"]")
_NAMED = re.compile(r"member named ['\u2018](?P<text>\w+)['\u2019]")
# What is said besides: what a type is short for, and the compiler's guess.
_ASIDE = re.compile(r" \{aka [^}]*\}|; did you mean .*")
_PLAIN_NAME = re.compile(r"\w+")
_TAGGED_NAME = re.compile(r"(?:struct|union|enum) (\w+)")


@dataclass(frozen=True)
class Diagnostic:
    """A message with what belongs to it.

    `path` is relative to the source where the file is in it, else as printed ('' for a message about no file); `line`
    and `column` count from 1, 0 is unknown. `severity` is 'error', 'warning' or 'note'; `function` the one that the
    message is about; `symbol` what the linker or a script names. `text` is what was printed, its notes left out.
    """

    path: str
    line: int
    column: int
    severity: str
    message: str
    function: str = ""
    notes: tuple[Diagnostic, ...] = ()
    text: str = ""
    symbol: str = ""

    @property
    def where(self) -> str:
        """The place as compilers write it, '' for a message about no file."""
        return ":".join([self.path, *(str(number) for number in (self.line, self.column) if number)])

    @property
    def snippet(self) -> str:
        """The source line that the compiler shows, without its line number; '' where it shows none."""
        for line in self.text.split("\n")[1:]:
            gutter = _GUTTER.match(line)
            if gutter is None:
                return line
            if gutter["line"] == str(self.line):
                return gutter["source"].removeprefix(" ")
        return ""

    @property
    def names(self) -> tuple[str, ...]:
        """The identifiers that the message quotes: what it is about first, the names of structs and enums last."""
        said = _ASIDE.sub("", self.message)
        quoted = [match["text"] for match in _QUOTED.finditer(said)]
        named = [match["text"] for match in _NAMED.finditer(said)]
        plain = [text for text in quoted if _PLAIN_NAME.fullmatch(text)]
        tagged = [match[1] for text in quoted if (match := _TAGGED_NAME.fullmatch(text))]
        return tuple(dict.fromkeys([*([self.symbol] if self.symbol else []), *named, *plain, *tagged]))

    def __str__(self) -> str:
        """Format as compilers do, without the source line."""
        place = f"{self.where}: " if self.path else ""
        return f"{place}{self.severity}: {self.message}"


def read_diagnostics(output: str, source: Path, build: Path) -> tuple[Diagnostic, ...]:
    """Return the errors and warnings in `output` of commands that ran in `build` on the checkout `source`.

    A message that several commands print (a header's) is returned once.
    """
    reader = _OutputReader(TreePaths(source, build))
    reader.read(_ESCAPE.sub("", output).split("\n"))
    found: dict[tuple[str, int, int, str, str], Diagnostic] = {}
    for draft in reader.drafts:
        diagnostic = draft.finish()
        found.setdefault(
            (diagnostic.path, diagnostic.line, diagnostic.column, diagnostic.severity, diagnostic.message), diagnostic
        )
    return tuple(found.values())


def errors(output: str, source: Path, build: Path) -> tuple[Diagnostic, ...]:
    """Return the errors in `output`, in order.

    Those about no file and no symbol ("ld returned 1 exit status") tell what followed: they are returned where there
    is nothing else. See `read_diagnostics` for the arguments.
    """
    found = [each for each in read_diagnostics(output, source, build) if each.severity == "error"]
    telling = [each for each in found if each.path or each.symbol]
    return tuple(telling or found)


def first_error(output: str, source: Path, build: Path) -> str:
    """Return the first error of a make in words, or the last line that it printed. See `errors`."""
    found = errors(output, source, build)
    if found:
        return f"{found[0].where}: {found[0].message}"
    return next((line for line in reversed(output.splitlines()) if line.strip()), "make printed nothing")


def warnings(output: str, source: Path, build: Path) -> tuple[Diagnostic, ...]:
    """Return the warnings in `output`, in order. See `read_diagnostics` for the arguments."""
    return tuple(each for each in read_diagnostics(output, source, build) if each.severity == "warning")


@dataclass
class _Draft:
    """A diagnostic whose notes and source lines are still being read."""

    path: str
    line: int
    column: int
    severity: str
    message: str
    function: str = ""
    symbol: str = ""
    text: list[str] = field(default_factory=list)
    notes: list[_Draft] = field(default_factory=list)
    chain: Sequence[_Draft] = ()

    def finish(self) -> Diagnostic:
        notes = tuple(note.finish() for note in (*self.notes, *self.chain))
        return Diagnostic(
            self.path,
            self.line,
            self.column,
            self.severity,
            self.message,
            self.function,
            notes,
            "\n".join(self.text),
            self.symbol,
        )


class _OutputReader:
    """Goes through the output line by line; what a line means depends on the lines before."""

    def __init__(self, paths: TreePaths) -> None:
        self.drafts: list[_Draft] = []
        self._paths = paths
        self._readers = (self._context, self._link, self._compile, self._script, self._unlocated)
        self._forget()

    def read(self, lines: Sequence[str]) -> None:
        for line, following in zip(lines, [*lines[1:], ""], strict=False):
            if not any(read(line) for read in self._readers):
                self._source(line, following)

    def _forget(self) -> None:
        self._main: _Draft | None = None  # the last error or warning: notes belong to it
        self._last: _Draft | None = None  # the last message: source lines belong to it
        self._function = ""
        self._object = ""
        self._chain: list[_Draft] = []
        self._chain_open = False
        self._chain_leads_to = ""
        self._inlined: list[_Draft] = []

    def _context(self, line: str) -> bool:
        """Read a line that says what the next messages are about."""
        if _NEXT_COMMAND.match(line):
            self._forget()
            return True
        if match := _DIRECTORY.match(line):
            self._paths.enter(match["directory"]) if match["what"] == "Entering" else self._paths.leave()
            return True
        return self._include(line) or self._in_function(line)

    def _include(self, line: str) -> bool:
        match = _INCLUDED.match(line)
        if match is None:
            return False
        if not self._chain_open:
            self._chain, self._chain_open = [], True
        self._chain.append(self._note(match, INCLUDED))
        return True

    def _in_function(self, line: str) -> bool:
        if match := _INLINED.match(line):
            self._inlined.append(self._note(match, INLINED))
            return True
        if match := _FUNCTION.match(line):
            self._function, self._inlined = match["function"], []
            self._close_chain(self._paths.in_source(match["path"]))
            return True
        if _TOP_LEVEL.match(line):
            self._function = ""
            return True
        return False

    def _note(self, match: re.Match[str], message: str) -> _Draft:
        return _Draft(
            self._paths.in_source(match["path"]), int(match["line"]), int(match["column"] or 0), "note", message
        )

    def _close_chain(self, path: str) -> None:
        if self._chain_open:
            self._chain_open, self._chain_leads_to = False, path

    def _link(self, line: str) -> bool:
        """Read a line about a symbol that the linker cannot place."""
        found = linker_message(line, self._object)
        if found is None:
            return False
        if found.heading:
            self._object, self._function = found.object, found.function
            return True
        path, number = self._paths.linked(found.place, found.object)
        function = "" if names_object(found.place) else self._function
        draft = _Draft(path, number, 0, "error", found.message, function, found.symbol, [line])
        if found.earlier:
            path, number = self._paths.linked(found.earlier, "")
            draft.notes.append(_Draft(path, number, 0, "note", "first defined here"))
        self._add(draft)
        return True

    def _compile(self, line: str) -> bool:
        """Read a message in the form of the compilers, which meson and others use too."""
        match = _LOCATED.fullmatch(line)
        if match is None:
            return False
        self._add(
            _Draft(
                self._paths.in_source(match["path"]),
                int(match["line"]),
                int(match["column"] or 0),
                _severity(match),
                match["message"],
                self._function,
                "",
                [line],
            )
        )
        return True

    def _script(self, line: str) -> bool:
        """Read a message of one of the build's own scripts, of modpost, make or ninja."""
        found = script_message(line)
        if found is None:
            return False
        self._add(
            _Draft(
                self._paths.in_source(found.path),
                found.line,
                found.column,
                found.severity,
                found.message,
                "",
                found.symbol,
                [line],
            )
        )
        return True

    def _unlocated(self, line: str) -> bool:
        """Read a message about a whole file or none, of the compiler, the linker or any other program."""
        said = without_linker(line)
        match = _ABOUT_FILE.fullmatch(said)
        if match is None and said == line:
            return False
        path = (match and match["path"]) or ""
        is_file = "." in PurePosixPath(path).name
        message = said if match is None else match["message"] if is_file or not path else f"{path}: {match['message']}"
        self._add(
            _Draft(
                self._paths.in_source(path) if is_file else "",
                0,
                0,
                _severity(match) if match else "error",
                message,
                text=[line],
            )
        )
        return True

    def _add(self, draft: _Draft) -> None:
        self._close_chain(draft.path)
        self._last = draft
        if draft.severity == "note":
            if self._main is not None and not draft.message.startswith(_ONCE):
                self._main.notes.append(draft)
            return
        self._main = draft
        draft.chain = [*self._inlined, *(self._chain if draft.path == self._chain_leads_to else [])]
        self._inlined = []
        self.drafts.append(draft)

    def _source(self, line: str, following: str) -> None:
        """Keep a line of source that the compiler shows below a message; any other line ends the message."""
        if self._last is None:
            return
        if _GUTTER.match(line) or _CARET.match(line) or _CARET.match(following):
            self._last.text.append(line)
        else:
            self._last = None


def _severity(match: re.Match[str]) -> str:
    return match["severity"].lower().split(" ")[-1]
