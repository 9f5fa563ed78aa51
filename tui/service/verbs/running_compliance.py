"""The verb that runs compliance: one call about all open orders of the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from msgspec.structs import replace

from tui.api import reference_operations as reference
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.compliance_models import ComplianceRunInfo
from tui.api.errors import ApiError, Refused
from tui.api.http_request import Query, Request
from tui.api.states import is_final
from tui.service.desk_profile import ComplianceRun
from tui.service.numbers import counted
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.compliance_states import compliance_of_order, detail_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.state_words import verdict_in_words
from tui.service.verbs.verb import InFlightMark, ItemisedReply, Tier, Verb
from tui.service.verbs.verdicts import Verdict, Versions

SLOWER_BY: Final = timedelta(seconds=5)
"""How far the server's clock may be behind ours for a run to be taken for the one that was asked for."""
RUNS: Final = 200
"""Runs that are looked through for one of unknown outcome."""
AGAIN: Final = "Check again. A run that is still going on is found when it is finished."


class RunCompliance(Verb, frozen=True):
    """Check all open orders of the server against the rules that the profile names.

    ``user`` is who is signed on, as the server calls them; empty when that is not known.
    """

    runs: tuple[ComplianceRun, ...]
    user: str = ""

    operation: ClassVar = reference.RUN_COMPLIANCE
    title: ClassVar[str] = "Run compliance"
    past: ClassVar[str] = "run"
    kind: ClassVar[EntityKind] = EntityKind.ORDERS
    mark: ClassVar[InFlightMark] = InFlightMark.AMEND
    listed: ClassVar[str] = "runs"
    base_tier: ClassVar[Tier] = Tier.T1
    repeatable: ClassVar[bool] = False
    rehearsed: ClassVar[bool] = False

    @property
    def run(self) -> ComplianceRun:
        """What is run."""
        return self.runs[0]

    def _id_of(self, item: Any) -> ResourceId:
        """Return an id for the run: it is no row, but it can be under way only once."""
        return ResourceId(item.run_scope, f"rules of {item.rule_scope}")

    @property
    def label(self) -> str:
        return self.title

    @property
    def label_of_one(self) -> str:
        return self.title

    def in_words(self) -> str:
        """Return what is run: the rules, by which recipe, and where the run is kept."""
        when = "Pre-trade" if self.run.pre_trade else "Post-trade"
        return f"{when} compliance rules of {self.run.rule_scope} by recipe {self.run.recipe}"

    def build(self, client: Client, key: str | None = None) -> Request[Any]:
        run = self.run
        query: Query = {
            "runScope": run.run_scope,
            "ruleScope": run.rule_scope,
            "isPreTrade": run.pre_trade,
            "recipeIdScope": run.recipe.scope,
            "recipeIdCode": run.recipe.code,
        }
        return client.build(self.operation, query=query, key=key)

    def read(self, reply: ComplianceRunInfo, request: Request[Any]) -> ItemisedReply:
        return ItemisedReply({self.keys[0]: reply}, notes={self.keys[0]: f"run {reply.run_id}"})

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        """Return the blocks with open orders: their states may be others now."""
        return frozenset(
            Ref(EntityKind.BLOCKS, id)
            for id, row in snapshot.blocks.items()
            if any(not _is_over(snapshot, order) for order in row.block.order_ids)
        )

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        """Return that no row shows it: the server's list of runs does (:meth:`find_out`)."""
        return Verdict.NOT_SEEN

    async def find_out(self, client: Client, asked: datetime, now: Snapshot) -> Mapping[Ref, Outcome]:
        try:
            runs = await _runs_since(client, asked - SLOWER_BY)
        except ApiError:
            return {}
        ours = [run for run in runs if not self.user or run.instigated_by == self.user]
        if not ours:
            return {}
        newest = max(ours, key=lambda run: run.instigated_at or asked)
        note = f"found among the runs of the server: run {newest.run_id}{_completed(newest, now)}"
        return {ref: Outcome(ref, Status.DONE, note=note) for ref in self.refs}

    def after_reading(self, outcome: Outcome, after: Snapshot) -> Outcome:
        """Return the outcome with when it was done and how many orders passed: done is not passed."""
        if outcome.status is Status.UNKNOWN:
            return replace(outcome, advice=AGAIN)
        if outcome.status is not Status.DONE:
            return outcome
        done = _completed(outcome.entity, after) if outcome.entity is not None else ""
        return replace(outcome, note=f"{outcome.note}{done}. {states_in_words(after)}")

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        count = sum(1 for _ in _open_orders(snapshot))
        return (
            f"All open orders of the server are checked, {count:,} of this desk among them",
            "Their states of compliance are set anew; it may take minutes",
        )


def states_in_words(snapshot: Snapshot) -> str:
    """Return how many open orders of the desk are in which state of compliance, the most frequent first."""
    counts = Counter(verdict_in_words(state) if state else "not known" for state in _open_orders(snapshot))
    total = sum(counts.values())
    said = ", ".join(f"{count:,} {state}" for state, count in counts.most_common())
    return f"Of {counted(total, 'open order')} of this desk: {said}" if total else "No order is open here"


def _open_orders(snapshot: Snapshot) -> Iterator[str]:
    """Yield the state of compliance of each open order of the desk."""
    for order in snapshot.orders.values():
        if not is_final(order.state):
            yield compliance_of_order(snapshot, order, detail_of(snapshot, order))


def _is_over(snapshot: Snapshot, id: ResourceId) -> bool:
    order = snapshot.orders.get(id)
    return order is not None and is_final(order.state)


async def _runs_since(client: Client, since: datetime) -> list[ComplianceRunInfo]:
    """Return the runs since a moment; a server that does not filter them is asked for all.

    Raises:
        ApiError: they could not be read.
    """
    moment = f"{since:%Y-%m-%dT%H:%M:%S.%fZ}"
    try:
        found = await client.list(
            reference.LIST_COMPLIANCE_RUNS, filter=f"instigatedAt gte {moment}", limit=RUNS
        )
    except Refused:
        found = await client.list(reference.LIST_COMPLIANCE_RUNS, limit=RUNS)
    return [run for run in found.values if run.instigated_at is not None and run.instigated_at >= since]


def _completed(run: ComplianceRunInfo, snapshot: Snapshot) -> str:
    """Return when a run was done, to stand behind its name; empty where the server does not say."""
    at = snapshot.time_in_words(run.completed_at)
    return f", completed {at}" if at else ""
