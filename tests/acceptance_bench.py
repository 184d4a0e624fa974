# SPDX-License-Identifier: GPL-2.0-or-later
"""A bench for acceptance tests: a release with some lines changed, and the command run on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from acceptance_support import QUICK, Run, files_below, follow, mutated, run, series_of
from series_support import git

from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from acceptance_support import Change

    Capture = pytest.CaptureFixture[str]

BOTH = pytest.mark.parametrize("name", ["qemu-5.2", "qemu-10.2"])
PCI, HEADER, MIGRATION = "hw/vfio/pci.c", "hw/vfio/pci.h", "hw/vfio/migration.c"
# The first hunk of qemu-defer, as both releases have it.
SETUP = """\
    if (msi_enabled(pdev)) {
        vfio_msi_enable(vdev);
    } else if (msix_enabled(pdev)) {
        vfio_msix_enable(vdev);
    }
"""
WRAPPED = "    if (vdev->guest_ready) {\n" + "".join(f"    {line}\n" for line in SETUP.splitlines()) + "    }\n"


class Bench:
    """One mutated tree, and the command run on it, with the checks that hold for every miss."""

    def __init__(self, directory: Path, capture: Capture, name: str, changes: Mapping[str, str | Change]) -> None:
        self._capture = capture
        self._output = directory / "series"
        self.name = name
        self.tree = mutated(directory / "tree", name, changes)

    def line(self, path: str, text: str, nth: int = 1) -> str:
        """Return PATH:LINE of the nth line of the mutated file that holds `text`."""
        lines = git(self.tree, "cat-file", "blob", f"HEAD:{path}").split("\n")
        return f"{path}:{[number for number, line in enumerate(lines, 1) if text in line][nth - 1]}"

    def misses(self, strategy: str | Path) -> Run:
        """Render, which has to miss: exit code 3, nothing written anywhere."""
        before = files_below(self.tree)
        done = run(self._capture, "render", strategy, "--tree", self.tree, "-o", self._output, "--explain", *QUICK)
        assert done.code == ExitCode.DRIFT, done
        assert "drifted" in done.out or "ambiguous" in done.out
        assert files_below(self.tree) == before and not self._output.exists()
        assert not done.untold()
        return done

    def renders(self, strategy: str | Path, *words: str) -> Run:
        """Render, which has to work; the mails are there."""
        done = run(self._capture, "render", strategy, "--tree", self.tree, "-o", self._output, *QUICK, *words)
        assert done.code == ExitCode.OK, done.err
        assert any(file.endswith(".patch") for file in series_of(self._output))
        return done

    def mended_by_following(self, strategy: Path, first: Run) -> bool:
        """Tell whether the strategy renders once the suggestions are followed, run after run."""
        told = first.err
        for _ in range(8):
            follow(strategy, told)
            done = run(self._capture, "render", strategy, "--tree", self.tree, "-n", *QUICK)
            if done.code == ExitCode.OK:
                self.renders(strategy)
                return True
            assert done.code == ExitCode.DRIFT, done.err
            assert done.err != told, f"following does not help:\n{told}"
            told = done.err
        return False
