# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel in miniature: a few lines of make that behave as kbuild does towards the builder, in milliseconds."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from debs_support import deb

from qpatch.builds.backend import BuildDirectories
from qpatch.trees.apt_packages import BinaryPackage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from qpatch.trees.progress import Progress

# As scripts/basic/fixdep.c writes what an object depends on.
_RULES = r"""
MAKEFLAGS += -rR
unexport LC_ALL
define compile
@echo "  CC      $@"
@mkdir -p $(@D)
@$(CC) $(NOSTDINC) $(KCFLAGS) $(LINUXINCLUDE) -ffreestanding -MMD -MF $@.d -c -o $@ $<
@{ echo 'source_$@ := $<'; echo; echo 'deps_$@ := \'; sed 's/.*: //; s/\\$$//' $@.d | tr -s ' ' '\n' | grep '\.h$$' | \
  sed 's/.*/  & \\/'; echo; echo '$@: $$(deps_$@)'; echo; echo '$$(deps_$@):'; } > $(@D)/.$(@F).cmd
endef
"""
# What a package of headers has: its Makefile is asked for M=DIRECTORY and goals in there.
_PACKAGE_MAKEFILE = (
    _RULES
    + r"""
LINUXINCLUDE := -I$(dir $(lastword $(MAKEFILE_LIST)))include
include $(M)/Kbuild
src := $(M)
$(foreach each,$(obj-y),$(eval include $(M)/$(each)Makefile))
objects := $(addprefix $(M)/,$(obj-m))
modules: $(objects:.o=.ko)
	@printf '%s\n' $(obj-m) > $(M)/modules.order
$(M)/%.ko: $(M)/%.o
	@echo "  LD [M]  $@"
	@cp $< $@
$(M)/%.o: $(M)/%.c
	$(compile)
$(obj-y): %/: ; @$(MAKE) -f $(firstword $(MAKEFILE_LIST)) $(filter $(M)/$*/%,$(objects))
$(obj-m): %: $(M)/%
-include $(shell find $(M) -name '.*.o.cmd')
.PHONY: modules $(obj-y) $(obj-m)
"""
)
HEADERS = {
    "linux-headers-1.0-common": {
        "usr/src/linux-headers-1.0-common/Makefile": _PACKAGE_MAKEFILE,
        "usr/src/linux-headers-1.0-common/include/linux/vfio.h": '#define VFIO "vfio of the package"\n',
        "usr/src/linux-headers-1.0-common/include/linux/pci.h": '#define PCI "pci of the package"\n',
    },
    "linux-headers-1.0-amd64": {
        "usr/src/linux-headers-1.0-amd64/Makefile": "include /usr/src/linux-headers-1.0-common/Makefile\n",
        "usr/src/linux-headers-1.0-amd64/Module.symvers": "",
    },
}
MODULES = {
    "drivers/vfio/Makefile": "obj-m += drivers/vfio/vfio.o drivers/vfio/type1.o\n",
    "drivers/vfio/vfio.c": "#include <linux/vfio.h>\n#include <linux/pci.h>\n"
    "const char *names[] = {VFIO, PCI, __FILE__};\n",
    "drivers/vfio/type1.c": "int type1;\n",
    "samples/vfio-mdev/Makefile": "obj-$(CONFIG_SAMPLE_VFIO_MDEV_MTTY) += samples/vfio-mdev/mtty.o\n",
    "samples/vfio-mdev/mtty.c": "#include <linux/vfio.h>\nconst char *mtty = VFIO;\n",
    "include/linux/vfio.h": '#define VFIO "vfio of the tree"\n',
    "include/linux/pci.h": '#define PCI "pci of the tree"\n',
    "net/socket.c": "int socket;\n",
}
# A whole kernel: its configuration keeps what Kconfig declares.
KERNEL = {
    "Makefile": _RULES
    + r"""
ifneq ($(realpath $(O)),$(CURDIR))
%: ; @$(MAKE) -C $(O) -f $(CURDIR)/Makefile srctree=$(CURDIR) $@
bzImage modules drivers/vfio/: ; @$(MAKE) -C $(O) -f $(CURDIR)/Makefile srctree=$(CURDIR) $@
.PHONY: bzImage modules drivers/vfio/
else
LINUXINCLUDE := -I$(srctree)/include -DCONFIGURATION='"$(shell grep -c . .config)"'
tinyconfig: ; @mkdir -p include/config arch/x86/boot && : > .config
%.config: FORCE
	@echo "  MERGE   $@"
	@grep -E "^#? ?($$(tr '\n' '|' < $(srctree)/Kconfig)none)[= ]" $(srctree)/kernel/configs/$@ >> .config
	@printf 'deps_config := \\\n\tKconfig \\\n\n\nmore\n' > include/config/auto.conf.cmd
drivers/vfio/%.o: $(srctree)/drivers/vfio/%.c
	$(compile)
drivers/vfio/: drivers/vfio/vfio.o drivers/vfio/type1.o
%.ko: %.o
	@echo "  LD [M]  $@"
	@cp $< $@
arch/x86/boot/bzImage: drivers/vfio/type1.o
	@echo "  LD      $@"
	@cp $< $@
bzImage: arch/x86/boot/bzImage
modules: drivers/vfio/vfio.ko
	@echo drivers/vfio/vfio.o > modules.order
-include $(shell find . -name '.*.o.cmd')
FORCE:
.PHONY: tinyconfig bzImage modules drivers/vfio/
endif
""",
    "Kconfig": "CONFIG_MODULES\nCONFIG_VFIO\n",
    "drivers/vfio/Makefile": "",
    "drivers/vfio/vfio.c": "#include <linux/vfio.h>\nconst char *name = VFIO;\n",
    "drivers/vfio/type1.c": "int type1;\n",
    "include/linux/vfio.h": '#define VFIO "vfio"\n',
}


def write_files(directory: Path, files: Mapping[str, str]) -> None:
    """Write files below a directory."""
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content, encoding="utf-8")


def new_place(directory: Path, files: Mapping[str, str], target: str) -> BuildDirectories:
    """Return where a miniature tree is built, its files written."""
    write_files(directory / "source", files)
    place = BuildDirectories(directory / "source", directory / target, directory / "shared", directory / "logs" / "log")
    place.build.mkdir(parents=True)
    return place


@dataclass
class FakeSuite:
    """A suite with the miniature's header packages; `opened` counts how often it was asked."""

    directory: Path
    packages: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: HEADERS)
    opened: int = 0

    @contextmanager
    def open(self, suite: str, progress: Progress) -> Iterator[FakeSuite]:
        self.opened += 1
        yield self

    def newest(self, name: str, version: str = "*") -> BinaryPackage:
        depends = {
            "linux-headers-amd64": ("linux-headers-1.0-amd64",),
            "linux-headers-1.0-amd64": ("linux-headers-1.0-common", "gcc-12", "linux-image-1.0-amd64"),
        }
        assert fnmatch("1.0-1", version)
        return BinaryPackage(name, "1.0-1", "all", "kernel", 0, "", depends.get(name, ()))

    def download(self, packages: Sequence[BinaryPackage], progress: Progress) -> list[Path]:
        self.directory.mkdir(exist_ok=True)
        return [
            deb(
                self.directory / package.file,
                {name: text.encode() for name, text in self.packages[package.name].items()},
            )
            for package in packages
        ]
