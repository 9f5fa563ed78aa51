"""Which handler answers each operation around order management, by the operation's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from tui.api import reference_operations as reference
from tui.api.operations import Operation
from tui.oms.http import compliance_endpoints as compliance
from tui.oms.http.call import Call

READS: Final[Mapping[str, Callable[[Call], bytes]]] = {
    reference.LIST_COMPLIANCE_RUNS.name: compliance.list_runs,
    reference.COMPLIANCE_SUMMARY.name: compliance.summary,
    reference.COMPLIANCE_RULE_RESULT.name: compliance.rule_result,
    reference.LIST_ORDER_BREACHES.name: compliance.list_breaches,
    reference.LIST_LEGACY_COMPLIANCE_RUNS.name: compliance.no_legacy_rows,
    reference.LEGACY_BREACHED_ORDERS.name: compliance.no_legacy_rows,
}
ASKS: Final[Mapping[str, Callable[[Call, bytes], bytes]]] = {
    reference.FILTERED_COMPLIANCE_SUMMARY.name: compliance.filtered_summary,
}
"""The questions that are posted."""
WRITES: Final = (reference.RUN_COMPLIANCE.name, reference.RUN_COMPLIANCE_PREVIEW.name)
"""The operations that are carried out as commands."""


def served() -> tuple[Operation[Any, Any], ...]:
    """Return the operations that have a handler."""
    return tuple(each for each in reference.REFERENCE if each.name in {*READS, *ASKS, *WRITES})
