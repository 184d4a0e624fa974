"""QEMU configured in a directory of its own, to compile the objects of some sources at one commit after another.

What is configured stays in the cache, below `test-builds`; nothing is linked.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from series_support import git

from qpatch.trees.places import cache_directory
from qpatch.trees.store import default_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# What stands for a Debian package: a program, a module of pkg-config, or a header. All of them: `make deps`.
PROGRAMS = {"bison": "bison", "bzip2": "bzip2", "cc": "gcc", "flex": "flex", "make": "make", "ninja": "ninja-build",
            "perl": "perl", "pkg-config": "pkg-config"}
LIBRARIES = {"glib-2.0": "libglib2.0-dev", "pixman-1": "libpixman-1-dev", "zlib": "zlib1g-dev"}
HEADERS = {"stdlib.h": "libc6-dev", "libfdt.h": "libfdt-dev"}
VENV_PACKAGE = "python3-venv"
COMPILER_CACHE = Path("/usr/lib/ccache")  # where Debian's ccache has a link by the name of every compiler


@dataclass(frozen=True)
class Recipe:
    """How a release is configured: what pip installs beside its build, and the arguments of configure."""

    python_packages: tuple[str, ...]
    configure: tuple[str, ...]
    meson_option: bool = False
    stub_firmware: bool = False


COMMON = ("--target-list=aarch64-softmmu", "--enable-tcg", "--enable-fdt=system", "--enable-trace-backends=log",
          "--disable-docs", "--disable-werror")
RECIPES = {
    # configure of 5.2 would use the meson of a git submodule. Debian took the firmware out of the sources.
    "qemu-5.2": Recipe(("meson==1.0.2",), (
        *COMMON, "--disable-kvm", "--disable-tools", "--disable-blobs", "--disable-slirp", "--disable-capstone",
        "--disable-guest-agent"), meson_option=True, stub_firmware=True),
    "qemu-10.2": Recipe(("meson==1.9.2", "pycotap==1.3.1", "qemu.qmp==0.0.6"), (
        *COMMON, "--without-default-features", "--enable-kvm", "--disable-install-blobs", "--disable-download")),
}


@dataclass(frozen=True)
class Compilation:
    """What ninja did: whether it succeeded, what it printed, the objects compiled, warnings as (file, text)."""

    succeeded: bool
    output: str
    compiled: frozenset[str]
    warnings: frozenset[tuple[str, str]]


def missing_packages() -> list[str]:
    """Return the Debian packages without which no release can be configured here."""
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    missing += [package for module, package in LIBRARIES.items() if not _succeeds("pkg-config", "--exists", module)]
    missing += [package for header, package in HEADERS.items()
                if not _succeeds("cc", "-E", "-include", header, "-x", "c", os.devnull, "-o", os.devnull)]
    if not find_spec("ensurepip"):
        missing.append(VENV_PACKAGE)
    return missing


def _succeeds(program: str, *arguments: str) -> bool:
    return bool(shutil.which(program)) and not subprocess.run(
        [program, *arguments], capture_output=True, check=False).returncode


def run(directory: Path, environment: Mapping[str, str], *command: str | Path) -> None:
    """Run a program; where it fails, say what it printed last."""
    done = subprocess.run(command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", check=False)
    last = "\n".join(done.stdout.splitlines()[-40:])
    assert done.returncode == 0, f"{command[0]} failed in {directory}:\n{last}"


@dataclass(frozen=True)
class BuildTree:
    """A release checked out, and a directory where it is configured.

    The git directory is not in the checkout: QEMU's configure would look for submodules.
    """

    base: str
    directory: Path

    @property
    def source(self) -> Path:
        """The checkout."""
        return self.directory / "source"

    @property
    def build(self) -> Path:
        """The directory that ninja works in."""
        return self.directory / "build"

    @property
    def tools(self) -> Path:
        """The programs of the virtual environment: python3, pip, meson."""
        return self.directory / "venv" / "bin"

    @cached_property
    def environment(self) -> dict[str, str]:
        """The environment of configure and ninja: `tools` come first, then ccache if it is installed."""
        path = os.pathsep.join([str(self.tools), str(COMPILER_CACHE), os.environ["PATH"]])
        return {"CCACHE_DIR": str(self.directory.parent / "ccache"), **os.environ, "PATH": path, "LC_ALL": "C"}

    def git(self, *arguments: str) -> str:
        """Run git on the checkout."""
        return git(self.source, f"--git-dir={self.directory / 'git'}", f"--work-tree={self.source}", *arguments)

    def checkout(self, commit: str) -> None:
        """Give the checkout the content of a commit; files that stay the same keep their times."""
        self.git("checkout", "-q", "--force", "--detach", commit)

    def apply(self, mails: Sequence[Path]) -> list[str]:
        """Apply mails on the base with `git am`; return the commits, oldest first."""
        shutil.rmtree(self.directory / "git" / "rebase-apply", ignore_errors=True)  # of a run that failed
        self.checkout(self.base)
        self.git("am", "-q", *map(str, mails))
        return self.git("rev-list", "--reverse", f"{self.base}..HEAD").split()

    def touched(self, old: str, new: str) -> list[str]:
        """Return the files in which two commits differ."""
        return self.git("diff", "--name-only", old, new).split("\n")

    def dependants(self, files: Iterable[str]) -> set[str]:
        """Return the C files, as they are checked out, that include one of the headers, themselves or by others."""
        found: set[str] = set()
        waiting = [file for file in files if file.endswith(".h")]
        while waiting:
            new = self._includers(waiting.pop()) - found
            found |= new
            waiting += [file for file in new if file.endswith(".h")]
        return {file for file in found if file.endswith(".c")}

    def _includers(self, header: str) -> set[str]:
        name = re.escape(PurePosixPath(header).name)
        pattern = f'^ *# *include "([^"]*/)?{name}"'
        lines = self.git("grep", "-E", pattern, "--", "*.[ch]").splitlines()
        return {file for file, _, text in (line.partition(":") for line in lines)
                if header in _meant(file, text.split('"')[1])}

    def objects(self, sources: Iterable[str]) -> dict[str, list[str]]:
        """Return the objects made of each source (relative to the checkout, or to the build directory).

        Sources that this configuration does not compile have none.
        """
        self.ninja("build.ninja")  # runs meson again where a commit touches its files
        wanted = {os.path.normpath(root / source): source for source in sources for root in (self.source, self.build)}
        found: dict[str, list[str]] = {source: [] for source in wanted.values()}
        for command in json.loads((self.build / "compile_commands.json").read_text(encoding="utf-8")):
            source = wanted.get(os.path.normpath(Path(command["directory"]) / command["file"]))
            if source:
                found[source].append(command["output"])
        return found

    def ninja(self, *targets: str) -> Compilation:
        """Make what is out of date among `targets`."""
        done = subprocess.run(["ninja", "-k", "0", *targets], cwd=self.build, env=self.environment, text=True,
                              errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        compiled = frozenset(re.findall(r"\] Compiling C object (\S+)", done.stdout))
        return Compilation(done.returncode == 0, done.stdout, compiled, frozenset(self._warnings(done.stdout)))

    def _warnings(self, output: str) -> Iterable[tuple[str, str]]:
        for file, text in re.findall(r"^(\S+?):\d+(?::\d+)?: warning: (.*)$", output, re.MULTILINE):
            yield os.path.relpath(os.path.normpath(self.build / file), self.source), text

    def forget(self, objects: Iterable[str]) -> None:
        """Remove objects, so that they are compiled whatever was there before."""
        for name in objects:
            (self.build / name).unlink(missing_ok=True)


def _meant(file: str, include: str) -> set[str]:
    """Return what `#include "include"` in `file` may mean: quoted headers are sought in three places."""
    beside = os.path.normpath(PurePosixPath(file).parent / include)
    return {beside, include, f"include/{include}"}


def prepared(name: str) -> BuildTree:
    """Return the release `name`, fetched before, configured; the work of an earlier run is used again."""
    missing = missing_packages()
    assert not missing, f"QEMU cannot be configured here: apt-get install -y {' '.join(missing)}"
    store = default_store()
    base = store.commit_of(name)
    assert base, f"{name} is not fetched: qpatch tree fetch {name}"
    recipe = RECIPES[name]
    tree = BuildTree(base, cache_directory() / "test-builds" / name)
    stamp = tree.directory / "configured"
    made_of = f"{base}\n{recipe}\n{sys.version}\n"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != made_of:
        shutil.rmtree(tree.directory, ignore_errors=True)
        _check_out(tree, store.repository.path)
        if recipe.stub_firmware:
            _stub_firmware(tree.source / "pc-bios")
        _configure(tree, recipe)
        stamp.write_text(made_of, encoding="utf-8")
    return tree


def _check_out(tree: BuildTree, repository: Path) -> None:
    tree.source.mkdir(parents=True)
    git(tree.directory, "clone", "-q", "--bare", "--shared", str(repository), "git")
    tree.checkout(tree.base)


def _stub_firmware(directory: Path) -> None:
    """Make an empty file for every name in the list of firmware that is not there: meson checks that they exist."""
    names = re.findall(r"^ +'([^'/]+)',$", (directory / "meson.build").read_text(encoding="utf-8"), re.MULTILINE)
    for name in names:
        (directory / (f"{name}.bz2" if name.endswith(".fd") else name)).touch()


def _configure(tree: BuildTree, recipe: Recipe) -> None:
    tree.build.mkdir()
    run(tree.directory, tree.environment, sys.executable, "-m", "venv", tree.tools.parent)
    run(tree.directory, tree.environment, tree.tools / "pip", "install", "--quiet", "--disable-pip-version-check",
        *recipe.python_packages)
    meson = (f"--meson={tree.tools / 'meson'}", f"--ninja={shutil.which('ninja')}") if recipe.meson_option else ()
    run(tree.build, tree.environment, tree.source / "configure", *meson, *recipe.configure)
