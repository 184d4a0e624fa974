# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian mirrors that this machine's apt is configured with, read from /etc/apt.

Both formats of apt are understood (sources.list(5)): one-line `.list` files and deb822 `.sources` files.
Disabled entries are left out, and so are third-party repositories as far as the file can tell.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Debian's suites and code names (https://www.debian.org/releases/), with what may follow them.
_SUITE = re.compile(
    r"(oldoldstable|oldstable|stable|testing|unstable|sid|experimental|bullseye|bookworm|"
    r"trixie|forky|duke)(-updates|-backports|-proposed-updates)?"
)
_ONE_LINE = re.compile(
    r"deb(?:-src)?\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)"
    r"(?P<components>.*)"
)
# apt itself ignores files with other characters in their names (sources.list(5)).
_FILE_NAME = re.compile(r"[A-Za-z0-9_.-]+\.(list|sources)")


@dataclass(frozen=True)
class AptSource:
    """One enabled source; `signed_by` is a keyring's path, a fingerprint or an inline key, '' by default."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""
    file: str = ""


@dataclass(frozen=True)
class Mirror:
    """A Debian mirror: its URI, and what its signatures are checked with (see `AptSource`)."""

    uri: str
    signed_by: str = ""


def configured_sources(etc: Path) -> list[AptSource]:
    """Return the enabled sources of the apt configuration directory `etc`, in apt's order."""
    directory = etc / "sources.list.d"
    more = sorted(directory.iterdir()) if directory.is_dir() else []
    files = [etc / "sources.list", *(file for file in more if _FILE_NAME.fullmatch(file.name))]
    sources: list[AptSource] = []
    for file in files:
        if file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            sources += _deb822(text, file.name) if file.suffix == ".sources" else _one_line(text, file.name)
    return sources


def debian_mirrors(sources: list[AptSource]) -> list[Mirror]:
    """Return the Debian mirrors among `sources`, the surest first, each URI once.

    A mirror is a source of a Debian suite's `main`. Third-party repositories may use Debian's suite names
    too, so those signed with Debian's keyring or listed in Debian's own files come first; what a mirror says
    of itself (`Origin`) is checked after its index was fetched.
    """
    found = [source for source in sources if _is_debian(source)]
    ranked = sorted(found, key=lambda source: not _looks_official(source))
    mirrors: dict[str, Mirror] = {}
    for source in ranked:
        mirrors.setdefault(source.uri, Mirror(source.uri, source.signed_by))
    return list(mirrors.values())


def _is_debian(source: AptSource) -> bool:
    return (
        _SUITE.fullmatch(source.suite) is not None
        and "main" in source.components
        and not source.uri.startswith("cdrom:")
        and not source.uri.rstrip("/").endswith("-security")
    )


def _looks_official(source: AptSource) -> bool:
    return "debian-archive" in source.signed_by or source.file in ("sources.list", "debian.sources")


def _one_line(text: str, file: str) -> Iterator[AptSource]:
    for line in text.splitlines():
        match = _ONE_LINE.fullmatch(line.split("#", 1)[0].strip())
        if match is not None:
            signed_by = re.search(r"(?:^|\s)signed-by=(\S+)", match["options"] or "")
            yield AptSource(
                match["uri"],
                match["suite"],
                tuple(match["components"].split()),
                signed_by[1] if signed_by else "",
                file,
            )


def _deb822(text: str, file: str) -> Iterator[AptSource]:
    from debian.deb822 import Deb822  # only here: it takes a while to import

    for stanza in Deb822.iter_paragraphs(text.splitlines(), use_apt_pkg=False):
        fields = {name.lower(): value for name, value in stanza.items()}
        if fields.get("enabled", "yes").strip().lower() in ("no", "false", "0", "off"):
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield AptSource(
                    uri,
                    suite,
                    tuple(fields.get("components", "").split()),
                    fields.get("signed-by", "").rstrip("\n"),
                    file,
                )
