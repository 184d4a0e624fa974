# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutations that no edit minds: comments, layout, other functions, names that metavariables stand for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bench.mutants.registry import harmless, in_focus, pick
from bench.mutants.texts import renamed, replace_line

if TYPE_CHECKING:
    from random import Random

    from bench.mutants.cases import Case, Tree
    from bench.mutants.registry import Change

_COMMENTS = ("/* Nothing is known about this. */", "/* FIXME: measure it */", "// see the manual, page 7")


@harmless("comments")
def comment_above_a_line_of_context(case: Case, random: Random) -> Change | None:
    """Comments are ignored in matching, and stay."""
    shown = pick(random, [line for line in case.shown() if line.is_statement and not line.removed])
    comment = random.choice(_COMMENTS)
    if shown is None or not case.is_c:
        return None
    new = f"{shown.indentation}{comment}\n{shown.line}\n"
    return in_focus(case.focus, lambda text: replace_line(text, shown.line, new))


@harmless("comments")
def comment_behind_a_line_of_context(case: Case, random: Random) -> Change | None:
    """A trailing comment belongs to its line."""
    shown = pick(random, [line for line in case.shown() if line.is_statement and not line.removed])
    if shown is None or not case.is_c:
        return None
    return in_focus(case.focus, lambda text: replace_line(text, shown.line, f"{shown.line} /* as it was */\n"))


@harmless("comments")
def comment_at_the_end_of_the_file(case: Case, random: Random) -> Change | None:
    """Nothing there is looked at."""
    path = case.focus.path
    return (lambda tree: {**tree, path: tree[path] + "\n/* The end. */\n"}) if path.endswith(".c") else None


@harmless("layout")
def blank_line_above_a_line_of_context(case: Case, random: Random) -> Change | None:
    """White space is ignored in matching, and stays."""
    shown = pick(random, [line for line in case.shown()[1:] if line.is_statement and not line.removed])
    lines = case.shown()
    if shown is None or any(other.removed and other.adjoins_next for other in lines):
        return None
    above = lines[lines.index(shown) - 1]
    if above.removed or not above.adjoins_next:
        return None
    return in_focus(case.focus, lambda text: replace_line(text, shown.line, f"\n{shown.line}\n"))


@harmless("layout")
def line_of_context_broken_in_two(case: Case, random: Random) -> Change | None:
    """White space is ignored in matching, and stays."""
    fitting = [line for line in case.shown() if line.is_statement and not line.removed and ", " in line.line]
    shown = pick(random, [line for line in fitting if '"' not in line.line])
    if shown is None or not case.is_c:
        return None
    first, _, rest = shown.line.partition(", ")
    new = f"{first},\n{shown.indentation}         {rest}\n"
    return in_focus(case.focus, lambda text: replace_line(text, shown.line, new))


@harmless("layout")
def removed_line_spaced_otherwise(case: Case, random: Random) -> Change | None:
    """A removed line is matched by its tokens."""
    shown = pick(random, [line for line in case.shown() if line.is_statement and line.removed and "(" in line.line])
    if shown is None or not case.is_c:
        return None
    new = shown.line.replace("(", "( ").replace(")", " )") + "\n"

    def change(text: str) -> str | None:
        return replace_line(text, shown.line, new) if f"\n{shown.line}\n" in text else text

    return in_focus(case.focus, change)


@harmless("layout", alone=True)
def line_ends_of_dos(case: Case, random: Random) -> Change | None:
    """A file keeps its line ends."""
    path = case.focus.path
    return (lambda tree: {**tree, path: tree[path].replace("\n", "\r\n")}) if case.is_c else None


@harmless("duplication")
def function_elsewhere_that_is_alike(case: Case, random: Random) -> Change | None:
    """Another function with the same body is another function."""
    if not case.is_function:
        return None
    copy = renamed(case.text(), case.focus.name, f"{case.focus.name}_other")
    return partial(_appended, path=case.focus.path, text="\n" + copy)


@harmless("duplication", alone=True)
def namesake_in_another_subsystem(case: Case, random: Random) -> Change | None:
    """The anchor is where its path says."""
    if not case.is_function or "signature" in str(case.data["edits"][0].get("in", "")):
        return None
    name = case.focus.name
    text = f'/* A test. */\n\nstatic void {name}(void)\n{{\n    g_test_message("nothing");\n}}\n'
    return lambda tree: {**tree, f"tests/unit/test-{name}.c": text}


@harmless("order")
def functions_before_it(case: Case, random: Random) -> Change | None:
    """What stands before the anchor does not matter."""
    if not case.focus.path.endswith(".c"):
        return None
    text = "".join(f"static int fresh_{n}(int value)\n{{\n    return value + {n};\n}}\n\n" for n in range(1, 4))

    def change(tree: Tree) -> Tree | None:
        source = tree[case.focus.path]
        at = source.find("\nstatic ", source.rfind("#include")) + 1
        after_defines = source.find("\n\n", source.rfind("#include")) + 2
        place = at if at and at < source.find("\nint ", after_defines) else after_defines
        # A leading comment stays with what it belongs to.
        if source[:place].rstrip().endswith("*/"):
            return None
        return {**tree, case.focus.path: source[:place] + text + source[place:]}

    return change


@harmless("#if arms")
def another_function_under_an_if(case: Case, random: Random) -> Change | None:
    """What stands in another `#if` does not matter."""
    text = "\n#ifdef CONFIG_FRESH\nstatic int fresh(void)\n{\n    return 1;\n}\n#endif\n"
    return partial(_appended, path=case.focus.path, text=text) if case.focus.path.endswith(".c") else None


@harmless("parameters")
def parameter_added_that_is_not_demanded(case: Case, random: Random) -> Change | None:
    """A hunk in a body does not look at the parameters, unless the edit demands them."""
    anchor = case.data["edits"][0].get("in", "")
    if not case.is_function or "(" in anchor or anchor.startswith("signature") or case.is_conditional:
        return None

    def change(text: str) -> str:
        head, brace, body = text.partition(")\n{")
        return f"{head}, bool fresh{brace}{body}"

    return in_focus(case.focus, change)


@harmless("names")
def name_that_a_metavariable_stands_for(case: Case, random: Random) -> Change | None:
    """A metavariable stands for any name."""
    binds = case.data.get("binds", {})
    if not binds or "(" in case.data["edits"][0].get("in", ""):
        return None
    old = random.choice(list(binds.values()))
    new = random.choice(("item", "it", f"{old}_entry"))
    return in_focus(case.focus, lambda text: renamed(text, old, new))


@harmless("names")
def name_in_a_string(case: Case, random: Random) -> Change | None:
    """Strings outside of what is shown do not matter."""

    def change(text: str) -> str | None:
        return text.replace('"pump: cannot fill', '"pump: could not fill') if "pump: cannot fill" in text else None

    return in_focus(case.focus, change)


@harmless("broken files")
def another_file_broken(case: Case, random: Random) -> Change | None:
    """A file that is not edited may be as it likes."""
    return lambda tree: {**tree, "hw/gauge/broken.c": "static void broken(void)\n{\n    if (x) {\n}\n#endif\n"}


@harmless("long chains")
def statements_at_the_end(case: Case, random: Random) -> Change | None:
    """The length of a function does not matter."""
    count = random.choice((40, 400))
    if not case.is_function or case.is_conditional:
        return None
    text = "".join(f"    wait_for(pump_lines[{n}], {n % 7});\n" for n in range(count))
    return in_focus(case.focus, partial(_at_the_end, text=text))


@harmless("long chains")
def a_chain_of_else_if(case: Case, random: Random) -> Change | None:
    """The depth of other code does not matter."""
    count = random.choice((30, 300))
    if not case.is_function or case.is_conditional:
        return None
    arms = " else ".join(f"if (code == {n}) {{\n        handle({n});\n    }}" for n in range(count))
    return in_focus(case.focus, partial(_at_the_end, text=f"    {arms}\n"))


def _at_the_end(text_of_focus: str, text: str) -> str | None:
    """Put `text` before the last `return` of a function, or before its end."""
    head, brace, tail = text_of_focus.rpartition("\n}\n")
    return None if not brace or "return" in head.splitlines()[-1] else f"{head}\n{text}}}\n{tail}"


def _appended(tree: Tree, path: str, text: str) -> Tree:
    return {**tree, path: tree[path] + text}
