# SPDX-License-Identifier: GPL-2.0-or-later
"""A distribution's own QEMU as a baseline: unpacked into the cache with its libraries, never installed."""

from __future__ import annotations
