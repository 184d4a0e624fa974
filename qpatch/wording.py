# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of messages that depend on a number."""

from __future__ import annotations


def with_article(noun: str) -> str:
    """Return a noun with its article: 'a union', 'an enum'."""
    return f"{'an' if noun[:1] in 'aeio' else 'a'} {noun}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return `count` things in words: '1 patch', '2 patches'; `plural` is the noun's where it does not end in s."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"
