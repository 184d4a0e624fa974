# SPDX-License-Identifier: GPL-2.0-or-later
"""The library interface: the documented example, what each call returns, and how little an import costs."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_support import SOURCE, isolate, make_tree, use_capabilities
from strategy_support import CAPABILITIES, STRATEGY, write_strategy

from qpatch import api
from qpatch.errors import ExitCode, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    Capture = pytest.CaptureFixture[str]

DOCUMENT = Path(__file__).parents[1] / "docs" / "api.md"
RENAMED = SOURCE.replace("old_call", "older_call")
OPTIONS = api.RenderOptions(output=Path("series"), check=False, maintainers=False)


class Told:
    """Progress that is remembered."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.done = 0

    def describe(self, text: str) -> None:
        self.words.append(text)

    def advance(self, steps: int = 1) -> None:
        self.done += steps


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    use_capabilities(monkeypatch)
    write_strategy(tmp_path)
    make_tree(tmp_path / "one")
    make_tree(tmp_path / "two", demo=RENAMED)


def test_the_documented_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    (script,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "example.py").write_text(script)
    monkeypatch.setattr(sys, "argv", ["example.py", "demo", "./one", "./two"])
    with pytest.raises(SystemExit) as leaving:
        runpy.run_path("example.py", run_name="__main__")
    assert leaving.value.code == ExitCode.DRIFT
    printed = capsys.readouterr().out
    assert "demo on one: rendered\n  series/demo/one/0001-demo-Call-the-new-function.patch\n" in printed
    assert "demo on two: drifted\n" in printed and "the edit is there because: the old one is wrong" in printed
    first, second = (api.result_from_json(entry) for entry in json.loads((tmp_path / "results.json").read_text()))
    assert isinstance(first, api.RenderedResult) and isinstance(second, api.RenderedResult)
    assert (first.key.tree, first.status, first.patch_count) == ("one", api.Status.RENDERED, 1)
    assert any("older_call" in edit.explanation for edit in second.edits)


def test_the_import_is_light() -> None:
    heavy = ("pydantic", "yaml", "tree_sitter", "jinja2", "rich", "qpatch.series", "qpatch.strategy")
    code = f"import sys, qpatch.api; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_name_is_at_home_where_the_table_says() -> None:
    assert sorted(api._MODULES) == sorted(api.__all__) and set(api.__all__) <= set(dir(api))
    assert all(getattr(api, name) is not None for name in api.__all__)
    misspelt = "rendr"
    with pytest.raises(AttributeError, match="no attribute 'rendr'"):
        getattr(api, misspelt)


def test_what_the_calls_raise_and_take_is_exported() -> None:
    with pytest.raises(api.UserError) as caught:
        api.load_strategies(["no-such-strategy"])
    assert isinstance(caught.value, api.QpatchError) and caught.value.exit_code is api.ExitCode.USAGE
    for call in (api.render, api.rebase, api.build, api.check, api.fetch_prebuilt, api.test):
        words = " ".join(str(annotation) for annotation in call.__annotations__.values())
        own = set(re.findall(r"[A-Z]\w+", words)) - {"Sequence", "None"}
        assert own <= set(api.__all__), call.__name__


def test_strategies_are_listed_and_loaded_once(tmp_path: Path) -> None:
    assert "demo" in api.strategy_names([tmp_path / "strategies"])
    (demo,) = api.load_strategies(["demo", "strategies/demo.yaml"], [tmp_path / "strategies"])
    assert demo.name == "demo"
    write_strategy(tmp_path / "other")
    with pytest.raises(UserError, match="are both called demo"):
        api.load_strategies(["demo", "other/strategies/demo.yaml"])


def test_a_tree_is_opened() -> None:
    with api.open_tree("./one") as target:
        assert (target.info.name, target.info.kind, target.capabilities) == ("one", "qemu", CAPABILITIES)


def test_render_tells_how_it_goes_on() -> None:
    told = Told()
    results = api.render(api.load_strategies(["demo"]), ["./one", "./none", "./one"], OPTIONS, progress=told)
    assert [(result.key.tree, result.status) for result in results] == [("one", "rendered"), ("./none", "failed")]
    assert (told.words, told.done) == (["demo on ./one"], 1)
    assert results[1].error is not None and results[1].error.code == "no-repository"
    assert api.overall_exit_code(results) is ExitCode.USAGE


def test_a_path_that_cannot_be_one_does_not_stop_the_other_trees() -> None:
    trees = ["./one", "/" + "x" * 5000, "./two"]
    strategies = api.load_strategies(["demo"])
    rendered = api.render(strategies, trees, OPTIONS, dry_run=True)
    assert [result.status for result in rendered] == ["rendered", "failed", "drifted"]
    built = api.build(strategies, trees[1:2])
    assert [result.error.code for result in (rendered[1], *built) if result.error] == ["bad-path", "bad-path"]


def test_a_series_that_cannot_be_written_keeps_its_key_and_does_not_stop_others(tmp_path: Path) -> None:
    options = api.RenderOptions(output=tmp_path / ("x" * 300), check=False, maintainers=False)
    branch = replace(OPTIONS, outputs=(api.BranchOutput(".."),))
    for choice, code in ((options, "bad-path"), (branch, "bad-branch-name")):
        written, drifted = api.render(api.load_strategies(["demo"]), ["./one", "./two"], choice)
        assert written.error is not None and written.error.code == code
        assert (written.key.tree, written.key.component, drifted.status) == ("one", "qemu", "drifted")


def test_two_trees_of_one_name_do_not_share_a_directory(tmp_path: Path) -> None:
    make_tree(tmp_path / "other" / "one", demo=RENAMED)
    first, second = api.render(api.load_strategies(["demo"]), ["./one", "other/one"], OPTIONS)
    assert (first.status, second.status) == ("rendered", "failed")
    assert second.reason.startswith("./one and other/one are both called one")


def test_a_dry_run_has_patches_but_no_files() -> None:
    (result,) = api.render(api.load_strategies(["demo"]), ["./one"], OPTIONS, dry_run=True)
    assert (result.status, result.patch_count, result.patches, result.directory) == ("rendered", 1, (), "")
    assert not Path("series").exists()


def test_a_failure_is_a_document_like_others(tmp_path: Path) -> None:
    write_strategy(tmp_path, STRATEGY.replace("path: hw/demo.c", "path: ../x"))
    (result,) = api.render(api.load_strategies(["demo"]), ["./one"], OPTIONS)
    document = result.as_json()
    assert (document["status"], document["reason"], document["directory"]) == ("failed", result.reason, "")
    assert document["error"]["exit_code"] == ExitCode.USAGE and api.result_from_json(document) == result


def test_rebase_compares() -> None:
    told = Told()
    (result,) = api.rebase(api.load_strategies(["demo"]), "./one", "./two", OPTIONS, progress=told)
    assert (result.key.tree, result.status, result.from_status) == ("two", "drifted", "rendered")
    assert [change.old for change in result.changes if change.new.startswith("drifted")] == ["applied in hw/demo.c"]
    assert (told.words, told.done) == (["demo"], 1)


def test_unknown_parameters_are_refused_before_the_work() -> None:
    strategies = api.load_strategies(["demo"])
    options = api.RenderOptions(output=Path("series"), parameters={"limt": 3})
    calls: list[Callable[[], object]] = [
        lambda: api.render(strategies, ["./one"], options),
        lambda: api.rebase(strategies, "./one", "./two", options),
        lambda: api.build(strategies, ["./one"], api.CompileChoices(parameters=options.parameters)),
    ]
    for call in calls:
        with pytest.raises(UserError, match="no strategy given has a parameter 'limt'"):
            call()
    assert not Path("series").exists()


def test_what_cannot_be_built_is_a_result_for_each_strategy() -> None:
    strategies = [None, *api.load_strategies(["demo"])]
    built = api.build(strategies, ["./none"], api.CompileChoices(target="both"))
    assert [(str(result.key), result.status, result.key.stage) for result in built] == [
        ("baseline on ./none (both)", "failed", "built"),
        ("demo on ./none (both)", "failed", "built"),
    ]
    (checked,) = api.check(strategies[1:], ["./none"])
    assert isinstance(checked, api.CheckedResult) and checked.exit_code is ExitCode.USAGE
    (prebuilt,) = api.fetch_prebuilt(["nothing-1.0"])
    assert (prebuilt.key.strategy, prebuilt.status) == ("baseline", "failed")
