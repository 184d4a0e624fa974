# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs linters and unit tests with the versions that are installed, and says how these differ from the lock.

`make test-newest` runs it in a virtual environment that has the newest versions which pyproject.toml allows.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

HERE = Path(__file__).parent
LOCKED = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
CHECKS = (
    ("ruff", "check"),
    ("ruff", "format", "--check"),
    ("mypy",),
    ("lint-imports", "--no-cache"),
    ("pytest", "-q", "-n", "auto"),
    ("pytest", "-q", "-n", "auto", "-m", "slow"),
)


def normalized(name: str) -> str:
    """Return a distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def differences() -> list[str]:
    """Return a line for each distribution that is installed in another version than the locked one."""
    locked = {normalized(name): version for name, version in LOCKED.findall((HERE / "test.txt").read_text("utf-8"))}
    installed = {normalized(found.metadata["Name"]): found.version for found in distributions()}
    return [
        f"{name}: locked {locked.get(name, '-')}, here {version}"
        for name, version in sorted(installed.items())
        if name not in {"pip", "setuptools", "qpatch"} and locked.get(name) != version
    ]


def main() -> int:
    """Run all the checks, whatever breaks; return the exit code."""
    scripts = Path(sys.executable).parent
    broken = [
        " ".join(check)
        for check in CHECKS
        if subprocess.run([scripts / check[0], *check[1:]], cwd=HERE.parent, check=False).returncode
    ]
    print("\nOther versions than the locked ones:", *(differences() or ["none"]), sep="\n  ")
    print("What broke with them, see above:", *(broken or ["nothing"]), sep="\n  ")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
