# SPDX-License-Identifier: GPL-2.0-or-later
"""Refuses to make mails of a strategy that nobody should send: what `strategy check` rejects, for one tree.

A check without a tree looks at made-up ones, with each mixture of capabilities; here the tree is known, so the same
rules are held against what the strategy comes to on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.series.render import attempt
from qpatch.strategy.check import unfit_anywhere
from qpatch.strategy.conventions import MessageConventions
from qpatch.strategy.load import InvalidStrategyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qpatch.errors import UserError
    from qpatch.series.open_tree import OpenTree
    from qpatch.series.plan import SeriesAttempt
    from qpatch.strategy.load import LoadedStrategy


def attempt_fit(strategy: LoadedStrategy, target: OpenTree, parameters: Mapping[str, object]) -> SeriesAttempt:
    """Attempt `strategy` on `target` as `attempt` does, to make mails of it.

    Raises InvalidStrategyError, too, with all that is wrong, where it is not written yet or its mails should not be
    sent.
    """
    from qpatch.capabilities.evaluate import names_by_kind

    problems = unfit_anywhere(strategy, {**names_by_kind(), target.info.kind: target.capabilities})
    if problems:
        raise InvalidStrategyError(problems)
    tried = attempt(strategy, target, parameters)
    problems = list(_unfit_mails(strategy, tried))
    if problems:
        raise InvalidStrategyError(problems)
    return tried


def _unfit_mails(strategy: LoadedStrategy, tried: SeriesAttempt) -> Iterator[UserError]:
    if tried.planned is None:
        return
    conventions = MessageConventions(strategy, tried.target.info.kind)
    messages = dict(zip(tried.decision.kept, tried.planned.patches, strict=True))
    for index, message in messages.items():
        yield from conventions.of_message(index, message)
    yield from conventions.of_series(messages, tried.planned.cover_body)
