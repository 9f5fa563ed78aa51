from __future__ import annotations

from tui.api.requests import SweepBlocksRequest
from tui.oms.book import Answer, Book


def sweep_blocks(book: Book, request: SweepBlocksRequest) -> Answer:
    raise NotImplementedError
