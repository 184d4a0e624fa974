# SPDX-License-Identifier: GPL-2.0-or-later
"""The measurement of thresholds on two tiny releases: what counts as true, and what a threshold lets through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.thresholds import limits, scores
from bench.thresholds.drifts import ParsedRelease, growth, line_drifts, renames, statement_drifts
from bench.thresholds.scores import Scored, ScoreRow, table
from qpatch.csource.source import DictTree
from qpatch.thresholds import thresholds

if TYPE_CHECKING:
    import pytest

OLD = b"""
static int pet_feed(Pet *pet)
{
    int bowls = pet_bowls(pet);

    while (bowls) {
        pet_eat(pet, bowls);
        bowls = bowls - pet_mouth(pet) * pet->hunger;
    }
    return pet_sleep(pet, bowls);
}

static void pet_walk(Pet *pet)
{
    pet_open(pet, door);
    if (pet->rain) {
        pet_coat(pet, pet->size, NULL);
        pet_wait(pet, pet->legs);
    }
    pet_run(pet);
    pet_leash(pet, belt);
    pet_sit(pet);
}

static void pet_bark(Pet *pet)
{
    for (int number = 0; number < pet->mood; number++) {
        printf("%s %d", pet->voice[number], number);
        pet->breath = pet->breath - 1;
    }
}
"""
NEW = (
    OLD.replace(b"pet_feed(", b"pet_nourish(")
    .replace(b"pet_coat(pet, pet->size, NULL);", b"pet_coat(pet, pet->size, errp);")
    .replace(b"    pet_leash(pet, belt);\n", b"")
)
NEW = NEW[: NEW.index(b"static void pet_bark")] + b"static void pet_purr(Pet *pet)\n{\n    hum();\n}\n"
EVENTS = 'pet_feed(int bowls) "%d"\npet_walk(void) ""\npet_run(void) ""\npet_bark(int times) "%d"\n'


def release(source: bytes, events: str) -> ParsedRelease:
    return ParsedRelease(DictTree({"hw/vfio/pet.c": source, "hw/vfio/trace-events": events.encode()}))


BEFORE = release(OLD, EVENTS)
AFTER = release(NEW, EVENTS.replace("pet_feed(", "pet_nourish(").replace('pet_run(void) ""\n', ""))


def test_a_renamed_function_is_known_by_its_body_and_a_gone_one_by_none() -> None:
    found = {drift.old.name: drift.new for drift in renames(BEFORE, AFTER)}
    assert found == {"pet_feed": "pet_nourish", "pet_bark": ""}


def test_names_are_scored_against_those_in_the_folder() -> None:
    feed, bark = sorted(scores.symbol_names(renames(BEFORE, AFTER)), key=lambda one: one.true is None)
    assert feed == Scored(scores.names("pet_feed", "pet_nourish"), scores.names("pet_feed", "pet_purr"))
    assert bark.true is None and bark.false == max(
        scores.names("pet_bark", other) for other in ("pet_nourish", "pet_walk", "pet_purr")
    )


def test_a_changed_statement_is_known_by_its_neighbours_also_inside_a_block() -> None:
    found = [
        (" ".join(drift.old.tokens), drift.new and " ".join(drift.new.tokens))
        for drift in statement_drifts(BEFORE, AFTER)
    ]
    coat = "pet_coat ( pet pet -> size NULL ) ;"
    outer = f"if ( pet -> rain ) {{ {coat} pet_wait ( pet pet -> legs ) ; }}"
    assert found == [
        (outer, outer.replace("NULL", "errp")),
        (coat, coat.replace("NULL", "errp")),
        ("pet_leash ( pet belt ) ;", None),
    ]


def test_what_stands_in_the_place_of_one_statement_is_counted() -> None:
    grown = release(NEW.replace(b"    pet_sit(pet);\n", b"    pet_lie(pet);\n    pet_rest(pet);\n"), EVENTS)
    assert growth(AFTER, grown) == {2: 1}


def test_statements_are_scored_against_the_others_of_the_function() -> None:
    drifts = [drift for drift in statement_drifts(BEFORE, AFTER) if drift.old.tokens[0] in ("pet_coat", "pet_leash")]
    coat, leash = sorted(scores.statements(drifts), key=lambda one: one.true is None)
    assert coat.true is not None and coat.true > 0.8 > coat.false > 0
    assert leash.true is None and 0.3 < leash.false < 1


def test_identifiers_that_left_the_tree_are_scored() -> None:
    (name,) = scores.removed_names(
        (drift for drift in statement_drifts(BEFORE, AFTER) if drift.old.tokens[0] == "pet_leash"), AFTER
    )[:1]
    assert name.true is None and name.false > 0.5
    coat = [drift for drift in statement_drifts(BEFORE, AFTER) if drift.old.tokens[0] == "pet_coat"]
    assert scores.removed_names(coat, AFTER) == [
        Scored(
            scores.names("NULL", "errp"),
            max(scores.names("NULL", other) for other in set(AFTER.functions["pet_walk"].body.tokens) - {"errp"}),
        )
    ]


def test_lines_and_events_of_text_files() -> None:
    found = [(drift.old, drift.new) for drift in line_drifts(BEFORE, AFTER)]
    assert found == [('pet_feed(int bowls) "%d"', 'pet_nourish(int bowls) "%d"'), ('pet_run(void) ""', "")]
    changed, gone = scores.lines(line_drifts(BEFORE, AFTER))
    assert changed.true is not None and changed.true > changed.false
    assert gone.true is None
    renamed, dropped = scores.text_names(line_drifts(BEFORE, AFTER))
    assert renamed.true is not None and dropped.true is None


def test_a_table_counts_what_a_threshold_lets_through() -> None:
    scored = [Scored(0.9, 0.5), Scored(0.6, 0.7), Scored(None, 0.65), Scored(None, 0.2)]
    assert table(scored, (0.5, 0.65, 0.8)) == [
        ScoreRow(0.5, 100.0, 50.0, 100.0, 50.0),
        ScoreRow(0.65, 50.0, 50.0, 50.0, 50.0),
        ScoreRow(0.8, 50.0, 50.0, 0.0, 0.0),
    ]


def test_another_value_holds_only_inside() -> None:
    before = thresholds()
    with limits.changed("limits", "repair_trials", 7):
        assert thresholds().limits.repair_trials == 7
        assert thresholds().similarity == before.similarity
    assert thresholds() is before


def test_the_parser_limits_that_change_a_file_are_counted() -> None:
    attribute = b"static int " + b" " * 60 + b"f(int a) NEVER_HEARD\n{\n    return a;\n}\n"
    found = limits.masks(release(attribute, EVENTS))
    assert found["limits.repair_trials"]["files"] == 1
    assert {counts["half"] for counts in found.values()} <= {0, 1}


def test_suggestions_are_counted_for_each_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_EVERY", 1)
    drifts = [drift for drift in statement_drifts(BEFORE, AFTER) if drift.new]
    found = limits.suggestions(drifts)
    assert found["statements"] == 2  # the call and the `if` around it: `pet` recurs in both
    assert found["values"]["other_word 1.2"] == {"short": 2, "long": 2}


def test_changed_statements_are_recognised_by_the_names_that_stay() -> None:
    calls = b"    fill(tank, much);\n    wait();\n    drop(tank, pump);\n"
    old = b"int fill_all(void)\n{\n    int much = 1;\n    open();\n" + calls + b"    return 0;\n}\n"
    new = old.replace(b"much", b"more").replace(b"    drop(tank, pump);\n", b"")
    drifts = list(statement_drifts(release(old, EVENTS), release(new, EVENTS)))
    found = limits.recognised(drifts)
    assert found[2] == {"true": 1, "false": 0, "gone": 0}
    assert found[3] == {"true": 0, "false": 0, "gone": 0}
