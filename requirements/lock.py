# SPDX-License-Identifier: GPL-2.0-or-later
"""Locks every dependency, with hashes: `make lock`.

test.txt has what the project's own tests and benchmarks need as well as what qpatch needs to run; run.txt is a part of
it. Both have what builds qpatch: pip installs the package without asking an index for anything.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parent / "pyproject.toml"
OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--upgrade")


def lock(name: str, *options: str) -> None:
    """Write the file `name`. Raises CalledProcessError where nothing fits all bounds."""
    build = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["build-system"]["requires"]
    subprocess.run(
        [
            str(Path(sys.executable).with_name("uv")),
            *("pip", "compile", "--quiet", "--custom-compile-command", "make lock", *OPTIONS, *options),
            *("-o", f"{HERE.name}/{name}", PROJECT.name, "-"),
        ],
        cwd=PROJECT.parent,
        input="\n".join(build),
        text=True,
        check=True,
    )


if __name__ == "__main__":
    lock("test.txt", "--all-extras")
    lock("run.txt", "--constraints", f"{HERE.name}/test.txt")
