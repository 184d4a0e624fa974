# SPDX-License-Identifier: GPL-2.0-or-later
"""The command's standard streams: closed, full, of any encoding; and the one document of --json, whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import qpatch.cli.main as cli
from qpatch.cli.main import main
from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

LATIN = os.fsdecode(b"/none/caf\xe9\xc3\xa9")


def qpatch(words: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command through a shell, for its redirections: `words` are shell text, `arguments` its parameters."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m qpatch {words}', sys.executable, *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("encoding", ["", "utf-8:strict", "latin-1", "ascii:strict", "utf-8:surrogateescape"])
def test_the_document_is_utf_8_whatever_the_paths_and_the_encoding(encoding: str) -> None:
    done = qpatch('tree show "$1" --json', LATIN, PYTHONIOENCODING=encoding)
    document = json.loads(done.stdout.decode("utf-8"))
    assert (done.returncode, document["error"]["code"]) == (ExitCode.USAGE, "no-repository")
    assert LATIN in document["error"]["message"]  # an escape of JSON, which gives the path back


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
def test_messages_escape_what_the_terminal_cannot_show(encoding: str) -> None:
    done = qpatch('tree show "$1"', LATIN, PYTHONIOENCODING=encoding)
    assert done.returncode == ExitCode.USAGE
    assert b"caf\\udce9" in done.stderr and b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("completion bash >&-", ExitCode.OK),
        ("completion bash --json >&-", ExitCode.OK),
        ("completion bash <&- >&- 2>&-", ExitCode.OK),
        ("tree fetch nosuch 2>&-", ExitCode.USAGE),
        ("tree fetch nosuch 2>/dev/full", ExitCode.USAGE),
        ("tree fetch nosuch --json >/dev/full", ExitCode.USAGE),
        ("completion bash >/dev/full", ExitCode.ENVIRONMENT),
        ("completion bash --json >/dev/full 2>&1", ExitCode.ENVIRONMENT),
    ],
)
def test_a_stream_that_takes_nothing_does_not_change_the_exit_code(words: str, code: ExitCode) -> None:
    done = qpatch(words)
    assert done.returncode == code
    assert b"Traceback" not in done.stdout + done.stderr and b"bug" not in done.stderr


def test_a_file_that_is_opened_does_not_take_the_place_of_a_closed_stream() -> None:
    code = (
        "import os; from qpatch.cli.streams import prepare_streams; prepare_streams(); "
        "descriptor = os.open('/dev/null', os.O_RDONLY); raise SystemExit(descriptor)"
    )
    done = subprocess.run(["/bin/sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, code], check=False)
    assert done.returncode > 2


@pytest.mark.parametrize(("words", "variable"), [(["--json"], "0"), ([], "1"), (["--json", "-q"], "")])
def test_no_verb_has_a_document_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str], variable: str
) -> None:
    monkeypatch.setenv("QPATCH_JSON", variable)
    assert main(words) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert json.loads(captured.out)["error"]["code"] == "usage" and "usage: qpatch" in captured.err


def raising(error: BaseException) -> Callable[[cli.Verb], object]:
    class Raising:
        def register(self, parser: object) -> None:
            pass

        def run(self, arguments: object, output: object) -> ExitCode:
            raise error

    return lambda _verb: Raising()


def test_an_interrupt_and_a_bug_have_a_document_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "load", raising(KeyboardInterrupt()))
    assert main(["tree", "--json"]) == ExitCode.INTERRUPTED
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "interrupted"
    monkeypatch.setattr(cli, "load", raising(ZeroDivisionError("by zero")))
    with pytest.raises(ZeroDivisionError):
        main(["tree", "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["message"]) == ("bug", "a bug in qpatch: ZeroDivisionError: by zero")
