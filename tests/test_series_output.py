# SPDX-License-Identifier: GPL-2.0-or-later
"""The output directory: whole or as it was, and never somebody else's."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from disk_support import mounted
from series_support import content_of, git, make_tree, plan, replaced, write

from qpatch.errors import UserError
from qpatch.series.model import PlannedPatch, RenderOptions
from qpatch.series.output import output_path
from qpatch.series.record import RECORD_FILE, load_record

if TYPE_CHECKING:
    from qpatch.trees.git import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "user")


@pytest.fixture
def options(tmp_path: Path) -> RenderOptions:
    return RenderOptions(tmp_path / "out", check=False, maintainers=False)


def other_patch() -> tuple[PlannedPatch, ...]:
    return (PlannedPatch("other", "text", {"hw/a.c": replaced(7, "other;")}),)


def refuse(repository: Repository, options: RenderOptions) -> UserError:
    with pytest.raises(UserError) as caught:
        write(repository, plan(repository), options)
    assert caught.value.code == "output-directory-foreign"
    return caught.value


def test_rendering_again_replaces_the_version(repository: Repository, options: RenderOptions) -> None:
    write(repository, plan(repository), options)
    rendered = write(repository, plan(repository, other_patch()), options)
    assert sorted(content_of(rendered.directory)) == ["0000-cover-letter.patch", "0001-other.patch", RECORD_FILE]


def test_record_names_base_tip_and_patches(repository: Repository, options: RenderOptions) -> None:
    rendered = write(repository, plan(repository), options)
    document = json.loads((rendered.directory / RECORD_FILE).read_bytes())
    assert (document["version"], document["generator"], document["strategy"]) == (1, "qpatch", "option")
    assert document["revisions"][0]["tip"] == rendered.tip
    record = load_record(rendered.directory)
    assert record is not None
    assert record.revisions[0].patches == rendered.patches


def test_directory_of_something_else_is_refused(repository: Repository, options: RenderOptions) -> None:
    place = output_path(options.output, "option", "tree-1")
    place.mkdir(parents=True)
    (place / "thesis.tex").write_text("ten years of work")
    error = refuse(repository, options)
    assert "thesis.tex" in error.message
    assert content_of(options.output) == {"option/tree-1/thesis.tex": b"ten years of work"}


def test_empty_directory_is_used(repository: Repository, options: RenderOptions) -> None:
    output_path(options.output, "option", "tree-1").mkdir(parents=True)
    write(repository, plan(repository), options)


def test_own_output_with_a_foreign_file_is_refused(repository: Repository, options: RenderOptions) -> None:
    rendered = write(repository, plan(repository), options)
    (rendered.directory / "notes").write_text("mine")
    before = content_of(options.output)
    refuse(repository, options)
    assert content_of(options.output) == before


def test_output_of_another_series_is_refused(repository: Repository, options: RenderOptions) -> None:
    rendered = write(repository, plan(repository), options)
    record = rendered.directory / RECORD_FILE
    record.write_text(record.read_text().replace('"qemu"', '"linux"'))
    assert "linux" in refuse(repository, options).message


@pytest.mark.parametrize("text", ['{"generator": "other"}', "[]"])
def test_other_programs_record_is_foreign(repository: Repository, options: RenderOptions, text: str) -> None:
    place = output_path(options.output, "option", "tree-1")
    place.mkdir(parents=True)
    (place / RECORD_FILE).write_text(text)
    refuse(repository, options)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"generator": "qpatch", "version": 99}',
        '{"generator": "qpatch", "version": 1}',
        '{"generator": "qpatch", "version": 1, "strategy": "option",'
        ' "tree": "tree-1", "component": "qemu", "revisions": [{"number": 1,'
        ' "base": "", "tip": "", "cover": "", "changes": "", "patches": 3}]}',
        '{"generator": "qpatch", "version": 1, "strategy": "option",'
        ' "tree": "tree-1", "component": "qemu", "revisions": [{"number": 1,'
        ' "base": "", "tip": "", "cover": "", "changes": "", "patches": [{"file": 3, "subject": "", "commit": ""}]}]}',
    ],
)
def test_broken_record_is_named(repository: Repository, options: RenderOptions, text: str) -> None:
    place = output_path(options.output, "option", "tree-1")
    place.mkdir(parents=True)
    (place / RECORD_FILE).write_text(text)
    with pytest.raises(UserError) as caught:
        write(repository, plan(repository), options)
    assert caught.value.code == "series-record-broken"
    assert str(place / RECORD_FILE) in caught.value.message


def test_a_file_in_the_way_is_refused(repository: Repository, options: RenderOptions) -> None:
    options.output.write_text("a file")
    assert str(options.output) in refuse(repository, options).message


@pytest.mark.parametrize(
    ("strategy", "tree", "expected"),
    [
        ("a", "qemu-10.2", "a/qemu-10.2"),
        ("a", "/home/me/qemu@v10.2", "a/home-me-qemu-v10.2"),
        ("..", "../../etc", "unnamed/etc"),
    ],
)
def test_directory_names_stay_inside(strategy: str, tree: str, expected: str) -> None:
    assert str(output_path(Path("out"), strategy, tree)) == f"out/{expected}"


def test_full_disk_leaves_the_old_output(
    repository: Repository, options: RenderOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(repository, plan(repository), options)
    before = content_of(options.output)

    def full(path: Path, data: bytes) -> int:
        if options.output in path.parents and path.name.startswith("0001"):
            with path.open("wb") as half:
                half.write(data[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return len(data) if path.open("wb").write(data) else 0

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write(repository, plan(repository, other_patch()), options)
    monkeypatch.undo()
    assert content_of(options.output) == before


def test_really_full_disk(repository: Repository, tmp_path: Path) -> None:
    with mounted(tmp_path / "small", "size=8k") as place:
        options = RenderOptions(place / "out", check=False, maintainers=False)
        with pytest.raises(OSError, match="No space left") as caught:
            write(repository, plan(repository), options)
        assert caught.value.errno == errno.ENOSPC
        assert content_of(place) == {}
        assert [path.name for path in (place / "out/option").iterdir()] == [".tree-1.lock"]


def test_interrupted_exchange_is_mended(repository: Repository, options: RenderOptions) -> None:
    rendered = write(repository, plan(repository), options)
    old = rendered.directory.with_name(f".{rendered.directory.name}.old")
    rendered.directory.rename(old)
    second = RenderOptions(options.output, revision=2, check=False, maintainers=False)
    write(repository, plan(repository, other_patch()), second)  # version 2 needs version 1, which is in `old`
    assert {"0001-a-Change-a-line.patch", "v2-0001-other.patch"} <= content_of(rendered.directory).keys()
    assert not old.exists()


def test_leftovers_of_a_killed_run_are_cleared(repository: Repository, options: RenderOptions) -> None:
    rendered = write(repository, plan(repository), options)
    for purpose in ("old", "new"):
        left = rendered.directory.with_name(f".{rendered.directory.name}.{purpose}")
        left.mkdir()
        (left / "half").write_text("x")
    write(repository, plan(repository), options)
    assert sorted(path.name for path in rendered.directory.parent.iterdir()) == [".tree-1.lock", "tree-1"]


# Writes the one series and the other in turn. Counts what qpatch does to files, and the programs that it starts; kills
# itself with all of them at the given number of it, or says the number once both were written.
LOOP = """
import os, signal, sys
from pathlib import Path
from qpatch.series.model import RenderOptions
from qpatch.trees.git import Repository
from series_support import plan, write
from test_series_output import other_patch

def count(event, arguments):
    global deeds
    if event.startswith(("open", "os.", "shutil.", "subprocess.", "tempfile.")):
        deeds += 1
        if deeds == deadly:
            os.killpg(0, signal.SIGKILL)

deeds, deadly = 0, int(sys.argv[3])
repository = Repository(Path(sys.argv[1]))
options = RenderOptions(Path(sys.argv[2]), check=False, maintainers=False)
plans = plan(repository), plan(repository, other_patch())
sys.addaudithook(count)
for one in plans:
    write(repository, one, options)
print(deeds)
"""
KILLS = 9


@pytest.mark.slow
def test_kill_at_any_moment_leaves_a_whole_series(repository: Repository, tmp_path: Path) -> None:
    allowed = []
    for number, patches in enumerate((None, other_patch())):
        clean = RenderOptions(tmp_path / f"clean{number}", check=False, maintainers=False)
        allowed.append(content_of(write(repository, plan(repository, patches), clean).directory))
    out = tmp_path / "out"
    place = output_path(out, "option", "tree-1")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
        "TMPDIR": str(tmp_path),
    }

    def loop(deadly: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", LOOP, str(repository.path), str(out), str(deadly)]
        return subprocess.run(
            command, env=environment, start_new_session=True, capture_output=True, text=True, check=False
        )

    deeds = int(loop(0).stdout)
    for number in range(KILLS):
        killed = loop(1 + number * deeds // KILLS)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        # Between two renames the old content has its hidden name only; the next run brings it back.
        assert content_of(place if place.exists() else place.with_name(f".{place.name}.old")) in allowed
    git(repository.path, "fsck", "--strict")
    options = RenderOptions(out, check=False, maintainers=False)
    assert content_of(write(repository, plan(repository), options).directory) == allowed[0]
