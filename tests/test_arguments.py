# SPDX-License-Identifier: GPL-2.0-or-later
"""What Python programs hand to the library: every mistake is a QpatchError that names the argument, never a crash."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cli_support import isolate, make_tree, use_capabilities
from strategy_support import write_strategy

from qpatch import api
from qpatch.errors import EnvironmentFault, Location, QpatchError, UserError
from qpatch.trees.apt_root import AptFailed
from qpatch.trees.commands import GitError
from qpatch.trees.git import Identity

if TYPE_CHECKING:
    from collections.abc import Callable

ANY: Any = api  # the calls below are what a type checker would refuse
OPTIONS = api.RenderOptions(output=Path("series"), check=False, maintainers=False)
SETTINGS = api.CampaignSettings(Path("results"))


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    use_capabilities(monkeypatch)
    write_strategy(tmp_path)
    make_tree(tmp_path / "one")


def demo() -> tuple[api.LoadedStrategy, ...]:
    return api.load_strategies(["demo"])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ANY.load_strategies("demo"), "names is of the type str, and not a list"),
        (lambda: ANY.load_strategies([Path("demo")]), "an entry of names is of the type PosixPath, not str"),
        (lambda: ANY.load_strategies(["de\0mo"]), "an entry of names has a NUL character: 'de\\x00mo'"),
        (lambda: ANY.load_strategies(["demo"], "strategies"), "directories is of the type str"),
        (lambda: ANY.strategy_names(["strategies"]), "an entry of directories is of the type str, not Path"),
        (lambda: ANY.render(demo(), "./one", OPTIONS), "trees is of the type str"),
        (lambda: ANY.render(demo(), b"./one", OPTIONS), "trees is of the type bytes"),
        (lambda: ANY.render(demo(), [Path("one")], OPTIONS), "an entry of trees is of the type PosixPath"),
        (lambda: ANY.render(demo(), ["./o\0ne"], OPTIONS), "an entry of trees has a NUL"),
        (lambda: ANY.render(["demo"], ["./one"], OPTIONS), "an entry of strategies is of the type str, not LoadedStr"),
        (lambda: ANY.render("demo", ["./one"], OPTIONS), "strategies is of the type str"),
        (lambda: ANY.render(demo()[0], ["./one"], OPTIONS), "strategies is of the type LoadedStrategy, and not a list"),
        (lambda: ANY.render(demo(), ["./one"], None), "options is of the type NoneType, not RenderOptions"),
        (lambda: ANY.rebase(demo(), "./one", None, OPTIONS), "an entry of trees is of the type NoneType"),
        (lambda: ANY.build([None], "qemu-5.2"), "trees is of the type str"),
        (lambda: ANY.build([None], ["./one"], {"jobs": 2}), "choices is of the type dict, not CompileChoices"),
        (lambda: ANY.check(None, ["./one"]), "strategies is of the type NoneType"),
        (lambda: ANY.fetch_prebuilt("qemu-5.2"), "trees is of the type str"),
        (lambda: ANY.fetch_prebuilt(["qemu-5.2"], None), "target is of the type NoneType"),
        (lambda: ANY.test([None], "qemu-5.2", SETTINGS), "trees is of the type str"),
        (lambda: ANY.test([None], ["qemu-5.2"], Path("results")), "settings is of the type PosixPath"),
        (lambda: ANY.test([None], ["qemu-5.2"], SETTINGS, {}), "choices is of the type dict"),
        (lambda: ANY.open_tree("o\0ne").__enter__(), "the tree has a NUL"),
        (lambda: ANY.open_tree(None).__enter__(), "the tree is of the type NoneType"),
        (lambda: ANY.overall_exit_code("ok"), "results is of the type str"),
        (lambda: ANY.overall_exit_code([None]), "an entry of results is of the type NoneType, not CellResult"),
        (lambda: ANY.RenderOptions(output="series"), "output is of the type str, not Path"),
        (lambda: ANY.RenderOptions(output=Path("se\0ries")), "output has a NUL"),
        (lambda: ANY.RenderOptions(Path("series"), revision=0), "revision is a whole number from 1 on: 0"),
        (lambda: ANY.RenderOptions(Path("series"), revision=-1), "revision is a whole number from 1 on: -1"),
        (lambda: ANY.RenderOptions(Path("series"), revision=True), "revision is a whole number from 1 on: True"),
        (lambda: ANY.RenderOptions(Path("series"), revision="2"), "revision is of the type str, not int"),
        (
            lambda: ANY.RenderOptions(Path("series"), identity="A <a@b.c>"),
            "identity is of the type str, not Identity or",
        ),
        (lambda: ANY.RenderOptions(Path("series"), changes="a\0b"), "the text on the changes is not text in UTF-8"),
        (lambda: ANY.RenderOptions(Path("series"), outputs=None), "outputs is of the type NoneType, and not a list"),
        (
            lambda: ANY.RenderOptions(Path("series"), parameters=["limit"]),
            "parameters is of the type list, not Mapping",
        ),
        (
            lambda: ANY.RenderOptions(Path("series"), parameters={"limit": "\udcff"}),
            "the value of limit in parameters is",
        ),
        (lambda: ANY.BranchOutput(None), "the name of the branch is of the type NoneType"),
        (lambda: ANY.CompileChoices(jobs=-1), "jobs is a whole number from 0 on: -1"),
        (lambda: ANY.CompileChoices(target=None), "target is of the type NoneType"),
        (lambda: ANY.CampaignSettings(Path("results"), repeat=0), "repeat is a whole number from 1 on: 0"),
        (lambda: ANY.CampaignSettings(Path("results"), jobs=-1), "jobs is a whole number from 0 on: -1"),
        (lambda: ANY.CampaignSettings("results"), "output is of the type str, not Path"),
        (lambda: ANY.TestChoices(machines="q35"), "machines is of the type str, and not a list"),
        (lambda: ANY.TestChoices(scenarios=[1]), "an entry of scenarios is of the type int, not str"),
        (lambda: ANY.TestChoices(binary="/usr/bin/qemu"), "binary is of the type str, not Path"),
        (lambda: ANY.TestChoices(binary=Path("/usr/bin/q\0emu")), "binary has a NUL"),
        (lambda: ANY.Peer(None, Path("qemu-7.2")), "the tree of the peer is of the type PosixPath"),
        (lambda: ANY.TestChoices(peer="qemu-7.2"), "peer is of the type str, not Peer or None"),
        (lambda: ANY.TestChoices(baseline="prebuilt"), "baseline is of the type str, not BinaryChoice"),
    ],
)
def test_what_cannot_be_is_named(call: Callable[[], object], words: str) -> None:
    with pytest.raises(UserError) as caught:
        call()
    assert (caught.value.code, words in caught.value.message) == ("bad-argument", True), caught.value.message
    assert not Path("series").exists()


def test_any_iterable_of_names_will_do() -> None:
    (demo_again,) = api.load_strategies(name for name in ("demo", "demo"))
    results = ANY.render(iter([demo_again]), (tree for tree in ["./one"]), OPTIONS)
    assert [result.status for result in results] == ["rendered"]
    assert api.overall_exit_code(iter(results)) is api.ExitCode.OK


@pytest.mark.parametrize("text", ["A\nBcc: evil@x", "A\r\nX: y", "A\0", "A\x1b[1m", "A\u2028B", "A\x85B", "A\udcff"])
def test_nothing_can_begin_another_header(text: str) -> None:
    with pytest.raises(UserError, match="the prefix of the subjects is one line of text"):
        api.RenderOptions(Path("series"), prefix=text)
    with pytest.raises(UserError, match="the name of the author is one line of text"):
        Identity(text, "a@b.c")
    with pytest.raises(UserError, match="the address of the author is one line of text"):
        Identity("A", text)
    with pytest.raises(UserError, match="nor < and >"):
        Identity("A <evil@x>", "a@b.c")


def test_texts_of_other_languages_are_texts() -> None:
    options = api.RenderOptions(Path("series"), prefix="PATCH Prüfung 第", changes="Zeile\n\tzwei\n", revision=2)
    assert options.author.name == "qpatch" and Identity("Jürgen Weiß, Jr.", "j@b.c").name.startswith("Jürgen")


@pytest.mark.parametrize(
    "error",
    [
        UserError("usage", "no", where=Location("a.yaml", 3), hint="Look."),
        EnvironmentFault("disk-full", "no room"),
        GitError(("log", "x"), "fatal: no"),
        AptFailed("E: no\nmore"),
    ],
)
@pytest.mark.parametrize(
    "through",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],  # noqa: S301 - its own
)
def test_errors_can_be_copied_and_sent_to_another_process(
    error: QpatchError, through: Callable[[QpatchError], QpatchError]
) -> None:
    again = through(error)
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    assert again.exit_code is error.exit_code
