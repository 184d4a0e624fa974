# SPDX-License-Identifier: GPL-2.0-or-later
"""Golden mails: a series on a tree of our own, byte for byte as people would get it.

Where a change of the mails is wanted, `make goldens` writes them anew; the difference then stands in the commit.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from series_support import FILES, commit_files, make_tree
from strategy_support import CAPABILITIES, load

from qpatch.cells.base import Status
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.series.model import RenderOptions
from qpatch.series.open_tree import OpenTree
from qpatch.series.render import render
from qpatch.strategy.bind import TreeInfo
from qpatch.trees.commit_tree import CommitTree
from qpatch.trees.git import Identity

if TYPE_CHECKING:
    from qpatch.trees.git import Repository

GOLDENS = Path(__file__).parent / "goldens"
UPDATE = "QPATCH_UPDATE_GOLDENS"
IDENTITY = Identity("Jörg Müller", "joerg@example.org")
SOURCE = """\
#include "demo.h"

static void start(void)
{
    /* kept */
    prepare();
    old_call();    /* this comment goes with the call */
}

static void stop(void)
{
    old_stop();
}
"""
NEXT_SOURCE = SOURCE.replace('#include "demo.h"\n', '#include "demo.h"\n#include "more.h"\n')


def rendered(repository: Repository, directory: Path, revision: int, **values: object) -> dict[str, bytes]:
    """Return the mails of version `revision` on the repository's newest commit."""
    strategy = load(directory / "strategy")
    options = RenderOptions(
        directory / "out",
        revision=revision,
        identity=IDENTITY,
        signoff=True,
        changes="- a longer word\n" if revision > 1 else "",
        parameters=values,
    )
    capabilities = {**CAPABILITIES, "has_extra": revision > 1}
    with CommitTree(repository, repository.resolve("HEAD")) as source:
        target = OpenTree(TreeInfo("qemu-1.0", "1.0", "qemu"), source, capabilities, ParseCache(macro_table("qemu")))
        result = render(strategy, target, options)
    assert result.status is Status.RENDERED, result.reason
    letter = f"{f'v{revision}-' if revision > 1 else ''}0000-cover-letter.patch"
    names = (letter, *(patch.file for patch in result.patches))
    return {name: Path(result.directory, name).read_bytes() for name in names}


def test_mails_are_byte_for_byte_as_before(tmp_path: Path) -> None:
    repository = make_tree(tmp_path / "tree", {**FILES, "hw/demo.c": SOURCE.encode()})
    mails = rendered(repository, tmp_path, 1)
    commit_files(repository.path, {"hw/demo.c": NEXT_SOURCE.encode()}, "next")
    mails |= rendered(repository, tmp_path, 2, limit=12)
    if os.environ.get(UPDATE):
        update(mails)
    expected = {file.name: file.read_bytes() for file in GOLDENS.glob("*.patch")}
    assert sorted(mails) == sorted(expected), "`make goldens` writes the mails anew"
    for name, mail in mails.items():
        assert mail == expected[name], name


def update(mails: dict[str, bytes]) -> None:
    GOLDENS.mkdir(exist_ok=True)
    for old in GOLDENS.glob("*.patch"):
        old.unlink()
    for name, mail in mails.items():
        (GOLDENS / name).write_bytes(mail)
