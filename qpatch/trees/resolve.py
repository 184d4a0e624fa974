# SPDX-License-Identifier: GPL-2.0-or-later
"""From a TREE argument (a known name, a path, or PATH@REF) to a commit of QEMU or Linux."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from qpatch.arguments import check_name
from qpatch.errors import UserError, system_faults
from qpatch.trees.commit_tree import CommitTree
from qpatch.trees.git import Repository, open_repository
from qpatch.trees.mentions import MentionCache
from qpatch.trees.places import cache_directory, configuration_file, expanded
from qpatch.trees.store import Store, default_store

if TYPE_CHECKING:
    from qpatch.csource.source import SourceTree

Kind = Literal["qemu", "linux"]

# Files that a tree of each kind has had at all times, and that no other project has together.
_MARKERS: dict[Kind, tuple[str, str]] = {
    "qemu": ("VERSION", "include/qemu/osdep.h"),
    "linux": ("Kbuild", "include/linux/kernel.h"),
}
_MAKEFILE_FIELD = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*(\S*)", re.MULTILINE)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True)
class Tree:
    """A source tree: `name` is fit for a directory's name, `release` is what the source says of itself."""

    name: str
    kind: Kind
    release: str
    repository: Repository
    commit: str

    def open(self) -> CommitTree:
        """Return the tree's files; the caller closes them (a context manager)."""
        memory = MentionCache(cache_directory() / "mentions" / f"{self.commit}.json")
        return CommitTree(self.repository, self.commit, memory)


@system_faults()
def resolve(argument: str, store: Store | None = None, configuration: Path | None = None) -> Tree:
    """Return the tree that `argument` names.

    A known name comes first (`./NAME` is always a path). Raises UserError: `unknown-tree`,
    `tree-not-fetched`, `binaries-only`, `no-repository`, `foreign-repository`, `partial-clone`, `bad-ref`,
    `unknown-ref`, `not-a-source-tree`, `bad-path`; EnvironmentFault where git, the disk or a permission fails.
    """
    check_name(argument, "the tree")
    if not argument:
        raise UserError("unknown-tree", "the name of the tree is empty")
    shared = store or default_store()
    if NAME.fullmatch(argument):
        commit = shared.commit_of(argument)
        if commit is not None:
            return _described(argument, shared.repository, commit)
        added = _added_tree(argument, configuration or configuration_file())
        if added is not None:
            return resolve_path(added[0], added[1], argument)
    path, ref = split_ref(argument)
    if path is None:
        raise _unknown(argument, configuration or configuration_file())
    return resolve_path(path, ref)


def resolve_path(path: Path, ref: str | None, name: str | None = None) -> Tree:
    """Return the tree at `ref` (None: HEAD) of the repository at `path`; see `resolve` for what is raised."""
    repository = open_repository(expanded(path).absolute())
    commit = repository.resolve("HEAD" if ref is None else ref)
    if repository.is_partial():
        raise UserError("partial-clone", f"{repository.path} is a partial clone: its files are not all there")
    return _described(name or _path_name(repository.path, ref), repository, commit)


def split_ref(argument: str) -> tuple[Path | None, str | None]:
    """Split PATH@REF: the path is the longest part before an `@` (or all) that is a directory, or None.

    Both a path and a ref may hold an `@` of their own.
    """
    if expanded(argument).is_dir():
        return Path(argument), None
    for at in reversed([place for place, letter in enumerate(argument) if letter == "@"]):
        path = argument[:at]
        if path and expanded(path).is_dir():
            return Path(path), argument[at + 1 :]
    return None, None


def detect_kind(tree: SourceTree) -> Kind | None:
    """Return what `tree` is the source of, None where it is neither QEMU nor Linux."""
    for kind, markers in _MARKERS.items():
        if all(tree.read(marker) is not None for marker in markers):
            return kind
    return None


def read_release(tree: SourceTree, kind: Kind) -> str:
    """Return the release that the source says it is: QEMU's VERSION file, the head of Linux's Makefile."""
    if kind == "qemu":
        return (tree.read("VERSION") or b"").decode(errors="replace").strip()
    makefile = (tree.read("Makefile") or b"").decode(errors="replace")
    values = {field[1]: field[2] for field in _MAKEFILE_FIELD.finditer(makefile)}
    numbers = [values.get(key, "") for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    return ".".join(number for number in numbers if number) + values.get("EXTRAVERSION", "")


def _described(name: str, repository: Repository, commit: str) -> Tree:
    with CommitTree(repository, commit) as tree:
        kind = detect_kind(tree)
        if kind is None:
            raise UserError(
                "not-a-source-tree",
                f"{repository.path} at {commit[:12]} is the source of neither QEMU nor Linux",
                hint=f"These files decide: {'; '.join(map(_deciding, _MARKERS))}.",
            )
        return Tree(name, kind, read_release(tree, kind), repository, commit)


def _deciding(kind: Kind) -> str:
    """Return the files that make a tree one of `kind`, in words."""
    return f"{' and '.join(_MARKERS[kind])} for {'QEMU' if kind == 'qemu' else 'Linux'}"


def _path_name(path: Path, ref: str | None) -> str:
    directory = path.parent if path.name == ".git" else path
    name = directory.name.removesuffix(".git") + (f"@{ref}" if ref else "")
    return re.sub(r"[^A-Za-z0-9._+@-]+", "-", name).lstrip("-.") or "tree"


def _added_tree(name: str, configuration: Path) -> tuple[Path, str] | None:
    if not configuration.is_file():
        return None
    from qpatch.trees.releases import load_configuration  # only here: the models take a while to import

    added = load_configuration(configuration).trees.get(name)
    return None if added is None else (Path(added.path), added.ref)


def _unknown(argument: str, configuration: Path) -> UserError:
    from qpatch.suggest import did_you_mean
    from qpatch.trees.releases import known_releases, load_configuration  # only here: see above

    settings = load_configuration(configuration)
    releases = known_releases(settings)
    if argument in releases:
        releases[argument].require_sources()
        return UserError(
            "tree-not-fetched", f"the sources of {argument} are not here yet", hint=f"qpatch tree fetch {argument}"
        )
    path = argument.split("@", 1)[0]
    if "/" in path:
        return UserError("no-repository", f"{path} is no directory")
    return UserError(
        "unknown-tree",
        f"there is no tree '{argument}', neither a known name nor a directory",
        hint=did_you_mean(path, {**releases, **settings.trees}),
    )
