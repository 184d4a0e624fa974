# SPDX-License-Identifier: GPL-2.0-or-later
"""A series on disk: its mails, its bytes, what it leaves alone."""

from __future__ import annotations

import email
import email.policy
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from series_support import (
    BASE_DATE,
    applied_tree,
    commit_files,
    content_of,
    git,
    make_tree,
    plan,
    rendered_tree,
    replaced,
    two_patches,
    write,
)

from qpatch.errors import UserError
from qpatch.series.model import PlannedPatch, RenderOptions
from qpatch.series.outputs.branch import BranchOutput
from qpatch.strategy.message import Picked
from qpatch.trees.git import Identity, Repository

if TYPE_CHECKING:
    from collections.abc import Callable

ME = Identity("Jörg Me", "me@example.org")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "user")


@pytest.fixture
def options(tmp_path: Path) -> RenderOptions:
    return RenderOptions(tmp_path / "out", check=False, maintainers=False)


def header(path: Path, name: str) -> str:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    return str(message[name])


def test_files_are_named_as_format_patch_names_them(repository: Repository, options: RenderOptions) -> None:
    rendered = write(repository, plan(repository), options)
    assert rendered.directory == options.output / "option" / "tree-1"
    assert sorted(content_of(rendered.directory)) == [
        "0000-cover-letter.patch",
        "0001-a-Change-a-line.patch",
        "0002-b-Gr-ere-nderung-with-a-subject-so-long-that-git-has.patch",
        "series.json",
    ]


def test_mails_apply_and_give_the_rendered_tree(repository: Repository, options: RenderOptions, tmp_path: Path) -> None:
    options = RenderOptions(options.output, outputs=(BranchOutput("topic"),), check=False, maintainers=False)
    rendered = write(repository, plan(repository), options)
    applied = applied_tree(repository, rendered, tmp_path / "clean")
    assert applied == rendered_tree(repository, rendered, "topic")


def test_modes_are_kept_and_new_files_are_plain(repository: Repository, options: RenderOptions) -> None:
    options = RenderOptions(options.output, outputs=(BranchOutput("topic"),), check=False, maintainers=False)
    write(repository, plan(repository), options)
    listing = git(repository.path, "ls-tree", "-r", "topic", "hw")
    modes = {line.split("\t")[1]: line.split()[0] for line in listing.splitlines()}
    assert modes == {"hw/a.c": "100644", "hw/deep/run.sh": "100755", "hw/new.c": "100644"}


def test_commits_carry_placeholder_and_counted_dates(repository: Repository, options: RenderOptions) -> None:
    options = RenderOptions(options.output, outputs=(BranchOutput("topic"),), check=False, maintainers=False)
    write(repository, plan(repository), options)
    log = git(repository.path, "log", "-2", "--format=%an <%ae> %at %cn %ct", "topic")
    who = "qpatch <qpatch@localhost.invalid>"
    assert log.splitlines() == [
        f"{who} {BASE_DATE + 2} qpatch {BASE_DATE + 2}",
        f"{who} {BASE_DATE + 1} qpatch {BASE_DATE + 1}",
    ]


def test_subjects_headers_and_threading(repository: Repository, options: RenderOptions) -> None:
    options = RenderOptions(options.output, identity=ME, check=False, maintainers=False)
    rendered = write(repository, plan(repository), options)
    cover = rendered.directory / rendered.cover
    first, second = (rendered.directory / patch.file for patch in rendered.patches)
    assert header(cover, "Subject") == "[PATCH RFC 0/2] a subject: Ünd more"
    assert header(first, "Subject") == "[PATCH RFC 1/2] a: Change a line"
    assert header(second, "Subject").startswith("[PATCH RFC 2/2] b: Größere Änderung — with a subject")
    assert header(cover, "From") == header(first, "From") == "Jörg Me <me@example.org>"
    top = header(cover, "Message-ID")
    assert top.startswith("<option-v1-") and top.endswith("-0@example.org>")
    assert {header(path, name) for path in (first, second) for name in ("In-Reply-To", "References")} == {top}
    assert len({top, header(first, "Message-ID"), header(second, "Message-ID")}) == 3
    for path in (cover, first, second):
        head = path.read_bytes().split(b"\n\n")[0]
        assert head.isascii() and head.startswith(b"From 0000000000000000000000000000000000000000 ")
        assert max(map(len, head.split(b"\n"))) <= 78


def test_cover_letter_has_blurb_shortlog_diffstat_and_base(repository: Repository, options: RenderOptions) -> None:
    series = plan(repository)
    rendered = write(repository, series, options)
    text = (rendered.directory / rendered.cover).read_text()
    assert "Content-Type: text/plain; charset=UTF-8" in text
    assert "\n\nDie Größe zählt.\n\nqpatch (2):\n  a: Change a line\n" in text
    assert " 4 files changed, 4 insertions(+), 43 deletions(-)\n" in text
    assert f"\nbase-commit: {series.base}\n" in text


def test_non_ascii_letter_over_ascii_patches_declares_its_charset(
    repository: Repository, options: RenderOptions
) -> None:
    patches = (PlannedPatch("plain", "ascii", {"hw/a.c": replaced(1, "x")}),)
    rendered = write(repository, plan(repository, patches), options)
    cover = (rendered.directory / rendered.cover).read_bytes()
    assert cover.count(b"Content-Type: text/plain; charset=UTF-8") == 1
    letter = email.message_from_bytes(cover, policy=email.policy.default)
    assert letter.get_content().startswith("Die Größe")


def test_a_single_patch_has_a_cover_letter_too(repository: Repository, options: RenderOptions) -> None:
    rendered = write(repository, plan(repository, two_patches()[:1]), options)
    assert header(rendered.directory / rendered.cover, "Subject").startswith("[PATCH RFC 0/1] ")


def test_prefix_is_the_users_choice(repository: Repository, options: RenderOptions) -> None:
    options = RenderOptions(options.output, prefix="PATCH for-11.0", check=False, maintainers=False)
    rendered = write(repository, plan(repository), options)
    assert header(rendered.directory / rendered.patches[0].file, "Subject").startswith("[PATCH for-11.0 1/2]")


@pytest.mark.parametrize("prefix", ["PATCH für-11.0", "PATCH größer 日本"])
def test_subjects_are_encoded_once_whatever_the_prefix(
    repository: Repository, options: RenderOptions, tmp_path: Path, prefix: str
) -> None:
    written = RenderOptions(options.output, prefix=prefix, check=False, maintainers=False)
    patches = (
        PlannedPatch("ä: =?UTF-8?q?x?= läßt 日本語 stehen", "Why.\n", {"hw/a.c": replaced(1, "x")}),
        PlannedPatch("b: Plain", "Why.\n", {"hw/b.c": replaced(1, "y")}),
        two_patches()[1],
    )
    rendered = write(repository, plan(repository, patches), written)
    subjects = [patch.subject for patch in patches]
    for number, patch in enumerate(rendered.patches, start=1):
        file = rendered.directory / patch.file
        assert header(file, "Subject") == f"[{prefix} {number}/3] {subjects[number - 1]}"
        assert file.read_bytes().split(b"\n\n")[0].isascii()
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository.path), str(clone))
    git(clone, "am", "-q", *(str(rendered.directory / patch.file) for patch in rendered.patches))
    assert git(clone, "log", "-3", "--reverse", "--format=%s").splitlines() == subjects


def test_signoff_is_the_users_and_comes_last(repository: Repository, options: RenderOptions) -> None:
    options = RenderOptions(options.output, identity=ME, signoff=True, check=False, maintainers=False)
    rendered = write(repository, plan(repository), options)
    text = (rendered.directory / rendered.patches[0].file).read_text()
    assert "\n\nFixes: nothing\nSigned-off-by: Jörg Me <me@example.org>\n---\n" in text


def test_signoff_without_identity_is_refused(repository: Repository, options: RenderOptions) -> None:
    options = RenderOptions(options.output, signoff=True, check=False, maintainers=False)
    with pytest.raises(UserError) as caught:
        write(repository, plan(repository), options)
    assert caught.value.code == "no-identity"
    assert not options.output.exists()


def test_same_input_same_bytes_whatever_the_surroundings(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = []
    home = tmp_path / "home"
    (home / ".config" / "git").mkdir(parents=True)
    (home / ".config" / "git" / "attributes").write_text("*.c binary\n")
    (home / ".gitconfig").write_text(
        "[user]\nname = Somebody\nemail = s@example.org\n[diff]\nnoprefix = true\nalgorithm = patience\n"
        "[core]\nabbrev = 40\nquotePath = false\n[format]\nthread = deep\nsignature = hello\nattach = x\n"
        "[i18n]\ncommitEncoding = latin1\nlogOutputEncoding = latin1\n[commit]\ngpgSign = true\n"
    )
    for number, zone in enumerate(("UTC", "Asia/Tokyo")):
        monkeypatch.setenv("TZ", zone)
        monkeypatch.setenv("LC_ALL", ("C", "C.UTF-8")[number])
        monkeypatch.setenv("HOME", str((tmp_path, home)[number]))
        if number:
            monkeypatch.setenv("GIT_AUTHOR_NAME", "Intruder")
            monkeypatch.setenv("GIT_DIR", str(tmp_path))
        options = RenderOptions(tmp_path / f"out{number}", check=False, maintainers=False)
        write(repository, plan(repository), options)
        results.append(content_of(options.output))
    assert results[0] == results[1]


def test_bytes_do_not_depend_on_what_else_the_repository_holds(repository: Repository, tmp_path: Path) -> None:
    first = RenderOptions(tmp_path / "first", check=False, maintainers=False)
    write(repository, plan(repository), first)
    base = git(repository.path, "rev-parse", "HEAD")
    commit_files(repository.path, {f"many/{number}": b"%d" % number for number in range(3000)}, "more")
    second = RenderOptions(tmp_path / "second", check=False, maintainers=False)
    write(repository, plan(repository, ref=base), second)
    assert content_of(first.output) == content_of(second.output)


def state_of(directory: Path) -> dict[str, object]:
    """Return all that must not change in a user's repository."""
    return {
        "status": git(directory, "status", "--porcelain=v2", "--branch", "--untracked-files=all"),
        "head": (directory / ".git/HEAD").read_bytes(),
        "index": (directory / ".git/index").read_bytes(),
        "refs": git(directory, "for-each-ref"),
        "stash": git(directory, "stash", "list"),
        "config": (directory / ".git/config").read_bytes(),
        "files": sorted(str(path) for path in (directory / ".git").rglob("*")),
    }


def make_dirty(directory: Path) -> None:
    (directory / "hw/a.c").write_bytes(replaced(2, "stashed"))
    git(directory, "stash")
    (directory / "hw/a.c").write_bytes(replaced(3, "staged"))
    git(directory, "add", "hw/a.c")
    (directory / "hw/a.c").write_bytes(replaced(3, "unstaged"))
    (directory / "untracked").write_text("mine")
    git(directory, "status")


def test_users_repository_is_left_alone(repository: Repository, options: RenderOptions) -> None:
    make_dirty(repository.path)
    before = state_of(repository.path)
    write(repository, plan(repository), options)
    assert state_of(repository.path) == before


def test_branch_is_the_only_thing_that_appears(repository: Repository, options: RenderOptions) -> None:
    make_dirty(repository.path)
    before = state_of(repository.path)
    options = RenderOptions(options.output, outputs=(BranchOutput("rfc/topic"),), check=False, maintainers=False)
    rendered = write(repository, plan(repository), options)
    after = state_of(repository.path)
    assert git(repository.path, "rev-parse", "rfc/topic") == rendered.tip
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"refs", "files"}
    assert set(str(after["refs"]).splitlines()) - set(str(before["refs"]).splitlines()) == {
        f"{rendered.tip} commit\trefs/heads/rfc/topic"
    }
    assert not (repository.path / ".git/FETCH_HEAD").exists()
    git(repository.path, "fsck", "--strict")


@pytest.mark.parametrize("name", ["-D", "a..b", "x.lock", "HEAD:y"])
def test_bad_branch_names_are_refused_before_anything_is_written(
    repository: Repository, options: RenderOptions, name: str
) -> None:
    options = RenderOptions(options.output, outputs=(BranchOutput(name),), check=False, maintainers=False)
    with pytest.raises(UserError) as caught:
        write(repository, plan(repository), options)
    assert caught.value.code == "bad-branch-name"
    assert not options.output.exists()


def test_an_existing_branch_is_refused(repository: Repository, options: RenderOptions) -> None:
    options = RenderOptions(options.output, outputs=(BranchOutput("master"),), check=False, maintainers=False)
    head = git(repository.path, "rev-parse", "master")
    with pytest.raises(UserError) as caught:
        write(repository, plan(repository), options)
    assert caught.value.code == "branch-exists"
    assert git(repository.path, "rev-parse", "master") == head
    assert not options.output.exists()


def bare(user: Path, place: Path) -> Repository:
    git(user.parent, "clone", "-q", "--bare", str(user), str(place))
    return Repository(place)


def packed(user: Path, place: Path) -> Repository:
    shutil.copytree(user, place)
    git(place, "gc", "-q")
    assert (place / ".git/packed-refs").exists()
    return Repository(place)


def borrowing(user: Path, place: Path) -> Repository:
    git(user.parent, "clone", "-q", "--shared", str(user), str(place))
    alternates = place / ".git/objects/info/alternates"
    relative = os.path.relpath(user / ".git/objects", place / ".git/objects")
    alternates.write_text(f"{relative}\n")
    return Repository(place)


def worktree(user: Path, place: Path) -> Repository:
    git(user, "worktree", "add", "-q", "--detach", str(place))
    return Repository(place)


def shallow(user: Path, place: Path) -> Repository:
    commit = git(user, "rev-parse", "HEAD")
    git(user, "commit", "-q", "--allow-empty", "-m", "next")
    git(user, "reset", "-q", "--soft", commit)
    git(user.parent, "clone", "-q", "--depth=1", f"file://{user}", str(place))
    return Repository(place)


def oddly_named(user: Path, place: Path) -> Repository:
    odd = place.with_name('"quoted" and\nbroken # ü')
    shutil.copytree(user, odd)
    return Repository(odd)


@pytest.mark.parametrize("kind", [bare, packed, borrowing, worktree, shallow, oddly_named])
def test_every_kind_of_repository_gives_the_same_series(
    kind: Callable[[Path, Path], Repository], repository: Repository, options: RenderOptions, tmp_path: Path
) -> None:
    expected = write(repository, plan(repository), options)
    other = kind(repository.path, tmp_path / "other")
    second = RenderOptions(tmp_path / "second", check=False, maintainers=False)
    rendered = write(other, plan(other), second)
    assert rendered.tip == expected.tip
    assert content_of(rendered.directory) == content_of(expected.directory)


def test_shallow_base_with_missing_parents(repository: Repository, tmp_path: Path, options: RenderOptions) -> None:
    commit_files(repository.path, {"hw/a.c": b"".join([b"first;\n", replaced(0, "second;")])}, "next")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository.path}", str(tmp_path / "other"))
    other = Repository(tmp_path / "other")
    rendered = write(other, plan(other), options)
    assert len(rendered.patches) == 2


def test_nothing_in_the_repository_is_written(repository: Repository, options: RenderOptions) -> None:
    before = times_below(repository.path)
    write(repository, plan(repository), options)
    assert times_below(repository.path) == before


def times_below(directory: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in (directory, *directory.rglob("*"))}


@pytest.mark.skipif(os.getuid() == 0, reason="root may write to a read-only repository")
def test_read_only_repository_works(repository: Repository, options: RenderOptions) -> None:
    for path in (repository.path, *repository.path.rglob("*")):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    write(repository, plan(repository), options)


def test_tree_attributes_shape_the_diff(tmp_path: Path, options: RenderOptions) -> None:
    body = "int f(void)\n{\n    a();\nlabel:\n    b();\n    c();\n    d();\n    e();\n}\n"
    repository = make_tree(tmp_path / "tree", {"x.c": body.encode(), ".gitattributes": b"*.c diff=cpp\n"})
    patches = (PlannedPatch("x", "y", {"x.c": body.replace("e();", "g();").encode()}),)
    rendered = write(repository, plan(repository, patches), options)
    assert "@@ int f(void)\n" in (rendered.directory / rendered.patches[0].file).read_text()


def test_renders_of_different_series_at_once(repository: Repository, tmp_path: Path) -> None:
    script = tmp_path / "one.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\n"
        "from qpatch.series.model import RenderOptions\n"
        "from qpatch.trees.git import Repository\n"
        "from series_support import plan, write\n"
        "repository = Repository(Path(sys.argv[1]))\n"
        "options = RenderOptions(Path(sys.argv[2]), check=False, maintainers=False)\n"
        "for _ in range(5):\n    print(write(repository, plan(repository), options).tip)\n"
    )
    command = [sys.executable, str(script), str(repository.path), str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(_import_path())}
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) for _ in range(3)]
    tips = {line for process in running for line in process.communicate()[0].split()}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(tips) == 1
    expected = RenderOptions(tmp_path / "alone", check=False, maintainers=False)
    write(repository, plan(repository), expected)
    assert content_of(tmp_path / "out") == content_of(expected.output)
    git(repository.path, "fsck", "--strict")


def _import_path() -> list[str]:
    return [str(Path(__file__).parent), *sys.path]


UPSTREAM = Picked(
    "0123456789abcdef0123456789abcdef01234567",
    "Jürgen Änderer <author@example.org>",
    "cherry-picked",
    ("Signed-off-by: Jürgen Änderer <author@example.org>", "Reviewed-by: Some One <one@example.org>"),
)


def test_a_picked_patch_keeps_its_author_and_trailers_and_comes_from_the_sender(
    repository: Repository, options: RenderOptions, tmp_path: Path
) -> None:
    options = RenderOptions(options.output, identity=ME, signoff=True, check=False, maintainers=False)
    picked, plain = two_patches()
    picked = replace(picked, picked=UPSTREAM)
    rendered = write(repository, plan(repository, (picked, plain)), options)
    mail = rendered.directory / rendered.patches[0].file
    assert header(mail, "From") == header(rendered.directory / rendered.cover, "From") == str(ME)
    text = mail.read_text()
    assert "\n\nFrom: Jürgen Änderer <author@example.org>\n\nBecause it was wrong.\n" in text
    assert (
        "\n\nSigned-off-by: Jürgen Änderer <author@example.org>\nReviewed-by: Some One <one@example.org>\n"
        f"(cherry picked from commit {UPSTREAM.commit})\nFixes: nothing\nSigned-off-by: {ME}\n---\n"
    ) in text
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository.path), str(clone))
    git(clone, "am", "-q", *(str(rendered.directory / patch.file) for patch in rendered.patches))
    assert git(clone, "log", "-2", "--format=%an <%ae>").splitlines() == [str(ME), UPSTREAM.author]


def test_a_backport_says_so(repository: Repository, options: RenderOptions) -> None:
    backported = replace(two_patches()[0], picked=replace(UPSTREAM, how="backported"))
    rendered = write(repository, plan(repository, (backported,)), options)
    text = (rendered.directory / rendered.patches[0].file).read_text()
    assert f"\n(backported from commit {UPSTREAM.commit})\nFixes: nothing\n---\n" in text


def test_a_message_in_other_words_than_the_commit_says_so(repository: Repository, options: RenderOptions) -> None:
    reworded = replace(two_patches()[0], picked=replace(UPSTREAM, reworded=True))
    rendered = write(repository, plan(repository, (reworded,)), options)
    text = (rendered.directory / rendered.patches[0].file).read_text()
    said = "[the message is not that of the commit]"
    assert f"\n(cherry picked from commit {UPSTREAM.commit})\n{said}\nFixes: nothing\n---\n" in text


def test_people_in_cc_are_named_once_whatever_their_name(repository: Repository, options: RenderOptions) -> None:
    asking = replace(options, maintainers=True)
    series = plan(repository, cc=("Z. Last <ZOE@example.org>", "Some One <one@example.org>"))
    rendered = write(repository, series, asking)
    letter = rendered.directory / rendered.cover
    assert header(letter, "Cc").count("example.org") == len(["Zoe", "Jörg", "Some One"])
    assert "Some One <one@example.org>" in header(letter, "Cc")
