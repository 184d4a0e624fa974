# SPDX-License-Identifier: GPL-2.0-or-later
"""The environment that builds run in: the compiler, and ccache before it where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.requirements import missing_program

if TYPE_CHECKING:
    from qpatch.builds.backend import BuildDirectories

# Where Debian's ccache has a link by the name of every compiler.
COMPILER_LINKS = Path("/usr/lib/ccache")
# Which compiler, and how it is called, is said by recipes alone: what is built must not depend on who builds it.
_RECIPES_BUSINESS = frozenset(
    {
        "AR",
        "AS",
        "CC",
        "CFLAGS",
        "CPP",
        "CPPFLAGS",
        "CXX",
        "CXXFLAGS",
        "LD",
        "LDFLAGS",
        "MAKEFLAGS",
        "NM",
        "OBJCOPY",
        "PYTHONHOME",
        "PYTHONPATH",
        "RANLIB",
        "STRIP",
    }
)
_SEARCH_PATHS = ("PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH")
_HITS = frozenset({"direct_cache_hit", "preprocessed_cache_hit"})


def build_environment(place: BuildDirectories, *programs: Path) -> dict[str, str]:
    """Return the environment of a build: the directories `programs` come first on PATH, then ccache's links.

    Variables that would change what is built (CC, CFLAGS and so on) are left out.

    The compiler cache is in the shared directory, unless the user's own CCACHE_DIR says otherwise; ccache (4.3 and
    later) notes beside the log how each compilation ended.
    """
    path = os.pathsep.join([*map(str, programs), str(COMPILER_LINKS), os.environ.get("PATH", os.defpath)])
    return {
        "CCACHE_DIR": str(place.shared / "ccache"),
        **neutral_environment(),
        "PATH": path,
        "NINJA_STATUS": "[%f/%t] ",
        "CCACHE_STATSLOG": str(_statistics_log(place)),
    }


def neutral_environment() -> dict[str, str]:
    """Return the user's environment without the variables that would change what is built, in the C locale."""
    kept = {name: value for name, value in os.environ.items() if name not in _RECIPES_BUSINESS}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C"}


def search_paths() -> dict[str, str]:
    """Return the variables of the user's environment that say where libraries are: a build is made of them, too."""
    return {name: os.environ[name] for name in _SEARCH_PATHS if os.environ.get(name)}


def compiler_version(compiler: str = "cc") -> str:
    """Return the first line of what `compiler --version` prints.

    Raises EnvironmentFault `program-missing` where there is no such compiler.
    """
    if shutil.which(compiler) is None:
        raise missing_program(compiler)
    printed = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False).stdout
    return printed.partition("\n")[0]


def compiler_cache_statistics(place: BuildDirectories) -> dict[str, int]:
    """Return how many compilations ccache spared (`hits`) and how many not (`misses`) since the log was begun.

    {} without ccache.
    """
    log = _statistics_log(place)
    if not log.is_file():
        return {}
    events = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return {"hits": sum(event in _HITS for event in events), "misses": events.count("cache_miss")}


def begin_log(place: BuildDirectories) -> None:
    """Remove what an earlier build left in the log of `place`, and its statistics."""
    for file in (place.log, _statistics_log(place)):
        file.unlink(missing_ok=True)


def _statistics_log(place: BuildDirectories) -> Path:
    return place.log.with_suffix(".ccache")
