# SPDX-License-Identifier: GPL-2.0-or-later
"""Series on real trees: git am gives the rendered tree, the trees' own scripts run and are content."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from release_support import need
from series_support import git

from qpatch.cells.base import Status
from qpatch.series.model import PlannedPatch, PlannedSeries, RenderedSeries, RenderOptions
from qpatch.series.render import render
from qpatch.series.reroll import apply_mails
from qpatch.series.treetools import workbench
from qpatch.series.writer import write_series
from qpatch.strategy.library import StrategyLibrary
from qpatch.trees.commit_tree import CommitTree
from qpatch.trees.private import private_repository
from qpatch.trees.releases import Kind, release_names

if TYPE_CHECKING:
    from qpatch.cells.rendered import RenderedResult
    from qpatch.trees.git import Repository

pytestmark = pytest.mark.tree

# A file to touch, the list that the tree's MAINTAINERS names for it, and a person whose name is not ASCII.
PROBES: dict[Kind, tuple[str, str]] = {
    "qemu": ("hw/vfio/pci.c", "qemu-devel@nongnu.org"),
    "linux": ("drivers/vfio/pci/vfio_pci.c", "kvm@vger.kernel.org"),
}
TREES = {name: probe for kind, probe in PROBES.items() for name in release_names(kind, "render")}
INCLUDE = b"\n#include <"
# What checkpatch says of every patch to the headers that QEMU takes from the kernel, and who has one in place of that.
IMPORTED, PLACE_HOLDERS = "imported from Linux", frozenset({"vendor-query"})


@cache
def fetched(name: str) -> tuple[Repository, str]:
    tree = need(name)
    return tree.repository, tree.commit


def judge(repository: Repository, rendered: RenderedSeries | RenderedResult, place: Path) -> None:
    """Apply the mails with `git am` on the base, compare with the rendered tip; few files are checked out."""
    git(place.parent, "clone", "-q", "--no-checkout", "--shared", str(repository.path), str(place))
    git(place, "sparse-checkout", "set", "--no-cone", "/VERSION")
    git(place, "checkout", "-q", "--detach", rendered.base)
    mails = [Path(rendered.directory, patch.file) for patch in rendered.patches]
    git(place, "am", "-q", *map(str, mails))
    applied = git(place, "rev-parse", "HEAD^{tree}")
    with private_repository([repository], rendered.base) as private:
        tip = apply_mails(private, rendered.base, [mail.read_bytes() for mail in mails])
        assert tip == rendered.tip
        assert private.tree_of(tip) == applied


@pytest.mark.parametrize("name", TREES)
def test_series_on_a_real_tree(name: str, tmp_path: Path) -> None:
    repository, commit = fetched(name)
    path, mailing_list = TREES[name]
    component = name.split("-")[0]
    with CommitTree(repository, commit) as tree:
        source = tree.read(path)
        assert source is not None
        first = source.replace(INCLUDE, b"\n#include <stddef.h>" + INCLUDE, 1)
        patches = (
            PlannedPatch("vfio/pci: Include a header", "It is used.\n", {path: first}),
            PlannedPatch("vfio/pci: Spoil a line", "No.\n", {path: first + b"int spoilt;   \n"}),
        )
        series = PlannedSeries(
            "probe", name, component, commit, repository.date_of(commit), patches, "vfio/pci: A probe", "Only a test.\n"
        )
        rendered = write_series(series, tree, RenderOptions(tmp_path / "out"))
    assert rendered.remarks is not None
    assert {(remark.file, remark.text.split(":")[-1].strip()) for remark in rendered.remarks} >= {
        (rendered.patches[1].file, "trailing whitespace")
    }
    assert {remark.file for remark in rendered.remarks} == {rendered.patches[1].file}
    letter = (rendered.directory / rendered.cover).read_text()
    head = letter.split("\n\n")[0]
    assert mailing_list in head.split("\nTo: ")[1].split("\nCc: ")[0]
    assert "Alex Williamson <alex" in head.split("\nCc: ")[1]
    judge(repository, rendered, tmp_path / "am")


@pytest.mark.parametrize("name", TREES)
def test_people_come_in_the_same_order_every_time(name: str, tmp_path: Path) -> None:
    repository, commit = fetched(name)
    mail = tmp_path / "0001.patch"
    mail.write_text(
        "\n".join(f"--- a/{path}\n+++ b/{path}\n@@ -1,1 +1,1 @@\n-a\n+b" for path in (TREES[name][0], "MAINTAINERS"))
        + "\n"
    )
    with CommitTree(repository, commit) as tree, workbench(tree, name.split("-")[0]) as bench:
        first = bench.maintainers([mail])
        assert first.cc
        assert all(bench.maintainers([mail]) == first for _ in range(3))


def with_component(component: str) -> list[str]:
    library = StrategyLibrary()
    return [name for name in library.names() if component in library.get(name).components]


@pytest.mark.parametrize(
    ("strategy", "name"),
    [
        *product(StrategyLibrary().names(), release_names("qemu", "render")),
        *product(with_component("linux"), release_names("linux", "render")),
    ],
)
def test_shipped_strategies_apply_and_please_checkpatch(strategy: str, name: str, tmp_path: Path) -> None:
    from qpatch.series.open_tree import opened_tree

    repository, _ = fetched(name)
    with opened_tree(name) as target:
        result = render(StrategyLibrary().get(strategy), target, RenderOptions(tmp_path / "out"))
    if result.status is not Status.RENDERED:
        assert result.status in (Status.LANDED, Status.VOID), result.reason
        return
    assert result.remarks is not None
    assert [one for one in result.remarks if strategy not in PLACE_HOLDERS or IMPORTED not in str(one)] == []
    judge(repository, result, tmp_path / "am")


def added_to_header(strategy: str, name: str, directory: Path) -> list[str]:
    """Return the lines that the one patch of `strategy` to VFIO's uAPI adds to it, wherever the tree has that."""
    from qpatch.series.open_tree import opened_tree

    fetched(name)
    with opened_tree(name) as target:
        result = render(StrategyLibrary().get(strategy), target, RenderOptions(directory, check=False))
    assert result.status is Status.RENDERED, result.reason
    mails = (Path(result.directory, patch.file).read_text() for patch in result.patches)
    (header,) = (part for mail in mails for part in mail.split("\ndiff --git ")[1:] if "/linux/vfio.h\n" in part)
    return [line for line in header.split("\n@@", 1)[1].splitlines() if line.startswith("+")]


@pytest.mark.parametrize(
    ("qemu", "linux", "number"),
    [("qemu-10.2", "linux-6.12", "(1 << 3)"), ("qemu-10.2", "linux-7.3", "(1 << 3)"), ("qemu-5.2", "linux-5.10", "7")],
)
def test_qemu_and_the_kernel_have_the_same_header(qemu: str, linux: str, number: str, tmp_path: Path) -> None:
    """QEMU's place-holder has the number as it is, the kernel's patch the one that is free there."""
    ours = added_to_header("vendor-query", qemu, tmp_path / "qemu")
    theirs = added_to_header("vendor-query", linux, tmp_path / "linux")
    assert ours == theirs
    assert [line for line in ours if "#define" in line and line.endswith(f"\t{number}")] != []
