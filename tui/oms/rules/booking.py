from __future__ import annotations

from dataclasses import dataclass

from tui.api.requests import BookTransactionsRequest
from tui.oms.book import Answer, Book


@dataclass(frozen=True, slots=True)
class BookTransactions:
    """Book allocations into their portfolios (B1); ``mark_booked`` also sets the states (B6)."""

    request: BookTransactionsRequest
    apply_fees: bool = True
    mark_booked: bool = False


def book_transactions(book: Book, request: BookTransactions) -> Answer:
    raise NotImplementedError
