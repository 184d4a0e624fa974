# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that a series creates, renames, deletes and makes programs: in commits, mails, rerolls, rebases, and blame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from series_support import applied_tree, commit_files, git, make_tree, target
from strategy_support import TEMPLATES, write_strategy

from qpatch.cells.base import Status
from qpatch.series.blame import authorship
from qpatch.series.model import RenderOptions
from qpatch.series.outputs.branch import BranchOutput
from qpatch.series.rebase import rebase
from qpatch.series.render import attempt, render
from qpatch.strategy.load import LoadedStrategy, load_strategy

if TYPE_CHECKING:
    from qpatch.cells.rendered import RenderedResult
    from qpatch.trees.git import Repository

SOURCE = "".join(f"int line_{number};\n" for number in range(30)) + "\nint flow(void)\n{\n    return 1;\n}\n"
FILES = {
    "hw/old.c": SOURCE.encode(),
    "hw/unused.h": b"int unused;\n",
    "hw/list.txt": b"old.c\n",
    "scripts/tool.sh": b"#!/bin/sh\n",
    "scripts/plain.py": b"print(1)\n",
}
STRATEGY = """\
name: demo
title: "demo: Files"
summary: Moves files.
qemu:
  cover: A cover.
  patches:
    - subject: "demo: Rename the file"
      body: It has a better name.
      edits:
        - rename: hw/old.c
          to: hw/flow/main.c
        - rename: scripts/tool.sh
          to: scripts/new-tool
        - in: function flow
          path: hw/old.c
          hunk: |2
            - return 1;
            + return 2;
    - subject: "demo: Add a program, drop a header"
      body: It is not used.
      edits:
        - create: scripts/run.sh
          mode: 100755
          text: |
            #!/bin/sh
            exec flow
        - create: hw/flow/extra.h
          text: |
            int extra;
        - delete: file hw/unused.h
        - in: file scripts/plain.py
          mode: 100755
        - in: function flow
          path: hw/flow/main.c
          hunk: |2
            - return 2;
            + return 3;
    - subject: "demo: Change what was added"
      body: Twice is better.
      edits:
        - in: file hw/flow/extra.h
          add: |
            int more;
        - in: file scripts/run.sh
          hunk: |2
            - exec flow
            + exec flow twice
"""


@pytest.fixture
def strategy(tmp_path: Path) -> LoadedStrategy:
    return load_strategy(write_strategy(tmp_path / "mine", STRATEGY, TEMPLATES))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "tree", FILES)


def rendered(repository: Repository, strategy: LoadedStrategy, options: RenderOptions) -> RenderedResult:
    with target(repository) as tree:
        result = render(strategy, tree, options)
    assert result.status is Status.RENDERED, result.reason
    return result


def options(tmp_path: Path, revision: int = 1) -> RenderOptions:
    return RenderOptions(
        tmp_path / "out", revision, check=False, maintainers=False, outputs=(BranchOutput(f"v{revision}"),)
    )


def listing(repository: Repository, ref: str) -> dict[str, str]:
    lines = git(repository.path, "ls-tree", "-r", ref).splitlines()
    return {line.split("\t")[1]: line.split()[0] for line in lines}


def test_the_commits_have_the_files_and_modes(repository: Repository, strategy: LoadedStrategy, tmp_path: Path) -> None:
    rendered(repository, strategy, options(tmp_path))
    assert listing(repository, "v1") == {
        "hw/flow/main.c": "100644",
        "hw/flow/extra.h": "100644",
        "hw/list.txt": "100644",
        "scripts/new-tool": "100755",
        "scripts/plain.py": "100755",
        "scripts/run.sh": "100755",
    }
    assert git(repository.path, "show", "v1:hw/flow/main.c") == SOURCE.replace("return 1", "return 3").strip()
    assert git(repository.path, "show", "v1:scripts/run.sh") == "#!/bin/sh\nexec flow twice"
    assert git(repository.path, "show", "v1:hw/flow/extra.h") == "int extra;\n\nint more;"


def test_a_rename_with_changes_is_a_rename_in_the_mail(
    repository: Repository, strategy: LoadedStrategy, tmp_path: Path
) -> None:
    result = rendered(repository, strategy, options(tmp_path))
    first, second, _ = (Path(result.directory, patch.file).read_text() for patch in result.patches)
    assert "rename from hw/old.c\nrename to hw/flow/main.c\n" in first
    assert "rename from scripts/tool.sh\nrename to scripts/new-tool\n" in first
    assert first.count("\n-    return 1;\n+    return 2;\n") == 1 and "-int line_" not in first
    assert "old mode 100644\nnew mode 100755\n" in second
    assert "new file mode 100755\n" in second and "deleted file mode 100644\n" in second


def test_the_mails_apply_to_the_same_tree(repository: Repository, strategy: LoadedStrategy, tmp_path: Path) -> None:
    result = rendered(repository, strategy, options(tmp_path))
    assert applied_tree(repository, result, tmp_path / "clone") == git(repository.path, "rev-parse", "v1^{tree}")


def test_a_reroll_compares_renamed_files(repository: Repository, strategy: LoadedStrategy, tmp_path: Path) -> None:
    rendered(repository, strategy, options(tmp_path))
    changed = load_strategy(write_strategy(tmp_path / "mine", STRATEGY.replace("return 2;", "return 20;"), TEMPLATES))
    result = rendered(repository, changed, options(tmp_path, 2))
    cover = next(Path(result.directory).glob("v2-0000*")).read_text()
    assert "{old.c => flow/main.c}" in cover and "return 20;" in cover


def test_what_is_there_already_is_dropped(repository: Repository, strategy: LoadedStrategy, tmp_path: Path) -> None:
    rendered(repository, strategy, options(tmp_path))
    git(repository.path, "checkout", "-q", "v1~1")
    first_two = load_strategy(
        write_strategy(tmp_path / "mine", STRATEGY[: STRATEGY.index('    - subject: "demo: Change')])
    )
    with target(repository) as tree:
        tried = attempt(first_two, tree, {})
    # The function has gone on from `return 2` to `return 3`: all but that edit is there.
    endings = [outcome.result.status for patch in tried.patches for outcome in patch.edits]
    assert endings[:2] == ["already there"] * 2
    assert "drifted" in endings[2:]


def test_a_rebase_follows_a_renamed_file(repository: Repository, strategy: LoadedStrategy, tmp_path: Path) -> None:
    old = git(repository.path, "rev-parse", "HEAD")
    new = commit_files(repository.path, {"hw/old.c": b"int first;\n" + SOURCE.encode()}, "new")
    with target(repository, "qemu-1.0", old) as before, target(repository, "qemu-2.0", new) as after:
        result = rebase(strategy, before, after, RenderOptions(tmp_path / "out", check=False, maintainers=False))
    assert (result.status, result.from_status, result.changes) == (Status.RENDERED, Status.RENDERED, ())
    assert result.range_diff.count(" = ") + result.range_diff.count(" ! ") == 3


def test_blame_keeps_the_authors_of_a_renamed_files_lines(repository: Repository, strategy: LoadedStrategy) -> None:
    with target(repository) as tree:
        written = authorship(strategy, tree, {})
    lines = written.lines(2, "hw/flow/main.c")
    assert [line.text for line in lines if line.edit] == ["    return 3;"]
    assert len(lines) == len(SOURCE.splitlines())
    assert written.lines(1, "hw/old.c") == ()
    made = written.lines(3, "scripts/run.sh")
    assert [(line.text, line.edit.patch if line.edit else 0) for line in made] == [
        ("#!/bin/sh", 2),
        ("exec flow twice", 3),
    ]
    gone = next(change for change in written.changes if change.path == "hw/unused.h")
    assert (gone.removed, gone.written) == (((1, "int unused;"),), ())


def test_a_patch_that_only_renames_or_changes_a_mode_is_no_empty_one(repository: Repository, tmp_path: Path) -> None:
    head = STRATEGY[: STRATEGY.index("      edits:")] + "      edits:\n"
    for edit in ("- {rename: hw/old.c, to: hw/new.c}", "- {in: file hw/old.c, mode: 100755}"):
        strategy = load_strategy(write_strategy(tmp_path / "mine", f"{head}        {edit}\n"))
        with target(repository) as tree:
            tried = attempt(strategy, tree, {})
        assert tried.decision.status is Status.RENDERED
