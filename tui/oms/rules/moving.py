from __future__ import annotations

from tui.api.requests import MoveOrdersToDifferentBlocksRequest
from tui.oms.book import Answer, Book


def move_orders(book: Book, request: MoveOrdersToDifferentBlocksRequest) -> Answer:
    raise NotImplementedError
