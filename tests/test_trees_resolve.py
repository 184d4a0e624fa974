# SPDX-License-Identifier: GPL-2.0-or-later
"""TREE arguments: known names, paths, PATH@REF; and the verb `tree`."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from series_support import commit_files
from trees_support import QEMU_FILES, description, git, repository, sha256, snapshot, tarball

from qpatch.cli.display import StepDisplay
from qpatch.cli.main import main
from qpatch.cli.output import Output
from qpatch.cli.testing import split_peer
from qpatch.csource.source import DictTree
from qpatch.errors import ExitCode, UserError
from qpatch.trees.importer import SourcePackage, import_package
from qpatch.trees.places import cache_directory, configuration_file
from qpatch.trees.progress import NoProgress
from qpatch.trees.releases import release_names
from qpatch.trees.resolve import detect_kind, read_release, resolve
from qpatch.trees.store import default_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qpatch.trees.fetch import FetchResult

LINUX_FILES = {
    "Kbuild": "# top\n",
    "include/linux/kernel.h": "/* k */\n",
    "Makefile": "# SPDX\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 43\nEXTRAVERSION =\nNAME = B\n",
}


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    """Run the command with --json; return exit code, document and what stderr got."""
    code = main([*words, "--json"])
    captured = capsys.readouterr()
    return code, json.loads(captured.out), captured.err


def code_of(argument: str) -> str:
    with pytest.raises(UserError) as caught:
        resolve(argument)
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value.code


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return repository(tmp_path / "my clone")


def test_a_path_means_its_head(clone: Path) -> None:
    tree = resolve(str(clone))
    assert (tree.name, tree.kind, tree.release) == ("my-clone", "qemu", "10.2.2")
    assert (tree.repository.path, tree.commit) == (clone, git(clone, "rev-parse", "HEAD"))
    assert resolve(str(clone / "hw")).commit == tree.commit
    assert resolve(str(clone / ".git")).name == "my-clone"


def test_path_at_ref(clone: Path) -> None:
    (clone / "VERSION").write_text("10.3.0\n")
    git(clone, "commit", "-aqm", "two")
    assert resolve(str(clone)).release == "10.3.0"
    old = resolve(f"{clone}@v1")
    assert (old.name, old.release) == ("my-clone@v1", "10.2.2")
    assert resolve(f"{clone}@HEAD@{{1}}").commit == old.commit


def test_an_at_sign_in_the_path(tmp_path: Path) -> None:
    clone = repository(tmp_path / "me@host" / "q@v1")
    assert resolve(str(clone)).commit == resolve(f"{clone}@v1").commit


def test_a_bare_repository(clone: Path, tmp_path: Path) -> None:
    git(clone, "clone", "-q", "--bare", ".", str(tmp_path / "q.git"))
    assert resolve(f"{tmp_path / 'q.git'}@v1").name == "q@v1"


def test_the_repository_is_only_read(clone: Path) -> None:
    (clone / "VERSION").write_text("dirty")
    before = snapshot(clone)
    with resolve(str(clone)).open() as source:
        assert source.mentioning("first_word") == ["hw/dev.c"]
    assert snapshot(clone) == before
    assert list((cache_directory() / "mentions").iterdir())


def test_mistakes(clone: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    other = repository(tmp_path / "other", {"README": "x"})
    assert code_of(str(tmp_path / "plain")) == "no-repository"
    assert code_of(str(tmp_path / "nowhere")) == "no-repository"
    assert code_of(str(other)) == "not-a-source-tree"
    assert code_of(f"{clone}@v9") == "unknown-ref"
    assert code_of(f"{clone}@--upload-pack=touch") == "bad-ref"
    assert code_of(f"{clone}@") == "bad-ref"
    assert code_of("qemu-11.9") == "unknown-tree"
    git(clone, "config", "extensions.partialClone", "origin")
    assert code_of(str(clone)) == "partial-clone"


def test_a_user_that_there_is_not() -> None:
    assert code_of("~nosuchuser/tree") == "no-repository"
    assert code_of("~nosuchuser/tree@v1") == "no-repository"
    configuration_file().parent.mkdir(parents=True, exist_ok=True)
    configuration_file().write_text("trees: {mine: {path: ~nosuchuser/tree}}\n")
    assert code_of("mine") == "no-repository"
    assert split_peer("~nosuchuser/a@mine") == ("~nosuchuser/a", "mine")


@pytest.mark.parametrize("place", ["beside", "above", "another repository", "missing"])
def test_a_work_tree_elsewhere_does_not_hide_the_repository(clone: Path, tmp_path: Path, place: str) -> None:
    commit = git(clone, "rev-parse", "HEAD")
    elsewhere = {"above": tmp_path, "missing": tmp_path / "missing"}.get(place, tmp_path / "elsewhere")
    if place == "another repository":
        repository(elsewhere, {"x": "x"})
    elif place != "missing":
        elsewhere.mkdir(exist_ok=True)
    git(clone, "config", "core.worktree", str(elsewhere))
    tree = resolve(str(clone))
    assert (tree.name, tree.commit, tree.repository.path) == ("my-clone", commit, clone / ".git")
    assert resolve(f"{clone}@v1").commit == commit
    with tree.open() as files:
        assert files.read("VERSION") == b"10.2.2\n"


def test_the_top_of_a_linked_work_tree_is_its_path(clone: Path, tmp_path: Path) -> None:
    git(clone, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    assert resolve(str(tmp_path / "linked" / "hw")).repository.path == tmp_path / "linked"


def test_sources_in_a_directory_of_another_repository_are_no_tree(tmp_path: Path) -> None:
    home = repository(tmp_path / "home", {f"src/{name}": text for name, text in QEMU_FILES.items()})
    with pytest.raises(UserError, match=str(home)) as caught:
        resolve(str(home / "src"))
    assert caught.value.code == "not-a-source-tree"


def test_an_empty_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "empty")
    assert code_of(str(tmp_path / "empty")) == "unknown-ref"


def test_a_release_that_is_not_here_yet_says_how_to_fetch_it() -> None:
    with pytest.raises(UserError) as caught:
        resolve("qemu-10.2")
    assert (caught.value.code, caught.value.hint) == ("tree-not-fetched", "qpatch tree fetch qemu-10.2")


def test_a_release_without_sources_says_why_and_what_it_is_good_for() -> None:
    with pytest.raises(UserError, match=r"no sources of qemu-11\.1: Debian's mirrors have the programs") as caught:
        resolve("qemu-11.1")
    assert caught.value.code == "binaries-only"
    assert caught.value.hint.endswith("qpatch test baseline --prebuilt --tree qemu-11.1")


def test_a_name_that_is_nearly_right_gets_a_hint() -> None:
    with pytest.raises(UserError) as caught:
        resolve("qmeu-10.2")
    assert "qemu-10.2" in caught.value.hint


def test_a_known_name_comes_before_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    repository(tmp_path / "qemu-10.2", {**QEMU_FILES, "VERSION": "9.9"})
    package = SourcePackage(tarball(tmp_path / "q.tar", QEMU_FILES), "x")
    commit = import_package(default_store(), "qemu-10.2", package, NoProgress())
    assert (resolve("qemu-10.2").commit, resolve("qemu-10.2").name) == (commit, "qemu-10.2")
    assert resolve("./qemu-10.2").release == "9.9"


@pytest.mark.parametrize(
    ("files", "kind", "release"),
    [
        (QEMU_FILES, "qemu", "10.2.2"),
        (LINUX_FILES, "linux", "6.12.43"),
        (
            {**LINUX_FILES, "Makefile": "VERSION = 6\nPATCHLEVEL = 19\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\n"},
            "linux",
            "6.19.0-rc3",
        ),
    ],
)
def test_kind_and_release_come_from_the_source(files: Mapping[str, str], kind: str, release: str) -> None:
    tree = DictTree({name: text.encode() for name, text in files.items()})
    found = detect_kind(tree)
    assert found == kind
    assert read_release(tree, found) == release
    assert detect_kind(DictTree({"VERSION": b"1\n"})) is None


def test_the_cache_is_where_the_user_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QPATCH_CACHE", str(tmp_path / "c"))
    assert cache_directory() == tmp_path / "c"
    monkeypatch.delenv("QPATCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_directory() == tmp_path / "xdg" / "qpatch"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    assert configuration_file() == Path.home() / ".config" / "qpatch" / "config.yaml"


# --- the verbs


def test_add_then_use_and_list(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document, _ = run(capsys, "tree", "add", "mine", f"{clone}@v1")
    assert (code, document["kind"], document["ref"]) == (0, "qemu", "v1")
    assert resolve("mine").name == "mine"
    code, document, _ = run(capsys, "tree", "list")
    listed = {tree["name"]: tree for tree in document["trees"]}
    assert (code, listed["mine"]["commit"]) == (0, resolve("mine").commit)
    assert listed["qemu-10.2"]["state"] == "not fetched"
    clone.rename(clone.parent / "gone")
    code, document, _ = run(capsys, "tree", "list")
    assert (code, document["trees"][-1]["state"]) == (0, f"{clone} is no directory")


@pytest.mark.parametrize(
    "before",
    [
        "",
        "# mine\nproviders: [git]  # first",
        "trees:\n    old: {path: /x, ref: y} # why\nproviders: []\n",
        "trees: {}\n",
        "trees: {old: {path: /x}}\n",
    ],
)
def test_add_keeps_the_rest_of_the_configuration(clone: Path, before: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = configuration_file()
    file.parent.mkdir(parents=True)
    file.write_text(before)
    kept = yaml.safe_load(file.read_text()) or {}
    comments = [line.split("#")[1] for line in before.splitlines() if "#" in line]
    assert run(capsys, "tree", "add", "mine", str(clone))[0] == 0
    after = yaml.safe_load(file.read_text())
    entry = {"path": str(clone), "ref": "HEAD"}
    assert after == {**kept, "trees": {**(kept.get("trees") or {}), "mine": entry}}
    assert all(comment in file.read_text() for comment in comments)


@pytest.mark.parametrize(
    ("name", "error"), [("qemu-10.2", "tree-exists"), ("mine", "tree-exists"), ("a/b", "bad-name")]
)
def test_add_refuses_names(clone: Path, name: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "tree", "add", "mine", str(clone))
    code, document, _ = run(capsys, "tree", "add", name, str(clone))
    assert (code, document["error"]["code"]) == (ExitCode.USAGE, error)


@pytest.fixture
def two_releases(tmp_path: Path) -> None:
    """Configure the release `here`, which can be had, and `gone`, which cannot."""
    archive = tarball(tmp_path / "q.tar.gz", QEMU_FILES)
    releases = [
        {
            "name": name,
            "kind": "qemu",
            "release": "1",
            "roles": ["stock"] if name == "here" else [],
            "candidates": [{"tarball": {"url": str(archive), "sha256": checksum}}],
        }
        for name, checksum in (("gone", "0" * 64), ("here", sha256(archive)))
    ]
    configuration_file().parent.mkdir(parents=True)
    configuration_file().write_text(yaml.safe_dump({"releases": releases}))


@pytest.mark.usefixtures("two_releases")
def test_fetch_reports_each_and_exits_6_where_one_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    code, document, talk = run(capsys, "tree", "fetch", "gone", "here", "--quiet")
    assert code == ExitCode.ENVIRONMENT
    assert [(result["name"], result["status"]) for result in document["results"]] == [
        ("gone", "missing"),
        ("here", "fetched"),
    ]
    (fault,) = document["results"][0]["faults"]
    assert fault["code"] == "checksum-mismatch"
    assert talk == f"MISSING: gone: {fault['message']}\n"  # even with --quiet
    assert run(capsys, "tree", "fetch", "here")[0] == ExitCode.OK
    assert "reading q.tar.gz" in run(capsys, "tree", "fetch", "here", "--again")[2]


def test_fetch_names_what_it_passed_over_for_what_it_has_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main = tarball(tmp_path / "qemu_10.2.7.orig.tar.xz", QEMU_FILES)
    description(tmp_path, "1:10.2.7-1", [main])
    main.rename(tmp_path / "qemu_10.2.6.orig.tar.xz")
    description(tmp_path, "1:10.2.6-1", [tmp_path / "qemu_10.2.6.orig.tar.xz"])
    (tmp_path / "qemu_10.2.5.dsc").mkdir()
    monkeypatch.setenv("QPATCH_SOURCES", str(tmp_path))
    code, document, talk = run(capsys, "tree", "fetch", "qemu-10.2")
    faults = document["results"][0]["faults"]
    assert (code, document["results"][0]["status"]) == (ExitCode.OK, "fetched")
    assert sorted(fault["code"] for fault in faults) == ["bad-package", "package-incomplete"]
    assert all(f"qemu-10.2: passed over: {fault['message']}" in talk for fault in faults)


@pytest.mark.usefixtures("two_releases")
def test_what_is_missing_may_be_tolerated(capsys: pytest.CaptureFixture[str]) -> None:
    code, document, talk = run(capsys, "tree", "fetch", "gone", "here", "--missing-ok")
    assert (code, [result["status"] for result in document["results"]]) == (ExitCode.OK, ["missing", "fetched"])
    assert "\nMISSING: gone: q.tar.gz: sha256 is" in talk
    code, _, talk = run(capsys, "tree", "fetch", "gone", "--missing-ok")
    assert (code, "MISSING: gone" in talk) == (ExitCode.ENVIRONMENT, True)  # nothing at all is here
    assert run(capsys, "tree", "fetch", "gone", "here", "--missing-ok")[0] == ExitCode.OK


@pytest.mark.usefixtures("two_releases")
def test_fetch_takes_names_or_a_role(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def note(_: object, names: list[str], **__: object) -> Iterator[FetchResult]:
        asked.extend(names)
        return iter(())

    monkeypatch.setattr("qpatch.trees.fetch.fetch_releases", note)
    assert run(capsys, "tree", "fetch", "--role", "stock", "--kind", "qemu")[0] == ExitCode.OK
    assert asked == [*release_names("qemu", "stock"), "here"]
    for words in ((), ("here", "--all"), ("here", "--role", "stock"), ("--all", "--kind", "qemu")):
        assert run(capsys, "tree", "fetch", *words)[0] == ExitCode.USAGE
    monkeypatch.undo()


def test_fetch_refuses_what_is_no_release(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "tree", "fetch", "nothing")[0] == ExitCode.USAGE


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert main(["tree", "list", "--names", *words]) == ExitCode.OK
    return capsys.readouterr().out.split()


@pytest.mark.usefixtures("two_releases")
def test_names_for_scripts(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert listed(capsys, "--fetched") == []
    run(capsys, "tree", "fetch", "here")
    run(capsys, "tree", "add", "mine", str(clone))
    assert listed(capsys, "--fetched") == ["here", "mine"]
    assert listed(capsys, "--fetched", "--kind", "linux") == []
    assert listed(capsys, "--role", "stock") == [*release_names(role="stock"), "here"]
    assert listed(capsys, "--role", "stock", "--fetched") == ["here"]
    assert listed(capsys) == [*release_names(), "gone", "here", "mine"]
    assert all(name.startswith("linux-") for name in listed(capsys, "--kind", "linux"))


def test_render_goes_on_where_a_tree_is_not_here(
    clone: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("render", "save-state", "--tree", "qemu-10.2", str(clone), "-o", str(tmp_path / "out"))
    code, document, talk = run(capsys, *words)
    assert code != ExitCode.OK
    assert [(result["tree"], result["status"]) for result in document["results"]] == [
        ("qemu-10.2", "failed"),
        ("my-clone", "drifted"),  # the fixture has none of the strategy's anchors
    ]
    assert "save-state on qemu-10.2: failed: the sources of qemu-10.2 are not here yet" in talk


def test_show(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, document, _ = run(capsys, "tree", "show", str(clone))
    assert code == ExitCode.OK
    assert set(document) == {"version", "name", "kind", "release", "repository", "commit", "capabilities", "undecided"}
    assert document["repository"] == str(clone)
    assert all(isinstance(value, bool) for value in document["capabilities"].values())
    assert document["undecided"] == {}


def test_show_tells_what_cannot_be_told(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = "static void vfio_change_vmstate_prepare(void)\n{\n}\n"
    commit_files(clone, {"hw/vfio/migration.c": source.encode()}, "renamed")
    code, document, _ = run(capsys, "tree", "show", str(clone))
    assert code == ExitCode.OK
    assert "p2p" not in document["capabilities"] and "v2" in document["capabilities"]
    assert (document["undecided"]["p2p"]["path"], document["undecided"]["p2p"]["line"]) == ("hw/vfio/migration.c", 1)
    assert "vfio_change_vmstate_prepare" in document["undecided"]["p2p"]["reason"]
    assert main(["tree", "show", str(clone)]) == ExitCode.OK
    assert "cannot tell: there is no function vfio_vmstate_change_prepare" in " ".join(capsys.readouterr().out.split())


def test_a_terminal_shows_bars_and_a_file_gets_lines() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream in (Terminal(), io.StringIO()):
        with StepDisplay(Output(stderr=stream)) as display:
            display.begin("reading x", 10)
            display.advance(10)
            display.note("passed over")
        assert "passed over" in stream.getvalue()
        assert ("reading x\n" in stream.getvalue()) != stream.isatty()
