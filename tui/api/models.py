"""The entities of order management and what the server makes of them (contract section 1).

Quantities and prices are ``Decimal``, times aware UTC. States are free text (L2): compare them with
:func:`tui.api.states.normalize`, print them as they came.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from tui.api.base import (
    ZERO,
    CurrencyAndAmount,
    Identifiers,
    Instant,
    Link,
    Properties,
    ResourceId,
    Version,
    WireStruct,
)


class Block(WireStruct, frozen=True, kw_only=True):
    """Orders that go to market together (1.1). Its state exists only in the order graph."""

    id: ResourceId
    order_ids: tuple[ResourceId, ...]
    properties: Properties | None = None
    instrument_identifiers: Identifiers
    lusid_instrument_id: str = ""
    quantity: Decimal | None = None
    amount: CurrencyAndAmount | None = None
    basis: str | None = None
    side: str
    type: str | None = None
    time_in_force: str | None = None
    created_date: Instant
    limit_price: CurrencyAndAmount | None = None
    stop_price: CurrencyAndAmount | None = None
    is_swept: bool | None = None
    version: Version | None = None
    links: tuple[Link, ...] | None = None


class Order(WireStruct, frozen=True, kw_only=True):
    """One portfolio's wish to trade (1.2). Which block holds it is known by the block alone."""

    properties: Properties | None = None
    version: Version | None = None
    instrument_identifiers: Identifiers
    quantity: Decimal | None = None
    side: str
    order_book_id: ResourceId | None = None
    portfolio_id: ResourceId | None = None
    id: ResourceId
    instrument_scope: str | None = None
    lusid_instrument_id: str = ""
    state: str | None = None
    type: str | None = None
    time_in_force: str | None = None
    date: Instant | None = None
    price: CurrencyAndAmount | None = None
    limit_price: CurrencyAndAmount | None = None
    stop_price: CurrencyAndAmount | None = None
    order_instruction_id: ResourceId | None = None
    package_id: ResourceId | None = None
    weight: Decimal | None = None
    amount: CurrencyAndAmount | None = None
    basis: str | None = None
    custodian_account_id: ResourceId | None = None
    derived_compliance_state: str | None = None
    derived_approval_state: str | None = None
    direction: int | None = None
    links: tuple[Link, ...] | None = None


class Placement(WireStruct, frozen=True, kw_only=True):
    """A block, or part of one, sent to a broker or venue (1.3)."""

    id: ResourceId
    parent_placement_id: ResourceId | None = None
    block_ids: tuple[ResourceId, ...]
    properties: Properties | None = None
    instrument_identifiers: Identifiers
    lusid_instrument_id: str = ""
    quantity: Decimal | None = None
    amount: CurrencyAndAmount | None = None
    basis: str | None = None
    state: str | None = None
    side: str
    time_in_force: str | None = None
    type: str | None = None
    created_date: Instant
    limit_price: CurrencyAndAmount | None = None
    stop_price: CurrencyAndAmount | None = None
    counterparty: str | None = None
    execution_system: str | None = None
    entry_type: str | None = None
    direction: int | None = None
    version: Version | None = None
    links: tuple[Link, ...] | None = None


class Execution(WireStruct, frozen=True, kw_only=True):
    """A fill of a placement (1.4): units at a price, and how it settles."""

    id: ResourceId
    placement_id: ResourceId
    properties: Properties | None = None
    instrument_identifiers: Identifiers
    lusid_instrument_id: str = ""
    quantity: Decimal
    state: str
    side: str
    type: str | None = None
    created_date: Instant
    settlement_date: Instant | None = None
    price: CurrencyAndAmount
    settlement_currency: str | None = None
    settlement_currency_fx_rate: Decimal | None = None
    counterparty: str | None = None
    average_price: Decimal | None = None
    version: Version | None = None
    links: tuple[Link, ...] | None = None


class Allocation(WireStruct, frozen=True, kw_only=True):
    """Executed units given to one order's portfolio (1.5)."""

    id: ResourceId
    allocated_order_id: ResourceId
    portfolio_id: ResourceId
    quantity: Decimal
    instrument_identifiers: Identifiers
    version: Version | None = None
    properties: Properties | None = None
    instrument_scope: str | None = None
    lusid_instrument_id: str = ""
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
    direction: int | None = None
    links: tuple[Link, ...] | None = None


class TransactionPrice(WireStruct, frozen=True, kw_only=True):
    price: Decimal | None = None
    type: str | None = None


class StagedModifications(WireStruct, frozen=True, kw_only=True):
    """Changes of an entity that somebody else must approve first (REFERENCE_DATA 11)."""

    count_pending: int
    href_pending: str | None = None
    ids_previewed: tuple[str, ...] | None = None


class Transaction(WireStruct, frozen=True, kw_only=True):
    """An allocation booked into its portfolio (1.6).

    In the answer to a booking, changes that are ``staged`` tell that nothing is booked yet (R62).
    """

    transaction_id: str
    type: str
    instrument_identifiers: Identifiers | None = None
    instrument_scope: str | None = None
    instrument_uid: str = ""
    transaction_date: Instant
    settlement_date: Instant
    units: Decimal
    transaction_price: TransactionPrice | None = None
    total_consideration: CurrencyAndAmount
    exchange_rate: Decimal | None = None
    transaction_currency: str | None = None
    properties: Properties | None = None
    counterparty_id: str | None = None
    source: str | None = None
    entry_date_time: Instant | None = None
    transaction_status: str | None = None
    cancel_date_time: Instant | None = None
    order_id: ResourceId | None = None
    allocation_id: ResourceId | None = None
    version: Version | None = None
    staged_modifications: StagedModifications | None = None


Entity = Block | Order | Placement | Execution | Allocation


class NonPassingRule(WireStruct, frozen=True, kw_only=True):
    """A compliance rule that an order did not pass; ``rule_status`` is free text."""

    rule_id: ResourceId | None = None
    rule_status: str | None = None
    breach_task_ids: tuple[str, ...] | None = None
    likely_responsible_for_status: bool | None = None


class OrderedDetail(WireStruct, frozen=True, kw_only=True):
    """An order of a block: its states, and what approves it. A missing state is not a passed one."""

    id: ResourceId
    compliance_state: str | None = None
    approval_state: str | None = None
    portfolio_id: ResourceId | None = None
    portfolio_name: str | None = None
    order_approval_task_id: str | None = None
    order_approval_task_definition_id: ResourceId | None = None
    non_passing_compliance_rule_results: tuple[NonPassingRule, ...] | None = None


class IdDetail(WireStruct, frozen=True, kw_only=True):
    id: ResourceId


class AllocatedDetail(WireStruct, frozen=True, kw_only=True):
    id: ResourceId
    allocated_order_id: ResourceId | None = None
    quantity: Decimal | None = None
    amount: Decimal | None = None


class BookedDetail(WireStruct, frozen=True, kw_only=True):
    id: str


class Ordered(WireStruct, frozen=True, kw_only=True):
    quantity: Decimal | None = None
    quantity_by_state: Mapping[str, Decimal] | None = None
    amount: Decimal | None = None
    amount_by_state: Mapping[str, Decimal] | None = None
    details: tuple[OrderedDetail, ...]


class Placed(WireStruct, frozen=True, kw_only=True):
    quantity: Decimal | None = None
    quantity_by_state: Mapping[str, Decimal] | None = None
    amount: Decimal | None = None
    amount_by_state: Mapping[str, Decimal] | None = None
    details: tuple[IdDetail, ...]


class Executed(WireStruct, frozen=True, kw_only=True):
    quantity: Decimal = msgspec.field(default_factory=lambda: ZERO)
    amount: Decimal | None = None
    details: tuple[IdDetail, ...]


class Allocated(WireStruct, frozen=True, kw_only=True):
    quantity: Decimal = msgspec.field(default_factory=lambda: ZERO)
    amount: Decimal | None = None
    details: tuple[AllocatedDetail, ...]


class Booked(WireStruct, frozen=True, kw_only=True):
    quantity: Decimal = msgspec.field(default_factory=lambda: ZERO)
    amount: Decimal | None = None
    details: tuple[BookedDetail, ...]


class OrderGraphBlock(WireStruct, frozen=True, kw_only=True):
    """A block with the totals of its life cycle (1.8, G1 to G10)."""

    block: Block
    ordered: Ordered
    placed: Placed
    executed: Executed
    allocated: Allocated
    booked: Booked
    derived_state: str
    derived_compliance_state: str | None = None
    derived_approval_state: str | None = None
    derived_direction: int | None = None
    latest_activity_date: Instant | None = None


class PlacementOrdered(WireStruct, frozen=True, kw_only=True):
    details: tuple[IdDetail, ...]


class PlacementAllocated(WireStruct, frozen=True, kw_only=True):
    quantity: Decimal = msgspec.field(default_factory=lambda: ZERO)
    amount: Decimal | None = None
    details: tuple[IdDetail, ...]


class OrderGraphPlacement(WireStruct, frozen=True, kw_only=True):
    """A placement with what came of it (1.8, G9, G11)."""

    placement: Placement
    block_id: ResourceId
    ordered: PlacementOrdered
    placed: Placed
    executed: Executed
    allocated: PlacementAllocated
    derived_state: str
    calculated_average_price: Decimal | None = None


class EffectiveRange(WireStruct, frozen=True, kw_only=True):
    from_date: Instant | None = None
    until_date: Instant | None = None


class HistoryItem(WireStruct, frozen=True, kw_only=True):
    """One change to an order or a related entity, in the older or the newer shape (2.10, T3).

    The older shape puts any JSON into ``previousValue`` and ``newValue``, the newer one a property
    value; :func:`tui.api.codec.value_text` reads both.
    """

    as_at_modified: Instant | None = None
    user_id_modified: str | None = None
    request_id_modified: str | None = None
    reason_modified: str | None = None
    as_at_version_number: int | None = None
    staged_modification_id_modified: str | None = None
    action: str | None = None
    action_description: str | None = None
    attribute_name: str | None = None
    previous_value: Any = None
    new_value: Any = None
    effective_from: Instant | None = None
    effective_until: Instant | None = None
    effective_range: EffectiveRange | None = None
    is_inherited: bool | None = None
    detail: Mapping[str, str | None] | None = None
