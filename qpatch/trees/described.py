# SPDX-License-Identifier: GPL-2.0-or-later
"""What a commit is, in words for a letter: a commit that others have, or a source package that qpatch imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qpatch.trees.fastimport import IMPORTER

if TYPE_CHECKING:
    from qpatch.trees.git import Repository

_FORMAT = "%an <%ae>%x00%s%x00%b"
_IMPORTED = re.compile(r"Import (?P<what>.+) from Debian")
_FETCHED = re.compile(r"There it is commit (?P<commit>[0-9a-f]{40,64})\.")
_DIGITS = 12


def base_in_words(repository: Repository, commit: str) -> str:
    """Return what `commit` is, in words that follow "based on".

    Of an import (see `qpatch.trees.importer`) only its content is anybody else's, so the words name where that is from.
    """
    author, subject, body = repository.text("log", "-1", f"--format={_FORMAT}", commit).split("\0")
    if author != str(IMPORTER):
        return f'commit {commit[:_DIGITS]} ("{subject}")'
    if package := _IMPORTED.fullmatch(subject):
        return f"Debian's source package {package['what']}, its patches applied, as `qpatch tree fetch` imports it"
    if there := _FETCHED.search(body):
        return f"commit {there['commit'][:_DIGITS]} ({subject.removeprefix('Import ')})"
    return subject.removeprefix("Import ")
