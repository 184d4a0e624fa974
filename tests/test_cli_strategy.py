# SPDX-License-Identifier: GPL-2.0-or-later
"""`qpatch strategy` through the command: output, JSON, exit codes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from cli_support import isolate, use_capabilities
from strategy_support import STRATEGY, TEMPLATES, line_of, write_strategy

from qpatch.api import strategy_names
from qpatch.cli.main import main
from qpatch.csource.edit import Action
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    use_capabilities(monkeypatch)


def test_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_strategy(tmp_path)
    write_strategy(tmp_path, "name: broken\n", name="broken")
    assert main(["strategy", "list"]) == ExitCode.OK
    listed = capsys.readouterr().out
    assert "demo: A small change" in listed and "invalid: " in listed
    assert main(["strategy", "list", "--json"]) == ExitCode.OK
    entries = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)["strategies"]}
    assert entries["demo"]["components"] == ["qemu"]
    assert entries["broken"]["error"]["code"] == "strategy-invalid"


def test_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_strategy(tmp_path)
    assert main(["strategy", "show", "demo"]) == ExitCode.OK
    shown = capsys.readouterr().out
    for words in (
        "option O1",
        "20201114.1@example.org",
        "--set limit=4  How many.",
        "landed when has_new",
        "1. demo: Call the new function",
    ):
        assert words in shown
    assert main(["strategy", "show", "demo", "--json"]) == ExitCode.OK
    strategy = json.loads(capsys.readouterr().out)["strategy"]
    assert strategy["proposer"]["message-id"] == "20201114.1@example.org"


def test_show_names_what_is_shared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edits = STRATEGY[STRATEGY.index("        - in: function start") :]
    shared = f"edits:\n{edits}"
    text = STRATEGY.replace(edits, "        - use: demo/shared.yaml\n")
    write_strategy(tmp_path, text, {**TEMPLATES, "demo/shared.yaml": shared})
    assert main(["strategy", "show", "demo"]) == ExitCode.OK
    assert "1. demo: Call the new function (uses templates/demo/shared.yaml)" in capsys.readouterr().out


def test_an_error_in_json_names_both_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edits = STRATEGY[STRATEGY.index("        - in: function start") :]
    shared = f"edits:\n{edits.replace('why: the old', 'wyh: the old')}"
    text = STRATEGY.replace(edits, "        - use: demo/shared.yaml\n")
    write_strategy(tmp_path, text, {**TEMPLATES, "demo/shared.yaml": shared})
    assert main(["strategy", "check", "demo", "--json"]) == ExitCode.USAGE
    (problem,) = json.loads(capsys.readouterr().out)["results"][0]["problems"]
    line = text[: text.index("- use:")].count("\n") + 1
    assert problem["where"]["file"] == "templates/demo/shared.yaml"
    assert problem["where"]["used_at"] == f"strategies/demo.yaml:{line}:16"


def test_unknown_strategy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_strategy(tmp_path)
    assert main(["strategy", "show", "deom"]) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert "there is no strategy 'deom'" in error and "Did you mean 'demo'?" in error


def test_unknown_strategy_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "show", "./none.yaml"]) == ExitCode.USAGE
    assert "there is no strategy file ./none.yaml" in capsys.readouterr().err


def test_a_directory_of_strategies_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "list", "--strategies", "none"]) == ExitCode.USAGE
    assert "none is no directory" in capsys.readouterr().err


def test_check_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_strategy(tmp_path)
    assert main(["strategy", "check", "demo"]) == ExitCode.OK
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: ", "tilte: ", "unknown key 'tilte'"),
        ("for: [", "for: [[", "YAML syntax"),
        ("hunk: |2", "hunk: |", "`|2` instead of `|`"),
        ("when: has_extra", "when: has_extar", "'has_extar' is undefined"),
        ("path: hw/demo.c", "path: ../demo.c", "leaves the tree"),
        ("reason: There is nothing to replace.", 'reason: "@{{ has_old.__class__.mro }}"', "is unsafe"),
    ],
)
def test_check_fails_with_the_place(
    tmp_path: Path, old: str, new: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in STRATEGY
    write_strategy(tmp_path, STRATEGY.replace(old, new))
    code = main(["strategy", "check", "demo"])
    printed = capsys.readouterr().out
    assert said in printed, printed
    assert code == ExitCode.USAGE and printed.startswith("strategies/demo.yaml:")


def test_check_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_strategy(tmp_path, STRATEGY.replace("option: O1", "optoin: O1"))
    assert main(["strategy", "check", "demo", "--json"]) == ExitCode.USAGE
    (result,) = json.loads(capsys.readouterr().out)["results"]
    (problem,) = result["problems"]
    assert problem["code"] == "strategy-unknown-key"
    assert problem["where"]["line"] == line_of(STRATEGY, "option: O1")


def test_a_note_is_printed_and_is_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start, end = STRATEGY.index("          hunk: |2"), STRATEGY.index("        - after:")
    verbatim = "          verbatim: |2\n                 prepare();\n            -    old_call();\n"
    strategy = STRATEGY[:start] + verbatim + STRATEGY[end:]
    write_strategy(tmp_path, strategy)
    line = line_of(strategy, "- in: function start")
    assert main(["strategy", "check", "demo"]) == ExitCode.OK
    assert f"strategies/demo.yaml:{line}:11: note: this verbatim hunk" in capsys.readouterr().out
    assert main(["strategy", "check", "demo", "--json"]) == ExitCode.OK
    (result,) = json.loads(capsys.readouterr().out)["results"]
    assert (result["problems"], result["notes"][0]["where"]["line"]) == ([], line)


def test_new_then_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "new", "my-option"]) == ExitCode.OK
    assert "strategies/my-option.yaml" in capsys.readouterr().out
    assert main(["strategy", "check", "my-option"]) == ExitCode.USAGE
    assert "still as `qpatch strategy new` wrote it" in capsys.readouterr().out
    assert main(["strategy", "new", "my-option"]) == ExitCode.USAGE


def test_new_names_a_command_that_finds_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "new", "here"]) == ExitCode.OK
    assert "`qpatch strategy check here`" in capsys.readouterr().err
    elsewhere = tmp_path / "my options"
    elsewhere.mkdir()
    assert main(["strategy", "new", "there", "--strategies", str(elsewhere)]) == ExitCode.OK
    assert f"`qpatch strategy check there --strategies '{elsewhere}'`" in capsys.readouterr().err


def test_new_tells_of_a_strategy_of_the_same_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shipped, *_) = strategy_names()
    assert main(["strategy", "new", shipped]) == ExitCode.OK
    told = capsys.readouterr().err
    assert f"there is a strategy {shipped} already" in told and "comes before it" in told
    elsewhere = tmp_path / "other" / "strategies"
    elsewhere.mkdir(parents=True)
    assert main(["strategy", "new", shipped, "--strategies", str(elsewhere)]) == ExitCode.OK
    assert "with `--strategies` only" in capsys.readouterr().err


def test_schema_lists_the_kinds_of_anchors(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["strategy", "schema", "--json"]) == ExitCode.OK
    keys = json.loads(capsys.readouterr().out)["$defs"]["EditModel"]["properties"]
    for kind in ANCHOR_KINDS.values():
        assert set(kind.forms) <= set(keys["in"]["examples"]) and kind.description in keys["in"]["description"]
        assert re.search(keys["in"]["pattern"], kind.forms[0])
        assert (re.search(keys["delete"]["pattern"], kind.forms[0]) is not None) == (Action.DELETE in kind.actions)
    assert not re.search(keys["in"]["pattern"], "funtion start")
    assert re.search(keys["in"]["pattern"], "@{{ kind }} start")


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["strategy", "schema"], ["strategy", "schema", "--json"]):
        assert main(words) == ExitCode.OK
        assert json.loads(capsys.readouterr().out)["title"] == "Strategy"
