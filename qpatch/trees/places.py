"""Where qpatch keeps things: the cache of sources and the user's configuration file."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """Return the directory for sources and builds: $QPATCH_CACHE, or qpatch under the XDG cache directory."""
    override = os.environ.get("QPATCH_CACHE")
    if override:
        return Path(override).absolute()
    import platformdirs  # only here: most runs under test and CI set QPATCH_CACHE

    return Path(platformdirs.user_cache_dir("qpatch"))


def configuration_file() -> Path:
    """Return the path of the user's configuration file, which need not exist."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "qpatch" / "config.yaml"
