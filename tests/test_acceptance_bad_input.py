# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input through the command: a clear message, the exit code that the README promises, nothing half-written."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from acceptance_support import QUICK, Run, files_below, run, series_of
from cli_support import isolate, make_tree
from disk_support import mounted
from strategy_support import STRATEGY, TEMPLATES, line_of, write_strategy
from trees_support import QEMU_FILES, FakeApt, sha256, tarball

from qpatch.errors import ExitCode
from qpatch.trees.places import configuration_file

if TYPE_CHECKING:
    Capture = pytest.CaptureFixture[str]

# The small strategy, without the capabilities that only its own tests know.
PLAIN = re.sub(r"  landed:.*\n  void:\n.*\n", "", STRATEGY).replace("          when: has_extra\n", "")
PLAIN_TEMPLATES = {**TEMPLATES, "demo/01-call.j2": "The old function is wrong.\n"}
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work where there is a good strategy and a good tree."""
    place = tmp_path / "place"
    place.mkdir()
    isolate(place, monkeypatch)
    make_tree(place / "tree")
    write_strategy(place, PLAIN, PLAIN_TEMPLATES)
    return place


def render(capture: Capture, *words: str | Path, strategy: str = "demo", tree: str = "./tree") -> Run:
    return run(capture, "render", strategy, "--tree", tree, *QUICK, *words)


def check_refused(
    capture: Capture,
    *fragments: str,
    code: ExitCode = ExitCode.USAGE,
    words: tuple[str | Path, ...] = (),
    strategy: str = "demo",
    tree: str = "./tree",
) -> None:
    """Check that a render ends with `code`, says every fragment and leaves every file as it was."""
    before = files_below(Path.cwd())
    done = render(capture, *words, strategy=strategy, tree=tree)
    assert done.code == code, done
    done.tells(*fragments)
    after = {path: seen for path, seen in files_below(Path.cwd()).items() if not path.endswith(".lock")}
    assert after == before


def spoil(old: str, new: str) -> None:
    assert old in PLAIN
    write_strategy(Path.cwd(), PLAIN.replace(old, new), PLAIN_TEMPLATES)


def test_the_good_input_renders(capsys: Capture) -> None:
    assert render(capsys).code == ExitCode.OK


# Strategies


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ("deom", "there is no strategy 'deom'\n  hint: Did you mean 'demo'?"),
        ("./none.yaml", "there is no strategy file ./none.yaml"),
        ("", "there is no strategy ''"),
        ("strategies/", "there is no strategy file strategies/"),
        (f"./{'x' * 5000}", "File name too long"),
    ],
)
def test_unknown_strategy(strategy: str, said: str, capsys: Capture) -> None:
    check_refused(capsys, said, "help: ", strategy=strategy)


def test_yaml_syntax(capsys: Capture) -> None:
    spoil("for: [It is small.]", "for: [It is small.")
    check_refused(capsys, f"strategies/demo.yaml:{line_of(PLAIN, 'for: [') + 1}:8: YAML syntax: ", "hint: ")


@pytest.mark.parametrize(
    ("old", "new", "meant"),
    [("title: ", "tilte: ", "title"), ("patches:", "patchs:", "patches"), ("  path: hw", "  paht: hw", "path")],
)
def test_unknown_key(old: str, new: str, meant: str, capsys: Capture) -> None:
    spoil(old, new)
    column = PLAIN[: PLAIN.index(old)].rpartition("\n")[2]
    where = f"strategies/demo.yaml:{line_of(PLAIN, old)}:{len(column) + len(old) - len(old.lstrip()) + 1}"
    check_refused(capsys, f"{where}: unknown key '{new.strip().split(':')[0]}'", f"Did you mean '{meant}'?")


@pytest.mark.parametrize(
    ("template", "text", "said"),
    [
        ("demo/01-call.j2", "Good.\n@{{ unheard_of }}\n", "templates/demo/01-call.j2:2: 'unheard_of' is undefined"),
        ("demo/cover.j2", "@{{ tree.nmae }}\n", "templates/demo/cover.j2:1: "),
        ("demo/cover.j2", "@{{ ''.__class__.__mro__[1].__subclasses__() }}\n", "templates/demo/cover.j2:1: "),
        ("demo/cover.j2", "@{{ cycler.__init__.__globals__.os.system('true') }}\n", "templates/demo/cover.j2:1: "),
        ("demo/cover.j2", "@{{ ('%s' | attr('__class__')) }}\n", "templates/demo/cover.j2:1: "),
        ("demo/cover.j2", "@{{ '{0.__class__}'.format(1) }}\n", "templates/demo/cover.j2:1: "),
        ("demo/cover.j2", "@{% include '/etc/passwd' %}\n", "/etc/passwd"),
        ("demo/cover.j2", "@{% include '../../../../etc/passwd' %}\n", "etc/passwd"),
        ("demo/cover.j2", "@{% for i in range(999999999) %}x@{% endfor %}\n", "templates/demo/cover.j2:1: "),
        ("demo/cover.j2", "@{{ 'x' * 1000000000000 }}\n", "templates/demo/cover.j2:1: "),
    ],
)
def test_templates_that_may_not_be(template: str, text: str, said: str, capsys: Capture) -> None:
    write_strategy(Path.cwd(), PLAIN, {**PLAIN_TEMPLATES, template: text})
    check_refused(capsys, said)


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "hw/../../x", "hw/./../.."])
def test_a_path_that_leaves_the_tree(path: str, capsys: Capture) -> None:
    spoil("path: hw/demo.c", f"path: {path}")
    check_refused(capsys, f"strategies/demo.yaml:{line_of(PLAIN, 'path: hw')}:", f"'{path}' leaves the tree")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "strategies/odd.yaml:1: the file is empty"),
        (b"# a comment alone\n", "strategies/odd.yaml:1: the file is empty"),
        (b"just words\n", "strategies/odd.yaml:1:1: the file must be a mapping of keys to values"),
        (b"\x7fELF\xff\xfe\x00", "strategies/odd.yaml: the file is not UTF-8: "),
        (b"name: a\0b\n", "strategies/odd.yaml:1: the character U+0000 is not allowed in YAML"),
        (b"#" * ((1 << 20) + 1), "strategies/odd.yaml: the file has 1048577 bytes"),
        (b"name: " + b"[" * 200_000, "strategies/odd.yaml:1:46: more than 40 levels are nested here"),
        (b"- " * 5_000 + b"x", "levels are nested here"),
    ],
)
def test_strategy_files_that_are_none(content: bytes, said: str, capsys: Capture) -> None:
    Path("strategies/odd.yaml").write_bytes(content)
    check_refused(capsys, said, strategy="odd")


def test_a_directory_called_like_a_strategy(capsys: Capture) -> None:
    Path("strategies/odd.yaml").mkdir()
    check_refused(capsys, "there is no strategy 'odd'", strategy="odd")
    check_refused(capsys, "there is no strategy file strategies/odd.yaml", strategy="strategies/odd.yaml")
    assert run(capsys, "strategy", "check", "demo").code == ExitCode.OK


def test_what_is_said_twice_is_done_once(capsys: Capture) -> None:
    done = run(
        capsys,
        "render",
        "demo",
        "strategies/demo.yaml",
        "demo",
        "--tree",
        "./tree",
        "tree",
        "--tree",
        "./tree",
        Path("tree").absolute(),
        "--json",
        *QUICK,
    )
    assert done.code == ExitCode.OK and len(done.results) == 1


def test_two_of_one_name_do_not_replace_each_other(capsys: Capture) -> None:
    write_strategy(Path("other"), PLAIN, PLAIN_TEMPLATES)
    done = run(capsys, "render", "demo", "other/strategies/demo.yaml", "--tree", "./tree", *QUICK)
    assert done.code == ExitCode.USAGE and not Path("series").exists()
    done.tells("strategies/demo.yaml and other/strategies/demo.yaml are both called demo", "one directory")
    make_tree(Path("other/tree"), demo="int different;\n")
    done = run(capsys, "render", "demo", "--tree", "./tree", "other/tree", *QUICK)
    assert done.code == ExitCode.USAGE
    done.tells("./tree and other/tree are both called tree", "qpatch tree add NAME PATH")


# Trees


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ("qemu-10.1x", "there is no tree 'qemu-10.1x', neither a known name nor a directory"),
        ("", "the name of the tree is empty"),
        ("./none", "./none is no directory"),
        ("./bare-directory", "bare-directory is not in a git repository"),
        ("./tree@nope", "tree has no commit named 'nope'"),
        ("./tree@HEAD~5", "tree has no commit named 'HEAD~5'"),
        ("./tree@HEAD:VERSION", "tree has no commit named 'HEAD:VERSION'"),
        ("./tree@", "'' cannot be the name of a commit"),
        ("./tree@-x", "'-x' cannot be the name of a commit"),
        ("./tree@--upload-pack=touch gotcha", "'--upload-pack=touch gotcha' cannot be the name of a commit"),
        ("./" + "x" * 5000, "File name too long"),
    ],
)
def test_trees_that_are_none(tree: str, said: str, capsys: Capture) -> None:
    Path("bare-directory").mkdir()
    check_refused(capsys, said, tree=tree)


def test_a_repository_of_something_else(capsys: Capture) -> None:
    make_tree(Path("other"))
    for command in (("rm", "-q", "VERSION"), ("-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "x")):
        subprocess.run(["git", *command], cwd="other", check=True)
    check_refused(capsys, "is the source of neither QEMU nor Linux", tree="./other")
    empty = Path("empty")
    empty.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=empty, check=True)
    check_refused(capsys, "empty has no commit named 'HEAD'", tree="./empty")


# Output


def link(name: str, target: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).symlink_to(target)


def test_a_link_on_the_way_is_followed(capsys: Capture) -> None:
    Path("real").mkdir()
    link("out", "real")
    assert render(capsys, "-o", "out").code == ExitCode.OK
    assert Path("out").is_symlink() and "demo/tree/series.json" in series_of(Path("real"))


@pytest.mark.parametrize(
    ("name", "target", "said"),
    [
        ("out", "nowhere", "out is a symbolic link that leads nowhere"),
        ("out", "out", "out is a symbolic link that leads nowhere"),
        ("out/demo/tree", "nowhere", "out/demo/tree is a symbolic link that leads nowhere"),
        ("out/demo/tree", "../../precious", "out/demo/tree is a symbolic link"),
        ("out/demo/tree", "../../empty", "out/demo/tree is a symbolic link"),
    ],
)
def test_links_that_a_series_cannot_go_through(name: str, target: str, said: str, capsys: Capture) -> None:
    Path("precious").mkdir()
    Path("precious/thesis").write_text("years of work")
    Path("empty").mkdir()
    link(name, target)
    check_refused(capsys, said, words=("-o", "out"))
    assert Path(name).is_symlink() and not list(Path("empty").iterdir()) and not Path("nowhere").exists()


@pytest.mark.parametrize(
    ("output", "said"),
    [("file", "file is a file"), ("file/below", "file is a file"), ("x" * 5000, "File name too long")],
)
def test_outputs_that_cannot_be(output: str, said: str, capsys: Capture) -> None:
    Path("file").write_text("mine")
    check_refused(capsys, said, words=("-o", output))


def test_an_output_directory_that_holds_something_else(capsys: Capture) -> None:
    Path("out/demo/tree").mkdir(parents=True)
    Path("out/demo/tree/thesis.tex").write_text("years of work")
    check_refused(
        capsys,
        "out/demo/tree holds thesis.tex, which qpatch did not write",
        "choose another directory (-o)",
        words=("-o", "out"),
    )


@AS_ROOT
def test_a_full_disk(tmp_path: Path, capsys: Capture) -> None:
    with mounted(tmp_path / "small", "size=8k") as small:
        check_refused(
            capsys, "No space left on device", "help: Make room", code=ExitCode.ENVIRONMENT, words=("-o", small)
        )
        assert series_of(small) == {}


@AS_ROOT
def test_a_disk_that_fills_up_leaves_the_series_before(tmp_path: Path, capsys: Capture) -> None:
    with mounted(tmp_path / "small", "size=64k") as small:
        assert render(capsys, "-o", small).code == ExitCode.OK
        before = series_of(small)
        (small / "ballast").write_bytes(b"x" * os.statvfs(small).f_bavail * os.statvfs(small).f_frsize)
        done = render(capsys, "-o", small)
        assert done.code == ExitCode.ENVIRONMENT
        done.tells("No space left on device")
        (small / "ballast").unlink()
        assert series_of(small) == before


@AS_ROOT
def test_a_full_temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with mounted(tmp_path / "small", "size=4k") as small:
        monkeypatch.setattr("tempfile.tempdir", str(small))
        check_refused(capsys, "No space left on device", code=ExitCode.ENVIRONMENT)
        assert not Path("series/demo/tree").exists()


@AS_ROOT
def test_an_output_directory_that_is_read_only_for_root(tmp_path: Path, capsys: Capture) -> None:
    with mounted(tmp_path / "fixed", "ro") as fixed:
        check_refused(
            capsys, "Read-only file system", "help: Check who owns", code=ExitCode.ENVIRONMENT, words=("-o", fixed)
        )


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_an_output_directory_that_is_read_only(capsys: Capture) -> None:
    Path("fixed").mkdir(mode=0o555)
    check_refused(capsys, "Permission denied", "help: Check who owns", code=ExitCode.ENVIRONMENT, words=("-o", "fixed"))


# Sources of trees


def configure(*candidates: object, **settings: object) -> None:
    release = {"name": "odd-1", "kind": "qemu", "release": "1", "candidates": list(candidates)}
    configuration_file().parent.mkdir(parents=True, exist_ok=True)
    configuration_file().write_text(yaml.safe_dump({"releases": [release], **settings}))


def check_fetch_fails(capture: Capture, *fragments: str) -> None:
    done = run(capture, "tree", "fetch", "odd-1")
    assert done.code == ExitCode.ENVIRONMENT, done
    done.tells(*fragments, "odd-1: cannot be had from any of its sources")
    assert run(capture, "render", "demo", "--tree", "odd-1").code == ExitCode.USAGE


def test_an_index_that_lists_a_version_whose_files_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    apt = FakeApt(tmp_path / "apt")
    for name, value in apt.environment.items():
        monkeypatch.setenv(name, value)
    apt.suite("sid", "1:11.1.3-1")
    candidate = {"debian": {"suite": "sid", "package": "qemu", "version": "1:11.*"}}
    configure(candidate, debian={"mirror": "http://mirror.example/debian", "signed-by": "/keyring.gpg"})
    check_fetch_fails(capsys, "sid lists qemu 1:11.1.3-1, but its files are not on http://mirror.example/debian")
    apt.package("1:11.1.3-1")
    assert run(capsys, "tree", "fetch", "odd-1").code == ExitCode.OK


def test_a_tarball_with_a_wrong_checksum(tmp_path: Path, capsys: Capture) -> None:
    archive = tarball(tmp_path / "q.tar.gz", QEMU_FILES)
    configure({"tarball": {"url": str(archive), "sha256": "0" * 64}})
    check_fetch_fails(capsys, "q.tar.gz", sha256(archive), "0" * 64)


@pytest.mark.parametrize("member", ["../outside", "/etc/outside", "a/../../outside"])
def test_a_tarball_whose_members_leave_the_directory(member: str, tmp_path: Path, capsys: Capture) -> None:
    archive = tarball(tmp_path / "q.tar.gz", {**QEMU_FILES, member: "bad"}, top="")
    configure({"tarball": {"url": str(archive), "sha256": sha256(archive)}})
    check_fetch_fails(capsys, member)
    assert not list(tmp_path.rglob("outside")) and not Path("/etc/outside").exists()


def test_a_tarball_with_a_device(tmp_path: Path, capsys: Capture) -> None:
    archive = tmp_path / "q.tar"
    with tarfile.open(archive, "w") as tar:
        entry = tarfile.TarInfo("q/VERSION")
        entry.size = 2
        tar.addfile(entry, io.BytesIO(b"1\n"))
        device = tarfile.TarInfo("q/null")
        device.type = tarfile.CHRTYPE
        tar.addfile(device)
    configure({"tarball": {"url": str(archive), "sha256": sha256(archive)}})
    check_fetch_fails(capsys, "null")
