# SPDX-License-Identifier: GPL-2.0-or-later
"""The bounds that verdicts depend on, from bounds.yaml, which says what each was measured on."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator


# How many times as long all takes in the lab that is being judged; see `slower`.
_TIMES: ContextVar[float] = ContextVar("times", default=1)


@contextmanager
def slower(times: float) -> Iterator[None]:
    """Allow `times` as many milliseconds for everything while the context lasts."""
    token = _TIMES.set(times)
    try:
        yield
    finally:
        _TIMES.reset(token)


@cache
def _bounds() -> dict[str, float]:
    text = resources.files(__package__).joinpath("bounds.yaml").read_text(encoding="utf-8")
    return {name: float(value) for name, value in yaml.load(text, yaml.CSafeLoader).items()}


def late_ms() -> float:
    """Return after how many milliseconds an interrupt is late."""
    return _bounds()["late_ms"] * _TIMES.get()


def late_often() -> int:
    """Return how many interrupts that take longer than `late_ms`, anywhere in a run, are late."""
    return int(_bounds()["late_often"])


def late_once_ms() -> float:
    """Return after how many milliseconds a single interrupt is late, wherever it was raised."""
    return _bounds()["late_once_ms"] * _TIMES.get()


def storm_size() -> int:
    """Return how many acknowledgements of nothing make a storm."""
    return int(_bounds()["storm"])


def estimate_ratio() -> float:
    """Return how many times what a device told of it may save after it was stopped."""
    return _bounds()["estimate_ratio"]


def dirty_ratio() -> float:
    """Return how many times what devices have written may be reported as dirty, `dirty_pages` aside."""
    return _bounds()["dirty_ratio"]


def dirty_pages() -> int:
    """Return how many pages may be reported as dirty that no device has written."""
    return int(_bounds()["dirty_pages"])


def resent_share() -> float:
    """Return how many of a VM's pages a pass over memory but the first may send, as a share of them all."""
    return _bounds()["resent_share"]


def set_irqs_calls() -> int:
    """Return by how many calls of SET_IRQS a destination may set up a device's MSI-X vectors."""
    return int(_bounds()["set_irqs_calls"])


def log_bytes() -> int:
    """Return how much of a process's log is read, in bytes; more is a storm."""
    return int(_bounds()["log_bytes"])


def stall_ms() -> float:
    """Return for how many milliseconds nothing at all may happen while no device runs."""
    return _bounds()["stall_ms"] * _TIMES.get()


def short_stall_ms() -> float:
    """Return from how many milliseconds on stretches in which nothing happens are added up."""
    return _bounds()["short_stall_ms"] * _TIMES.get()


def standstill_ms() -> float:
    """Return for how many milliseconds a guest may stand still beside the downtime of its devices."""
    return _bounds()["standstill_ms"] * _TIMES.get()


def idle_ms() -> float:
    """Return for how many milliseconds a guest may leave its work or a question, or a source go on unasked."""
    return _bounds()["idle_ms"] * _TIMES.get()


def command_ms() -> float:
    """Return how many milliseconds a command on the monitor may take, to be answered or to take effect."""
    return _bounds()["command_ms"] * _TIMES.get()


def clock_rate() -> float:
    """Return how many times as fast as the host's clock, or as slow, a guest may measure its own."""
    return _bounds()["clock_rate"]


def clock_drift() -> float:
    """Return by which share a clock whose rate is known may go faster or slower than the host's."""
    return _bounds()["clock_drift"]


def clock_slack_ms() -> float:
    """Return by how many milliseconds more the guest's clock may differ from the host's, on an idle host."""
    return _bounds()["clock_slack_ms"] * _TIMES.get()


def crawl_ratio() -> float:
    """Return how many times as long a guest may take for its answers after its migrations, beside `crawl_ms`."""
    return _bounds()["crawl_ratio"]


def crawl_ms() -> float:
    """Return how many milliseconds longer, for one answer of each kind together, it may take in any case."""
    return _bounds()["crawl_ms"] * _TIMES.get()


def slow_ratio() -> float:
    """Return how many times the baseline's downtime makes a run slow, where `slow_ms` is exceeded as well."""
    return _bounds()["slow_ratio"]


def slow_ms() -> float:
    """Return how many milliseconds more than the baseline's downtime a run may take in any case."""
    return _bounds()["slow_ms"]
