# SPDX-License-Identifier: GPL-2.0-or-later
"""People as git writes them, and who the user is.

git itself is asked for the user's settings: GitPython's reader knows neither GIT_CONFIG_GLOBAL nor values given by the
environment, keeps quotes in the middle of a value and misses a setting on the line of its section. What it returns
would become the author of the user's mails.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qpatch.arguments import check_line
from qpatch.trees.commands import run_with_user_configuration


@dataclass(frozen=True)
class Identity:
    """A person as git writes one."""

    name: str
    email: str

    def __post_init__(self) -> None:
        """Refuse what git and mails cannot hold; raises UserError `bad-argument`."""
        check_line(self.name, "the name of the author", "<>")
        check_line(self.email, "the address of the author", "<>")

    def __str__(self) -> str:
        """Format as in a trailer: Name <address>."""
        return f"{self.name} <{self.email}>"


def user_identity(directory: Path = Path("/")) -> Identity | None:
    """Return the user's git identity as it is in `directory`, None where it is not set.

    It is GIT_AUTHOR_NAME and _EMAIL, else user.name and user.email of the user's configuration. Raises UserError
    `bad-argument` where it is not one line of UTF-8 each.
    """
    values = [
        os.environ.get(variable) or _user_setting(setting, directory)
        for variable, setting in (("GIT_AUTHOR_NAME", "user.name"), ("GIT_AUTHOR_EMAIL", "user.email"))
    ]
    return Identity(*values) if all(values) else None


def _user_setting(name: str, directory: Path) -> str:
    output = run_with_user_configuration("config", "--get", name, cwd=directory, check=False)
    return output.decode(errors="surrogateescape").strip()
