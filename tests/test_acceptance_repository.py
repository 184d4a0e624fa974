# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's repository, on real sources: read only, whatever state it is in, whoever else renders, whenever killed."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
from acceptance_support import QUICK, imported, run, series_of, start
from series_support import git

from qpatch.errors import ExitCode

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.tree

RELEASE = "qemu-5.2"
KILLS = 20


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make a user's own clone of a release: objects of its own, not bare, everything checked out."""
    repository, _ = imported(RELEASE)
    git(tmp_path, "clone", "-q", "--depth=1", "-b", RELEASE, f"file://{repository}", "qemu")
    git(tmp_path / "qemu", "switch", "-q", "-c", "work")
    return tmp_path / "qemu"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let processes that are killed leave their temporary files where they are cleared away."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    return place


def make_dirty(clone: Path) -> None:
    """Leave a stash, a staged change, an unstaged one on top, a deletion, a rename and untracked files."""
    source, header = clone / "hw/vfio/pci.c", clone / "hw/vfio/pci.h"
    source.write_text(source.read_text() + "/* to be stashed */\n")
    git(clone, "stash", "-q")
    # The very function that the strategies edit: what counts is the commit, not the work tree.
    source.write_text(source.read_text().replace("vfio_pci_load_config", "vfio_pci_staged_config"))
    git(clone, "add", "hw/vfio/pci.c")
    source.write_text(source.read_text().replace("vfio_pci_staged_config", "vfio_pci_unstaged_config"))
    header.write_text("not even C\n")
    (clone / "hw/vfio/ap.c").unlink()
    git(clone, "mv", "hw/vfio/ccw.c", "hw/vfio/renamed.c")
    (clone / "hw/vfio/untracked.c").write_text("int mine;\n")
    (clone / ".git/info/exclude").write_text("*.ignored\n")
    (clone / "notes.ignored").write_text("mine\n")


def files_of(directory: Path) -> dict[str, tuple[int, int]]:
    """Return time of change and size of every file."""
    return {
        str(path.relative_to(directory)): (path.lstat().st_mtime_ns, path.lstat().st_size)
        for path in directory.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def state_of(clone: Path) -> dict[str, object]:
    """Return what a user can tell of a clone, its refs and its files aside, without changing any of it."""
    look = ("--no-optional-locks",)
    return {
        "status": git(clone, *look, "status", "--porcelain=v2", "--branch", "--show-stash", "--ignored"),
        "HEAD": ((clone / ".git/HEAD").read_text(), git(clone, *look, "rev-parse", "HEAD")),
        "index": (clone / ".git/index").read_bytes(),
        "config": (clone / ".git/config").read_bytes(),
        "stash": git(clone, *look, "stash", "list", "--format=%gd %H"),
        "staged": git(clone, *look, "diff", "--cached", "--stat"),
    }


def refs_of(clone: Path) -> set[str]:
    return set(git(clone, "for-each-ref").split("\n"))


def check_sound(clone: Path) -> None:
    """Check both repositories: the user's and the shared one."""
    git(clone, "fsck", "--full", "--strict", "--no-dangling")
    git(imported(RELEASE)[0], "fsck", "--full", "--no-dangling")


@pytest.mark.releases("qemu-10.2")
def test_a_dirty_clone_stays_as_it_is(clone: Path, tmp_path: Path, capsys: Capture) -> None:
    make_dirty(clone)
    before, files, refs = state_of(clone), files_of(clone), refs_of(clone)
    rendered = run(capsys, "render", "--all", "--tree", clone, "-o", tmp_path / "series", "--json")
    assert rendered.code == ExitCode.OK, rendered.err
    assert {result["status"] for result in rendered.results} <= {"rendered", "void"}
    assert (state_of(clone), files_of(clone)) == (before, files)
    release = run(capsys, "render", "--all", "--tree", RELEASE, "-o", tmp_path / "release", "--json")
    assert [result["tip"] for result in release.results] == [result["tip"] for result in rendered.results]
    rebased = run(
        capsys, "rebase", "qemu-defer", "--from", clone, "--onto", "qemu-10.2", *QUICK, "-o", tmp_path / "rebased"
    )
    assert rebased.code == ExitCode.OK, rebased.err
    assert run(capsys, "tree", "show", f"{clone}@work").code == ExitCode.OK
    assert (state_of(clone), files_of(clone)) == (before, files)

    branched = run(
        capsys, "render", "save-state", "--tree", clone, "-o", tmp_path / "series", "-b", "rfc/one", "--json"
    )
    assert branched.code == ExitCode.OK, branched.err
    (result,) = branched.results
    assert state_of(clone) == before
    assert refs_of(clone) - refs == {f"{result['tip']} commit\trefs/heads/rfc/one"} and refs <= refs_of(clone)
    changed = {path for path, seen in files_of(clone).items() if files.get(path) != seen}
    allowed = (".git/objects/", ".git/refs/heads/rfc/one", ".git/logs/refs/heads/rfc/one")
    assert all(path.startswith(allowed) for path in changed), changed
    git(clone, "fsck", "--full", "--strict", "--no-dangling")


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a process; return its exit code and what it said on stderr."""
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said, said
    return process.returncode, said


def test_renders_at_the_same_time(clone: Path, tmp_path: Path, capsys: Capture) -> None:
    make_dirty(clone)
    alone = run(capsys, "render", "--all", "--tree", clone, "-o", tmp_path / "alone", *QUICK)
    assert alone.code == ExitCode.OK
    before, files = state_of(clone), files_of(clone)
    words = ("render", "--all", "--tree", clone, *QUICK, "-o")
    same = [start(*words, tmp_path / "same") for _ in range(2)]
    different = [start(*words, tmp_path / f"different-{number}") for number in range(2)]
    assert [ended(process)[0] for process in (*same, *different)] == [0, 0, 0, 0]
    expected = series_of(tmp_path / "alone")
    for output in ("same", "different-0", "different-1"):
        assert series_of(tmp_path / output) == expected
    assert (state_of(clone), files_of(clone)) == (before, files)


def test_branches_made_at_the_same_time(clone: Path, tmp_path: Path) -> None:
    words = ("render", "save-state", "--tree", clone, *QUICK)
    other = start(*words, "-o", tmp_path / "other", "-b", "rfc/other")
    rivals = [start(*words, "-o", tmp_path / f"rival-{number}", "-b", "rfc/wanted") for number in range(2)]
    assert ended(other)[0] == ExitCode.OK
    ends = sorted(ended(process) for process in rivals)
    assert ends[0][0] == ExitCode.OK
    assert ends[1][0] != ExitCode.OK and "rfc/wanted" in ends[1][1]
    assert git(clone, "rev-parse", "rfc/wanted") == git(clone, "rev-parse", "rfc/other")
    git(clone, "fsck", "--full", "--strict", "--no-dangling")


def duration_of(*words: str | Path) -> float:
    """Return how many seconds a run takes, which has to succeed."""
    began = time.monotonic()
    assert ended(start(*words))[0] == ExitCode.OK
    return time.monotonic() - began


@pytest.mark.releases("qemu-10.2")
def test_killed_at_any_moment(clone: Path, tmp_path: Path) -> None:
    make_dirty(clone)
    words = ("render", "--all", "--tree", clone, "qemu-10.2", *QUICK)
    branching = ("render", "save-state", "--tree", clone, *QUICK, "-b")
    durations = [
        duration_of(*words, "-o", tmp_path / "whole"),
        duration_of(*branching, "rfc/first", "-o", tmp_path / "first"),
    ]
    whole = series_of(tmp_path / "whole")
    before, refs = state_of(clone), refs_of(clone)
    moments = random.SystemRandom()
    killed = 0
    for number in range(KILLS):
        output = tmp_path / f"killed-{number % 4}"  # some land where an earlier one has left a whole series
        chosen = (*branching, f"rfc/{number}") if number % 2 else words
        process = start(*chosen, "-o", output, new_session=True)
        moment = moments.uniform(0.05, durations[number % 2])
        time.sleep(moment)
        # With all that it has started, or alone, so that git finds its pipes broken.
        os.killpg(process.pid, signal.SIGKILL) if number % 3 else process.kill()
        process.communicate()
        if process.returncode == -signal.SIGKILL:
            killed += 1
        else:  # it had ended before: the machine has got faster since the runs that were timed
            durations[number % 2] *= 0.7
        found = {path: content for path, content in series_of(output).items() if "/." not in f"/{path}"}
        for series in {path.rsplit("/", 1)[0] for path in found}:
            part = {path: content for path, content in found.items() if path.startswith(f"{series}/")}
            assert part == {path: content for path, content in whole.items() if path.startswith(f"{series}/")}, (
                f"kill {number} after {moment} s: {series} is not whole"
            )
    assert killed > KILLS // 4, "most runs had ended before"
    assert state_of(clone) == before and refs <= refs_of(clone)
    made = {line for line in git(clone, "for-each-ref", "--format=%(objectname)", "refs/heads/rfc").split("\n") if line}
    assert len(made) == 1  # all branches are the same series as the first one, whole
    check_sound(clone)
    for number in range(4):
        assert ended(start(*words, "-o", tmp_path / f"killed-{number}"))[0] == ExitCode.OK
        assert series_of(tmp_path / f"killed-{number}") == whole
