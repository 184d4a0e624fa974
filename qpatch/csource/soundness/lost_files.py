# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what still names a file that a patch takes away or renames: `#include`s, and the lists of what is built.

Where a name leads to is for the build to say. Certain is only that nothing is found any more where the file itself
stood beside the one that includes it, or below `include/`, no other file of the tree ends in the name, and no file of
the build that the patch changes has it, as where it is generated.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from qpatch.csource.listing import told_places
from qpatch.csource.results import Candidate, Drifted, SourcePlace
from qpatch.csource.source import CODE_SUFFIXES
from qpatch.csource.syntax.dead import dead_arms
from qpatch.csource.tokens import blank_comments
from qpatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qpatch.csource.source import Overlay, SourceTree

_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*(?P<mark>["<])(?P<name>[^">\n]+)[">]', re.MULTILINE)
_INCLUDING = (*CODE_SUFFIXES, ".S")
# Where QEMU and Linux look for what is included, beside the folder of the file that includes it.
_ROOTS = ("", "include", "include/uapi")
# The files that list what is built of their folder: in Meson by its name, in others by that of its object.
_LISTS = ("meson.build", "Kbuild", "Makefile", "Makefile.objs", "Makefile.target")


def lost_file(path: str, before: Overlay, tree: Overlay) -> Drifted | str | None:
    """Return what still names `path`, a file of the tree `before` that is not in `tree`: drift, or a warning.

    None where nothing does.
    """
    left = [*_left_includes(path, before, tree)]
    fate = f"called {tree.current(path)} now" if tree.current(path) != path else "gone"
    certain = [place for place, is_certain in left if is_certain]
    if certain and not _may_be_made(posixpath.basename(path), tree):
        return Drifted(
            f"it is {fate}, and {counted(len(certain), 'include')} of it stayed behind",
            path,
            tuple(Candidate(place, 1.0) for place in certain),
            advice="add an edit of each `#include` named above to this patch",
        )
    places = [place for place, _ in left] or [*_left_lists(path, tree)]
    return f"{path} is {fate}, and may still be meant in {told_places(places, path)}" if places else None


def lost_includes(path: str, before: Overlay, tree: Overlay) -> str:
    """Return the warning about what a file in another folder includes and does not stand beside it any more.

    `before` is the tree with the file where it was. '' where all is found.
    """
    old = tree.former(path, before)
    if posixpath.dirname(path) == posixpath.dirname(old):
        return ""
    lost = [
        (place, name)
        for place, name, is_quoted in _includes(path, tree)
        if is_quoted
        and _found(old, name, before) == _beside(old, name)
        and _found(path, name, tree) is None
        and not _is_looked_for(name, old, before)
    ]
    names = ", ".join(f"`{name}` ({place})" for place, name in lost)
    return f"{path} includes {names}, which was found beside {old}" if lost else ""


def _is_looked_for(name: str, old: str, before: Overlay) -> bool:
    """Tell whether files of other folders include what stood beside `old` as well: the build looks there for them."""
    others = before.containing([f'"{name}"'], _INCLUDING)
    return any(
        posixpath.dirname(other) != posixpath.dirname(old) and _found(other, name, before) is None
        for other in others
        if any(name == included for _, included, _ in _includes(other, before))
    )


def _may_be_made(name: str, tree: Overlay) -> bool:
    """Tell whether a file that is not code and was changed names a file: the build may make it from now on."""
    others = (content for path, content in tree.changed.items() if not path.endswith(CODE_SUFFIXES))
    return any(name.encode() in content for content in others)


def _left_includes(path: str, before: Overlay, tree: Overlay) -> Iterator[tuple[SourcePlace, bool]]:
    """Yield the includes that led to `path` and lead nowhere now, and whether both are certain."""
    base = posixpath.basename(path)
    for includer in tree.containing([f'{base}"', f"{base}>"], _INCLUDING):
        for place, name, is_quoted in _includes(includer, tree):
            if posixpath.basename(name) != base or _found(includer, name, tree) is not None:
                continue
            was, is_only = _found(tree.former(includer, before), name, before), not _ending_in(name, tree)
            if was == path:
                yield place, is_only and is_quoted
            elif was is None and is_only and is_quoted and _ends_in(path, name):
                yield place, False


def _includes(path: str, tree: SourceTree) -> Iterator[tuple[SourcePlace, str, bool]]:
    """Yield the includes of a file: where each is, what it names, whether that is in quotation marks."""
    source = tree.read(path) or b""
    dead, lines = dead_arms(source), None
    for found in _INCLUDE.finditer(source):
        if any(start <= found.start() < end for start, end in dead):
            continue
        row = source.count(b"\n", 0, found.start("name"))
        lines = lines or blank_comments(f"{source.decode('latin-1')}\n")
        if "include" in lines[row]:
            name = found["name"].decode(errors="replace")
            yield (
                SourcePlace(path, row + 1, found.group().decode(errors="replace").strip()),
                name,
                found["mark"] == b'"',
            )


def _beside(includer: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(includer), name))


def _found(includer: str, name: str, tree: SourceTree) -> str | None:
    """Return the file that an include leads to, as far as the tree alone tells; None where it leads to none."""
    places = (_beside(includer, name), *(posixpath.normpath(posixpath.join(root, name)) for root in _ROOTS))
    return next((path for path in places if tree.read(path) is not None), None)


def _ending_in(name: str, tree: SourceTree) -> bool:
    return any(_ends_in(path, name) for path in tree.paths())


def _ends_in(path: str, name: str) -> bool:
    return f"/{path}".endswith(f"/{name.lstrip('./')}")


def _left_lists(path: str, tree: SourceTree) -> Iterator[SourcePlace]:
    """Yield where a list of what is built in the folder of a source still has it."""
    folder, name = posixpath.split(path)
    stem, suffix = posixpath.splitext(name)
    for place in (posixpath.join(folder, each) for each in _LISTS if suffix == ".c"):
        source = (tree.read(place) or b"").decode(errors="replace")
        word = f"'{name}'" if place.endswith(".build") else f"{stem}.o"
        if word not in source or re.search(rf"(?<![\w-]){re.escape(stem)}-(?:objs|y)\b", source):
            continue  # An object of that name is made of several others.
        for row, line in enumerate(source.split("\n")):
            if re.search(rf"(?<![\w/.-]){re.escape(word)}(?!\w)", line.partition("#")[0]):
                yield SourcePlace(place, row + 1)
