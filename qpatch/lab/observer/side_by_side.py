# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures beside each other in one SVG, each with its own time."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP = 16
_SIZE = re.compile(r'<svg [^>]*?\bwidth="(\d+)" height="(\d+)"')


def side_by_side(pictures: Sequence[str], title: str) -> str:
    """Return `pictures` (SVG as `picture` makes them) from left to right."""
    sizes = [tuple(map(int, match.groups())) for picture in pictures if (match := _SIZE.match(picture))]
    height = max(size[1] for size in sizes)
    width = sum(size[0] + _GAP for size in sizes) - _GAP
    body, left = [], 0
    for picture, size in zip(pictures, sizes, strict=True):
        body.append(picture.replace("<svg ", f'<svg x="{left}" y="0" ', 1))
        left += size[0] + _GAP
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    # Each has the same styles and symbols as the other, under the same names: the first of them serves both.
    return "\n".join([head, f"<title>{escape(title)}</title>", *body, "</svg>\n"])
