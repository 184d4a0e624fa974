# SPDX-License-Identifier: GPL-2.0-or-later
"""A patch that takes a trace event away while code still uses it says so."""

from __future__ import annotations

from dataclasses import replace

from csource_support import anchor, gutter, hunk_edit, operation_edit, workspace

from qpatch.csource.apply_patch import apply_edits
from qpatch.csource.edit import Anchor, DeleteOperation, Edit, EverywhereOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.rewriting import read_rewriting
from qpatch.csource.results import Applied

EVENTS = "hw/ring/trace-events"
FILES = {
    EVENTS: '# ring.c\nring_kick(int n) "n=%d"\nring_stop(void) ""\n',
    "hw/ring/ring.c": "void ring_kick(int n)\n{\n    trace_ring_kick(n);\n    ring_kick_init(n);\n}\n",
    "hw/ring/user.c": "/* trace_ring_kick() tells */\nvoid user(void)\n{\n    ring_kick(2);\n}\n",
}
LINUX = {
    "include/trace/events/ring.h": "TRACE_EVENT(ring_kick,\n    TP_PROTO(int n),\n    TP_ARGS(n)\n);\n",
    "drivers/ring.c": "void go(int n)\n{\n    trace_ring_kick(n);\n}\n",
}


def renamed(where: str, old: str, new: str, count: int, *, texts: bool = True) -> Edit:
    kind, _, name = where.partition(" ")
    rewriting = read_rewriting(gutter(f"\n- {old}\n+ {new}\n"))
    return Edit(Anchor(ANCHOR_KINDS[kind], name), EverywhereOperation(rewriting, texts=texts), count)


def warnings(edits: list[Edit], files: dict[str, str]) -> list[str]:
    results = apply_edits(edits, workspace(**files))
    assert all(isinstance(result, Applied) for result in results), results
    return [warning for result in results if isinstance(result, Applied) for warning in result.warnings]


def test_a_rename_that_reaches_an_event_and_not_its_users_is_warned_of() -> None:
    (warning,) = warnings([renamed("files hw/", "ring_kick", "ring_push", 3)], FILES)
    assert "`trace_ring_kick`: hw/ring/ring.c:3;" in warning


def test_a_later_edit_of_the_patch_may_change_the_users() -> None:
    event = renamed("files hw/", "ring_kick", "ring_push", 3)
    hunk = "- trace_ring_kick(n);\n+ trace_ring_push(n);"
    for user in (
        renamed("tree", "trace_ring_kick", "trace_ring_push", 1),
        hunk_edit("function ring_push", hunk, path="hw/ring/ring.c"),
    ):
        assert not warnings([event, user], FILES)


def test_a_deleted_entry_and_a_changed_line_are_warned_of() -> None:
    gone = operation_edit("section ring_kick", DeleteOperation())
    gone = replace(gone, anchor=anchor("section ring_kick", path=EVENTS))
    changed = hunk_edit(f"file {EVENTS}", '- ring_kick(int n) "n=%d"\n+ ring_push(int n) "n=%d"', path=EVENTS)
    for edit in (gone, changed):
        assert any("`ring_kick` is gone" in warning for warning in warnings([edit], FILES))


def test_other_names_that_hold_the_old_one_are_not_warned_of() -> None:
    assert not warnings([renamed("tree", "ring_kick", "ring_push", 2, texts=False)], FILES)
    users = {**FILES, "hw/ring/ring.c": "void ring_stop(void)\n{\n    ring_stop_all();\n}\n"}
    assert not warnings([renamed("tree", "ring_stop", "ring_halt", 2)], users)


def test_an_event_that_moved_to_another_file_is_there() -> None:
    files = {**FILES, "hw/trace-events": '# ring.c\nring_kick(int n) "n=%d"\n'}
    gone = replace(
        operation_edit("section ring_kick", DeleteOperation()), anchor=anchor("section ring_kick", path=EVENTS)
    )
    assert not warnings([gone], files)


def test_the_events_of_linux() -> None:
    (warning,) = warnings([renamed("tree", "ring_kick", "ring_push", 1, texts=False)], LINUX)
    assert "drivers/ring.c:3" in warning
