# SPDX-License-Identifier: GPL-2.0-or-later
"""Help for the tests of the series: tiny trees in git, a series for them, and `git am` as the judge."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from strategy_support import CAPABILITIES

from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.series.model import PlannedPatch, PlannedSeries, RenderedSeries, RenderOptions
from qpatch.series.open_tree import OpenTree
from qpatch.series.writer import write_series
from qpatch.strategy.bind import TreeInfo
from qpatch.trees.commit_tree import CommitTree
from qpatch.trees.git import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qpatch.cells.rendered import RenderedResult

BASE_DATE = 1_600_000_000
LINES = [f"int line_{number};\n" for number in range(40)]
SOURCE = "".join(LINES).encode()
CHECKPATCH = b"""\
use strict;
my $exit = 0;
for my $file (grep { !/^--/ } @ARGV) {
    open(my $mail, '<', $file) or die "$file: $!\\n";
    my ($number, $errors) = (0, 0);
    while (<$mail>) {
        $number++;
        next unless /^\\+.*BAD/;
        print "$file:$number: ERROR: bad word\\n";
        $errors++;
    }
    if (grep { $_ eq '--no-signoff' } @ARGV) { } else {
        print "$file:1: WARNING: signed\\n";
    }
    $exit = 1 if $errors;
}
exit($exit);
"""
GET_MAINTAINER = b"""\
-f 'MAINTAINERS' && -d 'hw/deep' && -f 'COPYING' or die "not in a tree\\n";
print "Zoe Last <zoe\\@example.org> (maintainer:X)\\n";
print "\\"J\\xc3\\xb6rg \\xc3\\x9cml\\" <joerg\\@example.org> (supporter:X)\\n";
print "devel\\@example.org (open list:All patches)\\n";
"""
FILES = {
    "hw/a.c": SOURCE,
    "hw/b.c": SOURCE,
    "hw/deep/run.sh": b"#!/bin/sh\n",
    "COPYING": b"text\n",
    "MAINTAINERS": b"M: Zoe\nF: hw/deep\n",
    "scripts/checkpatch.pl": CHECKPATCH,
    "scripts/get_maintainer.pl": GET_MAINTAINER,
}


def git(directory: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Run git as a user would, with an identity and a fixed date; return its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    fixed = {
        f"GIT_{role}_{item}": value
        for role in ("AUTHOR", "COMMITTER")
        for item, value in (("NAME", "Tester"), ("EMAIL", "t@example.org"), ("DATE", f"@{BASE_DATE} +0000"))
    }
    done = subprocess.run(
        ["git", *arguments],
        cwd=directory,
        input=stdin,
        capture_output=True,
        check=False,
        env={**environment, **fixed, "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"},
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def make_tree(directory: Path, files: dict[str, bytes] | None = None) -> Repository:
    """Make a repository with one commit of `files`."""
    directory.mkdir(parents=True)
    git(directory, "init", "-q", "-b", "master")
    commit_files(directory, files or FILES)
    return Repository(directory)


def commit_files(directory: Path, files: dict[str, bytes], message: str = "base") -> str:
    """Write `files` into the work tree and commit them; return the commit."""
    for path, content in files.items():
        place = directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        if path.endswith(".sh"):
            place.chmod(0o755)
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "-m", message)
    return git(directory, "rev-parse", "HEAD")


def replaced(number: int, text: str, source: bytes = SOURCE) -> bytes:
    """Return `source` with its line `number` replaced."""
    lines = source.decode().splitlines(keepends=True)
    lines[number] = f"{text}\n"
    return "".join(lines).encode()


def two_patches() -> tuple[PlannedPatch, ...]:
    """Return patches that change, add and delete files."""
    first = replaced(5, "long changed;")
    return (
        PlannedPatch("a: Change a line", "Because it was wrong.\n", {"hw/a.c": first}, ("Fixes: nothing",)),
        PlannedPatch(
            "b: Größere Änderung — with a subject so long that git has to fold it in the mail",
            "Zweiter Absatz.\n",
            {
                "hw/a.c": replaced(30, "char last;", first),
                "hw/b.c": None,
                "hw/new.c": b"int fresh;\n",
                "hw/deep/run.sh": b"#!/bin/sh -e\n",
            },
        ),
    )


def plan(
    repository: Repository,
    patches: tuple[PlannedPatch, ...] | None = None,
    *,
    ref: str = "HEAD",
    cover: str = "Die Größe zählt.\n",
    cc: tuple[str, ...] = (),
) -> PlannedSeries:
    """Plan a series on `ref` of the repository."""
    commit = repository.resolve(ref)
    return PlannedSeries(
        "option",
        "tree-1",
        "qemu",
        commit,
        repository.date_of(commit),
        patches or two_patches(),
        "a subject: Ünd more",
        cover,
        cc,
    )


@contextmanager
def target(
    repository: Repository, name: str = "qemu-1.0", ref: str = "HEAD", capabilities: Mapping[str, bool] = CAPABILITIES
) -> Iterator[OpenTree]:
    """Open a tree of a repository for the pipeline, with capabilities that are given."""
    with CommitTree(repository, repository.resolve(ref)) as source:
        yield OpenTree(TreeInfo(name, "1.0", "qemu"), source, capabilities, ParseCache(macro_table("qemu")))


def write(repository: Repository, series: PlannedSeries, options: RenderOptions) -> RenderedSeries:
    """Write `series` with its tree opened for the time."""
    with CommitTree(repository, series.base) as tree:
        return write_series(series, tree, options)


def content_of(directory: Path) -> dict[str, bytes]:
    """Return every file below `directory`, hidden ones and locks left out."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def applied_tree(repository: Repository, rendered: RenderedSeries | RenderedResult, place: Path) -> str:
    """Apply the mails with `git am` on a fresh clone's base; return the id of the tree they give."""
    git(place.parent, "clone", "-q", "--no-local", str(repository.path), str(place))
    git(place, "checkout", "-q", "--detach", rendered.base)
    git(place, "am", "-q", *(str(Path(rendered.directory, patch.file)) for patch in rendered.patches))
    return git(place, "rev-parse", "HEAD^{tree}")


def rendered_tree(repository: Repository, rendered: RenderedSeries, branch: str) -> str:
    """Return the tree of the rendered commit, which must be the tip of `branch` in the repository."""
    assert git(repository.path, "rev-parse", branch) == rendered.tip
    return git(repository.path, "rev-parse", f"{branch}^{{tree}}")
