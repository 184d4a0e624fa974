# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch tree grep` and `tree cat`: what a tree's commit holds, whatever lies in a work tree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cli_support import isolate
from trees_support import QEMU_FILES, repository

from qpatch.cli.main import main
from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """\
/* What it does. */
static int first(int a)
{
    prepare(a);

    return use(a);
}

struct dev {
    int use;
};

int second(void)
{
    return use(2);
}
"""
KCONFIG = "config ONE\n    bool\n\nconfig TWO\n    bool\n    select ONE\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    isolate(tmp_path, monkeypatch)
    monkeypatch.setenv("QPATCH_CACHE", str(tmp_path / "cache"))
    files = {**QEMU_FILES, "hw/use.c": SOURCE, "hw/Kconfig": KCONFIG, "hw/odd name.c": "int use;\n", "hw/rom": "\0use"}
    path = repository(tmp_path / "tree", files)
    (path / "hw/use.c").write_text("int use, and more that is not committed;\n")
    return str(path)


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[ExitCode, str, str]:
    code = main(["tree", *words])
    captured = capsys.readouterr()
    return ExitCode(code), captured.out, captured.err


def test_matches_come_with_their_lines_and_functions(tree: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "grep", tree, r"\buse\(", "--", "hw/use.c")
    assert code == ExitCode.OK
    assert out.splitlines() == [
        "hw/use.c=2=static int first(int a)",
        "hw/use.c:6:    return use(a);",
        "hw/use.c=13=int second(void)",
        "hw/use.c:15:    return use(2);",
    ]


def test_context_has_gaps(tree: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, "grep", "-C", "1", tree, "use(a)", "-F")
    assert out.splitlines() == [
        "hw/use.c=2=static int first(int a)",
        "--",
        "hw/use.c-5-",
        "hw/use.c:6:    return use(a);",
        "hw/use.c-7-}",
    ]


def test_all_files_of_text_are_searched(tree: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "grep", "--json", tree, "USE", "-i", "-w")
    document = json.loads(out)
    matches = [(each["path"], each["line"]) for each in document["lines"] if each["kind"] == "match"]
    assert code == ExitCode.OK and document["version"] == 1 and len(document["commit"]) == 40
    assert matches == [("hw/odd name.c", 1), ("hw/use.c", 6), ("hw/use.c", 10), ("hw/use.c", 15)]


def test_no_match_is_told_as_grep_does(tree: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "grep", tree, "nowhere", "--", "hw")
    assert (code, out) == (ExitCode.CHECKS_FAILED, "")
    code, out, _ = _run(capsys, "grep", "--json", tree, "nowhere")
    assert code == ExitCode.CHECKS_FAILED and json.loads(out)["lines"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [(("use(",), "Unmatched ("), (("use", "--", "../out"), "outside"), (("-C", "-2", "use"), "counts from 0")],
)
def test_what_git_refuses(tree: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str) -> None:
    code, _, err = _run(capsys, "grep", tree, *words)
    assert code == ExitCode.USAGE and told in err


def test_a_pattern_may_begin_with_a_dash(tree: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, _ = _run(capsys, "grep", tree, "--", "--use")
    assert code == ExitCode.CHECKS_FAILED


def test_a_file_is_printed_as_it_was_committed(tree: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "cat", tree, "hw/use.c")
    assert (code, out) == (ExitCode.OK, SOURCE)


def test_a_symbol_is_printed_with_its_comment(tree: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, "cat", tree, "hw/use.c", "--symbol", "first")
    assert out == SOURCE[: SOURCE.index("\nstruct")]
    _, out, _ = _run(capsys, "cat", "-n", tree, "hw/use.c", "--symbol", "dev")
    assert out == " 9  struct dev {\n10      int use;\n11  };\n"


def test_a_section_of_a_text_file_is_printed(tree: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = _run(capsys, "cat", "--json", tree, "hw/Kconfig", "--symbol", "config TWO")
    (excerpt,) = json.loads(out)["excerpts"]
    assert (excerpt["line"], excerpt["text"]) == (4, "config TWO\n    bool\n    select ONE\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("first",), "It is a symbol of hw/use.c: give the file, and `--symbol first`."),
        (("fi",), "the tree has no file fi"),
        (("hw/us.c",), "Did you mean 'hw/use.c'?"),
        (("hw",), "is a folder, with 5 files"),
        (("hw/rom",), "is not text"),
        (("hw/use.c", "--symbol", "frist"), "Did you mean 'first'?"),
        (("hw/Kconfig", "--symbol", "config TREE"), "has no section 'config TREE'"),
    ],
)
def test_what_is_not_there(tree: str, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str) -> None:
    code, _, err = _run(capsys, "cat", tree, *words)
    assert code == ExitCode.USAGE and told in err
