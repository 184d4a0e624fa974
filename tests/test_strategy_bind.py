# SPDX-License-Identifier: GPL-2.0-or-later
"""Binding a strategy to a tree: what is rendered, what is asked of the tree, what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pytest
from strategy_support import CAPABILITIES, STRATEGY, TEMPLATES, bind, line_of, load

from qpatch.csource.edit import (
    AddOperation,
    DeleteOperation,
    HunkOperation,
    MoveOperation,
    Position,
)
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.hunk import parse_hunk
from qpatch.errors import UserError
from qpatch.strategy.origins import source_line

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.strategy.bind import Binding

EDIT = STRATEGY[STRATEGY.index("        - after: function start\n") :]


class CountingCapabilities(Mapping[str, bool]):
    """Capabilities that remember which were computed."""

    def __init__(self, values: Mapping[str, bool]) -> None:
        self.values_of = dict(values)
        self.computed: list[str] = []

    def __getitem__(self, name: str) -> bool:
        self.computed.append(name)
        return self.values_of[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_of)

    def __len__(self) -> int:
        return len(self.values_of)

    def __contains__(self, name: object) -> bool:
        return name in self.values_of


def hunks(*texts: str) -> HunkOperation:
    return HunkOperation(tuple(parse_hunk(text) for text in texts))


def with_edit(directory: Path, edit: str) -> Binding:
    """Return the binding of the small strategy with its second edit replaced by `edit`."""
    return bind(load(directory, (EDIT, edit)))


def refused(
    directory: Path,
    *replacements: tuple[str, str],
    templates: Mapping[str, str] = TEMPLATES,
    parameters: Mapping[str, object] | None = None,
) -> UserError:
    """Return the error that binding the spoilt strategy ends with."""
    loaded = load(directory, *replacements, templates=templates)
    binding = bind(loaded, parameters=parameters)
    with pytest.raises(UserError) as caught:
        binding.standing()
        binding.cover(binding.patches())
    return caught.value


def test_a_patch_is_rendered(tmp_path: Path) -> None:
    (patch,) = bind(load(tmp_path)).patches()
    assert patch.subject == "demo: Call the new function"
    assert patch.body == "The old function is wrong.\n"
    assert patch.trailers == ("Suggested-by: Jane Doe <jane@example.org>",)
    (edit,) = patch.edits
    assert str(edit.anchor) == "function start" and edit.anchor.path == "hw/demo.c"
    assert edit.operation == hunks("  prepare();\n- old_call();\n+ new_call(4);\n")
    assert edit.why == "the old one is wrong" and edit.where.line == line_of(STRATEGY, "- in: function start")


def test_an_edit_with_a_false_condition_is_named_as_skipped(tmp_path: Path) -> None:
    (patch,) = bind(load(tmp_path)).patches()
    (skipped,) = patch.skipped
    assert skipped.anchor == "function start" and "`has_extra` is false on qemu-1.0" in skipped.reason
    assert skipped.where.line == line_of(STRATEGY, "- after: function start")


def test_an_edit_with_a_true_condition_is_kept(tmp_path: Path) -> None:
    (patch,) = bind(load(tmp_path), {**CAPABILITIES, "has_extra": True}).patches()
    assert patch.edits[1].operation == AddOperation("static void extra(void)\n{\n}\n")
    assert patch.edits[1].anchor.position is Position.AFTER and patch.skipped == ()
    assert patch.body == "The old function is wrong in every way.\n"


def test_a_patch_with_a_false_condition_is_not_wanted(tmp_path: Path) -> None:
    loaded = load(tmp_path, ("      body: demo", "      when: has_extra\n      body: demo"))
    (patch,) = bind(loaded).patches()
    assert patch.edits == () and "has_extra" in patch.unwanted


@pytest.mark.parametrize(("message", "reworded"), [("kept", False), ("reworded", True)])
def test_a_picked_patch_says_whose_its_message_is(tmp_path: Path, message: str, reworded: bool) -> None:
    picked = f'picked-from: {{commit: {"a" * 40}, author: "Jane Doe <jane@example.org>", message: {message}}}'
    (patch,) = bind(load(tmp_path, ("      body: demo", f"      {picked}\n      body: demo"))).patches()
    assert patch.picked is not None and patch.picked.reworded is reworded


@pytest.mark.parametrize(
    ("changed", "kind", "reason"),
    [
        ({}, "wanted", ""),
        ({"has_new": True}, "landed", "Upstream calls it on qemu-1.0."),
        ({"has_old": False}, "void", "There is nothing to replace."),
        ({"has_old": False, "has_new": True}, "landed", "Upstream calls it on qemu-1.0."),
    ],
)
def test_standing(tmp_path: Path, changed: dict[str, bool], kind: str, reason: str) -> None:
    standing = bind(load(tmp_path), {**CAPABILITIES, **changed}).standing()
    assert (standing.kind, standing.reason) == (kind, reason)


def test_only_capabilities_that_are_mentioned_are_computed(tmp_path: Path) -> None:
    capabilities = CountingCapabilities({**CAPABILITIES, "never_mentioned": True})
    binding = bind(load(tmp_path), capabilities)
    binding.standing()
    assert set(capabilities.computed) == {"has_new", "has_old"}
    binding.cover(binding.patches())
    assert set(capabilities.computed) == {"has_new", "has_old", "has_extra"}


def test_cover_lists_the_patches_of_the_series(tmp_path: Path) -> None:
    binding = bind(load(tmp_path))
    patches = binding.patches()
    assert binding.cover(patches) == ("On qemu-1.0: Calls the new function.\n - demo: Call the new function\n")
    assert binding.cover(()) == "On qemu-1.0: Calls the new function.\n"


def test_included_templates_see_capabilities_and_parameters(tmp_path: Path) -> None:
    templates = {
        **TEMPLATES,
        "common/m.j2": "@{% macro m() %}@{{ limit }} @{{ has_old }}@{% endmacro %}",
        "demo/01-call.j2": '@{% from "common/m.j2" import m with context %}@{{ m() }}\n',
    }
    (patch,) = bind(load(tmp_path, templates=templates)).patches()
    assert patch.body == "4 True\n"


def test_parameters_take_the_type_of_their_default(tmp_path: Path) -> None:
    loaded = load(tmp_path, ("- in: function start", "- in: function start\n          when: fast is sameas true"))
    (patch,) = bind(loaded, parameters={"fast": "yes", "limit": "7"}).patches()
    assert patch.edits[0].operation == hunks("  prepare();\n- old_call();\n+ new_call(7);\n")


@pytest.mark.parametrize(
    ("name", "value", "said"), [("limit", "many", "whole number"), ("fast", "perhaps", "true or false")]
)
def test_a_parameter_of_the_wrong_type(tmp_path: Path, name: str, value: str, said: str) -> None:
    error = refused(tmp_path, parameters={name: value})
    assert error.code == "parameter-type" and said in error.message


def test_operations_of_every_kind(tmp_path: Path) -> None:
    edits = """\
        - in: struct Device
          add: "bool late;"
          beside: before irq
        - delete: function old_call
          path: hw/demo.c
        - move: function start
          to: after function stop
        - in: includes
          path: hw/demo.c
          add: '#include "demo.h"'
        - in: function start(Device *$d, ...)
          guard: CONFIG_DEMO
          one-of:
            - |2
              - a();
              + b();
            - |2
              - c();
              + b();
        - before: function start
          add-template: demo/extra.j2
"""
    templates = {**TEMPLATES, "demo/extra.j2": "int limit = @{{ limit }};\n"}
    (patch,) = bind(load(tmp_path, (EDIT, edits), templates=templates)).patches()
    _, member, delete, move, include, one_of, added = patch.edits
    assert member.operation == AddOperation("bool late;", "irq", Position.BEFORE)
    assert isinstance(delete.operation, DeleteOperation) and delete.anchor.name == "old_call"
    assert isinstance(move.operation, MoveOperation)
    assert (move.operation.target.name, move.operation.target.position) == ("stop", Position.AFTER)
    assert include.anchor.kind is ANCHOR_KINDS["includes"] and include.anchor.name == ""
    assert (one_of.anchor.name, one_of.anchor.parameters, one_of.anchor.guard) == (
        "start",
        "(Device *$d, ...)",
        "CONFIG_DEMO",
    )
    assert one_of.operation == hunks("- a();\n+ b();\n", "- c();\n+ b();\n")
    assert added.operation == AddOperation("int limit = 4;\n") and added.anchor.position is Position.BEFORE


@pytest.mark.parametrize("path", ["../etc/passwd", "/etc/passwd", "hw/../../x.c", "hw\\demo.c"])
def test_a_path_that_leaves_the_tree(tmp_path: Path, path: str) -> None:
    error = refused(tmp_path, ("path: hw/demo.c", f"path: {path}"))
    assert error.code == "path-leaves-tree" and error.where is not None
    assert error.where.line == line_of(STRATEGY, "path: hw/demo.c")


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("in: function start", "in: funtion start", "'funtion'", "Did you mean 'function'?"),
        ("in: function start", "in: function", "names no function", "function NAME"),
        ("in: function start\n          path: hw/demo.c", "in: file", "needs `path:`", ""),
    ],
)
def test_bad_anchors(tmp_path: Path, old: str, new: str, message: str, hint: str) -> None:
    error = refused(tmp_path, (old, new))
    assert error.code == "bad-anchor" and message in error.message and hint in error.hint
    assert error.where is not None and error.where.line == line_of(STRATEGY, "- in: function start")


def test_a_hunk_that_is_incomplete_is_placed_in_the_file(tmp_path: Path) -> None:
    error = refused(tmp_path, ("            - old_call();", "            - if (x) {"))
    assert error.code == "hunk-syntax" and error.where is not None
    assert error.where.line == line_of(STRATEGY, "- old_call();")


def test_a_hunk_line_is_placed_behind_template_statements(tmp_path: Path) -> None:
    old = "            - old_call();"
    statements = "            @{% if fast %}\n            - fast();\n            @{% endif %}\n"
    error = refused(tmp_path, (old, statements + "            - if (x) {"))
    assert error.where is not None and error.where.line == line_of(STRATEGY, old) + 3


def test_source_lines_of_rendered_text() -> None:
    template = "a\n@{% if x %}\nb\n@{% endif %}\nc\n"
    assert [source_line(template, "a\nc\n", line) for line in (1, 2)] == [1, 5]
    assert [source_line(template, "a\nb\nc\n", line) for line in (1, 2, 3)] == [1, 3, 5]


@pytest.mark.parametrize(("body", "line"), [("@{{ has_ol }}\n", 1), ("a\n\n@{% if has_ol %}x@{% endif %}\n", 3)])
def test_an_undefined_variable_of_a_template(tmp_path: Path, body: str, line: int) -> None:
    error = refused(tmp_path, templates={**TEMPLATES, "demo/01-call.j2": body})
    assert error.code == "template-undefined" and "'has_ol' is undefined" in error.message
    assert error.where is not None and error.where.file.endswith("templates/demo/01-call.j2")
    assert error.where.line == line and error.hint == "Did you mean 'has_old'?"


def test_an_undefined_variable_of_a_hunk(tmp_path: Path) -> None:
    error = refused(tmp_path, ("@{{ limit }}", "@{{ limt }}"))
    assert error.code == "template-undefined" and error.hint == "Did you mean 'limit'?"
    assert error.where is not None and error.where.line == line_of(STRATEGY, "+ new_call")


def test_an_unknown_attribute(tmp_path: Path) -> None:
    error = refused(tmp_path, templates={**TEMPLATES, "demo/cover.j2": "@{{ tree.relase }}"})
    assert error.code == "template-undefined" and "relase" in error.message


def test_an_unknown_name_of_a_condition_is_found_even_where_it_would_not_count(tmp_path: Path) -> None:
    error = refused(tmp_path, ("when: has_new,", "when: has_new and hsa_old,"))
    assert error.code == "template-undefined" and error.hint == "Did you mean 'has_old'?"
    assert error.where is not None and error.where.line == line_of(STRATEGY, "landed:")


@pytest.mark.parametrize(
    "text",
    [
        "@{{ ''.__class__.__mro__ }}",
        "@{{ tree.__class__ }}",
        "@{{ strategy.update({}) }}",
        "@{% set x = patches.__init__.__globals__ %}@{{ x }}",
    ],
)
def test_templates_are_kept_from_python(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, templates={**TEMPLATES, "demo/cover.j2": f"fine\n{text}\n"})
    assert error.code == "template-unsafe" and error.where is not None
    assert error.where.file.endswith("demo/cover.j2") and error.where.line == 2


def test_conditions_are_kept_from_python(tmp_path: Path) -> None:
    error = refused(tmp_path, ("when: has_new,", "when: has_new.__class__.__mro__,"))
    assert error.code == "template-unsafe"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a\n@{% if x %}\n", "template-syntax", 2),
        ("a\n@{{ 'x' | uper }}\n", "template-syntax", 2),
        ("a\n@{{ 1 / 0 }}\n", "template-failed", 2),
        ("@{{ range(10 ** 9) | list }}\n", "template-failed", 1),
        # Raised by Python's own library, below the template.
        ("a\n@{{ '{'.format(1) }}\n", "template-failed", 2),
        ("a\n@{{ '{7}'.format(1) }}\n", "template-failed", 2),
        ("@{{ 'a b' | wordwrap(0) }}\n", "template-failed", 1),
        ("@{{ cycler | tojson }}\n", "template-failed", 1),
        ("@{{ " + "(" * 2000 + "1" + ")" * 2000 + " }}\n", "template-failed", None),
        ("@{% if 1 %}" * 1500 + "@{% endif %}" * 1500, "template-failed", None),
        ('@{% include "demo/none.j2" %}\n', "template-missing", None),
        ('@{% include "../strategies/demo.yaml" %}\n', "template-missing", None),
    ],
)
def test_faults_of_templates(tmp_path: Path, text: str, code: str, line: int | None) -> None:
    error = refused(tmp_path, templates={**TEMPLATES, "demo/cover.j2": text})
    assert error.code == code and error.where is not None
    if line is not None:
        assert error.where.file.endswith("demo/cover.j2") and error.where.line == line


def test_a_missing_template(tmp_path: Path) -> None:
    error = refused(tmp_path, ("body: demo/01-call.j2", "body: demo/02-call.j2"))
    assert error.code == "template-missing" and "'demo/02-call.j2'" in error.message
    assert error.where is not None and error.where.line == line_of(STRATEGY, "body: demo")


def test_a_bug_in_a_capability_is_no_fault_of_the_template(tmp_path: Path) -> None:
    class Broken(CountingCapabilities):
        def __getitem__(self, name: str) -> bool:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bind(load(tmp_path), Broken(CAPABILITIES)).standing()


def test_c_needs_no_escapes(tmp_path: Path) -> None:
    code = 'static T t[] = {{1}, {{2}}}; #define N(name) {#name, "{%s}", "<%d>"}'
    binding = with_edit(tmp_path, f"        - after: function start\n          add: |\n            {code}\n")
    (patch,) = binding.patches()
    assert patch.edits[1].operation == AddOperation(code + "\n")
