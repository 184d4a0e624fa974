# SPDX-License-Identifier: GPL-2.0-or-later
"""Digests of values: equal values have the same, others do not, and what has none is refused."""

from __future__ import annotations

import enum
import os
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import pytest
from csource_support import anchor, hunk_edit

from qpatch.csource.edit import DeleteOperation, Edit, HunkOperation, MoveOperation
from qpatch.fingerprint import fingerprint, own_fingerprint, program_fingerprint


class Colour(enum.StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Pair:
    left: object
    right: object = None
    note: object = field(default=None, compare=False)


@dataclass(frozen=True)
class Other:
    left: object
    right: object = None


DIFFERENT: tuple[object, ...] = (
    *(None, True, 1, 1.0, "1", b"1", "", Colour.RED, "red", Path("red")),
    *((), ("1",), ("1", "1"), ("11",), ("1", ("1",)), (("1", "1"),)),
    *({}, {"a": 1}, {"a": 2}, {"b": 1}, (("a", 1),), frozenset({"a"}), frozenset({"a", "b"})),
    *(Pair("a"), Pair("a", "b"), Pair("ab"), Other("a")),
    *(hunk_edit("function f", "- a();\n+ b();"), hunk_edit("function f", "- a();\n+ c();")),
    *(hunk_edit("function g", "- a();\n+ b();"), hunk_edit("function f", "- a();\n+ b();", expect=2)),
    *(Edit(anchor("function f"), DeleteOperation()), Edit(anchor("macro f"), DeleteOperation())),
    Edit(anchor("function f"), MoveOperation(anchor("function g"))),
    Edit(anchor("function f"), HunkOperation(())),
)


def test_values_that_differ_have_other_digests() -> None:
    for one, other in combinations(DIFFERENT, 2):
        assert fingerprint(one) != fingerprint(other), (one, other)
    assert fingerprint("a", "b") != fingerprint("ab")


def test_equal_values_have_the_same_digest() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint(Pair("a", note=object())) == fingerprint(Pair("a"))
    assert fingerprint(hunk_edit("function f", "- a();")) == fingerprint(hunk_edit("function f", "- a();"))


@pytest.mark.parametrize("value", [object(), [object()], Pair(object()), {"a": print}, Pair])
def test_what_has_no_digest_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no fingerprint"):
        fingerprint(value)


def test_digests_do_not_depend_on_the_process() -> None:
    asked = "from qpatch.fingerprint import *; print(own_fingerprint(), fingerprint(frozenset({'a', 'b', 'c'})))"
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True).stdout.split()
    assert told == [own_fingerprint(), fingerprint(frozenset({"a", "b", "c"}))]


def test_a_program_has_another_digest_where_it_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("one", "#!/bin/sh\n"), ("two", "#!/bin/sh\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tool").write_text(text)
        (tmp_path / name / "tool").chmod(0o755)
        os.utime(tmp_path / name / "tool", (1, 1))
    monkeypatch.setenv("PATH", "")
    found = [program_fingerprint("tool")]
    for directory in ("one", "two"):
        monkeypatch.setenv("PATH", str(tmp_path / directory))
        found.append(program_fingerprint("tool"))
        assert program_fingerprint("tool") == found[-1]
    os.utime(tmp_path / "two/tool", (2, 2))
    found.append(program_fingerprint("tool"))
    (tmp_path / "two/tool").write_text("#!/bin/sh\n:\n")
    os.utime(tmp_path / "two/tool", (2, 2))
    found.append(program_fingerprint("tool"))
    assert len(set(found)) == len(found)
