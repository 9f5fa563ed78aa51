"""The bodies of requests and of replies (contract, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar

import msgspec

from tui.api.base import (
    CurrencyAndAmount,
    ErrorDetail,
    Identifiers,
    Instant,
    Link,
    Properties,
    ResourceId,
    Version,
    WireStruct,
)
from tui.api.models import Block, HistoryItem, Order, Placement, Transaction

T = TypeVar("T")


class BlockRequest(WireStruct, frozen=True, kw_only=True):
    id: ResourceId
    order_ids: tuple[ResourceId, ...] | None = None
    properties: Properties | None = None
    instrument_identifiers: Identifiers
    quantity: Decimal | None = None
    amount: CurrencyAndAmount | None = None
    side: str
    type: str | None = None
    time_in_force: str | None = None
    created_date: Instant
    limit_price: CurrencyAndAmount | None = None
    stop_price: CurrencyAndAmount | None = None
    is_swept: bool | None = None


class OrderRequest(WireStruct, frozen=True, kw_only=True):
    properties: Properties | None = None
    instrument_identifiers: Identifiers
    quantity: Decimal | None = None
    side: str
    order_book_id: ResourceId | None = None
    portfolio_id: ResourceId | None = None
    id: ResourceId
    state: str | None = None
    type: str | None = None
    time_in_force: str | None = None
    date: Instant | None = None
    price: CurrencyAndAmount | None = None
    limit_price: CurrencyAndAmount | None = None
    stop_price: CurrencyAndAmount | None = None
    order_instruction: ResourceId | None = None
    package: ResourceId | None = None
    weight: Decimal | None = None
    amount: CurrencyAndAmount | None = None
    custodian_account_id: ResourceId | None = None


class PlacementRequest(WireStruct, frozen=True, kw_only=True):
    id: ResourceId
    parent_placement_id: ResourceId | None = None
    block_ids: tuple[ResourceId, ...]
    properties: Properties | None = None
    instrument_identifiers: Identifiers
    quantity: Decimal | None = None
    amount: CurrencyAndAmount | None = None
    state: str | None = None
    side: str
    time_in_force: str
    type: str
    created_date: Instant
    limit_price: CurrencyAndAmount | None = None
    stop_price: CurrencyAndAmount | None = None
    counterparty: str | None = None
    execution_system: str | None = None
    entry_type: str | None = None


class ExecutionRequest(WireStruct, frozen=True, kw_only=True):
    id: ResourceId
    placement_id: ResourceId
    properties: Properties | None = None
    instrument_identifiers: Identifiers
    quantity: Decimal
    state: str
    side: str
    type: str
    created_date: Instant
    settlement_date: Instant | None = None
    price: CurrencyAndAmount
    settlement_currency: str
    settlement_currency_fx_rate: Decimal
    counterparty: str
    average_price: Decimal | None = None


class AllocationRequest(WireStruct, frozen=True, kw_only=True):
    id: ResourceId
    allocated_order_id: ResourceId
    portfolio_id: ResourceId
    quantity: Decimal
    instrument_identifiers: Identifiers
    properties: Properties | None = None
    placement_ids: tuple[ResourceId, ...] | None = None
    state: str | None = None
    side: str | None = None
    type: str | None = None
    settlement_date: Instant | None = None
    date: Instant | None = None
    price: CurrencyAndAmount | None = None
    settlement_currency: str | None = None
    settlement_currency_fx_rate: Decimal | None = None
    counterparty: str | None = None
    execution_ids: tuple[ResourceId, ...] | None = None
    custodian_account_id: ResourceId | None = None


class BlockSetRequest(WireStruct, frozen=True, kw_only=True):
    requests: tuple[BlockRequest, ...]


class OrderSetRequest(WireStruct, frozen=True, kw_only=True):
    order_requests: tuple[OrderRequest, ...]


class PlacementSetRequest(WireStruct, frozen=True, kw_only=True):
    requests: tuple[PlacementRequest, ...]


class ExecutionSetRequest(WireStruct, frozen=True, kw_only=True):
    requests: tuple[ExecutionRequest, ...]


class AllocationSetRequest(WireStruct, frozen=True, kw_only=True):
    allocation_requests: tuple[AllocationRequest, ...]


class BlockedOrderRequest(WireStruct, frozen=True, kw_only=True):
    """An order inside ``createorders``: instrument, type and prices come from its block entry."""

    id: ResourceId
    portfolio_id: ResourceId | None = None
    quantity: Decimal | None = None
    amount: CurrencyAndAmount | None = None
    side: str | None = None
    state: str | None = None
    date: Instant | None = None
    price: CurrencyAndAmount | None = None
    properties: Properties | None = None
    order_book_id: ResourceId | None = None
    order_instruction: ResourceId | None = None
    package: ResourceId | None = None
    custodian_account_id: ResourceId | None = None


class BlockAndOrdersRequest(WireStruct, frozen=True, kw_only=True):
    block_id: ResourceId
    orders: tuple[BlockedOrderRequest, ...]
    block_properties: Properties | None = None
    instrument_identifiers: Identifiers
    side: str | None = None
    type: str | None = None
    time_in_force: str | None = None
    date: Instant | None = None
    limit_price: CurrencyAndAmount | None = None
    stop_price: CurrencyAndAmount | None = None


class BlockAndOrdersCreateRequest(WireStruct, frozen=True, kw_only=True):
    requests: tuple[BlockAndOrdersRequest, ...]


class BlockAndOrderIdRequest(WireStruct, frozen=True, kw_only=True):
    destination_block_id: ResourceId
    order_id: ResourceId


class MoveOrdersToDifferentBlocksRequest(WireStruct, frozen=True, kw_only=True):
    requests: tuple[BlockAndOrderIdRequest, ...]


class OrderUpdateRequest(WireStruct, frozen=True, kw_only=True):
    """Only what is sent changes; a property sent without a value is deleted (U1)."""

    id: ResourceId
    quantity: Decimal | None = None
    amount: CurrencyAndAmount | None = None
    portfolio_id: ResourceId | None = None
    properties: Properties | None = None
    price: CurrencyAndAmount | None = None
    limit_price: CurrencyAndAmount | None = None
    stop_price: CurrencyAndAmount | None = None
    date: Instant | None = None
    side: str | None = None


class PlaceBlocksRequest(WireStruct, frozen=True, kw_only=True):
    requests: tuple[PlacementRequest, ...]


class PlacementUpdateRequest(WireStruct, frozen=True, kw_only=True):
    """Only what is sent changes; prices are plain numbers in ``currency`` (P10)."""

    id: ResourceId
    quantity: Decimal | None = None
    amount: CurrencyAndAmount | None = None
    properties: Properties | None = None
    type: str | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    counterparty: str | None = None
    execution_system: str | None = None
    entry_type: str | None = None
    currency: str | None = None


class CancelOrdersAndMoveRemainingRequest(WireStruct, frozen=True, kw_only=True):
    cancel_order_id: ResourceId
    move_remaining_to_order_id: ResourceId
    move_remaining_to_block_id: ResourceId


class PortfolioWeight(WireStruct, frozen=True, kw_only=True):
    portfolio_id: ResourceId
    weight: Decimal


class WeightedAllocationServiceRunRequest(WireStruct, frozen=True, kw_only=True):
    placement_ids: tuple[ResourceId, ...]
    portfolio_weights: tuple[PortfolioWeight, ...] = ()


class BookTransactionsRequest(WireStruct, frozen=True, kw_only=True):
    allocation_ids: tuple[ResourceId, ...]
    transaction_properties: Properties | None = None
    fx_instrument_type: str | None = None


class SweepBlocksRequest(WireStruct, frozen=True, kw_only=True):
    """``latest_allowable_modification_time`` is a date-time or a cut label: kept as text."""

    block_ids: Mapping[str, ResourceId]
    latest_allowable_modification_time: str


class ResourceList(WireStruct, Generic[T], frozen=True, kw_only=True):
    """A list; ``next_page`` is the token of the next page, null or empty on the last."""

    next_page: str | None = None
    previous_page: str | None = None
    values: tuple[T, ...]
    href: str | None = None
    links: tuple[Link, ...] | None = None
    version: Version | None = None


class KeyedReply(WireStruct, Generic[T], frozen=True, kw_only=True):
    """A partial reply: every key that was sent is in ``values`` or in ``failed``."""

    href: str | None = None
    values: Mapping[str, T] | None = None
    failed: Mapping[str, ErrorDetail] | None = None
    metadata: Mapping[str, tuple[Any, ...]] | None = None
    links: tuple[Link, ...] | None = None


class BlockAndOrders(WireStruct, frozen=True, kw_only=True):
    block: Block
    orders: tuple[Order, ...]


class MovedOrder(WireStruct, frozen=True, kw_only=True):
    """``source_block_id`` is null when the order was in no block."""

    destination_block: Block | None = None
    order: Order | None = None
    source_block_id: ResourceId | None = None


class CancelledOrder(WireStruct, frozen=True, kw_only=True):
    order_state: Order | None = None


class CancelledPlacement(WireStruct, frozen=True, kw_only=True):
    placement_state: Placement | None = None
    cancelled_child_placements: tuple[ResourceId, ...]


class CancelledAndMoved(WireStruct, frozen=True, kw_only=True):
    """``new_order`` and ``new_block_id`` are null when nothing was left to move (X5)."""

    cancelled_order: Order | None = None
    new_order: Order | None = None
    new_block_id: ResourceId | None = None


class AllocationReply(WireStruct, frozen=True, kw_only=True):
    """``values`` are the ids of the *placements* that were allocated (A17)."""

    values: tuple[ResourceId, ...] | None = None
    failed: Mapping[str, ErrorDetail] | None = None


class BookingReply(WireStruct, frozen=True, kw_only=True):
    values: Mapping[str, Transaction] | None = None
    failed: Mapping[str, ErrorDetail] | None = None
    fx_orders: tuple[BlockAndOrders, ...] | None = None


class DeletedEntity(WireStruct, frozen=True, kw_only=True):
    href: str | None = None
    effective_from: Instant | None = None
    as_at: Instant
    entity_type: str | None = None
    entity_unique_id: str | None = None
    links: tuple[Link, ...] | None = None


class MarketHalt(WireStruct, frozen=True, kw_only=True):
    """An instrument that is halted, and for how many more seconds of market time."""

    ticker: str
    lusid_instrument_id: str
    seconds_left: int


class MarketStatus(WireStruct, frozen=True, kw_only=True):
    """The status of the embedded server's simulated market; ``trouble`` is its last refusal, if any.

    ``phase`` is Open or Closed, for ``seconds_left`` more seconds of market time. ``late`` counts fills that
    crossed a cancel, ``rejected`` placements a broker refused, ``refused`` requests the server refused.
    """

    running: bool
    speed: Decimal
    time: Instant | None = None
    phase: str | None = None
    seconds_left: int | None = None
    halts: tuple[MarketHalt, ...] = ()
    steps: int = 0
    fills: int = 0
    late: int = 0
    rejected: int = 0
    refused: int = 0
    trouble: str | None = None


class MarketRequest(WireStruct, frozen=True, kw_only=True):
    """A change of the simulated market; ``steps`` moves it on by so many ticks at once.

    ``halt`` and ``lift`` name an instrument: its LUID, ticker, ISIN or FIGI.
    """

    running: bool | None = None
    speed: Decimal | None = None
    halt: str | None = None
    lift: str | None = None
    steps: int | None = None


History = ResourceList[HistoryItem]


class GrantedToken(msgspec.Struct, frozen=True):
    """The answer of a token endpoint; its members are snake case on the wire."""

    access_token: str
    expires_in: int = 3600
    refresh_token: str | None = None
    token_type: str = "Bearer"
    scope: str | None = None
    id_token: str | None = None


class CurrentUser(WireStruct, frozen=True, kw_only=True):
    """The user whose token a call came with, as LUSID's identity API answers ``GET /identity/api/me``.

    Versions and history name the user by ``id``. ``user_expiry`` is when the user's rights end.
    """

    id: str
    email_address: str | None = None
    type: str | None = None
    domain_type: str | None = None
    user_expiry: Instant | None = None
    groups: tuple[str, ...] | None = None
    links: tuple[Link, ...] | None = None
