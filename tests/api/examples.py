"""The contract's example files, and the type each one is read as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json import loads
from typing import Any, Final

from tests.paths import EXAMPLES
from tui.api.access_models import AttachedPolicy, EvaluationRequest, EvaluationResult
from tui.api.base import ProblemDetails, ResourceId
from tui.api.compliance_models import (
    ComplianceRunConfiguration,
    ComplianceRunInfo,
    ComplianceRunSummary,
    OrderBreachHistory,
)
from tui.api.models import (
    Allocation,
    Block,
    Execution,
    HistoryItem,
    Order,
    OrderGraphBlock,
    OrderGraphPlacement,
    Placement,
)
from tui.api.reference_models import (
    Holdings,
    IdentifierType,
    InstrumentMatch,
    InstrumentsFound,
    LatestAsAt,
    Portfolio,
    PortfolioDetails,
    PropertyDefinition,
    QuoteSeriesId,
    QuotesFound,
    ReferenceList,
    SettlementDate,
    SoughtIdentifier,
    TransactionType,
)
from tui.api.requests import (
    AllocationReply,
    AllocationSetRequest,
    BlockAndOrders,
    BlockAndOrdersCreateRequest,
    BlockSetRequest,
    BookingReply,
    BookTransactionsRequest,
    CancelledAndMoved,
    CancelledOrder,
    CancelledPlacement,
    CancelOrdersAndMoveRemainingRequest,
    CurrentUser,
    DeletedEntity,
    ExecutionSetRequest,
    GrantedToken,
    KeyedReply,
    MovedOrder,
    MoveOrdersToDifferentBlocksRequest,
    OrderSetRequest,
    OrderUpdateRequest,
    PlaceBlocksRequest,
    PlacementSetRequest,
    PlacementUpdateRequest,
    ResourceList,
    SweepBlocksRequest,
    WeightedAllocationServiceRunRequest,
)

FOLDER: Final = EXAMPLES

KINDS: Final[dict[str, Any]] = {
    "01_create_orders.request": BlockAndOrdersCreateRequest,
    "01_create_orders.response": ResourceList[BlockAndOrders],
    "02_move_orders.request": MoveOrdersToDifferentBlocksRequest,
    "02_move_orders.response": ResourceList[MovedOrder],
    "03_update_orders.request": Mapping[str, OrderUpdateRequest],
    "03_update_orders.response": KeyedReply[Order],
    "04_place_blocks.request": PlaceBlocksRequest,
    "04_place_blocks.response": ResourceList[Placement],
    "05_update_placements.request": Mapping[str, PlacementUpdateRequest],
    "05_update_placements.response": KeyedReply[Placement],
    "06_cancel_placements.request": Mapping[str, ResourceId],
    "06_cancel_placements.response": KeyedReply[CancelledPlacement],
    "07_cancel_orders.request": Mapping[str, ResourceId],
    "07_cancel_orders.response": KeyedReply[CancelledOrder],
    "08_upsert_executions.request": ExecutionSetRequest,
    "08_upsert_executions.response": ResourceList[Execution],
    "09_run_allocation_service.request": tuple[ResourceId, ...],
    "09_run_allocation_service.response": AllocationReply,
    "10_list_allocations.response": ResourceList[Allocation],
    "11_book_transactions.older.request": tuple[ResourceId, ...],
    "11_book_transactions.request": BookTransactionsRequest,
    "11_book_transactions.response": BookingReply,
    "12_get_order_history.response.new": ResourceList[HistoryItem],
    "12_get_order_history.response.old": ResourceList[HistoryItem],
    "13_list_order_graph_blocks.response": ResourceList[OrderGraphBlock],
    "14_list_order_graph_placements.response": ResourceList[OrderGraphPlacement],
    "15_list_order_graph_placement_children.response": ResourceList[OrderGraphPlacement],
    "16_cancel_orders_and_move_remaining.request": Mapping[str, CancelOrdersAndMoveRemainingRequest],
    "16_cancel_orders_and_move_remaining.response": KeyedReply[CancelledAndMoved],
    "17_run_allocation_service_with_weights.request": WeightedAllocationServiceRunRequest,
    "17_run_allocation_service_with_weights.response": AllocationReply,
    "18_sweep_blocks.request": SweepBlocksRequest,
    "18_sweep_blocks.response": KeyedReply[ResourceId],
    "20_get_block.response": Block,
    "20_list_blocks.response": ResourceList[Block],
    "20_upsert_blocks.request": BlockSetRequest,
    "20_upsert_blocks.response": ResourceList[Block],
    "21_get_order.response": Order,
    "21_list_orders.response": ResourceList[Order],
    "21_upsert_orders.request": OrderSetRequest,
    "21_upsert_orders.response": ResourceList[Order],
    "22_get_placement.response": Placement,
    "22_list_placements.response": ResourceList[Placement],
    "22_upsert_placements.request": PlacementSetRequest,
    "22_upsert_placements.response": ResourceList[Placement],
    "23_get_execution.response": Execution,
    "23_list_executions.response": ResourceList[Execution],
    "24_get_allocation.response": Allocation,
    "24_upsert_allocations.request": AllocationSetRequest,
    "24_upsert_allocations.response": ResourceList[Allocation],
    "25_delete_entity.response": DeletedEntity,
    "30_get_latest_as_at.response": LatestAsAt,
    "31_get_instruments.request": tuple[str, ...],
    "31_get_instruments.response": InstrumentsFound,
    "32_instruments_search.request": tuple[SoughtIdentifier, ...],
    "32_instruments_search.response": tuple[InstrumentMatch, ...],
    "33_instrument_identifier_types.response": ResourceList[IdentifierType],
    "34_get_portfolio_details.response": PortfolioDetails,
    "34_get_portfolio_staged.response": Portfolio,
    "34_list_portfolios.response": ResourceList[Portfolio],
    "35_get_holdings.response": Holdings,
    "35_get_holdings_with_orders.response": Holdings,
    "36_get_quotes.request": Mapping[str, QuoteSeriesId],
    "36_get_quotes.response": QuotesFound,
    "37_settlement_date.response": SettlementDate,
    "38_list_transaction_types.response": Mapping[str, tuple[TransactionType, ...]],
    "39_get_multiple_property_definitions.response": ResourceList[PropertyDefinition],
    "40_list_order_graph_blocks_v2.response": ResourceList[OrderGraphBlock],
    "41_run_compliance.response": ComplianceRunInfo,
    "41_run_compliance_preview.request": ComplianceRunConfiguration,
    "42_list_compliance_runs.response": ResourceList[ComplianceRunInfo],
    "43_decorated_compliance_run_summary.response": ComplianceRunSummary,
    "44_list_order_breach_history.response": ResourceList[OrderBreachHistory],
    "45_list_reference_lists.response": ResourceList[ReferenceList],
    "46_access_evaluate.request": Mapping[str, EvaluationRequest],
    "46_access_evaluate.response": Mapping[str, EvaluationResult],
    "46_access_own_policies.response": tuple[AttachedPolicy, ...],
    "47_identity_me.response": CurrentUser,
    "90_error.not_found.response": ProblemDetails,
    "91_error.validation.response": ProblemDetails,
    "92_error.filter.response": ProblemDetails,
    "93_error.access_denied.response": ProblemDetails,
    "95_token.password_grant.response": GrantedToken,
}


@dataclass(frozen=True)
class Digits:
    """A number as it is written: 1.10 is not 1.1 here."""

    digits: str


def example(name: str) -> bytes:
    """Return the bytes of one example file of the contract."""
    return (FOLDER / f"{name}.json").read_bytes()


def tree(raw: bytes) -> Any:
    """Read JSON as plain values for comparing: numbers digit by digit, without nulls."""
    return _without_nulls(loads(raw, parse_float=Digits, parse_int=Digits))


def times_in(value: Any) -> list[str]:
    """Return every text of a tree that is a time."""
    if isinstance(value, dict):
        return [time for member in value.values() for time in times_in(member)]
    if isinstance(value, list):
        return [time for member in value for time in times_in(member)]
    return [value] if isinstance(value, str) and instant(value) else []


def instant(text: str) -> datetime | None:
    """Return the instant ``text`` names, None when it names none."""
    if len(text) < 20 or text[4:5] + text[7:8] + text[10:11] != "--T":
        return None
    return datetime.fromisoformat(text).astimezone(UTC)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(member) for name, member in value.items() if member is not None}
    return [_without_nulls(member) for member in value] if isinstance(value, list) else value
