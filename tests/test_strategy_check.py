# SPDX-License-Identifier: GPL-2.0-or-later
"""What `strategy check` finds without a tree, in a skeleton too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from strategy_support import STRATEGY, TEMPLATES, line_of, write_strategy

from qpatch.errors import UserError
from qpatch.strategy import check
from qpatch.strategy.check import check_file, unfit_anywhere
from qpatch.strategy.load import load_strategy
from qpatch.strategy.places import strategy_directories, template_directories
from qpatch.strategy.start import new_strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN = {"qemu": ("has_new", "has_old", "has_extra"), "linux": ("has_region",)}
HUNK = STRATEGY[STRATEGY.index("          hunk: |2") : STRATEGY.index("        - after:")]


def problems(
    directory: Path, *replacements: tuple[str, str], templates: Mapping[str, str] = TEMPLATES
) -> list[UserError]:
    """Return what is wrong with the small strategy after `replacements`."""
    text = STRATEGY
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return check_file(write_strategy(directory, text, templates), KNOWN)


def test_a_good_strategy_passes(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


def test_what_is_wrong_anywhere_is_looked_for_once_for_all_trees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strategy = load_strategy(write_strategy(tmp_path, STRATEGY, TEMPLATES))
    assert unfit_anywhere(strategy, KNOWN) == []
    unknown = unfit_anywhere(strategy, {**KNOWN, "qemu": ("has_new",)})
    assert {problem.code for problem in unknown} == {"template-undefined"}
    monkeypatch.setattr(check, "NameCheck", None)
    assert unfit_anywhere(strategy, KNOWN) == []
    assert unfit_anywhere(strategy, {**KNOWN, "qemu": frozenset({"has_new"})}) == unknown


def test_problems_of_the_schema_are_all_listed(tmp_path: Path) -> None:
    found = problems(tmp_path, ("option: O1", "optoin: O1"), ("          path:", "          pat:"))
    assert [problem.code for problem in found] == ["strategy-unknown-key"] * 2


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("landed: {when: has_new", "landed: {when: has_nwe", "landed:"),
        ("- {when: not has_old", "- {when: not has_nwe", "- {when"),
        ("when: has_extra", "when: has_nwe", "when: has_extra"),
        ("+ new_call(@{{ limit }});", "+ new_call(@{{ has_nwe }});", "+ new_call"),
        ("why: the old one", "why: the @{{ has_nwe }} one", "why:"),
        ('subject: "demo: Call', 'subject: "demo: @{{ has_nwe }} Call', "subject:"),
    ],
)
def test_an_unknown_capability_is_found_wherever_it_is(tmp_path: Path, old: str, new: str, at: str) -> None:
    (problem,) = problems(tmp_path, (old, new))
    assert problem.code == "template-undefined" and "'has_nwe'" in problem.message
    assert problem.hint == "Did you mean 'has_new'?"
    assert problem.where is not None and problem.where.line == line_of(STRATEGY, at)


def test_an_unknown_name_in_an_imported_template_is_placed_there(tmp_path: Path) -> None:
    macros = "@{# macros #}\n@{% macro m() %}\n@{{ has_nwe }}@{% endmacro %}\n"
    templates = {
        **TEMPLATES,
        "common/m.j2": macros,
        "demo/01-call.j2": '@{% from "common/m.j2" import m with context %}\n@{{ m() }}\n',
    }
    (problem,) = problems(tmp_path, templates=templates)
    assert problem.where is not None and str(problem.where).endswith("templates/common/m.j2:3")


def test_a_capability_of_the_other_component_is_unknown(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, ("when: has_extra", "when: has_region"))
    assert "'has_region'" in problem.message


@pytest.mark.parametrize(
    ("templates", "code", "line"),
    [
        ({"demo/cover.j2": "a\n@{% for x in %}\n"}, "template-syntax", 2),
        ({"demo/01-call.j2": "@{{ limit | nofilter }}\n"}, "template-syntax", 1),
    ],
)
def test_templates_that_do_not_parse(tmp_path: Path, templates: dict[str, str], code: str, line: int) -> None:
    (problem,) = problems(tmp_path, templates={**TEMPLATES, **templates})
    assert problem.code == code and problem.where is not None and problem.where.line == line


def test_a_missing_template(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, ("cover: demo/cover.j2", "cover: demo/letter.j2"))
    assert problem.code == "template-missing"
    assert problem.where is not None and problem.where.line == line_of(STRATEGY, "cover:")


def test_a_hunk_that_does_not_parse(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, ("- old_call();", "- if (x) {"))
    assert problem.code == "hunk-syntax"
    assert problem.where is not None and problem.where.line == line_of(STRATEGY, "- old_call();")


def test_a_hunk_for_one_kind_of_tree_is_judged_on_that_kind(tmp_path: Path) -> None:
    hunk = (
        "          hunk: |2\n            @{% if has_old %}\n            - old_call();\n"
        "            @{% else %}\n            - if (x) {\n            @{% endif %}\n"
        "            + new_call();\n"
    )
    assert problems(tmp_path, (HUNK, "          when: has_old\n" + hunk)) == []
    (problem,) = problems(tmp_path, (HUNK, "          when: not has_old\n" + hunk))
    assert problem.code == "hunk-syntax"


def _hunk(*lines: str) -> str:
    return "          hunk: |2\n" + "".join(f"            {line}\n" for line in lines)


@pytest.mark.parametrize("condition", ["has_extra", "not has_extra", "fast", "limit > 4 or fast"])
def test_a_fault_in_one_arm_is_found(tmp_path: Path, condition: str) -> None:
    hunk = _hunk(f"@{{% if {condition} %}}", "- old_call() + ;", "@{% else %}", "- old_call();", "@{% endif %}")
    (problem,) = problems(tmp_path, (HUNK, hunk))
    assert problem.code == "hunk-syntax" and "does not parse as C" in problem.message


@pytest.mark.parametrize("key", ["void", "when"])
def test_arms_for_one_capability_or_another_need_no_third(tmp_path: Path, key: str) -> None:
    """Which mixtures of capabilities exist is not known: with neither of them the hunk would be empty."""
    hunk = _hunk("@{% if has_old %}", "- old_call();", "@{% elif has_extra %}", "- extra();", "@{% endif %}")
    if key == "when":
        hunk = "          when: has_old or has_extra\n" + hunk
    assert problems(tmp_path, (HUNK, hunk)) == []


def test_what_the_strategy_excludes_is_not_tried(tmp_path: Path) -> None:
    hunk = _hunk("@{% if has_old %}", "- old_call();", "@{% else %}", "- this is no C", "@{% endif %}")
    assert problems(tmp_path, (HUNK, hunk)) == []  # the strategy is void without has_old
    assert problems(tmp_path, (HUNK, hunk), ("not has_old, reason", "has_extra, reason"))


def test_the_other_value_of_a_parameter_is_tried_in_messages(tmp_path: Path) -> None:
    templates = {**TEMPLATES, "demo/cover.j2": "a\n@{% if fast %}@{{ 1 // 0 }}@{% endif %}\n"}
    (problem,) = problems(tmp_path, templates=templates)
    assert problem.code == "template-failed"


def test_many_names_are_not_mixed(tmp_path: Path) -> None:
    names = tuple(f"has_{number}" for number in range(30))
    lines = [line for name in names for line in (f"@{{% if {name} %}}", f"- {name}();", "@{% endif %}")]
    text = STRATEGY.replace(HUNK, _hunk("  first();", *lines, "@{% if has_7 %}", "- + ;", "@{% endif %}"))
    file = write_strategy(tmp_path, text)
    (problem,) = check_file(file, {**KNOWN, "qemu": (*KNOWN["qemu"], *names)})
    assert problem.code == "hunk-syntax"


def test_a_bad_anchor(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, ("- in: function start", "- in: funtion start"))
    assert problem.code == "bad-anchor" and "Did you mean 'function'?" in problem.hint


@pytest.mark.parametrize(
    ("old", "new", "said", "at"),
    [
        ("demo: Call the new function", "Call the new function", "does not begin with `subsystem: `", "subject:"),
        ("demo: Call the new function", "demo: " + "x" * 80, "at most 76", "subject:"),
        ('"Suggested-by: Jane', '"suggested-by: Jane', "is not `Key: value`", "trailers:"),
    ],
)
def test_messages(tmp_path: Path, old: str, new: str, said: str, at: str) -> None:
    problem = problems(tmp_path, (old, new))[0]
    assert problem.code == "strategy-message" and said in problem.message
    assert problem.where is not None and problem.where.line == line_of(STRATEGY, at)


def test_a_picked_patch_keeps_its_subject(tmp_path: Path) -> None:
    picked = "picked-from: {commit: " + "a" * 40 + ', author: "Jane Doe <jane@example.org>", message: kept}'
    subject = "subject: 'Revert \"demo: " + "x" * 80 + "\"'"
    text = STRATEGY.replace('subject: "demo: Call the new function"', f"{subject}\n      {picked}")
    templates = {**TEMPLATES, "demo/cover.j2": "Without the subjects.\n"}
    assert not check_file(write_strategy(tmp_path, text, templates), KNOWN)


def test_long_lines_are_placed_in_their_template(tmp_path: Path) -> None:
    body = (
        "Short.\n@{% if has_extra %}\nx\n@{% endif %}\n"
        + "word " * 20
        + "\nFixes: 012345678901 ("
        + "w " * 40
        + ")\nhttps://"
        + "x" * 90
        + "\n"
    )
    (problem,) = problems(tmp_path, templates={**TEMPLATES, "demo/01-call.j2": body})
    assert "at most 76" in problem.message
    assert problem.where is not None and str(problem.where).endswith("templates/demo/01-call.j2:5")


def test_a_parameter_hides_nothing(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, ("  fast: {", "  has_old: {"))
    assert "hides a capability" in problem.message


def test_an_untouched_skeleton_is_told_line_by_line(tmp_path: Path) -> None:
    files = new_strategy("my-option", tmp_path / "strategies")
    found = check_file(files[0], KNOWN)
    assert {problem.code for problem in found} == {"strategy-skeleton"}
    places = {(Path(problem.where.file).name, problem.where.line) for problem in found if problem.where}
    assert places == {
        (file.name, number)
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if "TODO" in line
    }


def test_a_skeleton_that_was_filled_in_passes_and_may_have_a_todo_of_its_own(tmp_path: Path) -> None:
    files = new_strategy("my-option", tmp_path / "strategies")
    for file in files:
        file.write_text(file.read_text().replace("TODO: ", "").replace("TODO_", "my_"))
    files[1].write_text("The mail.\n\nTODO: the other device models.\n")
    assert check_file(files[0], KNOWN) == []


def test_a_single_patch_needs_no_cover_letter(tmp_path: Path) -> None:
    text = STRATEGY.replace("  cover: demo/cover.j2\n", "")
    assert check_file(write_strategy(tmp_path, text), KNOWN) == []
    again = STRATEGY[STRATEGY.index("    - subject:") : STRATEGY.index("        - after:")]
    (problem,) = check_file(write_strategy(tmp_path, text + again.replace("demo: Call", "demo: Use")), KNOWN)
    assert "needs `cover`" in problem.message
    assert problem.where is not None and problem.where.line == line_of(text, "qemu:")


def test_a_subject_comes_once_in_a_series(tmp_path: Path) -> None:
    again = STRATEGY[STRATEGY.index("    - subject:") : STRATEGY.index("        - after:")]
    found = check_file(write_strategy(tmp_path, STRATEGY + again), KNOWN)
    assert [(problem.code, problem.where.line) for problem in found if problem.where] == [
        ("strategy-message", STRATEGY.count("\n") + 1)
    ]
    assert "is that of patch 1 already" in found[0].message


def test_patches_of_different_trees_may_have_one_subject(tmp_path: Path) -> None:
    first = STRATEGY.replace("      trailers:", "      when: has_extra\n      trailers:")
    again = STRATEGY[STRATEGY.index("    - subject:") : STRATEGY.index("        - after:")]
    text = first + again.replace("      trailers:", "      when: not has_extra\n      trailers:")
    assert check_file(write_strategy(tmp_path, text), KNOWN) == []


def test_a_skeleton_overwrites_nothing(tmp_path: Path) -> None:
    new_strategy("my-option", tmp_path / "strategies")
    with pytest.raises(UserError, match="exists already"):
        new_strategy("my-option", tmp_path / "strategies")


def test_a_skeleton_needs_a_fit_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no name"):
        new_strategy("../evil", tmp_path / "strategies")
    assert list(tmp_path.iterdir()) == []


def test_directories_come_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("option", "environment", "work/strategies", "data/qpatch/strategies"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("QPATCH_STRATEGIES", str(tmp_path / "environment"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path / "work")
    found = strategy_directories((tmp_path / "option", tmp_path / "none"))
    assert [directory.resolve().relative_to(tmp_path) for directory in found[:4]] == [
        (tmp_path / name).relative_to(tmp_path)
        for name in ("option", "environment", "work/strategies", "data/qpatch/strategies")
    ]


def test_templates_of_the_strategy_come_before_the_shipped_ones(tmp_path: Path) -> None:
    file = write_strategy(tmp_path)
    assert template_directories(file)[0] == (tmp_path / "templates").resolve()
