"""The tables of reference data, and where the server gets them from.

A desk without demo data has instruments only. Tables are made when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property

from msgspec import Struct

from tui.api.base import CurrencyAndAmount, ResourceId, Version
from tui.api.reference_models import (
    InstrumentRecord,
    Portfolio,
    PortfolioDetails,
    PropertyDefinition,
    ReferenceList,
    TransactionType,
)


class OpeningPosition(Struct, frozen=True):
    """What a portfolio held when its story began: units of an instrument, negative when sold short.

    ``cost`` is what they cost, in the instrument's currency. Cash is held in units of ``CCY_USD`` and the
    like. ``strategy`` is the sub-holding key of a position that is held apart, if it is.
    """

    luid: str
    units: Decimal
    cost: CurrencyAndAmount
    scope: str = "default"
    strategy: str | None = None


class QuotedPrice(Struct, frozen=True):
    """A price as it is quoted, in ``currency``: of one unit, or of ``scale`` units.

    ``tick`` is its step. One that does not move stays as it is whatever the market does.
    """

    price: Decimal
    currency: str
    at: datetime
    tick: Decimal = Decimal("0.01")
    scale: int = 1
    moves: bool = True


class ReferenceTables(Struct, frozen=True, dict=True):
    """All reference data of a desk. ``rates`` are by pair, such as ``GBP/USD``; quotes are by LUID."""

    instruments: tuple[InstrumentRecord, ...] = ()
    portfolios: tuple[Portfolio, ...] = ()
    details: Mapping[ResourceId, PortfolioDetails] = {}
    opening: Mapping[ResourceId, tuple[OpeningPosition, ...]] = {}
    quotes: Mapping[str, QuotedPrice] = {}
    rates: Mapping[str, QuotedPrice] = {}
    quote_scopes: tuple[str, ...] = ()
    transaction_types: tuple[TransactionType, ...] = ()
    property_definitions: tuple[PropertyDefinition, ...] = ()
    reference_lists: tuple[ReferenceList, ...] = ()

    @cached_property
    def by_portfolio(self) -> Mapping[ResourceId, Portfolio]:
        """The portfolios by scope and code, in lower case: ids ignore letter case."""
        return {folded(each.id): each for each in self.portfolios}


def folded(id: ResourceId) -> ResourceId:
    """Return an id as a key: ids ignore letter case."""
    return ResourceId(id.scope.casefold(), id.code.casefold())


def first_version(at: datetime, user: str, unique: str) -> Version:
    """Return the version of a row that was made at ``at`` and never changed."""
    return Version(
        effective_from=datetime.min.replace(tzinfo=UTC),
        as_at_date=at,
        as_at_created=at,
        user_id_created=user,
        request_id_created="DEMO",
        as_at_modified=at,
        user_id_modified=user,
        request_id_modified="DEMO",
        as_at_version_number=1,
        entity_unique_id=unique,
    )
