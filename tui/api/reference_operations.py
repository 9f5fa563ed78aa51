"""The operations around order management: what the desk asks a tenant about its instruments and portfolios.

A row is one method on one path, as in :mod:`tui.api.operations`, and all that is said there is derived from
these rows too. Any of them may be absent on a server: each family costs its line on the screen, no more.
"""

from __future__ import annotations

from typing import Final, TypeVar

from tui.api.access_models import AttachedPolicy, EvaluationRequest, EvaluationResult
from tui.api.codec import page_of
from tui.api.compliance_models import (
    ComplianceRuleResult,
    ComplianceRunConfiguration,
    ComplianceRunInfo,
    ComplianceRunSummary,
    ComplianceSummaryRequest,
    OrderBreachHistory,
)
from tui.api.operation import Generation, Operation, declared_in
from tui.api.reference_models import (
    Holdings,
    IdentifierType,
    InstrumentMatch,
    InstrumentRecord,
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
from tui.api.requests import ResourceList

BodyT = TypeVar("BodyT")
ReplyT = TypeVar("ReplyT")

MAX_INSTRUMENTS: Final = 2000
"""The most identifiers of one call; LUSID states no number, its upserts take as many."""
MAX_QUOTES: Final = 2000
"""The most series of one call."""


def _read(
    name: str,
    path: str,
    summary: str,
    reply: type[ReplyT],
    *,
    since: Generation = "1.0",
    newer: tuple[str, ...] = (),
) -> Operation[None, ReplyT]:
    """Return an operation that reads."""
    return Operation(name, "GET", path, summary, reply, since=since, newer_parameters=newer)


def _ask(
    name: str,
    path: str,
    summary: str,
    body: type[BodyT],
    reply: type[ReplyT],
    *,
    limit: int,
    newer: tuple[str, ...] = (),
    outside: bool = False,
) -> Operation[BodyT, ReplyT]:
    """Return an operation whose body is the question: it posts, and reads."""
    return Operation(
        name,
        "POST",
        path,
        summary,
        reply,
        body,
        limit=limit,
        newer_parameters=newer,
        outside=outside,
        asks=True,
    )


_DATA_MODEL: Final = ("dataModelScope", "dataModelCode")
_TIMELINE: Final = ("timelineScope", "timelineCode", "closedPeriodId")

LATEST_AS_AT: Final = _read(
    "get_latest_as_at", "/api/metadata/asat", "The moment of the last write", LatestAsAt, since="latest"
)

GET_INSTRUMENTS: Final = _ask(
    "get_instruments",
    "/api/instruments/$get",
    "Get instruments by their identifiers",
    tuple[str, ...],
    InstrumentsFound,
    limit=MAX_INSTRUMENTS,
    newer=_DATA_MODEL,
)
LIST_INSTRUMENTS: Final = _read(
    "list_instruments", "/api/instruments", "List instruments", page_of(InstrumentRecord), newer=_DATA_MODEL
)
IDENTIFIER_TYPES: Final = _read(
    "get_instrument_identifier_types",
    "/api/instruments/identifierTypes",
    "The types of identifiers, and which are unique",
    ResourceList[IdentifierType],
)
GET_INSTRUMENT: Final = _read(
    "get_instrument",
    "/api/instruments/{identifierType}/{identifier}",
    "Get instrument",
    InstrumentRecord,
    newer=(*_DATA_MODEL, *_TIMELINE),
)
SETTLEMENT_DATE: Final = _read(
    "calculate_settlement_date",
    "/api/instruments/{identifierType}/{identifier}/settlementdate",
    "When a trade in an instrument settles",
    SettlementDate,
    since="latest",
)
SEARCH_INSTRUMENTS: Final = _ask(
    "instruments_search",
    "/api/search/instruments",
    "Search instruments by identifier or name",
    tuple[SoughtIdentifier, ...],
    tuple[InstrumentMatch, ...],
    limit=MAX_INSTRUMENTS,
)

LIST_PORTFOLIOS: Final = _read("list_portfolios", "/api/portfolios", "List portfolios", page_of(Portfolio))
LIST_PORTFOLIOS_FOR_SCOPE: Final = _read(
    "list_portfolios_for_scope",
    "/api/portfolios/{scope}",
    "List the portfolios of a scope",
    page_of(Portfolio),
)
GET_PORTFOLIO: Final = _read("get_portfolio", "/api/portfolios/{scope}/{code}", "Get portfolio", Portfolio)
PORTFOLIO_DETAILS: Final = _read(
    "get_details",
    "/api/transactionportfolios/{scope}/{code}/details",
    "The currency and accounting of a portfolio",
    PortfolioDetails,
)
HOLDINGS: Final = _read(
    "get_holdings",
    "/api/transactionportfolios/{scope}/{code}/holdings",
    "What a portfolio holds",
    Holdings,
    newer=("aggregateCashCommitments", *_TIMELINE),
)
HOLDINGS_WITH_ORDERS: Final = _read(
    "get_holdings_with_orders",
    "/api/transactionportfolios/{scope}/{code}/holdingsWithOrders",
    "What a portfolio holds and what its orders will add",
    Holdings,
    newer=("aggregateCashCommitments",),
)

GET_QUOTES: Final = _ask(
    "get_quotes",
    "/api/quotes/{scope}/$get",
    "Get quotes",
    dict[str, QuoteSeriesId],
    QuotesFound,
    limit=MAX_QUOTES,
)

LIST_TRANSACTION_TYPES: Final = _read(
    "list_transaction_types",
    "/api/transactionconfiguration/types",
    "The transaction types, by their source",
    dict[str, tuple[TransactionType, ...]],
    newer=("includeSystemTypes",),
)

GET_PROPERTY_DEFINITIONS: Final = _read(
    "get_multiple_property_definitions",
    "/api/propertydefinitions",
    "Get property definitions by their keys",
    ResourceList[PropertyDefinition],
)
LIST_PROPERTY_DEFINITIONS: Final = _read(
    "list_property_definitions",
    "/api/propertydefinitions/$list",
    "List property definitions",
    page_of(PropertyDefinition),
)

LIST_COMPLIANCE_RUNS: Final = _read(
    "list_compliance_runs", "/api/compliance/runs", "List compliance runs", page_of(ComplianceRunInfo)
)
COMPLIANCE_SUMMARY: Final = _read(
    "get_decorated_compliance_run_summary",
    "/api/compliance/runs/summary/{scope}/{code}/$decorate",
    "What each rule said in a compliance run",
    ComplianceRunSummary,
    newer=("propertyKeys",),
)
FILTERED_COMPLIANCE_SUMMARY: Final = Operation[ComplianceSummaryRequest, ComplianceRunSummary](
    "get_filtered_decorated_compliance_run_summary",
    "POST",
    "/api/compliance/runs/summary/$decorate",
    "What each rule said of some portfolios in a compliance run",
    ComplianceRunSummary,
    ComplianceSummaryRequest,
    since="latest",
    asks=True,
)
COMPLIANCE_RULE_RESULT: Final = _read(
    "get_compliance_rule_result",
    "/api/compliance/runs/summary/{scope}/{code}/{ruleScope}/{ruleCode}",
    "How a rule came to its result",
    ComplianceRuleResult,
)
LIST_ORDER_BREACHES: Final = _read(
    "list_order_breach_history",
    "/api/compliance/runs/breaches",
    "List the breaches of orders",
    page_of(OrderBreachHistory),
    since="latest",
)
RUN_COMPLIANCE: Final = Operation[None, ComplianceRunInfo](
    "run_compliance", "POST", "/api/compliance/runs", "Run compliance", ComplianceRunInfo, slow=True
)
RUN_COMPLIANCE_PREVIEW: Final = Operation[ComplianceRunConfiguration, ComplianceRunInfo](
    "run_compliance_preview",
    "POST",
    "/api/compliance/preview/runs",
    "Run compliance without changing the states of orders",
    ComplianceRunInfo,
    ComplianceRunConfiguration,
)
LIST_LEGACY_COMPLIANCE_RUNS: Final = _read(
    "list_legacy_compliance_run_info",
    "/api/legacy/compliance/runs",
    "List compliance runs of the older engine",
    ResourceList[ComplianceRunInfo],
)
LEGACY_BREACHED_ORDERS: Final = _read(
    "get_legacy_breached_orders_info",
    "/api/legacy/compliance/runs/breached/{runId}",
    "The orders that a run of the older engine did not pass",
    ResourceList[OrderBreachHistory],
)

EVALUATE_ACCESS: Final = _ask(
    "evaluate_access",
    "/access/api/me",
    "May I do this?",
    dict[str, EvaluationRequest],
    dict[str, EvaluationResult],
    limit=100,
    outside=True,
)
OWN_POLICIES: Final = Operation[None, tuple[AttachedPolicy, ...]](
    "get_own_policies",
    "GET",
    "/access/api/me",
    "The policies of whoever asks",
    tuple[AttachedPolicy, ...],
    outside=True,
)

LIST_REFERENCE_LISTS: Final = _read(
    "list_reference_lists", "/api/referencelists", "List reference lists", page_of(ReferenceList)
)
GET_REFERENCE_LIST: Final = _read(
    "get_reference_list", "/api/referencelists/{scope}/{code}", "Get reference list", ReferenceList
)

REFERENCE: Final = declared_in(globals())
"""The operations around order management, in this order."""
