"""Partial calls: every item is applied on its own, and a refused one changes nothing (section 2.0, U5).

Items are applied in the order of the body. Requests may name one entity twice: the second applies to what the
first one left. A bare id named twice says nothing new and is refused with the whole call (section 2.0).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from tui.api.base import ErrorDetail
from tui.api.requests import KeyedReply
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.unit_of_work import UnitOfWork

T = TypeVar("T")
R = TypeVar("R")

FailedItems = dict[str, ErrorDetail]


def apply_per_item(
    uow: UnitOfWork, items: Mapping[str, T], act: Callable[[T], R]
) -> tuple[dict[str, R], FailedItems]:
    """Call ``act`` for every item in the order of the body; return its results and the refusals by key."""
    done: dict[str, R] = {}
    failed: FailedItems = {}
    for key, item in items.items():
        try:
            with uow.savepoint():
                done[key] = act(item)
        except Refusal as refusal:
            failed[key] = refusal.as_item(key)
    return done, failed


def keyed_reply(values: Mapping[str, R], failed: FailedItems) -> KeyedReply[R]:
    """Return the reply of a partial call."""
    return KeyedReply(values=values, failed=failed, metadata={}, links=())
