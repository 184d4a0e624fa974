# SPDX-License-Identifier: GPL-2.0-or-later
"""The verb `build` run on the miniature QEMU: in this process, or as one of its own that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cli_support import isolate, use_capabilities
from miniature_support import miniature_strategy, miniature_tree, path_with_ninja

from qpatch.cli.main import main

if TYPE_CHECKING:
    from miniature_support import Kind

ROOT = Path(__file__).parents[1]
PROCESS = Path(__file__).with_name("builder_process.py")
TREE = "miniature"
TARGET = "aarch64-softmmu"
BINARY = "qemu-system-aarch64"
BUILD = "qemu"  # the build directory
DEVICES = "configs/devices/aarch64-softmmu/qpatch.mak"
RECIPE = f"""\
from: "10.2.2"
kind: qemu
python: []
configure: [--disable-docs, --with-devices-aarch64=qpatch]
targets:
  {TARGET}:
    goal: {BINARY}
    files:
      {DEVICES}: |
        CONFIG_VFIO_PCI=y
  x86_64-softmmu:
    goal: qemu-system-x86_64
"""


@dataclass(frozen=True)
class Bench:
    """A directory with the miniature tree and strategies; what is built goes into the cache of the test."""

    directory: Path
    home: Path

    @property
    def tree(self) -> Path:
        """The repository of the miniature tree."""
        return self.directory / TREE

    @property
    def workspace(self) -> Path:
        """The directory where the tree is built; it must have been."""
        (found,) = (self.home / "cache" / "builds").glob(f"{TREE}-*")
        return found

    def words(self, kind: Kind | str, *options: str) -> list[str]:
        """Return the words of a command that builds the strategy of that kind, or the baseline."""
        return ["build", kind, "--strategies", str(self.directory / "strategies"), "--tree", str(self.tree), *options]

    def start(self, kind: Kind | str, *options: str, **environment: str) -> subprocess.Popen[str]:
        """Start the command as a process in a session of its own."""
        return subprocess.Popen(
            [sys.executable, str(PROCESS), *self.words(kind, *options)],
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            text=True,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def build(self, capsys: pytest.CaptureFixture[str], kind: Kind | str, *options: str) -> tuple[int, dict[str, Any]]:
        """Run the command; return its exit code and its only result."""
        code = main([*self.words(kind, *options), "--json"])
        document = json.loads(capsys.readouterr().out)
        assert document["version"] == 1
        (result,) = document["results"]
        return code, result

    def recipe(self, text: str = RECIPE) -> None:
        """Make `text` the recipe of the miniature tree."""
        file = self.home / "config" / "qpatch" / "recipes" / "miniature.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def make_bench(directory: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench with the good strategy, in use: see `use_bench`."""
    bench = Bench(directory, home)
    use_bench(bench, monkeypatch)
    miniature_tree(bench.tree)
    miniature_strategy(directory)
    bench.recipe()
    return bench


def use_bench(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the bench's directory; the machine is not asked for the libraries that the real QEMU needs."""
    isolate(bench.directory, monkeypatch)
    monkeypatch.setenv("PATH", path_with_ninja())
    monkeypatch.setenv("CCACHE_DISABLE", "1")
    ask_for_little(monkeypatch)


@pytest.fixture
def bench(tmp_path: Path, isolated: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench with the good strategy, of which nothing was built."""
    return make_bench(tmp_path, isolated, monkeypatch)


def ask_for_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without the libraries that the real QEMU needs, and without capabilities, which the miniature has none of."""
    monkeypatch.setattr("qpatch.builds.qemu.backend.require", lambda _group: None)
    use_capabilities(monkeypatch, {})


def compiled(result: dict[str, Any], number: int) -> list[str]:
    """Return the objects that the log of a patch says were compiled."""
    log = Path(result["patches"][number]["log"]).read_text(encoding="utf-8")
    return [line.rpartition(" ")[2] for line in log.splitlines() if "Compiling C object" in line]
