"""Where the server gets its reference data from; a start needs no tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from tui.oms.reference.tables import ReferenceTables


class LivePrices(Struct, frozen=True):
    """The prices of the simulated market by LUID, and when it last moved."""

    prices: Mapping[str, Decimal] = {}
    at: datetime | None = None


def no_tables() -> ReferenceTables:
    """Return the tables of a server that was given none."""
    from tui.oms.reference.tables import ReferenceTables

    return ReferenceTables()


class ReferenceSource(Struct, frozen=True):
    """Makes the reference data; ``prices`` are those of a market that runs."""

    tables: Callable[[], ReferenceTables] = no_tables
    prices: Callable[[], LivePrices] = LivePrices
