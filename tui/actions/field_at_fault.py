"""Finds the field of a form that a refusal is about, by the names in its type and its sentence."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_FIELDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (r"notional|daily volume|typical order|over-?placement", ("quantity", "orders", "line")),
    (r"limit ?price|\blimit -?[\d.,]+ |pence", ("limit", "line")),
    (r"stop ?price|\bstop -?[\d.,]+ ", ("stop", "line")),
    (r"instrument|identifier|luid", ("instrument", "line")),
    (r"portfolio", ("portfolio", "orders", "weights", "line")),
    (r"counterparty|broker", ("counterparty",)),
    (r"execution ?system", ("system",)),
    (r"quantity|units|unplaced|\bplaced\b|\bsize", ("quantity", "orders", "line")),
    (r"weight", ("weights",)),
    (r"currency", ("currency",)),
    (r"time ?in ?force", ("tif", "line")),
    (r"settle", ("settles",)),
    (r"\bside\b", ("side", "line")),
    (r"\btype\b", ("type", "line")),
    (r"price", ("price", "limit")),
    (r"block", ("block",)),
)
"""Words of refusals, the more telling first, and the fields they may be about, the likeliest first."""


def field_at_fault(said: str, fields: Collection[str]) -> str:
    """Return the field that a refusal is about; empty when none of ``fields`` is known to be.

    >>> field_at_fault("QuantityBelowPlaced: 10 is below the 40 placed", ["portfolio", "quantity"])
    'quantity'
    >>> field_at_fault("ORD-1: limit 82 is 100 times the last price: pence?", ["side", "line"])
    'line'
    """
    for words, candidates in _FIELDS:
        found = next((field for field in candidates if field in fields), "")
        if found and re.search(words, said, re.IGNORECASE):
            return found
    return ""
