"""The ids transactions have on the desk."""

from __future__ import annotations

from tui.api.base import ResourceId


def transaction_key(portfolio: ResourceId, transaction_id: str) -> ResourceId:
    """Return the id a transaction has on the desk: transaction ids are unique within a portfolio only."""
    return ResourceId(str(portfolio), transaction_id)


def portfolio_of(transaction: ResourceId) -> ResourceId:
    """Return the portfolio of a transaction from its :func:`transaction_key`."""
    scope, _, code = transaction.scope.partition("/")
    return ResourceId(scope, code)
