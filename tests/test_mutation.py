# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutation testing: what is changed and what is not, a sample that can be repeated, and what becomes of a mutant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from series_support import git

from bench.mutation.mutants import mutants_by_place, sample
from bench.mutation.report import document, stale, survivors_in, table
from bench.mutation.settings import Room, Settings, load_equivalents, load_settings
from bench.mutation.trials import Baseline, Copy, TestRunError, Trial, TrialStatus

if TYPE_CHECKING:
    from pathlib import Path

    from bench.mutation.mutants import Mutant

FILE = "qpatch/room/code.py"
CODE = """\
def most(values, least=0):
    for value in values:
        if value > least and value not in (7, 9):
            least = value
    return least


def countdown(count):
    while count > 0:
        count -= 1
    return count == 0
"""
TESTS = """\
from qpatch.room.code import countdown, most


def test_most():
    assert most([3, 5, 4]) == 5


def test_countdown():
    countdown(3)
"""


def mutated(source: str) -> set[str]:
    """Return the lines that become of the one line `source`."""
    return {mutant.mutated for place in mutants_by_place(FILE, source + "\n") for mutant in place}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("a is not b", {"a is b"}),
        ("(a) not in (b)", {"(a) in (b)"}),
        ("a == b != c", {"a != b != c", "a == b == c"}),
        ("a or (b and c)", {"a and (b and c)", "a or (b or c)"}),
        ("total += 2", {"total -= 2", "total += 3", "total += 1"}),
        ("a - b * c", {"a + b * c", "a - b // c"}),
        ("x = not a", {"x = a"}),
        ("x = -1", {"x = 1", "x = -2", "x = -0"}),
        ("x = True", {"x = False"}),
        ("x = 'name'", {"x = ''"}),
        ("x = a[b:c]", {"x = a[:c]", "x = a[b:]"}),
        ("x = b if a else c", {"x = b if not a else c"}),
        ("x = [a for a in b if a]", {"x = [a for a in b if not a]"}),
        ("def f(a: int = 0) -> int: return a", {
            "def f(a: int = 1) -> int: return a",
            "def f(a: int = -1) -> int: return a",
            "def f(a: int = 0) -> int: return None",
        }),
        ("for a in b: break", {"for a in b: continue"}),
        ("élan = 'été', 1", {"élan = '', 1", "élan = 'été', 2", "élan = 'été', 0"}),
    ],
)  # fmt: skip
def test_one_token_is_changed(source: str, expected: set[str]) -> None:
    assert mutated(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "x: Literal['a'] | None",
        "assert a is not None",
        "x = 'a sentence for people'",
        "x = f'{a + 1}'",
        "x = 'to be ' + a + b",
        "x = cast('list[int]', a)",
        "'docstring'",
        "@dataclass(frozen=True)\nclass A: pass",
        "if TYPE_CHECKING:\n    X = A | B",
    ],
)
def test_what_is_not_behaviour_is_left_alone(source: str) -> None:
    assert mutated(source) == set()


def test_a_mutant_names_its_function_and_its_line() -> None:
    source = "class Queue:\n    def full(self):\n\n        return self.size == 8\n"
    (mutant,) = next(place for place in mutants_by_place(FILE, source) if place[0].replacement == "!=")
    assert (mutant.function, mutant.line, mutant.text) == ("Queue.full", 4, "return self.size == 8")
    assert mutant.apply(source) == source.replace("==", "!=")


def test_a_sample_can_be_repeated_and_survives_other_changes() -> None:
    chosen = [mutant.identity for mutant in sample({FILE: CODE}, 6, seed=1)]
    assert len(set(chosen)) == 6
    assert [mutant.identity for mutant in sample({FILE: CODE}, 6, seed=1)] == chosen
    assert [mutant.identity for mutant in sample({FILE: CODE}, 6, seed=2)] != chosen
    below_a_comment = f"# a comment\n{CODE}"
    assert [mutant.identity for mutant in sample({FILE: below_a_comment}, 6, seed=1)] == chosen


def test_a_sample_has_one_mutant_of_each_change_and_only_files_that_compile() -> None:
    source = "del a[b]\nx = a < 5\nx = -0\n"
    chosen = sample({FILE: source}, 99, seed=1)
    assert len({mutant.start for mutant in chosen}) == len(chosen) == 4
    for mutant in chosen:
        compile(mutant.apply(source), FILE, "exec")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings for a project with one room."""
    root = tmp_path / "original"
    files = {"qpatch/__init__.py": "", "qpatch/room/__init__.py": "", FILE: CODE, "tests/test_a.py": TESTS}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    git(root, "init", "-q")
    room = Room("room", "qpatch/room", ("tests/test_a.py",))
    return Settings(root, seed=1, sample=99, aim=95, factor=0, seconds=0.5, memory_mib=2048, rooms=(room,))


def the_mutant(line: str) -> Mutant:
    """Return the mutant of CODE that has `line`."""
    mutants = [mutant for place in mutants_by_place(FILE, CODE) for mutant in place]
    return next(mutant for mutant in mutants if mutant.mutated == line)


@pytest.mark.slow  # five runs of pytest
def test_a_mutant_is_killed_or_hangs_or_survives(settings: Settings, tmp_path: Path) -> None:
    copy = Copy(tmp_path / "copy", settings)
    baseline = copy.baseline(settings.rooms[0])
    hanging, surviving, killed = (
        copy.trial(the_mutant(line), baseline) for line in ("count += 1", "return count != 0", "return None")
    )
    assert (killed.status, killed.killer, killed.covering) == (TrialStatus.KILLED, "tests/test_a.py::test_most", 1)
    assert (hanging.status, hanging.killer, hanging.covering) == (
        TrialStatus.TIMED_OUT,
        "tests/test_a.py::test_countdown",
        1,
    )
    assert (surviving.status, surviving.killer, surviving.covering) == (TrialStatus.SURVIVED, "", 1)
    assert (settings.root / FILE).read_text(encoding="utf-8") == CODE


def test_likely_tests_come_first_and_none_is_left_out() -> None:
    baseline = Baseline(
        Room("room", "qpatch/room", ()),
        {"elsewhere": 0.1, "slow": 9.0, "in the file": 0.2, "fast": 1.0},
        {FILE: {the_mutant("return None").line: frozenset({"slow", "fast"}), 1: frozenset({"in the file"})}},
    )
    assert baseline.order(the_mutant("return None")) == ["fast", "slow", "in the file", "elsewhere"]


def test_tests_that_fail_anyway_are_refused(settings: Settings, tmp_path: Path) -> None:
    (settings.root / "tests" / "test_a.py").write_text("def test_a():\n    assert False\n", encoding="utf-8")
    with pytest.raises(TestRunError, match=r"room: the tests fail without any mutant(?s:.)*test_a"):
        Copy(tmp_path / "copy", settings).baseline(settings.rooms[0])


def test_the_score_counts_what_could_be_noticed(settings: Settings) -> None:
    least, value, other = (
        the_mutant(line) for line in ("def most(values, least=1):", "return count != 0", "return None")
    )
    trials = [
        Trial("room", least, TrialStatus.SURVIVED, "", 1),
        Trial("room", value, TrialStatus.SURVIVED, "", 2),
        Trial("room", other, TrialStatus.KILLED, "test", 1),
        Trial("room", other, TrialStatus.TIMED_OUT, "", 1),
    ]
    unknown = (FILE, "most", "gone", "gone, too")
    equivalents = {least.identity: "nobody calls it so", unknown: "it was"}
    content = document(trials, equivalents, settings)
    assert content["rooms"]["room"] == content["all"]
    assert content["all"] == {
        "mutants": 4, "killed": 1, "timed out": 1, "survived": 1, "equivalent": 1, "score": 66.7
    }  # fmt: skip
    assert survivors_in(content) == {value.identity}
    assert stale(equivalents, settings) == [unknown]
    shown = table(content, [unknown])
    assert f"{FILE}:{value.line} in countdown: 2 tests run this\n  -{value.text}\n  +{value.mutated}\n" in shown
    assert "no such mutant, listed as equivalent: qpatch/room/code.py, most, gone, gone, too" in shown
    assert least.mutated not in shown


def test_the_settings_name_code_and_tests() -> None:
    settings = load_settings()
    for room in settings.rooms:
        assert room.sources(settings.root)
        assert room.tests
    assert all(why.strip() for why in load_equivalents().values())


def test_tests_that_are_not_there_are_a_mistake_in_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bench.mutation.settings.ROOT", tmp_path)
    with pytest.raises(ValueError, match=r"there is no tests/test_csource_\*\.py"):
        load_settings()
