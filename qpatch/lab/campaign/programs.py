# SPDX-License-Identifier: GPL-2.0-or-later
"""From a strategy (or the baseline), a tree and a target to the QEMU that the lab starts: built, kept, or Debian's own.

A baseline that `qpatch build` has kept is taken; else Debian's binary of the release, if it is known by name and there
is one: that needs neither sources nor a compiler; else the release is built. A strategy is always built.
"""

from __future__ import annotations

import enum
import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qpatch.builds.builder import BASELINE, BuildRequest
from qpatch.builds.prebuilt.catalogue import require_qemu
from qpatch.builds.strategy import build_strategy, builder_for
from qpatch.cells.base import Status
from qpatch.errors import QpatchError, UserError
from qpatch.lab.plan import QemuProgram
from qpatch.lab.runtime.commandline import option_value
from qpatch.lab.runtime.process import WITH_PARENT_DEATH_SIGNAL, base_environment, is_other_architecture
from qpatch.requirements import missing_program
from qpatch.series.open_tree import opened_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TypeAlias

    from qpatch.builds.products import Product
    from qpatch.series.open_tree import OpenTree
    from qpatch.strategy.load import LoadedStrategy
    from qpatch.trees.progress import Progress

    TreeOpener: TypeAlias = Callable[[str], AbstractContextManager[OpenTree]]

_START_SECONDS = 60  # for a QEMU without a machine to answer queries; the host may be busy
_WITHOUT_A_MACHINE = ("-M", "none", "-accel", "tcg", "-nodefaults", "-display", "none", "-S", "-qmp", "stdio")
_QUERIES = ("qmp_capabilities", "query-target", "quit")


class BinaryChoice(enum.StrEnum):
    """Which baseline is taken: the first there is, Debian's binary, or the project's own build."""

    AUTOMATIC = "automatic"
    PREBUILT = "prebuilt"
    BUILD = "build"


@dataclass(frozen=True)
class UnavailableProgram:
    """Why there is nothing to run: `status` is how the render ended (landed, void, drifted...), or failed."""

    strategy: str
    tree: str
    target: str
    status: str
    reason: str
    error: QpatchError | None = None


@dataclass(frozen=True)
class Programs:
    """Finds programs: `choice` is about baselines, `parameters` are the strategies' settings.

    `jobs` is how many compilers run at a time, 0 for ninja's own choice; `opener` opens a tree by its name on the
    command line.
    """

    progress: Progress
    choice: BinaryChoice = BinaryChoice.AUTOMATIC
    parameters: Mapping[str, object] | None = None
    jobs: int = 0
    opener: TreeOpener = opened_tree

    def of_tree(
        self, tree: str, strategies: Sequence[LoadedStrategy | None], targets: Iterable[str]
    ) -> list[QemuProgram | UnavailableProgram]:
        """Return the program of each of `strategies` (None: the baseline) on `tree`, for each of `targets`.

        In the place of one that is not available is the reason; the others are found all the same.
        """
        return [self._guarded(strategy, tree, target) for strategy in strategies for target in targets]

    def _guarded(self, strategy: LoadedStrategy | None, tree: str, target: str) -> QemuProgram | UnavailableProgram:
        name = strategy.name if strategy else BASELINE
        try:
            return self._built(strategy, tree, target) if strategy else self._baseline(tree, target)
        except QpatchError as error:
            return UnavailableProgram(name, tree, target, Status.FAILED, error.message, error)

    def _baseline(self, tree: str, target: str) -> QemuProgram | UnavailableProgram:
        if self.choice is BinaryChoice.PREBUILT:
            return self._prebuilt(tree, target)
        if self.choice is BinaryChoice.AUTOMATIC:
            found = self._kept(tree, target) or self._distributed(tree, target)
            if found is not None:
                return found
            self.progress.note(f"{BASELINE} on {tree}: {target} is built, since there is no binary of it")
        return self._built(None, tree, target)

    def _kept(self, tree: str, target: str) -> QemuProgram | None:
        """Return the baseline that was built before; None also where the sources are not there."""
        from qpatch.builds.targets import backends
        from qpatch.trees.resolve import resolve

        try:
            found = resolve(tree)
        except UserError as error:
            if error.code in ("tree-not-fetched", "binaries-only"):
                return None
            raise
        require_qemu(tree, found.kind)
        (backend,) = backends(found.kind, found.release, target, self.jobs)
        with found.open() as source:
            builder = builder_for(found.name, found.repository, backend, self.progress)
            product = builder.find(BuildRequest(BASELINE, source))
        if product is None:
            return None
        built_from = found.repository.tree_of(found.commit)
        return _program(BASELINE, found.name, found.release, target, product, built_from)

    def _distributed(self, tree: str, target: str) -> QemuProgram | None:
        """Return Debian's binary of a release that has a name; a tree given by its path is something else."""
        from qpatch.trees.places import configuration_file
        from qpatch.trees.releases import known_releases, load_configuration

        if tree not in known_releases(load_configuration(configuration_file())):
            return None
        try:
            return self._prebuilt(tree, target)
        except QpatchError as error:
            if error.code == "disk-full":
                raise
            self.progress.note(f"{BASELINE} on {tree}: {error.message}")
            return None

    def _prebuilt(self, tree: str, target: str) -> QemuProgram:
        from qpatch.builds.prebuilt.catalogue import release_of
        from qpatch.builds.prebuilt.fetch import prebuilt_binaries
        from qpatch.trees.fetch import default_job

        name, release = release_of(tree)
        (binary,) = prebuilt_binaries(default_job(self.progress), name, release, target)
        return QemuProgram(
            BASELINE, name, release_numbers(release), target, binary.command, binary.environment, binary.arguments
        )

    def _built(self, strategy: LoadedStrategy | None, tree: str, target: str) -> QemuProgram | UnavailableProgram:
        from qpatch.builds.targets import backends

        name = strategy.name if strategy else BASELINE
        with self.opener(tree) as opened:
            info = opened.info
            require_qemu(tree, info.kind)
            (backend,) = backends(info.kind, info.release, target, self.jobs)
            built = build_strategy(strategy, opened, self.parameters or {}, backend, self.progress)
        if built.result is None:
            assert built.tried is not None
            decision = built.tried.decision
            return UnavailableProgram(name, info.name, target, str(decision.status), decision.reason)
        if built.result.failed or built.result.product is None:
            return UnavailableProgram(
                name,
                info.name,
                target,
                Status.FAILED,
                f"it does not build: `qpatch build {name} --tree {tree} --target {target}` shows why",
            )
        built_from = built.result.steps[-1].step.source
        program = _program(name, info.name, info.release, target, built.result.product, built_from)
        return replace(program, arguments=(*program.arguments, *_globals(strategy))) if strategy else program


def binary_program(file: Path) -> QemuProgram:
    """Return the QEMU in the file that the user names; its release and target are queried, without a machine.

    Raises UserError `bad-binary` where it does not run here, or is not a QEMU that emulates a whole machine.
    """
    answers = _answers_of(file)
    greeting = next((answer["QMP"] for answer in answers if "QMP" in answer), None)
    target = next((answer["return"]["arch"] for answer in answers if "arch" in answer.get("return", ())), None)
    if greeting is None or target is None:
        raise UserError("bad-binary", f"{file} does not answer as QEMU's monitor does")
    version = greeting["version"]["qemu"]
    release = (int(version["major"]), int(version["minor"]))
    tree = f"{file.name}-{release[0]}.{release[1]}.{version['micro']}"
    return QemuProgram(BASELINE, tree, release, f"{target}-softmmu", (str(file.resolve()),), {})


def release_numbers(release: str) -> tuple[int, int]:
    """Return a release such as `10.0.13` as the lab's data compare it: (10, 0)."""
    numbers = [int(number) for number in re.findall(r"\d+", release)]
    return (numbers[0], numbers[1]) if len(numbers) > 1 else (numbers[0] if numbers else 0, 0)


def _program(strategy: str, tree: str, release: str, target: str, product: Product, built_from: str) -> QemuProgram:
    file = next(iter(product.files.values()))
    return QemuProgram(strategy, tree, release_numbers(release), target, (str(file),), {}, built_from=built_from)


def _globals(strategy: LoadedStrategy) -> tuple[str, ...]:
    """Return the arguments that turn on what is off by default in a QEMU of this strategy."""
    component = strategy.model.qemu
    properties = component.globals.items() if component else ()
    return tuple(word for name, value in properties for word in ("-global", f"{name}={option_value(value)}"))


def _answers_of(file: Path) -> list[dict[str, Any]]:
    """Start the program without a machine and return what its monitor says: its greeting and answers."""
    queries = "".join(json.dumps({"execute": name}) + "\n" for name in _QUERIES)
    if is_other_architecture(str(file)):
        raise UserError("bad-binary", f"{file} is a program for another processor than this machine's")
    code, output, messages = _output_of([str(file.resolve()), *_WITHOUT_A_MACHINE], queries)
    if code is None:
        raise UserError("bad-binary", f"{file} did not answer queries of its version within {_START_SECONDS} s")
    if code:
        raise UserError("bad-binary", f"{file} does not start here: {(messages or output).strip()}")
    return [answer for answer in map(_parsed, output.splitlines()) if isinstance(answer, dict)]


def _output_of(command: list[str], queries: str) -> tuple[int | None, str, str]:
    """Return exit code, output and messages of a program, which is ended where it takes too long: None then."""
    if shutil.which(WITH_PARENT_DEATH_SIGNAL[0]) is None:
        raise missing_program(WITH_PARENT_DEATH_SIGNAL[0])
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*WITH_PARENT_DEATH_SIGNAL, *command],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        errors="replace",
        env=base_environment(),
        start_new_session=True,
    ) as process:
        try:
            output, messages = process.communicate(queries, _START_SECONDS)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                return None, "", ""
            raise
    return process.returncode, output, messages


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
