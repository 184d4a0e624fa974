# SPDX-License-Identifier: GPL-2.0-or-later
"""Mails are remembered by what they hang on: the second time no git and no perl is run, and the bytes are the same."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from series_support import CHECKPATCH, FILES, content_of, git, make_tree, plan, replaced, two_patches, write

from qpatch.errors import EnvironmentFault, UserError
from qpatch.series import remembered_letters, treetools, writer
from qpatch.series.evidence import Seen
from qpatch.series.model import PlannedPatch, PlannedSeries, RenderOptions
from qpatch.series.outputs.branch import BranchOutput
from qpatch.trees.git import Identity
from qpatch.trees.memory import memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from qpatch.trees.git import Repository

ME = Identity("Me", "me@example.org")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "user")


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets a word whenever commits are made, and whenever the tree's scripts are asked."""
    done: list[str] = []
    for module, name in ((writer, "committed"), (treetools, "workbench")):
        monkeypatch.setattr(module, name, _noting(getattr(module, name), name, done))
    return done


def _noting(real: Callable[..., Any], name: str, done: list[str]) -> Callable[..., object]:
    @contextmanager
    def noting(*arguments: object) -> Iterator[object]:
        done.append(name)
        with real(*arguments) as made:
            yield made

    return noting


def render(repository: Repository, output: Path, series: PlannedSeries | None = None, **more: Any) -> dict[str, bytes]:
    """Write a series below `output` and return what is there."""
    write(repository, series or plan(repository), RenderOptions(output, **more))
    return content_of(output)


def test_the_second_time_nothing_is_run_and_the_bytes_are_the_same(
    repository: Repository, tmp_path: Path, work: list[str]
) -> None:
    series = plan(repository, (PlannedPatch("a: Change", "text", {"hw/a.c": replaced(1, "int BAD;") + b"\xff\n"}),))
    first = write(repository, series, RenderOptions(tmp_path / "a"))
    assert work == ["committed", "workbench"]
    second = write(repository, series, RenderOptions(tmp_path / "b"))
    assert work == ["committed", "workbench"]
    assert content_of(tmp_path / "a") == content_of(tmp_path / "b")
    assert replace(second, directory=first.directory) == first
    assert [remark.text for remark in second.remarks or ()] == ["bad word"]


ONE = Seen("x", "y", "virt", "eager", "once", {"lost": 1, "delivered": 2})
CHANGES: dict[str, dict[str, Any]] = {
    "prefix": {"prefix": "PATCH"},
    "identity": {"identity": ME},
    "committer": {"committer": ME},
    "signoff": {"identity": ME, "signoff": True},
    "check": {"check": False},
    "maintainers": {"maintainers": False},
    "evidence": {"evidence": (ONE,)},
    "order": {"evidence": (replace(ONE, verdicts={"delivered": 2, "lost": 1}),)},
}


@pytest.mark.parametrize("name", CHANGES)
def test_with_another_option_it_is_written_anew(
    repository: Repository, tmp_path: Path, work: list[str], name: str
) -> None:
    render(repository, tmp_path / "a")
    if name == "order":
        render(repository, tmp_path / "a", evidence=(ONE,))
    before = work.count("committed")
    anew = render(repository, tmp_path / "b", **CHANGES[name])
    assert work.count("committed") == before + 1
    assert render(repository, tmp_path / "c", **CHANGES[name]) == anew
    assert work.count("committed") == before + 1


def test_another_series_or_base_is_written_anew(repository: Repository, tmp_path: Path, work: list[str]) -> None:
    series = plan(repository)
    others = [
        replace(series, strategy="other"),
        replace(series, base_date=series.base_date + 1),
        replace(series, cover_body="Other.\n"),
        replace(series, cc=("Zed <z@example.org>",)),
        replace(series, patches=series.patches[:1]),
        replace(series, patches=(replace(series.patches[0], modes={"hw/a.c": "100755"}), series.patches[1])),
    ]
    for number, each in enumerate([series, *others], start=1):
        render(repository, tmp_path / str(number), each)
        assert work.count("committed") == number
    other_tree = make_tree(tmp_path / "other", {**FILES, "more.txt": b"more\n"})
    render(other_tree, tmp_path / "tree")
    assert work.count("committed") == len(others) + 2


@pytest.mark.parametrize("program", ["git", "perl"])
def test_another_git_perl_or_qpatch_writes_anew(
    repository: Repository,
    tmp_path: Path,
    work: list[str],
    monkeypatch: pytest.MonkeyPatch,
    program: str,
) -> None:
    first = render(repository, tmp_path / "a")
    place = tmp_path / "bin" / program
    place.parent.mkdir()
    place.write_text(f'#!/bin/sh\nPATH="{os.environ["PATH"]}"\nexec {program} "$@"\n')
    place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place.parent}:{os.environ['PATH']}")
    assert render(repository, tmp_path / "b") == first
    assert work.count("committed") == 2
    monkeypatch.setattr(remembered_letters, "own_fingerprint", lambda: "another")
    assert render(repository, tmp_path / "c") == first
    assert work.count("committed") == 3


def test_what_is_damaged_is_written_anew(repository: Repository, tmp_path: Path, work: list[str]) -> None:
    first = render(repository, tmp_path / "a")
    for number in range(2):
        for file in memory().directory.iterdir():
            entry = file.read_bytes()
            file.write_bytes(entry[:-9] if number else entry.replace(b"wrong", b"right"))
        assert render(repository, tmp_path / f"b{number}") == first
        assert work.count("committed") == number + 2


def test_a_branch_is_made_of_remembered_mails(repository: Repository, tmp_path: Path, work: list[str]) -> None:
    first = render(repository, tmp_path / "a")
    assert render(repository, tmp_path / "b", outputs=(BranchOutput("mine"),)) == first
    assert git(repository.path, "log", "--format=%s", "-1", "mine").startswith("b:")
    assert work.count("workbench") == 1


def test_the_scripts_are_asked_once_about_the_same_mails(
    repository: Repository, tmp_path: Path, work: list[str]
) -> None:
    series = plan(repository)
    first = render(repository, tmp_path / "a", series)
    other = render(repository, tmp_path / "b", replace(series, cover_body="Another letter.\n"))
    assert work == ["committed", "workbench", "committed"]
    patches = {name for name in first if "000" in name and "cover" not in name}
    assert patches and all(
        first[name].partition(b"Subject:")[2] == other[name].partition(b"Subject:")[2] for name in patches
    )
    render(repository, tmp_path / "c", plan(repository, two_patches()[:1]))
    assert work[3:] == ["committed", "workbench"]


def test_what_a_script_said_of_mails_on_another_tree_does_not_count(tmp_path: Path, work: list[str]) -> None:
    for number, word in enumerate((b"BAD", b"long"), start=1):
        script = CHECKPATCH.replace(b"BAD", word)
        tree = make_tree(tmp_path / str(number), {**FILES, "scripts/checkpatch.pl": script})
        rendered = write(tree, plan(tree), RenderOptions(tmp_path / f"out{number}"))
        assert bool(rendered.remarks) == (word == b"long")
        assert work.count("workbench") == number


def test_a_script_that_fails_is_asked_again(tmp_path: Path) -> None:
    repository = make_tree(tmp_path / "own", {**FILES, "scripts/get_maintainer.pl": b'die "no luck\\n";\n'})
    for _ in range(2):
        with pytest.raises(EnvironmentFault, match="no luck"):
            render(repository, tmp_path / "out")


def test_a_reroll_is_remembered_with_the_mails_of_the_version_before(
    repository: Repository, tmp_path: Path, work: list[str]
) -> None:
    newer = plan(repository, (replace(two_patches()[0], changes={"hw/a.c": replaced(5, "long other;")}),))
    for name in ("a", "b"):
        render(repository, tmp_path / name)
    first = render(repository, tmp_path / "a", newer, revision=2)
    assert work.count("committed") == 2
    assert render(repository, tmp_path / "b", newer, revision=2) == first
    assert work.count("committed") == 2
    mail = next((tmp_path / "b").rglob("0001-*.patch"))
    mail.write_bytes(mail.read_bytes().replace(b"+long changed;", b"+long by_hand;"))
    again = render(repository, tmp_path / "b", newer, revision=2)
    assert work.count("committed") == 3
    assert b"by_hand" in b"".join(again.values())


def test_the_checks_of_a_render_are_made_all_the_same(repository: Repository, tmp_path: Path) -> None:
    render(repository, tmp_path / "a")
    foreign = tmp_path / "b" / "option" / "tree-1"
    foreign.mkdir(parents=True)
    (foreign / "mine.txt").touch()
    with pytest.raises(UserError, match="which qpatch did not write"):
        render(repository, tmp_path / "b")
    with pytest.raises(UserError, match="no version before"):
        render(repository, tmp_path / "c", revision=3)


def test_where_nothing_can_be_kept_it_is_written_each_time(
    repository: Repository, tmp_path: Path, work: list[str]
) -> None:
    memory().directory.parent.mkdir(parents=True, exist_ok=True)
    memory().directory.write_text("in the way")
    assert render(repository, tmp_path / "a") == render(repository, tmp_path / "b")
    assert work == ["committed", "workbench"] * 2
