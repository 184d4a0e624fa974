# SPDX-License-Identifier: GPL-2.0-or-later
"""iommufd for a kernel that was configured without it, as Debian's are: cdevs, and reports of DMA logging.

iommufd and VFIO are modules, so that both can be made out of tree: the members that VFIO's structures have with iommufd
are no other part's business. What the kernel itself would have for it, an iterator over the gaps of an interval tree,
becomes part of the module.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qpatch.builds.kernel.headers import Headers
    from qpatch.trees.commit_tree import CommitTree

_FOLDERS = ("drivers/iommu/iommufd", "drivers/vfio")
_HEADERS = ("vfio.h", "vfio_pci_core.h", "mdev.h", "iova_bitmap.h", "iommufd.h")
_FILES = (
    "drivers/iommu/iommu-priv.h",
    "lib/interval_tree.c",
    *(f"include/linux/{name}" for name in _HEADERS),
    "include/uapi/linux/vfio.h",
    "include/uapi/linux/iommufd.h",
)
_KBUILD = """\
LINUXINCLUDE := -I$(M)/include -I$(M)/include/uapi $(LINUXINCLUDE)
obj-y += drivers/iommu/iommufd/ drivers/vfio/
"""
_DEFINED = ("IOMMUFD_MODULE", "IOMMUFD_DRIVER", "VFIO_DEVICE_CDEV", "INTERVAL_TREE_SPAN_ITER")
_WITHOUT = ("DEBUG_INFO", "DEBUG_INFO_BTF_MODULES", "VFIO_PCI_CORE", "VFIO_PCI", "VFIO_PLATFORM", "VFIO_CDX")
# What a module that uses this VFIO is compiled with.
FLAGS: Mapping[str, str] = {"KCFLAGS": " ".join(f"-DCONFIG_{name}=1" for name in _DEFINED)}


def iommufd_modules(tree: CommitTree, headers: Headers, directory: Path) -> list[Path]:
    """Make iommufd of `tree`, and VFIO's modules with it, for the kernel of `headers`, in `directory`."""
    for path in [*_FILES, *(path for folder in _FOLDERS for path in tree.paths(folder))]:
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(tree.read(path) or b"")
    (directory / "Kbuild").write_text(_KBUILD)
    _take_in(directory)
    options = {
        "M": str(directory),
        "CC": "gcc",
        "CONFIG_IOMMUFD": "m",
        "CONFIG_VFIO_DEVICE_CDEV": "y",
        **{f"CONFIG_{each}": "" for each in _WITHOUT},
        **FLAGS,
    }
    variables = [f"{name}={value}" for name, value in options.items()]
    command = ["make", "-C", str(headers.directory()), f"-j{os.cpu_count()}", *variables, "modules"]
    subprocess.run(command, check=True, capture_output=True)
    return sorted(directory.rglob("*.ko"))


def _take_in(directory: Path) -> None:
    """Make what the kernel would have for iommufd part of it."""
    folder = directory / _FOLDERS[0]
    makefile = (folder / "Makefile").read_text()
    own = "obj-$(CONFIG_IOMMUFD_DRIVER) += iova_bitmap.o"
    assert own in makefile
    (folder / "Makefile").write_text(makefile.replace(own, "iommufd-y += iova_bitmap.o span.o"))
    tree = (directory / "lib" / "interval_tree.c").read_text()
    _, _, iterator = tree.partition("#ifdef CONFIG_INTERVAL_TREE_SPAN_ITER\n")
    code = "\n".join(line for line in iterator.splitlines() if not line.startswith(("EXPORT_SYMBOL", "#endif")))
    (folder / "span.c").write_text(f"#include <linux/interval_tree.h>\n{code}\n")
