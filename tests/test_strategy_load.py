# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading strategy files: positions, and what is said of every kind of mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from strategy_support import STRATEGY, line_of, load, write_strategy

from qpatch.errors import UserError
from qpatch.strategy.document import read_document
from qpatch.strategy.load import InvalidStrategyError, load_strategy
from qpatch.strategy.schema import Strategy

if TYPE_CHECKING:
    from pathlib import Path


def fault(directory: Path, old: str, new: str) -> UserError:
    """Return the error for the small strategy with `old` replaced by `new`."""
    with pytest.raises(UserError) as caught:
        load(directory, (old, new))
    return caught.value


def place(error: UserError) -> tuple[int, int]:
    assert error.where is not None and error.where.file.endswith("strategies/demo.yaml")
    return error.where.line, error.where.column


def test_a_good_strategy_loads(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    assert (loaded.name, loaded.option, loaded.components) == ("demo", "O1", ("qemu",))
    assert loaded.model.proposer is not None and loaded.model.proposer.date == "2020-11-14"
    assert loaded.model.parameters["limit"].default == 4


def test_positions_of_hunks_are_those_of_their_content(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    path = ("qemu", "patches", 0, "edits", 0)
    assert loaded.document.value_place((*path, "hunk")).line == line_of(STRATEGY, "              prepare();")
    assert loaded.document.key_place((*path, "hunk")).line == line_of(STRATEGY, "hunk: |2")
    assert (
        loaded.document.value_place((*path, "in")).column
        == STRATEGY.splitlines()[line_of(STRATEGY, "in: function start") - 1].index("function") + 1
    )


def test_scalars_keep_their_types() -> None:
    data = read_document("a: 3\nb: true\nc: 2020-11-14\nd: '3'\ne: ~\nf: 010\ng: 1.5\n", "x").data
    assert data == {"a": 3, "b": True, "c": "2020-11-14", "d": "3", "e": None, "f": "010", "g": "1.5"}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [1\nb: 2\n", 2, 2),
        ("a: b: c\n", 1, 5),
        ("a:\n\tb: c\n", 2, 1),
        ("a: @{{ x }}\n", 1, 4),
        ("h: |4\n  - x\nb: 1\n", 2, 3),
        ("a: 1\n---\nb: 2\n", 2, 1),
        ("? [a]\n: b\n", 1, 3),
        ("a: &x 1\nb: *x\n", 2, 1),
        ("a: &x [*x]\n", 1, 1),
    ],
)
def test_yaml_errors_have_line_and_column(text: str, line: int, column: int) -> None:
    with pytest.raises(UserError) as caught:
        read_document(text, "demo.yaml")
    error = caught.value
    assert error.code == "strategy-syntax" and str(error.where) == f"demo.yaml:{line}:{column}"


def test_a_control_character_is_named() -> None:
    with pytest.raises(UserError, match=r"U\+0007") as caught:
        read_document("a: 1\nb: \x07\n", "demo.yaml")
    assert caught.value.where is not None and caught.value.where.line == 2


def test_empty_file() -> None:
    with pytest.raises(UserError, match="empty"):
        read_document("# nothing\n", "demo.yaml")


def test_not_utf8(tmp_path: Path) -> None:
    file = write_strategy(tmp_path)
    file.write_bytes(b"name: d\xe9mo\n")
    with pytest.raises(UserError, match="not UTF-8"):
        load_strategy(file)


def test_duplicate_key(tmp_path: Path) -> None:
    error = fault(tmp_path, "option: O1\n", "option: O1\ntitle: again\n")
    assert error.code == "strategy-duplicate-key" and place(error) == (4, 1)
    assert "line 2" in error.message


@pytest.mark.parametrize(
    ("old", "new", "key", "meant"),
    [
        ("summary: >-", "sumary: >-", "sumary", "summary"),
        ("          hunk: |2", "          hunks: |2", "hunks", "hunk"),
        ("landed: {when", "landed: {wen", "wen", "when"),
        ("{name: Jane Doe, message-id", "{name: Jane Doe, message_id", "message_id", "message-id"),
        ("limit: {default: 4", "limit: {defualt: 4", "defualt", "default"),
    ],
)
def test_unknown_key_is_placed_with_the_one_meant(tmp_path: Path, old: str, new: str, key: str, meant: str) -> None:
    error = fault(tmp_path, old, new)
    text = STRATEGY.replace(old, new)
    line = line_of(text, key)
    assert error.code == "strategy-unknown-key" and repr(key) in error.message
    assert place(error) == (line, text.splitlines()[line - 1].index(key) + 1)
    assert f"Did you mean {meant!r}?" in error.hint


PATH = "          path: hw/demo.c\n"
AFTER = "        - after: function start\n"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title: "demo: A small change"\n', "", "'title' is missing"),
        ("name: demo", "name: Demo Two", "'name' is not written as it must be"),
        ("message-id: 20201114.1@example.org", "message-id: <a@b>", "'message-id' is not written as it must be"),
        (PATH, PATH + "          expect: 0\n", "'expect': Input should be greater than or equal to 1"),
        (PATH, PATH + "          expect: two\n", "'expect' must be a whole number"),
        ("  limit: {default: 4, doc", "  a-b: {default: 4, doc", "not written as it must be"),
        ("for: [It is small.]", "for: It is small.", "'for' must be a list"),
        ("- in: function start\n", "- before: function start\n", "`hunk` edits the inside of its anchor"),
        (AFTER, "        - path: x.c\n", "`add` needs exactly one of in, after, before"),
        (AFTER, AFTER + "          delete: function x\n", "this one has add and delete"),
        (AFTER, AFTER + "          beside: after x\n", "`beside` places an addition inside its anchor"),
        (AFTER, AFTER + "          to: after function x\n", "`move` needs `to:"),
        ("      body: demo", "      partial: yes\n      body: demo", "'partial' has a value it cannot"),
    ],
)
def test_wrong_values(tmp_path: Path, old: str, new: str, said: str) -> None:
    error = fault(tmp_path, old, new)
    assert error.code == "strategy-invalid" and said in error.message
    assert place(error)[0] >= 1


def test_no_component(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="patches under `qemu:`, `linux:`"):
        load_strategy(write_strategy(tmp_path, STRATEGY[: STRATEGY.index("qemu:")]))


def test_text_that_yaml_took_for_a_mapping_is_explained(tmp_path: Path) -> None:
    error = fault(tmp_path, '["Suggested-by: Jane Doe <jane@example.org>"]', "[Suggested-by: Jane Doe]")
    assert "must be text" in error.message and "quoted" in error.hint


def test_name_and_file_agree(tmp_path: Path) -> None:
    error = fault(tmp_path, "name: demo", "name: other")
    assert error.code == "strategy-name" and "other.yaml" in error.hint


def test_all_problems_are_known_in_file_order(tmp_path: Path) -> None:
    with pytest.raises(InvalidStrategyError) as caught:
        load(tmp_path, ("option: O1", "optoin: O1"), ("          path: hw", "          pat: hw"))
    problems = caught.value.problems
    assert [problem.code for problem in problems] == ["strategy-unknown-key", "strategy-unknown-key"]
    assert [problem.where.line for problem in problems if problem.where] == [3, line_of(STRATEGY, "path: hw")]
    assert "1 more" in caught.value.hint


def hunk_fault(directory: Path, hunk: str) -> UserError:
    start, end = STRATEGY.index("          hunk: |2"), STRATEGY.index("        - after:")
    return fault(directory, STRATEGY[start:end], hunk)


def test_missing_indentation_indicator_is_explained(tmp_path: Path) -> None:
    error = fault(tmp_path, "hunk: |2", "hunk: |")
    assert error.code == "hunk-gutter" and "`|2` instead of `|`" in error.message
    assert place(error)[0] == line_of(STRATEGY, "hunk: |2")


def test_a_cut_off_addition_is_told_without_a_word_of_hunks(tmp_path: Path) -> None:
    start = STRATEGY.index("          add: |")
    end = STRATEGY.index("\n        - ", start) if "\n        - " in STRATEGY[start:] else len(STRATEGY)
    added = "          add: |\n                deeper();\n            code();\n"
    error = fault(tmp_path, STRATEGY[start:end], added)
    assert "needs an indentation indicator" in error.message and "gutter" not in error.message + error.hint
    assert "hunk" not in error.message + error.hint
    assert place(error)[0] == line_of(STRATEGY, "add: |")


def test_no_indicator_is_needed_where_the_gutter_survives(tmp_path: Path) -> None:
    kept = STRATEGY[STRATEGY.index("              prepare();\n") : STRATEGY.index("            - old_call")]
    loaded = load(tmp_path, ("hunk: |2", "hunk: |"), (kept, ""))
    assert loaded.model.qemu is not None
    assert loaded.model.qemu.patches[0].edits[0].hunk == "- old_call();\n+ new_call(@{{ limit }});\n"


def test_shifted_gutter_is_explained(tmp_path: Path) -> None:
    hunk = "          hunk: |2\n                prepare();\n              - old_call();\n"
    error = hunk_fault(tmp_path, hunk)
    assert "2 columns too far to the right" in error.message and "`|4`" in error.message


def test_line_without_gutter_is_placed(tmp_path: Path) -> None:
    error = hunk_fault(tmp_path, "          hunk: |2\n            - old_call();\n            new_call();\n")
    assert "has no gutter: 'new_call();'" in error.message
    assert place(error)[0] == line_of(STRATEGY, "hunk: |2") + 2


@pytest.mark.parametrize(
    ("hunk", "said"),
    [
        ("          hunk: >2\n            - a();\n            + b();\n", "joins its lines"),
        ('          hunk: "- a();\\n+ b();\\n"\n', "written as a block"),
        ("          hunk: |2\n              prepare();\n", "changes nothing"),
    ],
)
def test_other_hunk_styles(tmp_path: Path, hunk: str, said: str) -> None:
    assert said in hunk_fault(tmp_path, hunk).message


def test_hunks_of_one_of_are_checked_too(tmp_path: Path) -> None:
    hunk = (
        "          one-of:\n            - |2\n              - a();\n              + b();\n"
        "            - |\n                a();\n              + b();\n"
    )
    error = hunk_fault(tmp_path, hunk)
    assert "indentation indicator" in error.message
    assert place(error)[0] == line_of(STRATEGY, "hunk: |2") + 4


def picked(extra: str, *trailers: str) -> tuple[str, str]:
    """Return a replacement that makes the patch one that Jane Doe has made."""
    about = f'commit: {"a" * 40}, author: "Jane Doe <jane@example.org>", trailers: [{", ".join(trailers)}], {extra}'
    return "      body: demo", f"      picked-from: {{{about}}}\n      body: demo"


JANE, REVIEWED = '"Signed-off-by: Jane <JANE@example.org>"', '"Reviewed-by: Joe <joe@example.org>"'
PASSED_ON = '"Signed-off-by: Joe <joe@example.org>"'


@pytest.mark.parametrize(
    ("extra", "trailers", "said"),
    [
        ("message: reworded", (JANE, REVIEWED), "not to this message: leave it out"),
        ("message: reworded", (JANE, PASSED_ON), "not to this message: leave it out"),
        ("message: kept, how: backported, differs: no default", (REVIEWED, JANE), "not to this change: leave it out"),
        ("message: kept, how: backported", (JANE,), "tells by `differs` what it changes"),
        ("message: kept, differs: '[off]'", (JANE,), "is not written as it must be"),
    ],
)
def test_approvals_of_a_commit_are_not_those_of_what_was_made_of_it(
    tmp_path: Path, extra: str, trailers: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InvalidStrategyError) as caught:
        load(tmp_path, picked(extra, *trailers))
    (problem,) = caught.value.problems
    assert said in problem.message and place(problem)[0] == line_of(STRATEGY, "body: demo")


@pytest.mark.parametrize(
    ("extra", "trailers"),
    [
        ("message: kept", (JANE, REVIEWED, PASSED_ON)),
        ("message: reworded, how: backported, differs: no default", (PASSED_ON, JANE)),
    ],
)
def test_a_commit_as_it_is_keeps_its_approvals_and_another_one_its_origin(
    tmp_path: Path, extra: str, trailers: tuple[str, ...]
) -> None:
    model = load(tmp_path, picked(extra, *trailers)).model.qemu
    assert model is not None and model.patches[0].picked_from is not None
    assert len(model.patches[0].picked_from.trailers) == len(trailers)


def test_json_schema_uses_the_keys_of_the_file() -> None:
    schema = Strategy.model_json_schema()
    assert schema["additionalProperties"] is False
    assert {"one-of", "add-template", "in"} <= schema["$defs"]["EditModel"]["properties"].keys()
