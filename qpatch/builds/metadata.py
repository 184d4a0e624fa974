# SPDX-License-Identifier: GPL-2.0-or-later
"""The metadata.json of a build: what was built, from what, by which commands, how long it took, how to repeat it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from qpatch import __version__
from qpatch.builds.toolchain import compiler_cache_statistics

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.builds.backend import BuildDirectories
    from qpatch.builds.results import StepResult

FORMAT_VERSION = 1


@dataclass(frozen=True)
class BuildOrigin:
    """Where a build comes from: strategy, repository and commit of the tree, target; how it was configured.

    `reproducer` holds the backend's shell commands, `overlay` the files that only the build needs.
    """

    strategy: str
    repository: Path
    base: str
    target: str
    identity: Mapping[str, str]
    configure: tuple[str, ...]
    reproducer: tuple[str, ...]
    overlay: Mapping[str, bytes]


def step_metadata(origin: BuildOrigin, result: StepResult, patches: int, place: BuildDirectories) -> dict[str, object]:
    """Return the metadata of a step that was built in this run; `patches` is the length of the series."""
    made, step = result.made, result.step
    assert made is not None
    return {
        "version": FORMAT_VERSION,
        "qpatch": __version__,
        "strategy": origin.strategy,
        "target": origin.target,
        "repository": str(origin.repository),
        "base": origin.base,
        "patch": {
            "number": step.number,
            "of": patches,
            "subject": step.subject,
            "commit": step.commit,
            "files": list(step.files),
        },
        "content": step.content,
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
        **origin.identity,
        "configure": shlex.join(origin.configure),
        "steps": made.steps,
        "durations": {
            "switch_s": round(result.switch_seconds, 3),
            "make_s": round(made.seconds, 3),
            "cpu_s": round(made.cpu_seconds, 3),
        },
        "ccache": compiler_cache_statistics(place),
        "warnings": list(result.warnings),
        "all_warnings": sorted(result.all_warnings),
        "not_compiled": list(result.not_compiled),
        "reproducer": reproducer_script(origin),
    }


def reproducer_script(origin: BuildOrigin) -> str:
    """Return a shell script that repeats the build without qpatch.

    It is run in an empty directory, with the source, the series applied, in $SOURCE.
    """
    files = [line for path, content in origin.overlay.items() for line in _file(path, content)]
    return (
        "\n".join(
            ["set -e  # in an empty directory; SOURCE is the tree with the series applied", *files, *origin.reproducer]
        )
        + "\n"
    )


def _file(path: str, content: bytes) -> list[str]:
    quoted = f'"$SOURCE"/{shlex.quote(path)}'
    folder = f'"$SOURCE"/{shlex.quote(path.rpartition("/")[0])}'
    if not content:
        return [f"mkdir -p {folder} && touch {quoted}"]
    return [f"mkdir -p {folder} && cat >{quoted} <<'END-OF-FILE'", content.decode().rstrip("\n"), "END-OF-FILE"]
