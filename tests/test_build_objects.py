"""Every patch of the shipped series compiles, one after the other, without a new warning in what it touches."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from acceptance_support import QUICK, start
from build_support import RECIPES, BuildTree, Compilation, prepared

if TYPE_CHECKING:
    from collections.abc import Iterable

SERIES = [("qemu-5.2", "save-state"), ("qemu-5.2", "qemu-defer"), ("qemu-10.2", "qemu-defer")]
SOURCE = "hw/vfio/migration.c"


@pytest.fixture(scope="session")
def tree(request: pytest.FixtureRequest) -> BuildTree:
    """A release, configured. Set up before the home of a test: pip may need the user's configuration."""
    return prepared(request.param)


def rendered(strategy: str, tree: str, output: Path) -> list[Path]:
    """Render a series with the command; return its mails without the cover letter."""
    process = start("render", strategy, "--tree", tree, "-o", output, *QUICK)
    _, complaints = process.communicate()
    assert process.returncode == 0, complaints
    series = output / strategy / tree
    revision = json.loads((series / "series.json").read_text(encoding="utf-8"))["revisions"][-1]
    return [series / patch["file"] for patch in revision["patches"]]


def sources_of(tree: BuildTree, files: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the C sources among `files`, generated ones included, and those that depend on a header among them."""
    paths = [PurePosixPath(file) for file in files]
    own = [str(path) for path in paths if path.suffix == ".c"]
    # QEMU's trace/meson.build: the events of a folder a/b become trace/trace-a_b.c.
    traces = [f"trace/trace-{str(path.parent).replace('/', '_')}.c" for path in paths if path.name == "trace-events"]
    return own + traces, sorted(tree.dependants(files))


def told(subject: str, compilation: Compilation) -> str:
    return f"{subject}\n" + "\n".join(compilation.output.splitlines()[-60:])


@pytest.mark.build
@pytest.mark.parametrize(("tree", "strategy"), SERIES, indirect=["tree"])
def test_every_patch_compiles(tree: BuildTree, strategy: str, tmp_path: Path) -> None:
    commits = tree.apply(rendered(strategy, tree.directory.name, tmp_path / "out"))
    touched = tree.touched(tree.base, commits[-1])
    own, dependants = sources_of(tree, touched)
    tree.checkout(tree.base)
    objects = tree.objects([*own, *dependants])
    tree.forget(name for names in objects.values() for name in names)
    previous = tree.base
    known: frozenset[tuple[str, str]] = frozenset()
    for commit in [tree.base, *commits]:
        subject = tree.git("log", "-1", "--format=%h %s", commit)
        tree.checkout(commit)
        objects = tree.objects([*own, *dependants])
        made = tree.ninja(*[name for names in objects.values() for name in names])
        assert made.succeeded, told(subject, made)
        for file in own if commit == tree.base else sources_of(tree, tree.touched(previous, commit))[0]:
            assert objects[file], f"{subject}: this configuration does not compile {file}"
            assert made.compiled.issuperset(objects[file]), told(f"{subject}: {file} was not compiled", made)
        warnings = {(file, text) for file, text in made.warnings if file in touched}
        if commit == tree.base:
            known = frozenset(warnings)
        assert warnings <= known, told(subject, made)
        previous = commit


@pytest.mark.build
@pytest.mark.parametrize("tree", RECIPES, indirect=True)
def test_a_bad_patch_is_noticed(tree: BuildTree) -> None:
    tree.checkout(tree.base)
    file = tree.source / SOURCE
    good = file.read_text(encoding="utf-8")
    names = tree.objects([SOURCE])[SOURCE]
    for addition, succeeds in (("static int spare(void) { return 0; }", True), ("int f(void) { return g; }", False)):
        file.write_text(f"{good}\n{addition}\n", encoding="utf-8")
        made = tree.ninja(*names)
        assert made.succeeded is succeeds, told(addition, made)
        assert made.compiled == set(names)
        assert any(warned == SOURCE and "spare" in text for warned, text in made.warnings) is succeeds


@pytest.mark.build
@pytest.mark.parametrize("tree", ["qemu-10.2"], indirect=True)
def test_who_includes_a_header(tree: BuildTree) -> None:
    tree.checkout(tree.base)
    found = tree.dependants(["hw/vfio/pci.h"])
    assert {"hw/vfio/pci.c", "hw/vfio/igd.c"} <= found
    assert "hw/net/e1000.c" not in found  # it includes hw/pci/pci.h by way of other headers
