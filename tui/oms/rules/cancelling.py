from __future__ import annotations

from collections.abc import Mapping

from tui.api.requests import CancelOrdersAndMoveRemainingRequest
from tui.api.shapes import ResourceId
from tui.oms.book import Answer, Book


def cancel_orders(book: Book, request: Mapping[str, ResourceId]) -> Answer:
    raise NotImplementedError


def cancel_and_move(book: Book, request: Mapping[str, CancelOrdersAndMoveRemainingRequest]) -> Answer:
    raise NotImplementedError
