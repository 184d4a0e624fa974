# SPDX-License-Identifier: GPL-2.0-or-later
"""How an error is told: in text as compilers do, in JSON as a mapping; which errors of the system are the user's."""

from __future__ import annotations

import errno

from qpatch.errors import EnvironmentFault, QpatchError, UserError

OS_FAULTS = {
    errno.ENOSPC: "disk-full",
    errno.EDQUOT: "disk-full",
    errno.EACCES: "no-permission",
    errno.EPERM: "no-permission",
    errno.EROFS: "no-permission",
}
# A path of the user's that cannot be one; errors of qpatch's own paths have other numbers.
PATH_MISTAKES = frozenset({errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR})
LONGEST_PATH = 200


def error_text(error: QpatchError, *, prefix: str = "") -> str:
    """Return `file:line:column: message` behind `prefix`, with the hint below."""
    place = f"{error.where}: " if error.where else ""
    hint = "\n" + indented("hint", error.hint) if error.hint else ""
    return f"{prefix}{place}{error.message}{hint}"


def error_document(error: QpatchError) -> dict[str, object]:
    """Return the mapping that describes `error` in JSON."""
    where = error.where and {"file": error.where.file, "line": error.where.line, "column": error.where.column}
    return {"code": error.code, "message": error.message, "where": where, "hint": error.hint}


def indented(label: str, text: str) -> str:
    """Return `text` behind its label, its further lines below the first."""
    prefix = f"  {label}: "
    return prefix + text.strip().replace("\n", "\n" + " " * len(prefix))


def fault_of_system(error: OSError) -> QpatchError | None:
    """Return the UserError or EnvironmentFault for an error of the system, None for one that is a bug."""
    name = str(error.filename or "")
    thing = f"{name[:LONGEST_PATH]}{'...' if name[LONGEST_PATH:] else ''}: " if name else ""
    message = f"{thing}{error.strerror}"
    if error.errno in PATH_MISTAKES:
        return UserError("bad-path", message)
    code = OS_FAULTS.get(error.errno or 0)
    return EnvironmentFault(code, message) if code else None
