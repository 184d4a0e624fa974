# SPDX-License-Identifier: GPL-2.0-or-later
"""Where output goes: stdout, stderr, JSON, terminal."""

from __future__ import annotations

import io
import json

import pytest

from qpatch.cli.output import Output


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def spoken(output: Output) -> tuple[str, str]:
    """Let `output` say one thing of each kind; return what came out on stdout and stderr."""
    output.message("message")
    output.detail("detail")
    output.error("error")
    output.text("text")
    output.table("Title", ("a", "b"), [("1", "[bold]2"), ("long", "")])
    output.document({"version": 1, "name": "é"})
    assert isinstance(output.stdout, io.StringIO) and isinstance(output.stderr, io.StringIO)
    return output.stdout.getvalue(), output.stderr.getvalue()


def test_plain() -> None:
    out, err = spoken(Output(stdout=io.StringIO(), stderr=io.StringIO()))
    assert out == "text\na     b\n1     [bold]2\nlong\n" and err == "message\nerror\n"


@pytest.mark.parametrize(("verbosity", "told"), [(-1, "error\n"), (1, "message\ndetail\nerror\n")])
def test_verbosity(verbosity: int, told: str) -> None:
    assert spoken(Output(verbosity=verbosity, stdout=io.StringIO(), stderr=io.StringIO()))[1] == told


def test_json_is_alone_on_stdout() -> None:
    output = Output(json=True, stdout=io.StringIO(), stderr=io.StringIO())
    assert json.loads(spoken(output)[0]) == {"version": 1, "name": "é"}
    with pytest.raises(RuntimeError):
        output.document({})


def test_a_terminal_gets_a_table_without_markup_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    out, _ = spoken(Output(stdout=Terminal(), stderr=io.StringIO()))
    assert "Title" in out and "[bold]2" in out and "━" in out
    assert "\x1b[3" not in out.replace("\x1b[3m", "")


def test_progress_shows_on_a_terminal_only() -> None:
    for stream, shown in ((io.StringIO(), False), (Terminal(), True)):
        output = Output(stdout=io.StringIO(), stderr=stream)
        with output.progress("rendering", 2) as progress:
            progress.advance()
            progress.describe("demo")
        assert bool(stream.getvalue()) is shown


def test_progress_is_quiet_when_asked() -> None:
    stream = Terminal()
    with Output(verbosity=-1, stdout=io.StringIO(), stderr=stream).progress("rendering", 2) as progress:
        progress.advance()
    assert stream.getvalue() == ""
