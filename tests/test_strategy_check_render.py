# SPDX-License-Identifier: GPL-2.0-or-later
"""What a render refuses without looking at its tree, `strategy check` refuses too: the same words at the same line."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli_support import isolate, make_tree, use_capabilities
from strategy_support import CAPABILITIES, STRATEGY, TEMPLATES, line_of, write_strategy

import qpatch
from qpatch import api
from qpatch.series.model import RenderOptions
from qpatch.strategy.check import check_file

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN = {"qemu": tuple(CAPABILITIES), "linux": ()}
HUNK = STRATEGY[STRATEGY.index("          hunk: |2") : STRATEGY.index("        - after:")]
ADDITION = STRATEGY[STRATEGY.index("        - after:") :]
START = STRATEGY[STRATEGY.index("        - in: function start") : STRATEGY.index("        - after:")]


@dataclass(frozen=True)
class Fault:
    """A mistake: its code, what is written instead of what, and the words whose line is named ('' for no line)."""

    code: str
    old: str
    new: str
    at: str
    templates: Mapping[str, str] = field(default_factory=dict)


def _hunk(*lines: str) -> str:
    return "          hunk: |2\n" + "".join(f"            {line}\n" for line in lines)


def _edit(*lines: str) -> str:
    return "".join(f"{'        - ' if number == 0 else ' ' * 10}{line}\n" for number, line in enumerate(lines))


def _everywhere(*lines: str, key: str = "why: words") -> str:
    return _edit("in: tree", "expect: 1", key, "everywhere: |2", *(f"  {line}" for line in lines))


FAULTS = [
    Fault("strategy-syntax", "name: demo", "name: [demo", "title:"),
    Fault("strategy-duplicate-key", "option: O1", "option: O1\noption: O2", "option: O2"),
    Fault("strategy-unknown-key", "option: O1", "optoin: O1", "optoin"),
    Fault("strategy-invalid", "option: O1", "option: [O1]", "option:"),
    Fault("strategy-invalid", '"demo: Call the new function"', '"demo: Call\\n\\nit"', "subject:"),
    Fault("strategy-name", "name: demo", "name: other", "name:"),
    Fault("strategy-too-large", "option: O1", "# " + "x" * (1 << 20) + "\noption: O1", ""),
    Fault("hunk-gutter", "  - old_call();", "  = old_call();", "= old_call"),
    Fault("hunk-gutter", "hunk: |2", "hunk: |", "hunk: |"),
    Fault("bad-anchor", "- in: function start", "- in: funtion start", "- in: funtion"),
    Fault("bad-anchor", "- in: function start", "- in: function", "- in: function"),
    Fault("bad-anchor", "in: function start\n          path: hw/demo.c", "in: includes", "- in: includes"),
    Fault("bad-anchor", START, _edit("move: function start", "to: behind function old"), "to: behind"),
    Fault("bad-anchor", START, _edit("move: function start", "to: after function start"), "- move:"),
    Fault("bad-anchor", START, _edit("in: enum E", "beside: A", "add: B"), "beside:"),
    Fault(
        "bad-use", "- in: function start", "- use: demo/shared.yaml\n          in: function start", "in: function start"
    ),
    Fault("path-leaves-tree", "path: hw/demo.c", "path: ../demo.c", "path:"),
    Fault("text-anchor", "path: hw/demo.c", "path: hw/Kconfig", "- in: function"),
    Fault(
        "text-anchor",
        START,
        _edit("move: section config A", "path: hw/Kconfig", "to: after function start"),
        "- move:",
    ),
    Fault("anchor-operation", START, _edit("delete: includes", "path: hw/demo.c"), "- delete:"),
    Fault("bad-anchor", START, _edit("delete: file", "path: hw/demo.c"), "- delete:"),
    Fault("bad-anchor", START, _edit("create: hw/", "text: words"), "- create:"),
    Fault("binary-file", START, _edit("create: hw/new.c", 'text: "@{{ bytes(0) }}"'), "bytes(0)"),
    Fault("template-failed", START, _edit("create: hw/new.c", 'text: "@{{ bytes(999) }}"'), "bytes(999)"),
    Fault(
        "anchor-operation",
        START,
        _edit("in: signature start", "one-of:", "  - |2", "    - void start(void)", "    + int start(void)")
        + "            - |2\n              - void start()\n              + int start()\n",
        "- in: signature",
    ),
    Fault("add-needs-block", START, _edit("in: function start", "add: call();"), "- in: function"),
    Fault("add-needs-block", START, _edit("in: struct S", "add: /* words */"), "- in: struct"),
    Fault("hunk-syntax", HUNK, _hunk("  first();", "- if (x) {"), "- if (x) {"),
    Fault("hunk-syntax", HUNK, _hunk("  first();", "- a = = b;", "+ a = b;"), "- a = = b;"),
    Fault("hunk-syntax", HUNK, _hunk("  first();", "- a(", "-   b);", "+ a(b) + ;"), "+ a(b) + ;"),
    Fault("hunk-syntax", HUNK, _hunk("- call($a);", "+ call($a, $b);"), "+ call($a, $b);"),
    Fault(
        "hunk-syntax",
        HUNK,
        _hunk("@{% if not fast %}", "  x();", "- y() + ;", "@{% else %}", "- y();", "@{% endif %}"),
        "- y()",
    ),
    Fault("hunk-syntax", START, _everywhere("- old_call() x", "+ a()"), "- old_call() x"),
    Fault("hunk-syntax", START, _everywhere("- a()", "+ b($x)"), "+ b($x)"),
    Fault("bad-replacement", START, _everywhere("- a()", "+ b()", key="also-in: [comments]"), "also-in:"),
    Fault("strategy-invalid", START, _everywhere("- a()", "+ b()", key="at-least: 2"), "expect: 1"),
    Fault("strategy-invalid", "path: hw/demo.c", "path: hw/demo.c\n          at-least: 2", "at-least: 2"),
    Fault("bad-anchor", START, _everywhere("- a()", "+ b()", key="path: a.c"), "- in: tree"),
    Fault("anchor-operation", "in: function start\n          path: hw/demo.c", "in: tree", "- in: tree"),
    Fault("hunk-syntax", "static void extra(void)", "static void extra(void))", "static void extra(void))"),
    Fault("hunk-syntax", START, _edit("in: struct S", "add: |", "  int a;", "  int b c d;"), "int b c d"),
    Fault(
        "hunk-syntax",
        "          add: |\n            static void extra(void)\n            {\n            }\n",
        "          add-template: demo/extra.j2\n",
        "int two three",
        {"demo/extra.j2": "@{# words #}\nint one;\nint two three;\n"},
    ),
    Fault("template-missing", "cover: demo/cover.j2", "cover: demo/none.j2", "cover:"),
    Fault("template-syntax", "+ new_call(@{{ limit }});", "+ new_call(@{{ limit );", "+ new_call"),
    Fault("template-undefined", "@{{ limit }}", "@{{ limits }}", "+ new_call"),
    Fault("template-undefined", "path: hw/demo.c", 'path: "hw/@{{ nam }}.c"', "path:"),
    Fault("template-unsafe", "@{{ limit }}", "@{{ limit.__class__ }}", "+ new_call"),
    Fault("template-failed", "@{{ limit }}", "@{{ 1 // 0 }}", "+ new_call"),
    Fault("template-failed", "@{{ limit }}", "@{{ '{'.format(limit) }}", "+ new_call"),
    Fault("template-failed", "when: has_extra", "when: limit < 'x'", "when: limit"),
    Fault("version-compared", "when: has_extra", "when: tree.release < 10.1", "when: tree.release"),
    Fault("invalid-trailer", '"Suggested-by: Jane', '"suggested by Jane', "trailers:"),
    Fault("invalid-trailer", '"Suggested-by: Jane', '"Signed-off-by: Jane', "trailers:"),
    Fault("message-not-mailable", '"demo: Call the new function"', '"[PATCH] demo: Call it"', "subject:"),
    Fault(
        "message-not-mailable",
        "name: demo",
        "name: demo",
        "diff --git",
        {"demo/01-call.j2": "@{# words #}\nIt was.\n\ndiff --git a b\n"},
    ),
]

# What a strategy alone does not bring about: `--set`, `strategy new`, words that only `check` minds, code of the tree.
OTHER_CODES = {
    *("parameter-syntax", "parameter-type", "unknown-parameter"),
    *("file-exists", "unknown-strategy", "no-such-directory"),
    *("strategy-message", "strategy-skeleton", "too-deep", "too-many-ways"),
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tree(tmp_path_factory.mktemp("tree"))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.code}: {fault.new.strip()[:30]}")
def test_check_says_what_render_says(fault: Fault, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isolate(tmp_path, monkeypatch)
    use_capabilities(monkeypatch, {**CAPABILITIES, "has_extra": True})
    assert fault.old in STRATEGY
    text = STRATEGY.replace(fault.old, fault.new)
    templates = {**TEMPLATES, **fault.templates}
    file = write_strategy(tmp_path, text, templates)
    rendered = _refusal_of_render(file, tree)
    found = {(problem.code, problem.message, str(problem.where)) for problem in check_file(file, KNOWN)}
    assert rendered in found and rendered[0] == fault.code
    places = {f"templates/{name}": content for name, content in fault.templates.items()} or {
        "strategies/demo.yaml": text
    }
    if fault.at:
        assert [rendered[2].split(":")[:2]] == [[name, str(line_of(words, fault.at))] for name, words in places.items()]


def _refusal_of_render(file: Path, tree: Path) -> tuple[str, str, str]:
    """Return code, message and place of what a render on `tree` fails with."""
    try:
        strategies = api.load_strategies([str(file)])
    except api.QpatchError as error:
        return error.code, error.message, str(error.where)
    (result,) = api.render(strategies, [str(tree)], RenderOptions(Path("out")), dry_run=True)
    assert result.error is not None, result.reason
    return result.error.code, result.error.message, str(result.error.where)


def test_every_code_is_compared() -> None:
    package = Path(qpatch.__file__).parent
    raised = {
        code
        for room in ("strategy", "csource")
        for file in (package / room).rglob("*.py")
        for code in _codes_raised(ast.parse(file.read_text()))
    }
    assert raised - OTHER_CODES == {fault.code for fault in FAULTS}


def _codes_raised(module: ast.Module) -> set[str]:
    """Return the codes of the errors that a module makes by UserError("code", ...), of HunkError too."""
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    made = [call.args[0] for call in calls if ast.unparse(call.func) in ("UserError", "super().__init__") if call.args]
    return {str(code.value) for code in made if isinstance(code, ast.Constant)}
