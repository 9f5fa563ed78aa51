from __future__ import annotations

from collections.abc import Mapping

from tui.api.requests import OrderUpdateRequest
from tui.oms.book import Answer, Book


def update_orders(book: Book, request: Mapping[str, OrderUpdateRequest]) -> Answer:
    raise NotImplementedError
