# SPDX-License-Identifier: GPL-2.0-or-later
"""The command's frame: verbs, flags, errors, exit codes, start-up."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import qpatch.cli.main as cli
from qpatch import __version__
from qpatch.cli.catalogue import catalogue
from qpatch.cli.main import main
from qpatch.errors import EnvironmentFault, ExitCode, Location, UserError

Raising = Callable[[BaseException], None]
HEAVY = (
    "pydantic",
    "rich",
    "jinja2",
    "yaml",
    "tree_sitter",
    "tree_sitter_c",
    "debian",
    "platformdirs",
    "filelock",
    "difflib",
    "subprocess",
)


class RaisingVerb:
    """A verb module that raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def register(self, parser: object) -> None:
        pass

    def run(self, arguments: object, output: object) -> ExitCode:
        raise self.error


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Raising:
    def use(error: BaseException) -> None:
        monkeypatch.setattr(cli, "load", lambda verb: RaisingVerb(error))

    return use


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == ExitCode.OK
    assert capsys.readouterr().out == f"qpatch {__version__}\n"


def test_version_imports_nothing_heavy() -> None:
    code = (
        "import sys; from qpatch.cli.main import main; main(['--version']); "
        "print(sorted(set(sys.modules) & set(sys.argv[1:])), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_help_lists_every_verb_and_imports_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "load", lambda verb: pytest.fail(f"{verb} was imported"))
    assert main(["--help"]) == ExitCode.OK
    listed = capsys.readouterr().out
    assert all(name in listed and verb.summary in listed for name, verb in cli.VERBS.items())


def test_no_verb_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert captured.out == "" and "usage: qpatch" in captured.err


def test_unknown_verb_suggests(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rendr"]) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert "there is no verb 'rendr'" in error and "Did you mean 'render'?" in error


def test_unknown_flag_is_reported_as_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash", "--bogus", "--json"]) == ExitCode.USAGE
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["version"] == 1 and document["error"]["code"] == "usage"
    assert "--bogus" in document["error"]["message"] and "--bogus" in captured.err


def test_flags_work_before_and_after_the_verb(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--json", "completion", "bash"], ["completion", "bash", "--json"], ["completion", "--json", "bash"]):
        assert main(words) == ExitCode.OK
        assert json.loads(capsys.readouterr().out)["shell"] == "bash"


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_the_flags_of_every_verb(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == ExitCode.OK
    script = capsys.readouterr().out
    assert "--reroll" in script and "--onto" in script and "strategy" in script


def test_error_has_place_message_hint_and_remedy(raising: Raising, capsys: pytest.CaptureFixture[str]) -> None:
    raising(UserError("unknown-tree", "there is no tree x", where=Location("a.yaml", 3, 7), hint="Look."))
    assert main(["tree"]) == ExitCode.USAGE
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "qpatch: a.yaml:3:7: there is no tree x",
        "  hint: Look.",
        f"  help: {catalogue()['unknown-tree'].remedy}",
    ]


def test_error_as_json(raising: Raising, capsys: pytest.CaptureFixture[str]) -> None:
    raising(EnvironmentFault("git-missing", "no git", where=Location("a.yaml", 3)))
    assert main(["tree", "--json"]) == ExitCode.ENVIRONMENT
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "error": {
            "code": "git-missing",
            "message": "no git",
            "where": {"file": "a.yaml", "line": 3, "column": 0},
            "hint": "",
        },
    }


def test_interrupt(raising: Raising, capsys: pytest.CaptureFixture[str]) -> None:
    raising(KeyboardInterrupt())
    assert main(["tree"]) == ExitCode.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EROFS, "no-permission"),
        (errno.EACCES, "no-permission"),
    ],
)
def test_faults_of_the_system(number: int, code: str, raising: Raising, capsys: pytest.CaptureFixture[str]) -> None:
    raising(OSError(number, "what the system says", "series/x"))
    assert main(["tree", "--json"]) == ExitCode.ENVIRONMENT
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == code and error["message"] == "series/x: what the system says"


@pytest.mark.parametrize("number", [errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.EISDIR])
def test_a_path_that_cannot_be_one_is_the_users_mistake(
    number: int, raising: Raising, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(OSError(number, "what the system says", "x" * 300))
    assert main(["tree", "--json"]) == ExitCode.USAGE
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "bad-path" and error["message"] == f"{'x' * 200}...: what the system says"


@pytest.mark.parametrize("error", [ValueError("odd"), OSError(errno.EBADF, "bad descriptor")])
def test_a_bug_keeps_its_traceback(error: Exception, raising: Raising, capsys: pytest.CaptureFixture[str]) -> None:
    raising(error)
    with pytest.raises(type(error)):
        main(["tree"])
    assert "bug in qpatch; please report it" in capsys.readouterr().err


def test_broken_pipe_is_silent() -> None:
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    done = subprocess.run(
        [sys.executable, "-m", "qpatch", "completion", "bash"],
        stdout=reader.stdin,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (cli.BROKEN_PIPE_EXIT, "")


def test_environment_sets_the_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QPATCH_JSON", "1")
    monkeypatch.setenv("QPATCH_VERBOSE", "0")
    monkeypatch.setenv("QPATCH_QUIET", "1")
    output = cli.output_for([])
    assert output.json and output.verbosity == -1


def test_every_verb_has_its_module() -> None:
    for verb in cli.VERBS.values():
        module = cli.load(verb)
        assert callable(module.register) and callable(module.run)


def test_every_code_is_in_the_catalogue() -> None:
    sources = Path(cli.__file__).parent.parent.rglob("*.py")
    raised = {
        code
        for source in sources
        for code in re.findall(r"(?:UserError|EnvironmentFault)\(\s*\"([a-z-]+)\"", source.read_text(encoding="utf-8"))
    }
    assert raised - catalogue().keys() == set()
