# SPDX-License-Identifier: GPL-2.0-or-later
"""Properties of every edit: bytes outside stay, layout does not matter, twice is once, and back again restores."""

from __future__ import annotations

import re

from csource_support import PATH, workspace
from hypothesis import given
from hypothesis import strategies as st

from qpatch.csource.apply import apply_edit
from qpatch.csource.edit import Anchor, Edit, HunkOperation
from qpatch.csource.kinds.table import ANCHOR_KINDS
from qpatch.csource.matching.hunk import parse_hunk
from qpatch.csource.results import AlreadyThere, Applied

STATEMENTS = st.sampled_from(
    [
        "alpha(a);",
        "beta(b, c);",
        "ret = gamma(&dev->field);",
        "if (ret) {\n        return ret;\n    }",
        "for (i = 0; i < n; i++) {\n        visit(i);\n    }",
        "int local = 3;",
        "QLIST_FOREACH(x, &list, next) {\n        use(x);\n    }",
        'trace("a, b; /* no comment */");',
        "g_autofree char *text = NULL;",
        "dev->state = STATE_ONE | STATE_TWO;",
    ]
)
BODIES = st.lists(STATEMENTS, min_size=0, max_size=6)
FILLERS = st.sampled_from(["", "/* about this */\n    ", "\n    ", "// line\n    "])


def function(name: str, statements: list[str]) -> str:
    return f"static int {name}(Device *dev)\n{{\n" + "".join(f"    {text}\n" for text in statements) + "}\n"


@st.composite
def targets(draw: st.DrawFn) -> tuple[str, str, Edit]:
    """Draw a file, the function around a unique statement in it, and an edit that replaces or follows it."""
    above, below = draw(BODIES), draw(BODIES)
    others = draw(BODIES), draw(BODIES)
    body = [*above, draw(FILLERS) + "wanted(dev, 1);", *below]
    source = '#include "demo.h"\n\n' + "\n".join(
        [function("before_it", others[0]), function("subject", body), function("after_it", others[1])]
    )
    hunk = draw(
        st.sampled_from(
            [
                "- wanted($d, 1);\n+ other($d, 2);\n",
                "  wanted($d, 1);\n+ extra($d);\n",
                "+ extra($d);\n  wanted($d, 1);\n",
                "- wanted($d, ...);\n+ one($d);\n+ two();\n",
            ]
        )
    )
    edit = Edit(Anchor(ANCHOR_KINDS["function"], "subject", PATH), HunkOperation((parse_hunk(hunk),)))
    return source, hunk, edit


def applied(source: str, edit: Edit) -> str:
    space = workspace(**{PATH: source})
    result = apply_edit(edit, space)
    assert isinstance(result, Applied), result
    return space.tree.changed[PATH].decode()


@given(targets())
def test_bytes_outside_the_edit_never_change(target: tuple[str, str, Edit]) -> None:
    source, _, edit = target
    assert untouched(applied(source, edit)) == untouched(source)


def untouched(text: str) -> list[str]:
    """Return the lines that no drawn edit removes or adds."""
    touched = ("wanted", "other(", "extra(", "one(", "two(")
    return [line for line in text.splitlines(keepends=True) if not any(word in line for word in touched)]


@given(targets())
def test_applying_twice_is_already_there(target: tuple[str, str, Edit]) -> None:
    source, _, edit = target
    space = workspace(**{PATH: applied(source, edit)})
    assert isinstance(apply_edit(edit, space), AlreadyThere)
    assert not space.tree.changed


@given(targets())
def test_the_reverse_hunk_restores_the_original(target: tuple[str, str, Edit]) -> None:
    source, hunk, edit = target
    if "..." in hunk:
        hunk = hunk.replace("...", "1")
        edit = Edit(edit.anchor, HunkOperation((parse_hunk(hunk),)))
    changed = applied(source, edit)
    back = Edit(edit.anchor, HunkOperation((parse_hunk(hunk).reversed(),)))
    assert applied(changed, back) == source


@given(targets(), st.sampled_from(["wanted (dev,1) ;", "wanted(dev,\n           1);", "wanted(/* d */ dev, 1);"]))
def test_layout_and_comments_do_not_change_the_match(target: tuple[str, str, Edit], spelling: str) -> None:
    source, _, edit = target
    plain = applied(source, edit)
    spelled = applied(source.replace("wanted(dev, 1);", spelling), edit)
    assert without_layout(spelled) == without_layout(plain.replace("wanted(dev, 1);", spelling))


def without_layout(text: str) -> str:
    return re.sub(r"\s+|/\*.*?\*/", "", text)
