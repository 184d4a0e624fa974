# SPDX-License-Identifier: GPL-2.0-or-later
"""An anchor without a path that is missing: similar names are looked for in the tree, and nothing is said of others."""

from __future__ import annotations

import pytest
from csource_support import add_edit, hunk_edit, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Position
from qpatch.csource.names import stems_of
from qpatch.csource.results import Drifted
from qpatch.csource.source import DictTree, Overlay
from qpatch.errors import Location
from qpatch.series.explain import explain_edit
from qpatch.series.plan import EditOutcome

FILES = {
    "hw/ring/ring.c": "int ring_slot_kick(int n)\n{\n    go(n);\n    return 0;\n}\n",
    "hw/other/other.c": "int other_slot(int n)\n{\n    return n;\n}\nstruct ring_slot_kicks {\n    int n;\n};\n",
}
GO = "  go(n);\n+ stop(n);"


@pytest.mark.parametrize("name", ["ring_slot_kik", "rnig_slot_kick", "ring_slot_kicked"])
def test_a_similar_name_is_found_in_the_tree(name: str) -> None:
    result = apply_edit(hunk_edit(f"function {name}", GO, path=""), workspace(**FILES))
    assert isinstance(result, Drifted), result
    assert result.candidates[0].place.path == "hw/ring/ring.c"
    assert result.suggestion == "in: function ring_slot_kick\npath: hw/ring/ring.c"


def test_what_has_only_its_name_to_go_by_is_found_as_well() -> None:
    edit = add_edit("function ring_slot_kik", "int more;", Position.AFTER, path="")
    result = apply_edit(edit, workspace(**FILES))
    assert isinstance(result, Drifted) and result.candidates, result


@pytest.mark.parametrize("name", ["kick", "ring_other_things"])
def test_where_no_name_is_found_a_path_is_asked_for(name: str) -> None:
    edit = hunk_edit(f"function {name}", GO, path="")
    result = apply_edit(edit, workspace(**FILES))
    assert isinstance(result, Drifted) and not result.candidates, result
    told = "\n".join(explain_edit(EditOutcome(f"function {name}", Location("s.yaml", 1), result, edit)))
    assert "give `path:`" in told and "resembles" not in told


def test_too_many_files_with_a_stem_are_not_looked_at() -> None:
    files = {f"hw/ring/r{n}.c": f"int ring_slot_k{n}(void)\n{{\n    return {n};\n}}\n" for n in range(101)}
    result = apply_edit(hunk_edit("function ring_slot_kick", GO, path=""), workspace(**files))
    assert isinstance(result, Drifted) and not result.candidates, result


def test_a_note_says_what_was_looked_through() -> None:
    edit = hunk_edit("function start_all", "  halt();\n+ stop();", path="hw/ring/ring.c")
    result = apply_edit(edit, workspace(**FILES))
    assert isinstance(result, Drifted), result
    told = "\n".join(explain_edit(EditOutcome("function start_all", Location("s.yaml", 1), result, edit)))
    assert "note: nothing in hw/ring/ resembles it" in told


def test_stems_have_all_words_but_one_at_an_end() -> None:
    assert stems_of("ring_slot_kick") == ("ring_slot", "slot_kick")
    assert stems_of("__ring_slot") == ("ring", "slot")
    assert stems_of("kick") == ()


def test_containing_sees_parts_of_words_and_changes() -> None:
    tree = Overlay(DictTree({"a.c": b"ring_slot_x", "b.c": b"slot", "c.txt": b"ring_slot"}), {"b.c": b"my_ring_slots"})
    assert tree.containing(["ring_slot"]) == ["a.c", "b.c"]
    tree.gone.add("a.c")
    assert tree.containing(["ring_slot", "nothing"]) == ["b.c"]
