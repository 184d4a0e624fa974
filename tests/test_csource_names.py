# SPDX-License-Identifier: GPL-2.0-or-later
"""How alike two names are."""

from __future__ import annotations

from itertools import product

import pytest

from qpatch.csource.names import are_alike, likeness_of_names


@pytest.mark.parametrize("new", ["pump_reset", "pump_pci_reset", "reset_pump", "pump_reset_all"])
def test_words_in_another_order_and_more_words_are_the_same(new: str) -> None:
    assert likeness_of_names("pump_reset", new) == 1.0


@pytest.mark.parametrize("new", ["pump", "reset", "pump_start", "valve_reset"])
def test_fewer_and_other_words_are_another_name(new: str) -> None:
    assert likeness_of_names("pump_reset", new) < 0.85


def test_the_quick_answer_is_that_of_the_likeness() -> None:
    alike = ["pump_reset", "pump_resets", "reset_pumps", "pump_reset_all", "tesre_mpup"]
    names = [*alike, "pump", "x", "", "valve_reset_all"]
    for old, new, least in product(names, names, (0.0, 0.5, 0.6, 0.85, 0.95, 1.0)):
        assert are_alike(old, new, least) == (likeness_of_names(old, new) >= least), (old, new, least)
