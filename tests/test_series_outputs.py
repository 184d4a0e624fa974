# SPDX-License-Identifier: GPL-2.0-or-later
"""Further outputs of a series: one more is a class and an entry in the table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cli_support
import pytest
from series_support import git, make_tree, plan
from strategy_support import write_strategy
from typing_extensions import override

from qpatch.cli.main import main
from qpatch.errors import ExitCode, UserError
from qpatch.series.model import RenderOptions, SeriesOutput
from qpatch.series.outputs import kinds
from qpatch.series.outputs.kinds import OutputKind
from qpatch.series.writer import write_series
from qpatch.trees.commit_tree import CommitTree

if TYPE_CHECKING:
    from qpatch.series.model import CommittedSeries, RenderedSeries
    from qpatch.trees.git import Identity, Repository


@dataclass(frozen=True)
class BundleOutput(SeriesOutput):
    """A toy: the series as a git bundle, which a new contributor might add."""

    file: str

    @override
    def check(self, tree: CommitTree) -> None:
        if Path(self.file).exists():
            raise UserError("bad-path", f"{self.file} exists already")

    @override
    def write(self, made: CommittedSeries, rendered: RenderedSeries, author: Identity) -> None:
        assert (rendered.directory / rendered.cover).is_file()
        made.private.run(
            "bundle", "create", "--quiet", str(Path(self.file).absolute()), f"{made.series.base}..refs/heads/qpatch"
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "tree")


def options(tmp_path: Path, bundle: Path) -> RenderOptions:
    return RenderOptions(tmp_path / "out", check=False, maintainers=False, outputs=(BundleOutput(str(bundle)),))


def test_an_output_gets_the_commits_of_the_mails(repository: Repository, tmp_path: Path) -> None:
    bundle = tmp_path / "series.bundle"
    with CommitTree(repository, repository.resolve("HEAD")) as tree:
        rendered = write_series(plan(repository), tree, options(tmp_path, bundle))
    git(repository.path, "fetch", "-q", str(bundle), "refs/heads/qpatch")
    assert git(repository.path, "rev-parse", "FETCH_HEAD") == rendered.tip


def test_an_output_that_cannot_be_made_is_told_before_anything_is_made(repository: Repository, tmp_path: Path) -> None:
    bundle = tmp_path / "series.bundle"
    bundle.touch()
    with CommitTree(repository, repository.resolve("HEAD")) as tree, pytest.raises(UserError, match="exists already"):
        write_series(plan(repository), tree, options(tmp_path, bundle))
    assert not (tmp_path / "out").exists()


def test_an_entry_in_the_table_is_a_flag_of_render(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    toy = OutputKind(("--bundle",), "FILE", "also write a git bundle", BundleOutput)
    monkeypatch.setattr("qpatch.cli.render.OUTPUT_KINDS", (*kinds.OUTPUT_KINDS, toy))
    cli_support.isolate(tmp_path, monkeypatch)
    cli_support.use_capabilities(monkeypatch)
    write_strategy(tmp_path)
    one, two = (cli_support.make_tree(tmp_path / name) for name in ("one", "two"))
    words = ["render", "demo", "--no-checkpatch", "--no-maintainers", "--bundle", "series.bundle", "--tree"]
    assert main([*words, str(one), str(two)]) == ExitCode.USAGE
    assert "--bundle names one bundle: give one strategy and one tree" in capsys.readouterr().err
    assert main([*words, str(one)]) == ExitCode.OK
    assert "refs/heads/qpatch" in git(one, "bundle", "list-heads", str(tmp_path / "series.bundle"))


def test_options_without_outputs_write_mails_alone(repository: Repository, tmp_path: Path) -> None:
    chosen = replace(options(tmp_path, tmp_path / "x"), outputs=())
    with CommitTree(repository, repository.resolve("HEAD")) as tree:
        rendered = write_series(plan(repository), tree, chosen)
    assert rendered.directory.is_dir()
    assert not (tmp_path / "x").exists()
