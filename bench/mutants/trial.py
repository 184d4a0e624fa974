# SPDX-License-Identifier: GPL-2.0-or-later
"""Tries a mutant: the edit as a strategy of one patch, in memory, and what became of it against what is right."""

from __future__ import annotations

import signal
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from bench.mutants.cases import DATA
from bench.mutants.model import Outcome, Trial
from qpatch.capabilities.catalogue import read_catalogue
from qpatch.capabilities.evaluate import Capabilities
from qpatch.cells.base import Status
from qpatch.csource.results import Ambiguous, Drifted
from qpatch.csource.source import DictTree, Overlay
from qpatch.csource.syntax.cache import ParseCache
from qpatch.csource.syntax.macros import macro_table
from qpatch.csource.workspace import EditWorkspace
from qpatch.errors import QpatchError
from qpatch.series.attempt import attempt_patches
from qpatch.series.explain import explain_edit
from qpatch.series.standing import standing
from qpatch.strategy.bind import Binding, TreeInfo
from qpatch.strategy.load import load_strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from bench.mutants.cases import Case, Tree
    from bench.mutants.model import Mutant
    from qpatch.capabilities.catalogue import Capability
    from qpatch.csource.results import EditResult, SourcePlace
    from qpatch.strategy.load import LoadedStrategy

SECONDS = 20
_TREE = TreeInfo("small", "1.0", "qemu")
_LOUD = (Status.DRIFTED, Status.AMBIGUOUS)


class Attempt(NamedTuple):
    """What qpatch made of a case on a tree: the tree then (None where it refused), what it said, what missed."""

    tree: Tree | None
    said: str
    missed: tuple[EditResult, ...] = ()


class HungError(Exception):
    """A trial takes longer than it may."""


@cache
def _capabilities() -> Mapping[str, Capability]:
    """Return the capabilities that the cases decide by."""
    return read_catalogue(yaml.safe_load((DATA / "capabilities.yaml").read_text(encoding="utf-8")))


class _BlockDumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, as strategies want hunks."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_BlockDumper.add_representer(str, _block)


@cache
def _parse_cache() -> ParseCache:
    return ParseCache(macro_table("qemu"))


@cache
def _strategy(name: str, content: str) -> LoadedStrategy:
    """Load the strategy of a case. Raises UserError where it is not one."""
    with tempfile.TemporaryDirectory(prefix="qpatch-mutants-") as directory:
        file = Path(directory) / f"{name}.yaml"
        file.write_text(content, encoding="utf-8")
        return load_strategy(file)


def strategy_of(case: Case) -> LoadedStrategy:
    """Return a case as a strategy of one patch."""
    component: dict[str, object] = {
        "cover": "A mutant.",
        "patches": [{"subject": "pump: Change it", "body": "It is changed.", "edits": case.data["edits"]}],
    }
    if "landed" in case.data:
        component["landed"] = {"when": case.data["landed"], "reason": "it is there"}
    content = {"name": "mutant", "title": "pump: Change it", "summary": "A mutant.", "qemu": component}
    return _strategy("mutant", yaml.dump(content, Dumper=_BlockDumper, sort_keys=False, width=10_000))


def attempt(case: Case, tree: Tree) -> Attempt:
    """Carry the case out on a tree. Raises QpatchError where qpatch refuses by an error."""
    content = {path: text.encode() for path, text in tree.items()}
    files, cache = DictTree(content), _parse_cache()
    workspace = EditWorkspace(Overlay(files), cache)
    binding = Binding(strategy_of(case), _TREE, Capabilities(files, "qemu", cache, _capabilities()))
    unwanted = standing(binding, files, cache)
    if unwanted is not None:
        return Attempt(None if unwanted.status in _LOUD else tree, f"{unwanted.status}: {unwanted.reason}")
    tried = attempt_patches(binding.patches(), workspace)
    edits = [edit for patch in tried.outcomes for edit in patch.edits]
    said = "\n".join([tried.decision.reason, *(line for edit in edits for line in explain_edit(edit))])
    if tried.decision.status in _LOUD:
        return Attempt(None, said, tuple(edit.result for edit in edits if isinstance(edit.result, Drifted | Ambiguous)))
    after = {path: (workspace.tree.read(path) or b"").decode() for path in workspace.tree.paths()}
    return Attempt(after, said)


def try_mutant(mutant: Mutant) -> Trial:
    """Return what becomes of a mutant."""
    try:
        with _time_limit():
            made = attempt(mutant.case, mutant.tree)
    except HungError:
        return Trial(mutant, Outcome.HANG)
    except QpatchError as error:
        made = Attempt(None, str(error))
    except Exception as error:  # whatever it is, it is what the mutants are to find
        return Trial(mutant, Outcome.CRASH, f"{type(error).__name__}: {error}")
    outcome = _silent(mutant, made.tree) if made.tree is not None else _loud(mutant, made)
    return Trial(mutant, outcome, made.said, _is_first(mutant, made))


def _silent(mutant: Mutant, tree: Tree) -> Outcome:
    right = mutant.expected.result
    if right == tree:
        return Outcome.RIGHT
    same_code = right is not None and {path: text.split() for path, text in right.items()} == {
        path: text.split() for path, text in tree.items()
    }
    return Outcome.BROKEN if same_code else Outcome.SILENT_WRONG


def _loud(mutant: Mutant, made: Attempt) -> Outcome:
    if not mutant.expected.loud:
        return Outcome.FALSE_ALARM
    said = made.said.lower()
    told = all(any(word.lower() in said for word in cause) for cause in mutant.expected.causes)
    return Outcome.LOUD_AND_RIGHT if told else Outcome.LOUD_BUT_POOR


def _is_first(mutant: Mutant, made: Attempt) -> bool | None:
    """Tell whether the candidate that is named first is, or holds, the right one; None where that is not known."""
    wanted = mutant.expected.place
    if wanted is None or not made.missed:
        return None
    return any(_holds(place, wanted) for result in made.missed for place in _first_place(result))


def _first_place(result: EditResult) -> Sequence[SourcePlace]:
    if isinstance(result, Drifted):
        return [candidate.place for candidate in result.candidates[:1]]
    return result.matches[:1] if isinstance(result, Ambiguous) else []


def _holds(place: SourcePlace, wanted: tuple[str, int]) -> bool:
    path, line = wanted
    return place.path == path and place.line <= line <= place.line + place.snippet.count("\n")


@contextmanager
def _time_limit() -> Iterator[None]:
    """Raise HungError in the main thread after SECONDS."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise HungError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
