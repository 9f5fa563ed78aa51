"""Reads the names of compliance rules on demand: one summary of the newest run that lists an order (R56)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final

from tui.api.base import ResourceId
from tui.api.compliance_models import ComplianceRunInfo
from tui.api.errors import ApiError, Refused
from tui.api.reference_operations import COMPLIANCE_SUMMARY, LIST_COMPLIANCE_RUNS
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.snapshot.records import display_name

NEWEST: Final = 3
"""The runs whose summaries are read for one order: older ones say nothing of it any more."""
LISTED: Final = 200
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


class RuleReader:
    """Reads the names of the rules that orders did not pass; a summary is read once."""

    def __init__(self, calls: OptionalCalls) -> None:
        self._calls = calls
        self._names: dict[ResourceId, dict[ResourceId, str]] = {}
        """The names of rules by run."""
        self._orders: dict[ResourceId, frozenset[ResourceId]] = {}
        """The orders that a run lists."""

    async def names_for(self, orders: Collection[ResourceId]) -> Mapping[ResourceId, str]:
        """Return the names of the rules of the newest run that lists one of ``orders``; none if none does."""
        if not (self._calls.may(LIST_COMPLIANCE_RUNS) and self._calls.may(COMPLIANCE_SUMMARY)):
            return {}
        try:
            for run in (await self._newest())[:NEWEST]:
                names = await self._summary(run)
                if not self._orders[run].isdisjoint(orders):
                    return names
        except ApiError:
            return {}
        return {}

    def why_not(self) -> str:
        """Return why names are not known, as the end of a sentence; empty when they are."""
        return self._calls.in_words(LIST_COMPLIANCE_RUNS) or self._calls.in_words(COMPLIANCE_SUMMARY)

    async def _newest(self) -> list[ResourceId]:
        """Return the runs, the newest first; a server that does not sort is asked for a page as it comes.

        Raises:
            ApiError: they could not be read.
        """
        try:
            found = await self._calls.ask(
                LIST_COMPLIANCE_RUNS, query={"sortBy": ("instigatedAt DESC",), "limit": NEWEST}
            )
        except Refused:
            found = await self._calls.ask(LIST_COMPLIANCE_RUNS, query={"limit": LISTED})
        return [run.run_id for run in sorted(found.values, key=_when, reverse=True)]

    async def _summary(self, run: ResourceId) -> Mapping[ResourceId, str]:
        if run not in self._names:
            found = await self._calls.ask(COMPLIANCE_SUMMARY, id=run)
            self._names[run] = {each.rule_id: display_name(each.rule_name) for each in found.details}
            self._orders[run] = frozenset(
                order for each in found.details for order in each.affected_orders or ()
            )
        return self._names[run]


def _when(run: ComplianceRunInfo) -> datetime:
    return run.instigated_at or _EARLIEST
