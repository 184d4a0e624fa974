# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots a kernel in QEMU's emulation, has it do some work, and tells how it ended. Nothing is left running.

The initial file system holds a static busybox, the modules, programs and a script. Two serial ports end in files: the
kernel's log, and what the work prints. They are separate, so that no line of the kernel's stands in one of a program.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol

from qpatch.builds.prebuilt.fetch import prebuilt_binaries
from qpatch.errors import EnvironmentFault
from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.initramfs import initramfs
from qpatch.lab.runtime.patience import Patience
from qpatch.lab.runtime.process import WITH_PARENT_DEATH_SIGNAL
from qpatch.lab.vm.console import KernelEnd, read_console
from qpatch.lab.vm.modules import content, loading_order, module_name
from qpatch.requirements import missing_program
from qpatch.trees.fetch import default_job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from qpatch.lab.vm.kernels import Kernel
    from qpatch.trees.progress import Progress

KERNEL_LOG = "kernel.log"
OUTPUT = "output.log"
PROGRAMS = "/programs"  # where programs are in the virtual machine
_ARCHIVE = "initramfs.gz"
_POLL_SECONDS = 0.1
_NOT_LOADED = re.compile(r"qpatch: not loaded: (?P<said>.*)")
_FASTEST = 1  # of gzip: the archive is read once


class BootingQemu(LabModel):
    """The QEMU that boots: a release of Debian's, and the name under which it is kept."""

    name: str
    release: str
    target: str


class BootFile(LabModel):
    """What boot.yaml says; the comments there explain each key."""

    machine: tuple[str, ...]
    memory: int
    parameters: str
    silence: float
    total: float
    stretch: float
    qemu: BootingQemu


class Emulator(Protocol):
    """A QEMU that boots a machine; see `qpatch.builds.prebuilt.binary.Prebuilt`."""

    @property
    def command(self) -> tuple[str, ...]:
        """The words that the command line begins with."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words that follow: where the firmware is."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables to set."""


@dataclass(frozen=True)
class Work:
    """What a machine has and does: modules to load (by their names, with all they need), and a shell script.

    `programs` are static, and there in PROGRAMS; `files` are more, by their paths. `options` are parameters of modules,
    as `mtty.config_first`; `arguments` are added to QEMU's; `memory` is in MiB, 0 for that of boot.yaml.
    """

    modules: Sequence[str]
    script: str
    programs: Sequence[Path] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    memory: int = 0


@dataclass(frozen=True)
class Boot:
    """What came of a machine: how its kernel ended, what the work printed, where all is kept, how long it took."""

    end: KernelEnd
    log: str
    output: str
    directory: Path
    seconds: float


def boot(
    kernel: Kernel, work: Work, busybox: Path, directory: Path, emulator: Emulator, bounds: BootFile | None = None
) -> Boot:
    """Boot `kernel`, do `work` and return what came of it; logs are kept in `directory`, which is made.

    `bounds` says how long it may take, by default as boot.yaml has it. Raises EnvironmentFault `module-missing`,
    `module-not-loaded`, `program-missing`, and OSError. Whatever the kernel does is in the result.
    """
    bounds = bounds or boot_file()
    directory.mkdir(parents=True, exist_ok=True)
    archive = directory / _ARCHIVE
    archive.write_bytes(gzip.compress(_archive(kernel, work, busybox), _FASTEST))
    logs = [directory / name for name in (KERNEL_LOG, OUTPUT)]
    for file in logs:
        file.write_bytes(b"")
    started = time.monotonic()
    timed_out = _run(_command(kernel, work, archive, logs, emulator, bounds), emulator, directory, logs, bounds)
    archive.unlink()
    log, output = map(_text, logs)
    if refused := _NOT_LOADED.search(log):
        raise EnvironmentFault("module-not-loaded", f"{kernel.title} does not load a module: {refused['said']}")
    return Boot(read_console(log, timed_out=timed_out), log, output, directory, time.monotonic() - started)


def default_emulator(progress: Progress) -> Emulator:
    """Return Debian's QEMU that boots machines. Raises EnvironmentFault `no-prebuilt` and such."""
    qemu = boot_file().qemu
    return prebuilt_binaries(default_job(progress), qemu.name, qemu.release, qemu.target)[0]


@cache
def boot_file() -> BootFile:
    """Return what boot.yaml says."""
    return datafile.read(resources.files(__package__).joinpath("boot.yaml"), BootFile)


def _text(log: Path) -> str:
    return log.read_bytes().decode(errors="replace").replace("\r\n", "\n")


def _archive(kernel: Kernel, work: Work, busybox: Path) -> bytes:
    modules = loading_order(work.modules, kernel.modules)
    names = [module.name.removesuffix(".xz") for module in modules]
    return initramfs(
        {
            "init": resources.files(__package__).joinpath("init.sh").read_bytes(),
            "bin/busybox": busybox.read_bytes(),
            "work": work.script.encode(),
            "modules/order": "".join(f"{name}{_options(name, work)}\n" for name in names).encode(),
            **{f"modules/{name}": content(module) for name, module in zip(names, modules, strict=True)},
            **{f"{PROGRAMS[1:]}/{program.name}": program.read_bytes() for program in work.programs},
            **work.files,
        }
    )


def _options(file: str, work: Work) -> str:
    """Return the parameters of the module in `file`, as insmod takes them."""
    of_module = [(name.partition("."), value) for name, value in work.options.items()]
    return "".join(f" {name[2]}={value}" for name, value in of_module if name[0] == module_name(file))


def _command(
    kernel: Kernel, work: Work, archive: Path, logs: Sequence[Path], emulator: Emulator, bounds: BootFile
) -> list[str]:
    return [
        *emulator.command,
        *emulator.arguments,
        *bounds.machine,
        *("-m", str(work.memory or bounds.memory)),
        *(word for log in logs for word in ("-serial", f"file:{log}")),
        *("-kernel", str(kernel.image), "-initrd", str(archive)),
        *("-append", bounds.parameters),
        *work.arguments,
    ]


def _run(command: Sequence[str], emulator: Emulator, directory: Path, logs: Sequence[Path], bounds: BootFile) -> bool:
    """Run QEMU until it ends, or has said nothing for too long; return whether it was ended then."""
    if shutil.which(WITH_PARENT_DEATH_SIGNAL[0]) is None:
        raise missing_program(WITH_PARENT_DEATH_SIGNAL[0])
    with (directory / "qemu.log").open("wb") as said:
        process = subprocess.Popen(
            [*WITH_PARENT_DEATH_SIGNAL, *command],
            env={**os.environ, **emulator.environment},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        return _waited_in_vain(process, logs, bounds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _waited_in_vain(process: subprocess.Popen[bytes], logs: Sequence[Path], bounds: BootFile) -> bool:
    whole = Patience(bounds.total, process.pid, bounds.stretch)
    silence, size = Patience(bounds.silence, process.pid, bounds.stretch), 0
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_POLL_SECONDS)
            return False
        if (now := sum(log.stat().st_size for log in logs)) != size:
            silence, size = Patience(bounds.silence, process.pid, bounds.stretch), now
        if not (silence.left() and whole.left()):
            return True
