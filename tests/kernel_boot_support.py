# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots a kernel in QEMU's emulation, just far enough to load modules and look at them: crude, and no lab.

The initial file system holds a static busybox, the modules and a script. Whatever goes wrong, the machine is switched
off: a panic reboots, which ends QEMU, and a machine that hangs is ended after `PATIENCE`.
"""

from __future__ import annotations

import gzip
import lzma
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.builds.prebuilt.fetch import prebuilt_binaries
from qpatch.trees.apt_packages import binary_suites
from qpatch.trees.deb import unpack_all
from qpatch.trees.fetch import default_job
from qpatch.trees.places import cache_directory
from qpatch.trees.progress import NoProgress

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qpatch.builds.kernel.headers import DebianHeaders

PATIENCE = 300  # seconds; Debian's kernels take half a minute without KVM on an idle machine
DONE = "the script has ended"

_DEPENDS = re.compile(rb"\0depends=([^\0]*)\0")
_INIT = """\
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
/bin/busybox mount -t devtmpfs none /dev
/bin/busybox --install -s /bin
export PATH=/bin
cd /modules
{insertions}
cd /
{script}
echo {done}
poweroff -f
"""


@dataclass(frozen=True)
class Machine:
    """What a machine is made of: the kernel's image and its modules, in any order."""

    kernel: Path
    modules: Sequence[Path]


def boot(machine: Machine, script: str, directory: Path, programs: Sequence[Path] = ()) -> str:
    """Boot `machine`, load its modules, run `script` (shell) and return what the console showed.

    `directory` is for the initial file system, which has `programs` (static) in /programs. Fails where the script was
    not run to its end.
    """
    names = [module.name for module in _in_order(machine.modules)]
    insertions = "\n".join(f"insmod {name} && echo loaded {name}" for name in names)
    modules = {f"modules/{module.name}": _content(module) for module in machine.modules}
    init = _INIT.format(insertions=insertions, script=script, done=DONE)
    more = {f"programs/{program.name}": program.read_bytes() for program in programs}
    archive = directory / "initramfs.gz"
    archive.write_bytes(
        gzip.compress(_cpio({"init": init.encode(), "bin/busybox": busybox().read_bytes(), **modules, **more}), 1)
    )
    emulator = prebuilt_binaries(default_job(), "qemu-7.2", "7.2", "x86_64-softmmu")[0]
    run = subprocess.run(
        [
            *emulator.command,
            *emulator.arguments,
            "-accel",
            "tcg",
            "-machine",
            "q35",
            "-cpu",
            "qemu64",
            "-m",
            "512",
            "-nodefaults",
            "-display",
            "none",
            "-no-reboot",
            "-serial",
            "stdio",
            "-kernel",
            str(machine.kernel),
            "-initrd",
            str(archive),
            "-append",
            "console=ttyS0 panic=-1 quiet",
        ],
        env={**os.environ, **emulator.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    console = run.stdout.decode(errors="replace").replace("\r\n", "\n")
    assert DONE in console, f"the machine did not get to the end:\n{console[-3000:]}"
    return console


def busybox() -> Path:
    """Return a static busybox, as Debian has it."""
    directory = _unpacked("bookworm", "busybox-static", ("bin/busybox",))
    return directory / "bin" / "busybox"


def debian_machine(headers: DebianHeaders, modules: Sequence[Path]) -> Machine:
    """Return Debian's kernel for which `headers` are, with `modules` and the one of its own that these need."""
    image = headers.directory().name.replace("linux-headers", "linux-image") + "-unsigned"
    wanted = ("boot/vmlinuz-*", "lib/modules/*/kernel/virt/lib/irqbypass.ko*")
    directory = _unpacked(headers.chosen.suite, image, wanted)
    return Machine(next(directory.glob("boot/vmlinuz-*")), [*modules, *directory.rglob("irqbypass.ko*")])


def _unpacked(suite: str, package: str, wanted: Sequence[str]) -> Path:
    """Return a directory in the cache with the files of a package that match the patterns `wanted`."""
    directory = cache_directory() / "test-builds" / "packages" / package
    if directory.is_dir():
        return directory
    with binary_suites(default_job(), suite) as root, tempfile.TemporaryDirectory(dir=root.directory) as scratch:
        found = root.newest(package)
        unpack_all(root.download([found], NoProgress()), Path(scratch, "all"), NoProgress())
        for pattern in wanted:
            for file in Path(scratch, "all").glob(pattern):
                kept = Path(scratch, "kept", file.relative_to(Path(scratch, "all")))
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, kept)
        directory.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(scratch, "kept"), directory)
    return directory


def _content(module: Path) -> bytes:
    return lzma.decompress(module.read_bytes()) if module.suffix == ".xz" else module.read_bytes()


def _in_order(modules: Sequence[Path]) -> list[Path]:
    """Return `modules` with those that others need before these."""
    known = {_name(module.name): module for module in modules}
    ordered: dict[str, Path] = {}

    def add(name: str) -> None:
        if name in known and name not in ordered:
            found = _DEPENDS.search(_content(known[name]))
            for needed in found[1].decode().split(",") if found else []:
                add(_name(needed))
            ordered[name] = known[name]

    for name in known:
        add(name)
    return list(ordered.values())


def _name(file: str) -> str:
    return file.partition(".")[0].replace("-", "_")


def _cpio(files: Mapping[str, bytes]) -> bytes:
    """Return an archive as the kernel reads it (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    folders = {str(parent): None for name in files for parent in _parents(name)}
    entries = [(folder, 0o040755, b"") for folder in folders]
    entries += [(name, 0o100755, content) for name, content in files.items()]
    return b"".join(_entry(number, *entry) for number, entry in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1))


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _entry(number: int, name: str, mode: int, content: bytes) -> bytes:
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
    return _padded(header) + _padded(content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
