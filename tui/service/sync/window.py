"""The window: which rows of a tenant of any size belong to a desk.

They are the blocks that are live, of the profile's scopes and portfolios, with what hangs on them, and the
orders that are open and in no block. A tenant that never sweeps has no other end of a block than that nothing
happens to it: once there are too many, those without activity for some days are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Set
from datetime import datetime, timedelta
from typing import Any, Final

from tui.api.base import ResourceId, Version
from tui.api.models import Block, Order, OrderGraphBlock
from tui.api.states import is_final, normalize
from tui.service.desk_profile import DeskProfile
from tui.service.filter_texts import any_of, time_text
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind

MANY: Final = 2000
"""More blocks than these are no day's work: a tenant that has them never sweeps."""
SOME: Final = 500
"""With blocks among them to which nothing happened for the profile's days, so many are a reason to ask."""
_FINAL_STATES: Final = ("Booked", "Cancelled", "Canceled", "Closed")
_OVER: Final = ("booked", "cancelled")
"""The derived states of blocks for which nothing is left to do but to sweep them."""
BY_DATE: Final = 2
"""The place of the filter that finds young orders, whatever their state, among those of open orders."""
_LONGEST_PART: Final = 200
"""Characters that scopes or portfolios may take of a filter; longer lists are compared on arrival."""


class Window:
    """Judges which rows belong to the desk of ``profile``; ``now`` is this machine's clock, aware UTC."""

    def __init__(self, profile: DeskProfile, now: Callable[[], datetime]) -> None:
        self.profile = profile
        self._now = now
        self.since: datetime | None = None
        """Blocks without activity since then are left out; None while all that are live belong to it."""
        self.loose_since: datetime | None = None
        """Open orders in no block that did not change since then are left out; None while all belong."""
        self.elsewhere: dict[ResourceId, Version | None] = {}
        """The orders, in the version looked at, that a block holds which does not belong to the desk."""
        self._scopes = {scope.casefold() for scope in profile.scopes}
        self._portfolios = set(profile.portfolios)

    def narrow(self) -> None:
        """Leave out from now on what nothing happened to for the profile's days."""
        self.since = self.loose_since = self._days_ago

    def narrow_loose(self) -> None:
        """Leave out from now on orders in no block that did not change for the profile's days."""
        self.loose_since = self._days_ago

    @property
    def _days_ago(self) -> datetime:
        return self._now() - timedelta(days=self.profile.days)

    @property
    def lacks_blocks(self) -> bool:
        """Whether orders that seem to be in no block may be in one that was left out, or was swept."""
        return self.loose_since is not None or bool(self._scopes)

    def is_old(self, row: OrderGraphBlock | Block) -> bool:
        """Return whether nothing happened to a block for the profile's days, as far as it tells."""
        return last_activity(row) < self._days_ago

    def keeps(self, row: OrderGraphBlock) -> bool:
        """Return whether a block belongs to the desk."""
        if not self.may_keep(row.block) or self._is_over(row):
            return False
        if not self.keeps_portfolios({detail.portfolio_id for detail in row.ordered.details}):
            return False
        return self.since is None or last_activity(row) >= self.since

    def _is_over(self, row: OrderGraphBlock) -> bool:
        """Return whether a block is taken for swept of which the server does not tell whether it is.

        Servers of the older generation have no mark of it, and some ignore the switch that leaves swept
        blocks out. Booked in full or cancelled, and untouched for the profile's days, nothing is left to do
        for it.
        """
        if row.block.is_swept is not None:
            return False
        state = normalize(row.derived_state)
        return state == "swept" or (state in _OVER and self.is_old(row))

    def keeps_portfolios(self, portfolios: Set[ResourceId | None]) -> bool:
        """Return whether a block whose orders are of ``portfolios`` belongs to the desk for that.

        None among them is one that nobody tells; of a block without orders nobody tells any.
        """
        if not self._portfolios or not portfolios or None in portfolios:
            return True
        return not self._portfolios.isdisjoint(portfolios)

    def may_keep(self, block: Block) -> bool:
        """Return whether a block belongs to the desk as far as it tells without its totals."""
        return not block.is_swept and self.is_in_scope(block.id)

    def keeps_loose(self, order: Order) -> bool:
        """Return whether an order that is in no block of the desk belongs to it all the same.

        With a filter for blocks nobody can tell whether it is in no block or in one that does not pass: such
        a desk holds the orders of its blocks only.
        """
        if self.profile.filter or is_final(order.state) or not self.is_in_scope(order.id):
            return False
        if self._portfolios and order.portfolio_id not in self._portfolios:
            return False
        if order.id in self.elsewhere and self.elsewhere[order.id] == order.version:
            return False
        changed = order.version.as_at_modified if order.version else None
        return self.loose_since is None or changed is None or changed >= self.loose_since

    def belongs(
        self,
        builder: SnapshotBuilder,
        kind: EntityKind,
        row: Any,
        placements: Collection[ResourceId] = (),
    ) -> bool:
        """Return whether a row hangs on those ``builder`` has, or belongs to the desk by itself.

        ``placements`` are some that will be there although they are not read yet.
        """
        if kind is EntityKind.ORDERS:
            return bool(builder.blocks_of_order(row.id)) or self.keeps_loose(row)
        if kind is EntityKind.PLACEMENTS:
            blocks = builder.rows(EntityKind.BLOCKS)
            return any(id in blocks for id in row.block_ids)

        def placed(id: ResourceId) -> bool:
            return id in placements or id in builder.rows(EntityKind.PLACEMENTS)

        if kind is EntityKind.EXECUTIONS:
            return placed(row.placement_id)
        order = row.allocated_order_id
        named = order in builder.rows(EntityKind.ORDERS) or builder.blocks_of_order(order)
        return bool(named) or any(map(placed, row.placement_ids or ()))

    def scope_test(self, field: str) -> str:
        """Return the filter of the profile's scopes; empty without any, or when it would be long."""
        scopes = self.profile.scopes
        test = any_of(field, scopes) if scopes else ""
        return test if len(test) <= _LONGEST_PART else ""

    def loose_order_lists(self) -> Iterator[tuple[str, ...]]:
        """Yield filters of the open orders, the most exact one first; those of many portfolios in parts."""
        for portfolios in self._portfolio_tests():
            parts = [self.scope_test("id.scope"), portfolios]
            if self.loose_since is not None:
                parts.append(f"version.asAtModified gte {time_text(self.loose_since)}")
            beside = "".join(f" and {part}" for part in parts if part)
            quoted = [f"'{state}'" for state in _FINAL_STATES]
            yield (
                f"(state not in ({','.join(quoted)}) or state not exists){beside}",
                " and ".join(f"state neq {state}" for state in quoted) + beside,
                f"version.asAtModified gte {time_text(self._days_ago)}",
            )

    def is_open_or_young(self, order: Order) -> bool:
        """Return whether an order may pass a filter of open orders: others tell that it was ignored."""
        changed = order.version.as_at_modified if order.version else None
        young = changed is None or changed >= self._days_ago
        return young or not is_final(order.state)

    def _portfolio_tests(self) -> Iterator[str]:
        """Yield filters that together find the orders of the profile's portfolios, each of some length."""
        some: list[str] = []
        for code in sorted({id.code for id in self.profile.portfolios}):
            if some and len(any_of("portfolioId.code", [*some, code])) > _LONGEST_PART:
                yield any_of("portfolioId.code", some)
                some = []
            some.append(code)
        yield any_of("portfolioId.code", some) if some else ""

    def is_in_scope(self, id: ResourceId) -> bool:
        """Return whether an id is of one of the profile's scopes."""
        return not self._scopes or id.scope.casefold() in self._scopes


def last_activity(row: OrderGraphBlock | Block) -> datetime:
    """Return when anything last happened to a block or below it, as far as the server says."""
    block = row if isinstance(row, Block) else row.block
    changed = block.version.as_at_modified if block.version else None
    told = None if isinstance(row, Block) else row.latest_activity_date
    return told or changed or block.created_date
