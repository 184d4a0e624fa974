# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch render` and `qpatch rebase` through the command, on tiny trees."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cli_support import SOURCE, isolate, make_tree, use_capabilities
from strategy_support import CAPABILITIES, STRATEGY, TEMPLATES, write_strategy

from qpatch.cli.main import main
from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    Capture = pytest.CaptureFixture[str]

QUIET_TOOLS = ["--no-checkpatch", "--no-maintainers"]
RENAMED = SOURCE.replace("old_call", "older_call")


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    use_capabilities(monkeypatch)
    write_strategy(tmp_path)


def render(*words: str) -> int:
    return main(["render", "demo", *words, *QUIET_TOOLS])


def results(capture: Capture) -> list[dict[str, Any]]:
    document = json.loads(capture.readouterr().out)
    assert document["version"] == 1
    found: list[dict[str, Any]] = document["results"]
    return found


def test_a_series_is_written(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    assert render("--tree", "./one") == ExitCode.OK
    captured = capsys.readouterr()
    assert "rendered (1 patch)" in captured.out and "series/demo/one" in captured.err
    mails = sorted(path.name for path in (tmp_path / "series/demo/one").glob("*.patch"))
    assert mails == ["0000-cover-letter.patch", "0001-demo-Call-the-new-function.patch"]
    assert "+    new_call(4);" in (tmp_path / "series/demo/one" / mails[1]).read_text()


def test_settings_reach_the_patch(tmp_path: Path) -> None:
    make_tree(tmp_path / "one")
    assert render("--tree", "./one", "--set", "limit=9", "-o", "out") == ExitCode.OK
    (patch,) = (tmp_path / "out/demo/one").glob("0001-*.patch")
    assert "+    new_call(9);" in patch.read_text()


def test_the_document(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    assert render("--tree", "./one", "--json") == ExitCode.OK
    (result,) = results(capsys)
    assert (result["strategy"], result["tree"], result["component"], result["status"]) == (
        "demo",
        "one",
        "qemu",
        "rendered",
    )
    (patch,) = result["patches"]
    assert patch["subject"] == "demo: Call the new function" and patch["commit"] == result["tip"]
    statuses = [(edit["patch"], edit["anchor"], edit["status"], edit["count"]) for edit in result["edits"]]
    assert statuses == [(1, "function start", "applied", 1), (1, "function start", "skipped", 0)]


def test_an_empty_name_of_a_branch_is_refused(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    assert render("--tree", "./one", "--branch=", "--json") == ExitCode.USAGE
    (result,) = results(capsys)
    assert result["error"]["code"] == "bad-branch-name" and not (tmp_path / "series/demo/one").exists()


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    assert render("--tree", "./one", "--dry-run") == ExitCode.OK
    assert "rendered (1 patch)" in capsys.readouterr().out
    assert not (tmp_path / "series").exists()


def test_landed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    use_capabilities(monkeypatch, {**CAPABILITIES, "has_new": True})
    make_tree(tmp_path / "one", demo=RENAMED)
    assert render("--tree", "./one") == ExitCode.NOTHING_APPLIED
    captured = capsys.readouterr()
    assert "landed" in captured.out and "demo on one: landed: Upstream calls it on one." in captured.err


def test_drift_is_explained_and_nothing_is_written(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one", demo=RENAMED)
    assert render("--tree", "./one", "-q") == ExitCode.DRIFT
    captured = capsys.readouterr()
    assert "drifted" in captured.out
    line = STRATEGY[: STRATEGY.index("- in: function start")].count("\n") + 1
    assert f"strategies/demo.yaml:{line}:" in captured.err
    assert "older_call" in captured.err and "the edit is there because: the old one is wrong" in captured.err
    assert not (tmp_path / "series").exists()


def test_a_failing_tree_does_not_stop_the_others(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    (tmp_path / "empty").mkdir()
    assert render("--tree", "./empty", "./one", "--json") == ExitCode.USAGE
    failed, rendered = results(capsys)
    assert failed["status"] == "failed" and failed["error"]["code"] == "no-repository"
    assert rendered["status"] == "rendered"


@pytest.mark.parametrize("trees", [("./none", "./one"), ("./one", "./none")])
def test_what_could_not_be_tried_counts_before_drift(tmp_path: Path, trees: tuple[str, str]) -> None:
    make_tree(tmp_path / "one", demo=RENAMED)
    assert render("--tree", *trees) == ExitCode.USAGE


def test_explain_tells_what_every_edit_did(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    assert render("--tree", "./one", "--explain") == ExitCode.OK
    told = capsys.readouterr().err
    assert "patch 1: demo: Call the new function" in told
    assert ": applied: function start in hw/demo.c" in told and ": skipped: function start" in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["render", "--tree", "./one"], "either the names of strategies or --all"),
        (["render", "demo", "--all", "--tree", "./one"], "either the names of strategies or --all"),
        (["render", "demo"], "--tree"),
        (["render", "deom", "--tree", "./one"], "Did you mean 'demo'?"),
        (["render", "demo", "--tree", "./one", "--set", "limit"], "is not NAME=VALUE"),
        (["render", "demo", "--tree", "./one", "--set", "limt=3"], "Did you mean 'limit'?"),
        (["render", "demo", "--tree", "./one", "--set", "limit=x"], "whole number"),
        (["render", "demo", "--tree", "./one", "--reroll", "0"], "--reroll counts from 1"),
        (["render", "demo", "--tree", "./one", "./two", "-b", "x"], "--branch names one branch"),
        (["render", "demo", "--tree", "./one@nope"], "nope"),
        (["render", "demo", "--tree", "./one@-x"], "-x"),
    ],
)
def test_wrong_words(tmp_path: Path, words: list[str], said: str, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    assert main([*words, "--no-checkpatch"]) == ExitCode.USAGE
    assert said in capsys.readouterr().err
    assert not (tmp_path / "series").exists()


@pytest.mark.parametrize(
    ("templates", "code"),
    [
        ({"demo/01-call.j2": "@{{ unheard_of }}\n"}, "template-undefined"),
        ({"demo/cover.j2": "@{{ ''.__class__.__mro__ }}\n"}, "template-unsafe"),
        ({"demo/cover.j2": "@{% if %}\n"}, "template-syntax"),
    ],
)
def test_bad_templates(tmp_path: Path, templates: dict[str, str], code: str, capsys: Capture) -> None:
    write_strategy(tmp_path, templates={**TEMPLATES, **templates})
    make_tree(tmp_path / "one")
    assert render("--tree", "./one", "--json") == ExitCode.USAGE
    (result,) = results(capsys)
    assert result["status"] == "failed" and result["error"]["code"] == code
    assert result["error"]["where"]["file"].startswith("templates/demo/")


def test_a_path_that_leaves_the_tree(tmp_path: Path, capsys: Capture) -> None:
    write_strategy(tmp_path, STRATEGY.replace("path: hw/demo.c", "path: ../../etc/passwd"))
    make_tree(tmp_path / "one")
    assert render("--tree", "./one") == ExitCode.USAGE
    assert "'../../etc/passwd' leaves the tree" in capsys.readouterr().err


def test_an_output_directory_that_holds_something_else(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    (tmp_path / "series/demo/one").mkdir(parents=True)
    (tmp_path / "series/demo/one/thesis.tex").write_text("years of work")
    assert render("--tree", "./one") == ExitCode.USAGE
    assert "thesis.tex" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "series/demo/one").iterdir()] == ["thesis.tex"]


def test_a_tree_that_is_no_qemu(tmp_path: Path, capsys: Capture) -> None:
    (make_tree(tmp_path / "one") / "VERSION").unlink()
    subprocess.run(
        ["git", "-c", "user.name=A", "-c", "user.email=a@b.invalid", "commit", "-qam", "x"],
        cwd=tmp_path / "one",
        check=True,
    )
    assert render("--tree", "./one") == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "neither QEMU nor Linux" in said and "VERSION and include/qemu/osdep.h for QEMU" in said
    assert "Kbuild and include/linux/kernel.h for Linux" in said


def test_rebase_reports_the_range_diff_and_what_changed(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "old")
    make_tree(tmp_path / "new", demo=SOURCE.replace("prepare();", "prepare(); /* now */"))
    words = ["rebase", "demo", "--from", "./old", "--onto", "./new", *QUIET_TOOLS]
    assert main([*words, "--json"]) == ExitCode.OK
    (result,) = results(capsys)
    assert result["status"] == "rendered" and result["tree"] == "new" and result["from_status"] == "rendered"
    assert "demo: Call the new function" in result["range_diff"] and result["changes"] == []
    assert main(words) == ExitCode.OK
    assert "demo: Call the new function" in capsys.readouterr().out


def test_rebase_onto_a_tree_that_drifted(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "old")
    make_tree(tmp_path / "new", demo=RENAMED)
    assert main(["rebase", "demo", "--from", "./old", "--onto", "./new", "--json"]) == ExitCode.DRIFT
    (result,) = results(capsys)
    (change,) = [change for change in result["changes"] if change["new"].startswith("drifted")]
    assert change["old"] == "applied in hw/demo.c"


def test_rebase_onto_a_tree_of_another_kind_is_refused(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "qemu")
    linux = tmp_path / "linux"
    for name in ("Kbuild", "include/linux/kernel.h"):
        (linux / name).parent.mkdir(parents=True, exist_ok=True)
        (linux / name).write_text("/* nothing */\n")
    git = ["git", "-C", str(linux), "-c", "user.name=A", "-c", "user.email=a@b.invalid"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    for old, new in (("qemu", "linux"), ("linux", "qemu")):
        assert main(["rebase", "demo", "--from", f"./{old}", "--onto", f"./{new}"]) == ExitCode.USAGE
        assert f"{old} is a tree of {old}, {new} one of {new}" in capsys.readouterr().err


def test_a_dry_run_compiles_nothing(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    assert render("--tree", "./one", "-n", "--check", "objects") == ExitCode.USAGE
    assert "--dry-run writes nothing" in capsys.readouterr().err


def test_a_prefix_cannot_begin_another_header(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    assert render("--tree", "./one", "--subject-prefix", "A\nBcc: evil@x") == ExitCode.USAGE
    assert "the prefix of the subjects is one line of text" in capsys.readouterr().err
    assert not (tmp_path / "series").exists()


LONG = "It is wrong, and this line goes on about that until it has more columns than a mail may have."


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  Calls the new function.", "  TODO: what the option is, in two or three sentences.", "demo.yaml:6"),
        ('"demo: Call the new', '"Call the new', "strategies/demo.yaml:21:16"),
        ('"demo: Call the new', '"demo: @{% if has_extra %}@{{ has_nwe }}@{% endif %}Call the new', "has_nwe"),
        ("body: demo/01-call.j2", f"body: {LONG!r}", "strategies/demo.yaml:22"),
        ("limit: {default: 4", "has_new: {default: 4", "hides a capability"),
    ],
    ids=["skeleton", "subject", "name", "width", "parameter"],
)
@pytest.mark.parametrize("verb", [("strategy", "check", "demo"), ("render", "demo", "--tree", "./one", *QUIET_TOOLS)])
def test_what_check_rejects_is_not_rendered(
    tmp_path: Path, capsys: Capture, verb: tuple[str, ...], old: str, new: str, told: str
) -> None:
    make_tree(tmp_path / "one")
    assert old in STRATEGY
    write_strategy(tmp_path, STRATEGY.replace(old, new))
    assert main([*verb]) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert told in captured.out + captured.err
    assert not (tmp_path / "series").exists()


def test_a_template_as_the_skeleton_has_it_is_not_rendered(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    todo = "TODO: which problem, which option, how it works, what it costs, what to review.\n"
    write_strategy(tmp_path, templates={**TEMPLATES, "demo/cover.j2": todo})
    assert render("--tree", "./one") == ExitCode.USAGE
    assert "templates/demo/cover.j2:1" in capsys.readouterr().err


def test_a_rebase_refuses_mails_as_a_render_does(tmp_path: Path, capsys: Capture) -> None:
    make_tree(tmp_path / "one")
    make_tree(tmp_path / "two")
    write_strategy(tmp_path, STRATEGY.replace('"demo: Call', '"Call'))
    assert main(["rebase", "demo", "--from", "./one", "--onto", "./two", *QUIET_TOOLS]) == ExitCode.USAGE
    assert "does not begin with `subsystem: `" in capsys.readouterr().err
