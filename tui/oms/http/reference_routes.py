"""Which handler answers each operation around order management, by the operation's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tui.api import reference_operations as reference
from tui.api.operation import Operation
from tui.oms.http import access_endpoints as access
from tui.oms.http import compliance_endpoints as compliance
from tui.oms.http import reference_endpoints as tables
from tui.oms.http.call import Call

READS: Final[Mapping[str, Callable[[Call], bytes]]] = {
    reference.LATEST_AS_AT.name: tables.latest_as_at,
    reference.LIST_INSTRUMENTS.name: tables.list_instruments,
    reference.IDENTIFIER_TYPES.name: tables.identifier_types,
    reference.GET_INSTRUMENT.name: tables.get_instrument,
    reference.SETTLEMENT_DATE.name: tables.settlement_date,
    reference.LIST_PORTFOLIOS.name: tables.list_portfolios,
    reference.LIST_PORTFOLIOS_FOR_SCOPE.name: tables.list_portfolios,
    reference.GET_PORTFOLIO.name: tables.get_portfolio,
    reference.PORTFOLIO_DETAILS.name: tables.portfolio_details,
    reference.HOLDINGS.name: tables.holdings,
    reference.HOLDINGS_WITH_ORDERS.name: tables.holdings_with_orders,
    reference.LIST_TRANSACTION_TYPES.name: tables.list_transaction_types,
    reference.GET_PROPERTY_DEFINITIONS.name: tables.get_property_definitions,
    reference.LIST_PROPERTY_DEFINITIONS.name: tables.list_property_definitions,
    reference.LIST_REFERENCE_LISTS.name: tables.list_reference_lists,
    reference.GET_REFERENCE_LIST.name: tables.get_reference_list,
    reference.LIST_COMPLIANCE_RUNS.name: compliance.list_runs,
    reference.COMPLIANCE_SUMMARY.name: compliance.summary,
    reference.COMPLIANCE_RULE_RESULT.name: compliance.rule_result,
    reference.LIST_ORDER_BREACHES.name: compliance.list_breaches,
    reference.LIST_LEGACY_COMPLIANCE_RUNS.name: compliance.no_legacy_rows,
    reference.LEGACY_BREACHED_ORDERS.name: compliance.no_legacy_rows,
    reference.OWN_POLICIES.name: access.own_policies,
}
ASKS: Final[Mapping[str, Callable[[Call, bytes], bytes]]] = {
    reference.EVALUATE_ACCESS.name: access.evaluate,
    reference.GET_INSTRUMENTS.name: tables.get_instruments,
    reference.SEARCH_INSTRUMENTS.name: tables.search_instruments,
    reference.GET_QUOTES.name: tables.get_quotes,
    reference.FILTERED_COMPLIANCE_SUMMARY.name: compliance.filtered_summary,
}
"""The questions that are posted."""
WRITES: Final = (reference.RUN_COMPLIANCE.name, reference.RUN_COMPLIANCE_PREVIEW.name)
"""The operations that are carried out as commands."""


def served() -> tuple[Operation[Any, Any], ...]:
    """Return the operations that have a handler."""
    return tuple(each for each in reference.REFERENCE if each.name in {*READS, *ASKS, *WRITES})
