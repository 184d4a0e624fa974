# SPDX-License-Identifier: GPL-2.0-or-later
"""The only module that starts git: isolated from all configuration, or with the user's where that is the point.

GitPython's own calls of git come here as well (see `qpatch.trees.gitpython`).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from textwrap import shorten
from typing import IO, TYPE_CHECKING

from qpatch.errors import EnvironmentFault, UserError
from qpatch.trees.places import reports_full_disk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Set where git runs qpatch (in a hook, say); they would lead git to another repository than the one meant.
REPOSITORY_VARIABLES = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_COMMON_DIR",
        "GIT_INDEX_FILE",
        "GIT_PREFIX",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_NAMESPACE",
        "GIT_SHALLOW_FILE",
    }
)


class GitError(EnvironmentFault):
    """git exited with an error; `stderr` is what it said.

    Where the disk is full (`disk-full`), the message has that alone: what git says after it ("corruption?") misleads.
    """

    def __init__(self, arguments: Sequence[str], stderr: str) -> None:
        full = next(filter(reports_full_disk, stderr.splitlines()), "")
        super().__init__(
            "disk-full" if full else "git-failed", f"git {shorten(' '.join(arguments), 200)}: {full or stderr.strip()}"
        )
        self.stderr = stderr


def run_with_user_configuration(
    *arguments: str, cwd: Path = Path("/"), check: bool = True, environment: Mapping[str, str] | None = None
) -> bytes:
    """Run git with the user's and the system's configuration: identity, credentials, proxies, URL rewriting.

    `environment` is added to the process's own. Raises GitError where git fails and `check` is set.
    """
    kept = {name: value for name, value in os.environ.items() if name not in REPOSITORY_VARIABLES}
    added = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **(environment or {})}
    process = _popen(arguments, cwd, {**kept, **added}, subprocess.PIPE)
    output, stderr = process.communicate()
    if process.returncode and check:
        raise GitError(arguments, stderr.decode(errors="replace"))
    return output


def start_git(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], stderr: int | IO[bytes] = subprocess.PIPE
) -> subprocess.Popen[bytes]:
    """Start git isolated from all configuration, with `environment` added, and pipes to its streams.

    Raises EnvironmentFault `git-missing` where there is no git.
    """
    return _popen(arguments, cwd, {**isolated_environment(), **environment}, stderr)


def _popen(
    arguments: Sequence[str], cwd: Path, environment: Mapping[str, str], stderr: int | IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["git", *arguments], cwd=cwd, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr
        )
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise UserError("no-repository", f"{cwd} is no directory") from error
        raise EnvironmentFault("git-missing", "git was not found on PATH") from error


def isolated_environment() -> dict[str, str]:
    """Return the environment for git without the user's and the system's configuration and without GIT_*.

    Optional locks and fetching on demand are off too: reading a repository never writes to it. Replacement
    refs are ignored: the commit's id is the input, so its content must be what the id says. A repository that is made
    has no template's hooks, and the formats that GitPython reads.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {
        **kept,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_TEMPLATE_DIR": "",
        "GIT_DEFAULT_HASH": "sha1",
        "GIT_DEFAULT_REF_FORMAT": "files",
        "LC_ALL": "C",
        "TZ": "UTC",
    }
