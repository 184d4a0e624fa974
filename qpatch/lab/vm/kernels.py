# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the kernel of a virtual machine comes from: Debian's image with modules of a tree, or the lab's own build.

Images and busybox are unpacked from Debian's packages, once, and kept in the cache; nothing is installed.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.builds.kernel.headers import debian_suite
from qpatch.errors import EnvironmentFault
from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.vm.modules import by_name, loading_order
from qpatch.requirements import require
from qpatch.trees.deb import unpack_all
from qpatch.trees.places import cache_directory
from qpatch.trees.replacing import replaced_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from qpatch.builds.kernel.headers import DebianHeaders, Suite
    from qpatch.trees.progress import Progress

IMAGE = "vmlinuz"
_MODULES = "modules"


class BusyboxPackage(LabModel):
    """Where Debian has a static busybox: `file` of `package` in `suite`."""

    suite: str
    package: str
    file: str


class PackagesFile(LabModel):
    """What packages.yaml says: `modules` are those of Debian's own that are kept, with all that they need."""

    busybox: BusyboxPackage
    modules: tuple[str, ...]


@dataclass(frozen=True)
class Kernel:
    """A kernel that can be booted: its image, and modules for it by their names."""

    title: str
    image: Path
    modules: Mapping[str, Path]


@dataclass(frozen=True)
class PackageStore:
    """Files of Debian's packages, below `directory`; `open_suite` opens a suite."""

    directory: Path
    progress: Progress
    open_suite: Callable[[str, Progress], AbstractContextManager[Suite]] = debian_suite

    def busybox(self) -> Path:
        """Return a static busybox. Raises what stands in the way of Debian's packages."""
        wanted = _packages().busybox
        place = self.directory / wanted.package
        return self._unpacked(wanted.suite, wanted.package, place, lambda files, kept: _keep_busybox(files, kept))

    def image(self, headers: DebianHeaders) -> Path:
        """Return the directory of the kernel for which `headers` are: IMAGE, and modules of its own.

        Raises what stands in the way of Debian's packages.
        """
        name = headers.directory().name.replace("linux-headers", "linux-image") + "-unsigned"
        self._unpacked(headers.chosen.suite, name, self.directory / name, _keep_image)
        return self.directory / name

    def _unpacked(self, suite: str, package: str, place: Path, keep: Callable[[Path, Path], None]) -> Path:
        """Return the first file in `place`; where that is not there, `keep` chooses what is kept of a package."""
        if not place.is_dir():
            from filelock import FileLock  # only here: what is there needs no lock

            self.directory.mkdir(parents=True, exist_ok=True)
            with FileLock(self.directory / "lock"):
                if not place.is_dir():  # another run may have made it
                    self._unpack(suite, package, place, keep)
        return next(file for file in sorted(place.iterdir()) if file.is_file())

    def _unpack(self, suite: str, package: str, place: Path, keep: Callable[[Path, Path], None]) -> None:
        require("prebuilt")
        self.progress.begin(f"unpacking {package}", None)
        with (
            self.open_suite(suite, self.progress) as opened,
            tempfile.TemporaryDirectory(dir=self.directory, prefix=".unpacked-") as scratch,
            replaced_directory(place) as kept,
        ):
            unpack_all(opened.download([opened.newest(package)], self.progress), Path(scratch), self.progress)
            keep(Path(scratch), kept)


def default_packages(progress: Progress) -> PackageStore:
    """Return the store in the user's cache."""
    return PackageStore(cache_directory() / "lab" / "vm", progress)


def debian_kernel(headers: DebianHeaders, modules: Mapping[str, Path], packages: PackageStore) -> Kernel:
    """Return Debian's kernel for which `headers` are, with `modules` (files by their names) before its own."""
    directory = packages.image(headers)
    known = by_name([*modules.values(), *sorted((directory / _MODULES).iterdir())])
    return Kernel(headers.version(), directory / IMAGE, known)


def built_kernel(title: str, products: Mapping[str, Path]) -> Kernel:
    """Return the lab's own kernel (`qpatch build --target kernel`) from what was built."""
    modules = [file for name, file in products.items() if name.endswith(".ko")]
    return Kernel(title, products["bzImage"], by_name(modules))


def _packages() -> PackagesFile:
    return datafile.read(resources.files(__package__).joinpath("packages.yaml"), PackagesFile)


def _keep_busybox(unpacked: Path, kept: Path) -> None:
    shutil.copy2(unpacked / _packages().busybox.file, kept / "busybox")


def _keep_image(unpacked: Path, kept: Path) -> None:
    """Keep the kernel, and the modules that packages.yaml names with all that they need."""
    images = sorted(unpacked.glob(f"boot/{IMAGE}-*"))
    if len(images) != 1:
        raise EnvironmentFault("kernel-missing", f"the package has {len(images)} kernels in /boot, and not one")
    shutil.copy2(images[0], kept / IMAGE)
    known = by_name(unpacked.glob("lib/modules/*/kernel/**/*.ko*"))
    (kept / _MODULES).mkdir()
    for module in loading_order([name for name in _packages().modules if name in known], known):
        shutil.copy2(module, kept / _MODULES)
