"""The fidelity of the embedded server's endpoints to LUSID's, and the parts of LUSID that it does not serve.

It belongs to :mod:`tui.oms.fidelity`, which says what the words mean, and is not loaded to serve either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from tui.api import operations
from tui.api import reference_operations as reference
from tui.api.operations import ALLOCATIONS, ENTITIES, OPERATIONS, ORDERS
from tui.oms.fidelity import DOCUMENTED, OURS, Fidelity
from tui.oms.http.reference_routes import served


class Served(Struct, frozen=True):
    """The fidelity of an endpoint, and the parts of it that are not modelled."""

    fidelity: Fidelity
    note: str = ""


_LISTS: Final = (
    "dataModelScope, dataModelCode, membershipType and getDerivedComplianceStatuses are not modelled"
)

_NOTED: Final[Mapping[str, Served]] = {
    operations.BOOK_TRANSACTIONS.name: Served(
        DOCUMENTED, "both forms of the body; fxInstrumentType makes no fxOrders; fees from a local table only"
    ),
    operations.SWEEP_BLOCKS.name: Served(DOCUMENTED, "a cut label means the end of its day in UTC"),
    operations.ORDER_HISTORY.name: Served(OURS, "shape as documented, in both generations; actions are ours"),
    ORDERS.list.name: Served(DOCUMENTED, _LISTS),
    ORDERS.upsert.name: Served(DOCUMENTED, "dataModelScope and dataModelCode are not modelled"),
    ALLOCATIONS.upsert.name: Served(
        DOCUMENTED, "verificationAsAt and retryWithoutChangedEntities are not modelled"
    ),
    **{entity.delete.name: Served(DOCUMENTED, "no staged modifications") for entity in ENTITIES},
    operations.GRAPH_BLOCKS.name: Served(
        DOCUMENTED, "useComplianceV2 is not modelled: compliance comes from order properties"
    ),
    operations.PORTFOLIO_TRANSACTIONS.name: Served(
        DOCUMENTED, "booked transactions only; a portfolio need not exist and has no others"
    ),
}

_AROUND_NOTED: Final[Mapping[str, Served]] = {
    reference.LATEST_AS_AT.name: Served(OURS, "the last write of this desk; 1970 before the first"),
    reference.GET_INSTRUMENTS.name: Served(
        OURS,
        "a type that is not unique resolves where exactly one instrument of the scope has the value; "
        "1 to 2,000 identifiers",
    ),
    reference.LIST_INSTRUMENTS.name: Served(DOCUMENTED, "no properties of instruments; asAt changes nothing"),
    reference.GET_INSTRUMENT.name: Served(DOCUMENTED, "asAt changes nothing"),
    reference.SETTLEMENT_DATE.name: Served(
        OURS, "weekdays from the trade's day in UTC; no holidays; no cycle is a 400; a cut label is not taken"
    ),
    reference.SEARCH_INSTRUMENTS.name: Served(
        OURS, "a match per sought property, whatever the letter case; nothing from outside"
    ),
    reference.LIST_PORTFOLIOS.name: Served(DOCUMENTED, "query is not modelled; asAt changes nothing"),
    reference.HOLDINGS.name: Served(
        OURS,
        "opening positions and what is booked since; byTaxlots, properties and settlement events are not "
        "modelled; cost is the average one",
    ),
    reference.HOLDINGS_WITH_ORDERS.name: Served(
        OURS,
        "a line and one of cash per open order and per allocation that is not booked, signed by side; "
        "no recipe is needed",
    ),
    reference.GET_QUOTES.name: Served(
        OURS,
        "provider Lusid in scope demo: mid, bid and ask of the simulated market, rates of its currencies",
    ),
    reference.LIST_TRANSACTION_TYPES.name: Served(OURS, "eight built-in types; nothing under pa-system"),
    reference.GET_PROPERTY_DEFINITIONS.name: Served(OURS, "unknown keys are missing in the answer"),
    reference.COMPLIANCE_SUMMARY.name: Served(DOCUMENTED, "no Compliance properties"),
    reference.RUN_COMPLIANCE.name: Served(OURS, "at once, over all open orders; the recipe is not used"),
    reference.RUN_COMPLIANCE_PREVIEW.name: Served(OURS, "states change only if it includes orders"),
    reference.LIST_LEGACY_COMPLIANCE_RUNS.name: Served(OURS, "the older engine has no runs here"),
    reference.LEGACY_BREACHED_ORDERS.name: Served(OURS, "the older engine has no runs here"),
}

SERVED: Final[Mapping[str, Served]] = {
    each.name: {**_NOTED, **_AROUND_NOTED}.get(each.name, Served(DOCUMENTED))
    for each in (*OPERATIONS, *served())
}
"""The operations by name: as documented unless noted above.

:mod:`tui.api.operations` and :mod:`tui.api.reference_operations` declare them.
"""

NOT_SERVED: Final[Mapping[str, tuple[str, ...]]] = {
    "Order management": (
        "orderinstructions",
        "packages",
        "participations",
        "allocationevents",
        "allocationmaps",
    ),
    "Compliance": (
        "compliance/rules",
        "compliance/templates",
        "legacy/compliance/rules",
        "stagedmodifications",
        "stagingrulesets",
    ),
    "Portfolios and transactions": (
        "portfoliogroups",
        "derivedtransactionportfolios",
        "referenceportfolios",
        "simpleposition",
        "transactions",
        "transactionconfiguration/sides",
        "transfers",
        "settlementactivities",
        "amortisation",
        "withholdingtax",
        "tax",
    ),
    "Instruments and market data": (
        "instrumentevents",
        "instrumenteventtypes",
        "corporateactionsources",
        "complexmarketdata",
        "marketdata",
        "calendars",
        "conventions",
        "currencies",
    ),
    "Reference data": (
        "datatypes",
        "counterparties",
        "legalentities",
        "persons",
        "customentities",
        "customentitytypes",
        "datamodel",
        "entities",
        "relations",
        "relationdefinitions",
        "relationshipdefinitions",
        "relationaldatasets",
        "sequences",
        "search/portfolios",
        "search/propertydefinitions",
        "scopes",
        "schemas",
        "metadata/access",
        "systemconfiguration",
        "subscriptions",
        "workspaces",
    ),
    "Valuation, funds and accounting": (
        "aggregation",
        "recipes",
        "results",
        "unitresults",
        "returns",
        "scenarios",
        "reconciliations",
        "abor",
        "aborconfiguration",
        "chartofaccounts",
        "funds",
        "fundconfigurations",
        "fundstructures",
        "feetypes",
        "timelines",
        "transferagency",
        "investmentaccounts",
        "investorrecords",
        "collateral",
    ),
}
"""Parts of LUSID's API that are answered 501, by the first part of their path under ``/api``."""
