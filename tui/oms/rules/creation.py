from __future__ import annotations

from tui.api.requests import BlockAndOrdersCreateRequest
from tui.oms.book import Answer, Book


def create_orders(book: Book, request: BlockAndOrdersCreateRequest) -> Answer:
    raise NotImplementedError
