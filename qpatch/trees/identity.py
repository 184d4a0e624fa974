# SPDX-License-Identifier: GPL-2.0-or-later
"""People as git writes them, and who the user is.

git itself is asked (`git var`): it alone knows what goes before what, of variables, `author.*`, `committer.*`, `user.*`
and EMAIL, in which files they stand, and what it strips. GitPython's reader knows neither GIT_CONFIG_GLOBAL nor values
given by the environment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from qpatch.arguments import CODE, check_line
from qpatch.errors import UserError
from qpatch.trees.commands import GitError, run_with_user_configuration

_NOT_MADE_UP = ("-c", "user.useConfigOnly=true")


@dataclass(frozen=True)
class Identity:
    """A person as git writes one."""

    name: str
    email: str

    def __post_init__(self) -> None:
        """Refuse what git cannot hold; raises UserError `bad-argument`."""
        check_line(self.name, "the name of the author", "<>")
        check_line(self.email, "the address of the author", "<>")
        if not self.name.strip():
            raise UserError(CODE, f"the name of the author ({self.email}) is empty")

    def __str__(self) -> str:
        """Format as in a trailer: Name <address>."""
        return f"{self.name} <{self.email}>"


class Role(StrEnum):
    """What somebody is to a commit: the author wrote it, the committer made it and signs it off."""

    AUTHOR = "AUTHOR"
    COMMITTER = "COMMITTER"


def user_identity(directory: Path = Path("/"), role: Role = Role.AUTHOR) -> Identity | None:
    """Return who git takes for the author (or committer) of a commit in `directory`, None where it was not told.

    An address that git would make up of the names of the account and the machine counts as not told: the same input
    would give other bytes elsewhere. Raises UserError `bad-argument` for what is not one line of UTF-8.
    """
    try:
        who = _ask(directory, role)
    except GitError:
        return None
    name, _, rest = who.partition(" <")
    return Identity(name, rest.rpartition("> ")[0])


def why_unknown(directory: Path = Path("/")) -> str:
    """Return git's reason for not knowing an author in `directory`, '' where `user_identity` has one."""
    try:
        _ask(directory, Role.AUTHOR)
    except GitError as error:
        return next((line.removeprefix("fatal: ") for line in error.stderr.splitlines() if "fatal: " in line), "")
    return ""


def _ask(directory: Path, role: Role) -> str:
    """Return "NAME <ADDRESS> DATE"; raises GitError where git cannot say, or the address would be made up."""
    try:
        return _var(directory, role, *_NOT_MADE_UP)
    except GitError:
        # EMAIL, and a name from the system's list of users, are told as well, although not in a configuration.
        found = _var(directory, role)
        if not os.environ.get("EMAIL"):
            _var(directory, role, *_NOT_MADE_UP, environment={f"GIT_{role}_NAME": "any"})
        return found


def _var(directory: Path, role: Role, *options: str, environment: dict[str, str] | None = None) -> str:
    output = run_with_user_configuration(*options, "var", f"GIT_{role}_IDENT", cwd=directory, environment=environment)
    return output.decode(errors="surrogateescape").rstrip("\n")
