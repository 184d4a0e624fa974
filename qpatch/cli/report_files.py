# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of results for other programs, as the command line asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_report(file: Path, text: str) -> None:
    """Write a file that is asked for; one that is no plain file, such as /dev/stdout, is not replaced."""
    from qpatch.trees.places import write_whole

    if file.exists() and not file.is_file():
        file.write_text(text, encoding="utf-8")
    else:
        write_whole(file, text)
