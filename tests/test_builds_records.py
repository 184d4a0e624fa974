# SPDX-License-Identifier: GPL-2.0-or-later
"""What a build writes down of itself, and how it gets over a build directory that was damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builder_support import BINARY, BUILD, bench
from miniature_support import miniature_strategy, needs_compiler
from series_support import git

from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from builder_support import Bench

__all__ = ["bench"]
pytestmark = needs_compiler


def test_result_and_metadata_name_the_patch(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = bench.build(capsys, "good")
    assert code == ExitCode.OK
    last = result["patches"][-1]
    repository = bench.workspace / "git"
    touched = git(repository, "show", "--name-only", "--format=", last["commit"]).split()
    assert sorted(last["files"]) == sorted(touched)
    metadata = json.loads(Path(result["metadata"]).read_text(encoding="utf-8"))
    assert metadata["patch"] == {
        "number": 3,
        "of": 3,
        "subject": last["subject"],
        "commit": last["commit"],
        "files": last["files"],
    }
    assert git(repository, "show", "-s", "--format=%s", last["commit"]).strip() == last["subject"]
    assert all(seconds == round(seconds, 3) for seconds in metadata["durations"].values())


@pytest.mark.parametrize("kind", ["baseline", "good"])
def test_a_damaged_build_directory_is_made_anew(bench: Bench, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    assert bench.build(capsys, "baseline")[0] == ExitCode.OK
    shutil.rmtree(bench.workspace / "products")
    (bench.workspace / BUILD / "build.ninja").unlink()
    code, result = bench.build(capsys, kind)
    assert (code, result["status"]) == (ExitCode.OK, "built")
    assert Path(result["products"][BINARY]).exists()


def test_a_patch_that_does_not_compile_leaves_a_sound_directory_alone(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    miniature_strategy(bench.directory, "type-error")
    assert bench.build(capsys, "baseline")[0] == ExitCode.OK
    (bench.workspace / BUILD / "mark").touch()
    assert bench.build(capsys, "type-error")[0] == ExitCode.BUILD_FAILED
    assert (bench.workspace / BUILD / "mark").exists()


def test_a_base_that_was_built_just_now_is_not_suspected(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    miniature_strategy(bench.directory, "type-error")
    assert bench.build(capsys, "type-error")[0] == ExitCode.BUILD_FAILED
    names = {file.name for file in (bench.workspace / "logs").rglob("*.log")}
    assert len(names) >= 2
    assert "baseline-again.log" not in names
