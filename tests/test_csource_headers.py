# SPDX-License-Identifier: GPL-2.0-or-later
"""A header that gets another name in `#include` lines, and bit-fields without a name."""

from __future__ import annotations

import pytest
from csource_support import PATH, add_edit, check_applied, gutter, hunk_edit, workspace

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Anchor, Edit, EverywhereOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.hunk import HunkError
from qpatch.csource.matching.rewriting import check_rewriting, read_rewriting
from qpatch.csource.results import AlreadyThere, Ambiguous, Applied, EditResult

FILES = {
    "hw/demo/a.c": '#include "hw/demo/old.h"\n# include "hw/demo/old.h" /* why */\n#include <old.h>\nint old;\n',
    "include/hw/demo/b.h": '#include "hw/demo/older.h"\n#include "hw/demo/old.h"\n/* hw/demo/old.h */\n',
}


def everywhere(hunk: str, expect: int, **options: bool) -> Edit:
    operation = EverywhereOperation(read_rewriting(gutter(hunk)), **options)
    return Edit(Anchor(ANCHOR_KINDS["tree"], "", ""), operation, expect)


def test_a_header_is_renamed_where_it_is_included() -> None:
    space = workspace(**FILES)
    edit = everywhere('- #include "hw/demo/old.h"\n+ #include "hw/demo/new.h"', 3)
    assert isinstance(apply_edit(edit, space), Applied)
    assert space.tree.changed["hw/demo/a.c"].decode() == (
        '#include "hw/demo/new.h"\n# include "hw/demo/new.h" /* why */\n#include <old.h>\nint old;\n'
    )
    assert space.tree.changed["include/hw/demo/b.h"].decode() == (
        '#include "hw/demo/older.h"\n#include "hw/demo/new.h"\n/* hw/demo/old.h */\n'
    )
    assert isinstance(apply_edit(edit, space), AlreadyThere)


def test_a_header_in_angles_is_another_one() -> None:
    space = workspace(**FILES)
    assert isinstance(apply_edit(everywhere("- #include <old.h>\n+ #include <linux/new.h>", 1), space), Applied)
    assert "#include <linux/new.h>\n" in space.tree.changed["hw/demo/a.c"].decode()
    miscounted = apply_edit(everywhere('- #include "hw/demo/old.h"\n+ #include <new.h>', 2), workspace(**FILES))
    assert isinstance(miscounted, Ambiguous) and len(miscounted.matches) == 3


@pytest.mark.parametrize(
    "hunk",
    ['- #include "a.h"\n+ old', '- old\n+ #include "a.h"', '- #include "a.h"\n+ #include "a.h"', '- "a.h"\n+ "b.h"'],
)
def test_both_sides_are_include_lines(hunk: str) -> None:
    with pytest.raises(HunkError):
        check_rewriting(gutter(hunk), None)
        read_rewriting(gutter(hunk))


def test_a_name_that_stays_in_include_lines_is_told() -> None:
    def warnings(result: EditResult) -> tuple[str, ...]:
        assert isinstance(result, Applied), result
        return result.warnings

    (told,) = warnings(apply_edit(everywhere("- old\n+ fresh", 1), workspace(**FILES)))
    assert "`old` stays in 4 `#include` lines (hw/demo/a.c:1, hw/demo/a.c:2, hw/demo/a.c:3 and 1 more)" in told
    assert "also-in: [strings]" in told
    assert not warnings(apply_edit(everywhere("- old\n+ fresh", 5, strings=True), workspace(**FILES)))
    assert not warnings(apply_edit(everywhere("- old\n+ fresh", 1), workspace(**{PATH: "#include <x.h>\nint old;\n"})))


FIELDS = "struct demo {\n    int a:3;\n    uint32_t : 5;\n    unsigned int : 0;\n    int b:2;\n};\n"


def test_a_bit_field_needs_no_name() -> None:
    hunk = "  uint32_t : 5;\n- unsigned int : 0;\n+ unsigned int : 7;\n+ int c:1;\n  int b:2;"
    check_applied(
        FIELDS,
        hunk_edit("struct demo", hunk),
        FIELDS.replace("unsigned int : 0;", "unsigned int : 7;\n    int c:1;"),
    )
    removal = "  int a:3;\n- uint32_t : 5;\n  unsigned int : 0;"
    check_applied(FIELDS, hunk_edit("struct demo", removal), FIELDS.replace("    uint32_t : 5;\n", ""))
    check_applied(FIELDS, add_edit("struct demo", "uint32_t : 9;"), FIELDS.replace("2;\n", "2;\n    uint32_t : 9;\n"))


def test_an_edit_beside_a_bit_field_without_a_name_is_made() -> None:
    check_applied(FIELDS, hunk_edit("struct demo", "- int b:2;\n+ int b:4;"), FIELDS.replace("b:2", "b:4"))
