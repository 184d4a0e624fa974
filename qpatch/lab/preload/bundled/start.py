#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Repeats the run of this bundle, and judges it: see README and --help."""

import contextlib
import os
import sys
import traceback

NOT_REPEATED, INTERRUPTED = 2, 130


def repeated() -> int:
    """Return the exit code of the repetition, whose code lies beside this script."""
    from pathlib import Path

    bundle = Path(__file__).resolve().parent
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(bundle / "lab"))
    from qpatch.lab.preload.bundled.sums import damage

    damaged = damage(bundle)
    if damaged:
        sys.stderr.write("not repeated: " + damaged + "\n")
        return NOT_REPEATED
    from qpatch.lab.preload.bundled.repeat import main

    return main(bundle)


def exit_code() -> int:
    """Return the exit code of all: what fails in another way than it should has repeated nothing either."""
    if sys.version_info < (3, 11):  # noqa: UP036 -- whoever repeats a bundle may have any
        sys.stderr.write("not repeated: this needs Python 3.11 or newer\n")
        return NOT_REPEATED
    try:
        return repeated()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    except Exception as error:
        traceback.print_exc()
        sys.stderr.write("not repeated: " + type(error).__name__ + ": " + str(error) + "\n")
        return NOT_REPEATED


if __name__ == "__main__":
    code = exit_code()
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:  # nobody reads it any more: what was not said is no failure of Python's
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)
