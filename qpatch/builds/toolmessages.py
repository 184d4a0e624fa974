# SPDX-License-Identifier: GPL-2.0-or-later
"""The messages that have a form of their own: the linker's, those of QEMU's scripts, of modpost, make and ninja.

Sources of the forms: binutils' ldmain.c; QEMU's scripts/tracetool/__init__.py, scripts/minikconf.py and
scripts/qapi/error.py; Linux' scripts/mod/modpost.c and scripts/kconfig; the programs themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

_LINKER = re.compile(r"(?:\S*/)?(?:[\w.+-]+-)?ld(?:\.\w+)?: (?=\S)")
_IN_FUNCTION = re.compile(r"(?P<object>.+?): in function `(?P<function>[^']+)':$")
_PLACE = r"(?P<place>(?:[^\s:(][^:]*?:)?(?:[^\s:()]+:)?(?:\d+|\([^()]+\))): "
_UNPLACED = re.compile(
    _PLACE + r"(?P<message>(?:undefined reference to|multiple definition of) `(?P<symbol>[^']+)')"
    r"(?:; (?P<earlier>.+): first defined here)?$"
)


@dataclass(frozen=True)
class LinkerMessage:
    """What the linker says of a symbol at `place`, or, as a `heading`, the object and function it speaks of next.

    `earlier` is the place of another definition, '' where there is none.
    """

    object: str
    function: str = ""
    place: str = ""
    message: str = ""
    symbol: str = ""
    earlier: str = ""

    @property
    def heading(self) -> bool:
        """Whether this only says what the next lines are about."""
        return not self.message


@dataclass(frozen=True)
class ScriptMessage:
    """What a script says: the place as far as it tells one, the symbol (or file) that it names."""

    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    severity: str = "error"
    symbol: str = ""


# The groups are fields of ScriptMessage; `target` is a file that a rule is missing for, which the source mentions by
# its name alone.
_SCRIPTS = tuple(
    re.compile(pattern)
    for pattern in (
        # tracetool; `ValueError` alone in the last lines of a Python traceback
        r"(?:\w+\.)*\w*Error: Error at (?P<path>[^:]+):(?P<line>\d+): (?P<message>.+)",
        r"(?:\w+\.)*ValueError: (?P<message>(?P<path>\S*trace-events) does not end with a new line)",
        # minikconf and the kernel's kconfig
        r"(?:(?:\w+\.)*KconfigParserError: )?(?P<path>[^:\s]*Kconfig[^:\s/]*|[^:\s]+\.mak):(?P<line>\d+):"
        r"(?:(?P<column>\d+):)? (?P<message>.+)",
        r"(?P<message>undefined symbol (?P<symbol>\w+))",
        r"(?:\w+\.)*KconfigDataError: (?P<message>(?:contradiction between clauses when setting|cycle found including) "
        r"(?P<symbol>\w+))",
        r"(?:\w+\.)*KconfigDataError: (?P<message>variable \"(?P<symbol>\w+)\" defined twice)",
        # qapi-gen
        r"(?P<path>[^:\s]+\.json):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<message>(?!In ).+)",
        # modpost; kernels before 5.7 leave the word out
        r"(?P<severity>ERROR|WARNING): (?:modpost: )?(?P<message>\"(?P<symbol>\w+)\" \[(?P<path>[^\]]+)\] undefined!)",
        r"(?P<severity>ERROR|WARNING): (?:modpost: )?(?P<message>\S+: '(?P<symbol>\w+)' exported twice.*)",
        # ninja and make
        r"ninja: error: (?P<message>'(?P<target>[^']+)', needed by .+, missing and no known rule to make it)",
        r"\S*make(?:\[\d+\])?: \*\*\* (?P<message>No rule to make target '(?P<target>[^']+)'.*)",
        r"(?P<path>[^:\s]*(?:Makefile|Kbuild)[^:\s/]*):(?P<line>\d+): (?:\*\*\* )?(?P<message>.+)",
        # the linker's other complaints, and lld
        r"(?P<severity>error): (?P<message>(?:undefined|duplicate) symbol: (?P<symbol>\w+))",
        # the last line of any other Python traceback
        r"(?P<message>(?:\w+\.)*[A-Z]\w*(?:Error|Exception): .+)",
    )
)


def without_linker(line: str) -> str:
    """Return `line` without the linker's name before it."""
    return _LINKER.sub("", line, count=1) if _LINKER.match(line) else line


def linker_message(line: str, linked_object: str) -> LinkerMessage | None:
    """Read a line of the linker about a symbol; `linked_object` is the object of the last heading."""
    said = without_linker(line)
    if match := _IN_FUNCTION.match(said):
        return LinkerMessage(match["object"], match["function"])
    if match := _UNPLACED.match(said):
        return LinkerMessage(
            linked_object, "", match["place"], match["message"], match["symbol"], match["earlier"] or ""
        )
    return None


def script_message(line: str) -> ScriptMessage | None:
    """Read a line of a script, of modpost, make or ninja; None where it is none of theirs."""
    said = without_linker(line)
    for pattern in _SCRIPTS:
        if match := pattern.fullmatch(said):
            return _script_message(match)
    return None


def _script_message(match: re.Match[str]) -> ScriptMessage:
    groups = {name: text or "" for name, text in match.groupdict().items()}
    target = groups.get("target", "")
    severity = groups.get("severity", "").lower() or "error"
    return ScriptMessage(
        groups["message"],
        groups.get("path") or target,
        int(groups.get("line") or 0),
        int(groups.get("column") or 0),
        severity,
        groups.get("symbol") or PurePosixPath(target).name,
    )
