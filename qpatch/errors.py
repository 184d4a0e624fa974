# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong, as the user sees it: two error roots, one catalogue, one table of exit codes.

A mistake of the user (a bad strategy, a wrong argument) is a `UserError`; a fault of the surroundings (no
network, a full disk, a missing program) is an `EnvironmentFault`. Each carries the name of an entry in
`errors.yaml`, which holds the remedy shown with every occurrence.
"""

from __future__ import annotations

import contextlib
import enum
import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OS_FAULTS = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EACCES: "no-permission",
    errno.EPERM: "no-permission",
    errno.EROFS: "no-permission",
}
# A path of the user's that cannot be one; errors of qpatch's own paths have other numbers.
PATH_MISTAKES = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR})
LONGEST_PATH = 200  # characters of a path that a message shows


class ExitCode(enum.IntEnum):
    """The exit codes of the command line, as the README lists them."""

    OK = 0
    CHECKS_FAILED = 1
    USAGE = 2
    DRIFT = 3
    NOTHING_APPLIED = 4
    BUILD_FAILED = 5
    ENVIRONMENT = 6
    INTERRUPTED = 130


@dataclass(frozen=True)
class Location:
    """A place in a file that the user wrote: `line` and `column` count from 1; 0 means unknown.

    `used_at` is where another file takes up what stands there, '' where none does.
    """

    file: str
    line: int = 0
    column: int = 0
    used_at: str = ""

    def __str__(self) -> str:
        """Format as compilers do: file:line:column."""
        parts = [self.file, *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(parts) + (f" (used at {self.used_at})" if self.used_at else "")

    def as_json(self) -> dict[str, str | int]:
        """Return the mapping that describes it in JSON; `used_at` is in it where there is one."""
        place: dict[str, str | int] = {"file": self.file, "line": self.line, "column": self.column}
        return {**place, "used_at": self.used_at} if self.used_at else place


class QpatchError(Exception):
    """Root of everything that is reported without a traceback.

    `code` names an entry of errors.yaml, `message` says what happened to which thing, `where` is the place in
    the user's input, `hint` what to do about this very occurrence (it comes before the catalogue's remedy).
    """

    exit_code = ExitCode.ENVIRONMENT

    def __init__(self, code: str, message: str, *, where: Location | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Let errors of every subclass be copied, and be sent from one process to another."""
        return _made_anew, (type(self), self.args), self.__dict__


def _made_anew(kind: type[QpatchError], arguments: tuple[object, ...]) -> QpatchError:
    """Return an error without calling its `__init__`, which differs from class to class; its state is set next."""
    return kind.__new__(kind, *arguments)


class UserError(QpatchError):
    """The input is wrong: the user can mend it."""

    exit_code = ExitCode.USAGE


class EnvironmentFault(QpatchError):
    """The surroundings are at fault: network, disk, a program that is missing."""

    exit_code = ExitCode.ENVIRONMENT


class UndecidedError(QpatchError):
    """It cannot be told whether a tree has the capability `name`, and something depends on it: that is drift.

    `path` and `line` are where the tree has the evidence that can be read either way; the message names them, too.
    """

    exit_code = ExitCode.DRIFT

    def __init__(self, name: str, reason: str, path: str, line: int) -> None:
        super().__init__("undecided", f"it cannot be told whether the tree has `{name}`: {reason}")
        self.name = name
        self.path = path
        self.line = line


@contextlib.contextmanager
def placed(where: Location) -> Iterator[None]:
    """Place a UserError of the block that has no place yet at `where`."""
    try:
        yield
    except UserError as error:
        error.where = error.where or where
        raise


def fault_of_system(error: OSError) -> QpatchError | None:
    """Return the UserError or EnvironmentFault for an error of the system, None for one that is a bug."""
    name = str(error.filename or "")
    thing = f"{name[:LONGEST_PATH]}{'...' if name[LONGEST_PATH:] else ''}: " if name else ""
    message = f"{thing}{error.strerror}"
    if error.errno in PATH_MISTAKES:
        return UserError("bad-path", message)
    code = OS_FAULTS.get(error.errno or 0)
    return EnvironmentFault(code, message) if code else None


@contextlib.contextmanager
def system_faults() -> Iterator[None]:
    """Raise an OSError of the block as its UserError or EnvironmentFault, so that it is the result of one cell."""
    try:
        yield
    except OSError as error:
        fault = fault_of_system(error)
        if fault is None:
            raise
        raise fault from error
