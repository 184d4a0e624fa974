# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies the lab's own code: modules with all that they import, data, stand-ins (standins.yaml).

What comes of it needs Python and nothing else.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import shutil
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import yaml

from qpatch.lab.carried import plain
from qpatch.lab.carried.standins.release import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qpatch.lab.definitions.release import ReleaseTable

_DATA = "*.yaml"
_CARRIED = ("qpatch", "qemu")  # packages of which modules are copied; all else must be Python's own
_NOT_CARRIED = frozenset({"carried.yaml", "standins.yaml"})


_READING = Lock()


def copy_lab(place: Path, modules: tuple[str, ...], table: ReleaseTable) -> None:
    """Copy `modules` below `place` with all that they import, data beside them as JSON, and the `table` of releases."""
    for name, file in modules_to_copy(modules).items():
        target = _target(place, name, file)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    for package in sorted({target.parent for target in place.rglob("*.py")}):
        source = _package_directory(".".join(package.relative_to(place).parts))
        for data in sorted(source.glob(_DATA)) if source else ():
            if data.name not in _NOT_CARRIED:
                content = yaml.load(data.read_text(encoding="utf-8"), yaml.CSafeLoader)
                (package / data.name).write_text(f"{json.dumps(content, indent=1)}\n", encoding="utf-8")
    written = json.dumps(plain.dump(table), indent=1)
    (place / "qpatch" / "lab" / "definitions" / TABLE).write_text(f"{written}\n", encoding="utf-8")


def modules_to_copy(modules: tuple[str, ...]) -> Mapping[str, Path]:
    """Return the file of each module that is copied, by the name that it has there, packages among them."""
    with _READING:
        return _modules_to_copy(modules)


@cache
def standins() -> dict[str, str]:
    """Return the modules that are copied in the place of others, by the names of these."""
    text = resources.files(__package__).joinpath("standins.yaml").read_text(encoding="utf-8")
    content: dict[str, str] = yaml.load(text, yaml.CSafeLoader)
    return content


@cache
def _modules_to_copy(modules: tuple[str, ...]) -> Mapping[str, Path]:
    """Do so once: bundles are written in several threads.

    Python before 3.11.9 cannot parse in two threads at a time ("AST constructor recursion depth mismatch"). Those are
    followed that are imported when a module is loaded. Raises ValueError for one that is neither ours nor Python's
    own, nor stood in for.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = _file(standins().get(name, name))
        parent = name.rpartition(".")[0]
        waiting += [*([parent] if parent else []), *_imported(name, found[name])]
    return {name: file for name, file in found.items() if file.name}


def _imported(name: str, file: Path) -> Iterator[str]:
    """Yield the modules of ours that the module `name` imports when it is loaded."""
    if not file.name:
        return  # a package without a file of its own
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Import):
            yield from (one for alias in statement.names if (one := _to_copy(alias.name, name)))
        elif isinstance(statement, ast.ImportFrom):
            package = _absolute(statement, name, file)
            if _to_copy(package, name):
                yield package
                members = (f"{package}.{alias.name}" for alias in statement.names)
                yield from (member for member in members if _is_module(member))


def _absolute(statement: ast.ImportFrom, name: str, file: Path) -> str:
    if not statement.level:
        return statement.module or ""
    parts = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
    parts = parts[: len(parts) - statement.level + 1]
    return ".".join([*parts, *([statement.module] if statement.module else [])])


def _to_copy(module: str, importer: str) -> str:
    """Return `module` if it is to be copied, '' for one of Python's own."""
    root = module.partition(".")[0]
    if root in _CARRIED or module in standins():
        return module
    if root in sys.stdlib_module_names:
        return ""
    raise ValueError(f"{importer} imports {module}, which is not carried")


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the parent is a module and no package
        return False


def _file(module: str) -> Path:
    """Return the file of a module, an empty path for a package that has none."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    return Path(spec.origin) if spec.origin else Path()


def _target(place: Path, name: str, file: Path) -> Path:
    path = place.joinpath(*name.split("."))
    return path / "__init__.py" if file.name == "__init__.py" else path.with_suffix(".py")


def _package_directory(package: str) -> Path | None:
    """Return where the data of a package of ours lie."""
    if not package.startswith("qpatch.lab"):
        return None
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None
