"""What surrounds order management: instruments, portfolios, holdings, quotes, sides, properties.

All of it is read leniently: only what a row cannot do without is required, unknown members are ignored, and
free texts (states, types, outcomes) stay as the server wrote them. Quantities, prices and money are
``Decimal``, times aware UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tui.api.base import (
    CurrencyAndAmount,
    ErrorDetail,
    Instant,
    Link,
    MetricValue,
    PerpetualProperty,
    Properties,
    PropertyValue,
    ResourceId,
    Version,
    WireStruct,
)
from tui.api.models import StagedModifications, Transaction


class LatestAsAt(WireStruct, frozen=True, kw_only=True):
    """The moment of the server's last write, as the server wrote it: a shorter text would exclude it."""

    as_at: str | None = None
    links: tuple[Link, ...] | None = None


# -- instruments ------------------------------------------------------------------------------------------


class SettlementCycle(WireStruct, frozen=True, kw_only=True):
    business_day_offset: int
    calendars: tuple[ResourceId, ...] | None = None


class TradingConventions(WireStruct, frozen=True, kw_only=True):
    """``price_scale_factor`` is what a price is divided by: 100 where it is per cent of par."""

    price_scale_factor: Decimal | None = None
    minimum_order_size: Decimal | None = None
    minimum_order_increment: Decimal | None = None


class InstrumentEconomics(WireStruct, frozen=True, kw_only=True):
    """The definition of an instrument: ``instrument_type`` such as Equity or Bond, and some of its terms."""

    instrument_type: str | None = None
    start_date: Instant | None = None
    maturity_date: Instant | None = None
    dom_ccy: str | None = None
    lot_size: int | None = None
    flow_conventions: Mapping[str, Any] | None = None
    principal: Decimal | None = None
    coupon_rate: Decimal | None = None
    identifiers: Mapping[str, Any] | None = None
    trading_conventions: TradingConventions | None = None


class InstrumentProperty(WireStruct, frozen=True, kw_only=True):
    key: str
    value: PropertyValue | None = None
    effective_from: Instant | None = None
    effective_until: Instant | None = None


class InstrumentRecord(WireStruct, frozen=True, kw_only=True):
    """An instrument as the server's master has it; ``identifiers`` are plain texts by their type."""

    href: str | None = None
    scope: str | None = None
    lusid_instrument_id: str
    version: Version | None = None
    name: str | None = None
    identifiers: Mapping[str, str | None] | None = None
    properties: tuple[InstrumentProperty, ...] | None = None
    lookthrough_portfolio: ResourceId | None = None
    instrument_definition: InstrumentEconomics | None = None
    state: str | None = None
    asset_class: str | None = None
    dom_ccy: str | None = None
    relationships: tuple[Any, ...] | None = None
    settlement_cycle: SettlementCycle | None = None
    staged_modifications: StagedModifications | None = None
    links: tuple[Link, ...] | None = None


class InstrumentsFound(WireStruct, frozen=True, kw_only=True):
    """Every identifier that was asked for is in ``values`` or in ``failed``."""

    href: str | None = None
    values: Mapping[str, InstrumentRecord] | None = None
    failed: Mapping[str, ErrorDetail] | None = None
    links: tuple[Link, ...] | None = None


class SoughtIdentifier(WireStruct, frozen=True, kw_only=True):
    """A property of instruments and its value, such as ``Instrument/default/Isin``."""

    key: str
    value: str


class MatchedIdentifier(WireStruct, frozen=True, kw_only=True):
    value: str
    effective_at: str | None = None


class MatchedInstrument(WireStruct, frozen=True, kw_only=True):
    """An instrument that was found; its LUID, if it has one, is one of its identifiers."""

    name: str | None = None
    identifiers: Mapping[str, MatchedIdentifier] | None = None
    properties: tuple[InstrumentProperty, ...] | None = None
    definition: InstrumentEconomics | None = None
    look_through_portfolio_id: ResourceId | None = None
    settlement_cycle: SettlementCycle | None = None


class InstrumentMatch(WireStruct, frozen=True, kw_only=True):
    mastered_instruments: tuple[MatchedInstrument, ...] | None = None
    external_instruments: tuple[MatchedInstrument, ...] | None = None


class IdentifierType(WireStruct, frozen=True, kw_only=True):
    identifier_type: str
    property_key: str
    is_unique_identifier_type: bool | None = None


class SettlementDate(WireStruct, frozen=True, kw_only=True):
    value: Instant


# -- portfolios and holdings ------------------------------------------------------------------------------


class Portfolio(WireStruct, frozen=True, kw_only=True):
    """A portfolio; scope and code together name it."""

    href: str | None = None
    id: ResourceId
    type: str | None = None
    display_name: str | None = None
    description: str | None = None
    created: Instant | None = None
    parent_portfolio_id: ResourceId | None = None
    version: Version | None = None
    is_derived: bool | None = None
    base_currency: str | None = None
    properties: Properties | None = None
    instrument_scopes: tuple[str, ...] | None = None
    accounting_method: str | None = None
    amortisation_method: str | None = None
    transaction_type_scope: str | None = None
    staged_modifications: StagedModifications | None = None
    links: tuple[Link, ...] | None = None


class PortfolioDetails(WireStruct, frozen=True, kw_only=True):
    href: str | None = None
    origin_portfolio_id: ResourceId
    version: Version | None = None
    base_currency: str | None = None
    sub_holding_keys: tuple[str, ...] | None = None
    instrument_scopes: tuple[str, ...] | None = None
    accounting_method: str | None = None
    amortisation_method: str | None = None
    transaction_type_scope: str | None = None
    cash_gain_loss_calculation_date: str | None = None
    staged_modifications: StagedModifications | None = None
    links: tuple[Link, ...] | None = None


class PortfolioHolding(WireStruct, frozen=True, kw_only=True):
    """One line of a portfolio; ``holding_type`` P is a position, B cash, C a cash commitment.

    With orders: O what is open of an order and L what is allocated and not booked, OC and OL their cash.
    """

    instrument_scope: str | None = None
    instrument_uid: str
    sub_holding_keys: Mapping[str, PerpetualProperty] | None = None
    properties: Properties | None = None
    holding_type: str
    units: Decimal
    settled_units: Decimal | None = None
    cost: CurrencyAndAmount | None = None
    cost_portfolio_ccy: CurrencyAndAmount | None = None
    transaction: Transaction | None = None
    currency: str | None = None
    holding_type_name: str | None = None
    holding_id: int | None = None


class HoldingsWarning(WireStruct, frozen=True, kw_only=True):
    entity_id: str | None = None
    message: str


class Holdings(WireStruct, frozen=True, kw_only=True):
    """All lines of a portfolio: this list has no pages."""

    version: Version | None = None
    values: tuple[PortfolioHolding, ...]
    href: str | None = None
    next_page: str | None = None
    previous_page: str | None = None
    warnings: tuple[HoldingsWarning, ...] | None = None
    links: tuple[Link, ...] | None = None


# -- quotes -----------------------------------------------------------------------------------------------


class QuoteSeriesId(WireStruct, frozen=True, kw_only=True):
    provider: str
    price_source: str | None = None
    instrument_id: str
    instrument_id_type: str
    quote_type: str
    field: str


class QuoteId(WireStruct, frozen=True, kw_only=True):
    """``effective_at`` is a time or the label of a cut, so it stays a text."""

    quote_series_id: QuoteSeriesId | None = None
    effective_at: str | None = None


class Quote(WireStruct, frozen=True, kw_only=True):
    """A quoted value; divide it by ``scale_factor`` (1 when missing) for the price of one unit."""

    quote_id: QuoteId | None = None
    metric_value: MetricValue | None = None
    lineage: str | None = None
    cut_label: str | None = None
    uploaded_by: str | None = None
    as_at: Instant | None = None
    scale_factor: Decimal | None = None


class QuotesFound(WireStruct, frozen=True, kw_only=True):
    """Every key that was asked for is in one of the three maps."""

    href: str | None = None
    values: Mapping[str, Quote] | None = None
    not_found: Mapping[str, ErrorDetail] | None = None
    failed: Mapping[str, ErrorDetail] | None = None
    links: tuple[Link, ...] | None = None


# -- transaction types and properties ---------------------------------------------------------------------


class TransactionAlias(WireStruct, frozen=True, kw_only=True):
    """One name of a transaction type: what orders and transactions have as side or type, in this case."""

    type: str
    description: str | None = None
    transaction_class: str | None = None
    transaction_roles: str | None = None
    is_default: bool | None = None


class Movement(WireStruct, frozen=True, kw_only=True):
    """What a transaction moves on one of its sides: ``direction`` 1 adds, -1 takes away."""

    movement_types: str | None = None
    side: str | None = None
    direction: int | None = None
    properties: Properties | None = None
    mappings: tuple[Any, ...] | None = None


class TransactionType(WireStruct, frozen=True, kw_only=True):
    aliases: tuple[TransactionAlias, ...]
    movements: tuple[Movement, ...]
    properties: Properties | None = None
    calculations: tuple[Any, ...] | None = None
    scope: str | None = None
    links: tuple[Link, ...] | None = None


class PropertyDefinition(WireStruct, frozen=True, kw_only=True):
    href: str | None = None
    key: str
    value_type: str | None = None
    display_name: str | None = None
    data_type_id: ResourceId | None = None
    type: str | None = None
    unit_schema: str | None = None
    domain: str | None = None
    scope: str | None = None
    code: str | None = None
    value_required: bool | None = None
    life_time: str | None = None
    constraint_style: str | None = None
    property_definition_type: str | None = None
    property_description: str | None = None
    is_filterable: bool | None = None
    value_format: str | None = None
    version: Version | None = None
    staged_modifications: StagedModifications | None = None
    links: tuple[Link, ...] | None = None


# -- reference lists --------------------------------------------------------------------------------------


class ReferenceListValues(WireStruct, frozen=True, kw_only=True):
    """The values of a list; of which form they are is said by ``reference_list_type``, such as StringList."""

    reference_list_type: str | None = None
    values: tuple[Any, ...] | None = None


class ReferenceList(WireStruct, frozen=True, kw_only=True):
    id: ResourceId
    name: str | None = None
    description: str | None = None
    tags: tuple[str, ...] | None = None
    reference_list: ReferenceListValues | None = None
    version: Version | None = None
    links: tuple[Link, ...] | None = None
