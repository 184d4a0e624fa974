# SPDX-License-Identifier: GPL-2.0-or-later
"""qpatch as a process of its own on the miniature QEMU; imports little, since tests start many of them.

It differs from `python -m qpatch` in two things: the machine is not asked for the libraries that the real QEMU needs,
and trees have no capabilities, which the miniature knows none of.
"""

from __future__ import annotations

import signal
import sys
from types import ModuleType

from qpatch.builds.qemu import backend
from qpatch.cli.main import main


def ask_for_little() -> None:
    """Replace what the miniature has not; for good, since the process is this program's own."""
    setattr(backend, "require", lambda _group: None)  # noqa: B010  # the module does not export it
    module = ModuleType("qpatch.capabilities.evaluate")
    module.__dict__.update(evaluate=lambda *_: {}, names_by_kind=lambda: {"qemu": frozenset(), "linux": frozenset()})
    sys.modules[module.__name__] = module


if __name__ == "__main__":
    # A shell starts what it runs in the background with interrupts ignored, and Python keeps it so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    ask_for_little()
    sys.exit(main())
