"""The broker: accept or reject placements, have them filled, suspend them in a halt, expire them.

The broker keeps no copy of the desk. At every tick it reads the changes and the next few working placements,
and returns the executions and reports to send; the market sends them.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from random import Random
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.api.models import Placement
from tui.api.requests import ExecutionRequest, PlacementRequest
from tui.api.states import direction_of, is_cancelled, normalize
from tui.oms.demo import roster
from tui.oms.domain.clock import Clock
from tui.oms.domain.times import to_micros
from tui.oms.market.exchange import Exchange
from tui.oms.market.fill_generator import FillGenerator, amount_of, foreign_currency, has_live_children
from tui.oms.market.parameters import MarketRules
from tui.oms.store import Store
from tui.oms.store.store import ChangePosition

MARKET_USER: Final = "sim.market"
NOTE_PROPERTY: Final = "Execution/demo/Note"
LATE_FILL_NOTE: Final = "Traded before the cancel arrived"

WORKING_STATES: Final = ("New", "Working", "Open", "Placed", "Ack", "PartiallyFilled", "Partial", "PartFill")
"""The placement states that the market fills, in every spelling it understands."""
_WORKING_STATES: Final = frozenset(map(normalize, WORKING_STATES))
REJECTED, SUSPENDED, EXPIRED, CANCELLED = "Rejected", "Suspended", "Expired", "Cancelled"
IMMEDIATE_TIMES_IN_FORCE: Final = {
    "immediateorcancel": "IOC",
    "ioc": "IOC",
    "fillorkill": "FOK",
    "fok": "FOK",
}
"""The times in force that do not wait, with their abbreviations."""

REJECTION_REASONS: Final = (
    "no line to trade this size for the account today",
    "the account is not set up to trade this instrument",
    "its system is not accepting orders at the moment, send it again",
    "the desk's trading limit with it is used up",
)
"""The reasons for which a broker rejects a valid placement at random."""


class BrokerMessages(Struct):
    """The messages of one tick: fills first, then reports of placements."""

    fills: list[ExecutionRequest]
    reports: list[PlacementRequest]


class _LateFill(Struct, frozen=True):
    """A fill that crosses a cancel: the tick at which it arrives, and the time of the cancel."""

    due: int
    placement: ResourceId
    cancelled: datetime


class Broker:
    """Responds to the placements of one desk. Runs in the store's thread.

    Changes after ``since``, an asAt in microseconds, are new to it.
    """

    def __init__(self, exchange: Exchange, clock: Clock, rules: MarketRules, seed: int, since: int) -> None:
        self._exchange = exchange
        self._clock = clock
        self._rules = rules
        self._rng = Random(seed)
        self._fills = FillGenerator(exchange, clock, rules, self._rng)
        self._tick = 0
        self._read_to: ChangePosition = (since + 1, "", "")
        self._closed_at: int | None = None
        self._window_start: dict[str, ResourceId] = {}
        self._fresh: dict[ResourceId, int] = {}
        self._pending_late_fills: list[_LateFill] = []
        self._unreportable: set[ResourceId] = set()

    def close_day(self, store: Store) -> None:
        """Close the trading day: day placements made until now expire."""
        self._closed_at = store.next_as_at(self._clock.now())

    def stop_reporting(self, placement: ResourceId) -> None:
        """Send no more reports of a placement, because the desk refuses them."""
        self._unreportable.add(placement)

    def tick(self, store: Store) -> BrokerMessages:
        """Return the messages of one tick."""
        self._tick += 1
        reports = self._read_changes(store)
        reported_ids = {report.id for report in reports}
        messages = BrokerMessages(fills=self._late_fills(store), reports=reports)
        for placement in self._working_placements(store):
            if placement.id in reported_ids or placement.id in self._unreportable:
                continue
            if len(messages.reports) < self._rules.max_reports_per_tick and (
                report := self._state_report(placement)
            ):
                messages.reports.append(report)
            elif len(messages.fills) < self._rules.max_fills_per_tick and self._exchange.session.is_open:
                self._work_placement(store, placement, messages)
        return messages

    # -- changes --------------------------------------------------------------------------------

    def _read_changes(self, store: Store) -> list[PlacementRequest]:
        """Read the placements and cancels since the last tick; return the rejections."""
        refused: list[PlacementRequest] = []
        for place, placement in store.changed(
            Placement, self._read_to, limit=4 * self._rules.placements_per_tick
        ):
            if len(refused) == self._rules.max_reports_per_tick:
                break
            self._read_to = place
            version = placement.version
            if version is None or version.user_id_modified == MARKET_USER:
                continue
            if is_cancelled(placement.state):
                self._read_cancel(store, placement, place[0])
            elif normalize(placement.state) in _WORKING_STATES and version.as_at_version_number == 1:
                if reason := self._rejection_reason(placement):
                    refused.append(
                        _placement_report(placement, REJECTED, f"{_broker_name(placement)}: {reason}")
                    )
                else:
                    self._fresh[placement.id] = self._tick + self._rules.fresh_ticks
        return refused

    def _rejection_reason(self, placement: Placement) -> str | None:
        """Return why a new placement is rejected, or None when it is accepted."""
        walk = self._exchange.walk(placement.lusid_instrument_id)
        if walk is None:
            return None
        instrument, rules = walk.instrument, self._rules
        if wrong := foreign_currency(placement, instrument):
            return f"{instrument.ticker} trades in {instrument.currency}, not in {wrong}"
        market = roster.round_to_tick(walk.price, instrument)
        for name, price in (("limit", placement.limit_price), ("stop", placement.stop_price)):
            amount = amount_of(price)
            if (
                amount is not None
                and not market / rules.max_price_ratio <= amount <= market * rules.max_price_ratio
            ):
                return f"the {name} {amount} is nowhere near the market, {market}"
        limit = amount_of(placement.limit_price)
        collar = rules.bond_collar if instrument.is_bond else rules.collar
        if limit is not None:
            through = limit / market - 1 if direction_of(placement.side) == 1 else 1 - limit / market
            if through > collar:
                return f"the limit {limit} is more than {collar:.0%} through the market, {market}"
        if self._exchange.occurs(rules.reject_one_in, self._rng):
            return self._rng.choice(REJECTION_REASONS)
        return None

    def _read_cancel(self, store: Store, placement: Placement, as_at: int) -> None:
        """Decide whether the cancel of a working placement crosses a fill."""
        before = store.text(Placement, placement.id, as_at - 1)
        if (
            before is None
            or normalize(msgspec.json.decode(before, type=Placement).state) not in _WORKING_STATES
        ):
            return
        version = placement.version
        if (
            self._exchange.occurs(self._rules.late_fill_one_in, self._rng)
            and version
            and version.as_at_modified
        ):
            due = self._tick + self._rng.randrange(self._rules.late_fill_ticks)
            self._pending_late_fills.append(_LateFill(due, placement.id, version.as_at_modified))

    def _late_fills(self, store: Store) -> list[ExecutionRequest]:
        """Return the fills of cancelled placements that arrive now."""
        due = [late for late in self._pending_late_fills if late.due <= self._tick]
        self._pending_late_fills = [late for late in self._pending_late_fills if late.due > self._tick]
        fills = []
        for late in due:
            placement = store.get(Placement, late.placement)
            if placement is not None and is_cancelled(placement.state) and self._exchange.session.is_open:
                fill = self._fills.fill(store, placement)
                if fill is not None:
                    traded = min(late.cancelled, fill.created_date)
                    fills.append(
                        replace(
                            fill,
                            created_date=traded,
                            properties=roster.label_property(NOTE_PROPERTY, LATE_FILL_NOTE),
                        )
                    )
        return fills

    # -- working placements -----------------------------------------------------------------------------

    def _working_placements(self, store: Store) -> list[Placement]:
        """Return the placements to consider: fresh ones, and the next few of every state."""
        self._fresh = {id: until for id, until in self._fresh.items() if until >= self._tick}
        fresh = (store.get(Placement, id) for id in islice(self._fresh, self._rules.placements_per_tick))
        candidates = {
            each.id: each for each in fresh if each is not None and normalize(each.state) in _WORKING_STATES
        }
        for state in (*WORKING_STATES, SUSPENDED):
            candidates.update((each.id, each) for each in self._window(store, state))
        working = list(candidates.values())
        self._rng.shuffle(working)
        return working

    def _window(self, store: Store, state: str) -> list[Placement]:
        """Return the next placements in ``state``, round robin: a tick costs the same at any size."""
        window = self._rules.placements_per_tick
        candidates = store.in_state(Placement, state, after=self._window_start.get(state), limit=window)
        if len(candidates) == window:
            self._window_start[state] = candidates[-1].id
        else:
            self._window_start.pop(state, None)
        return candidates

    def _state_report(self, placement: Placement) -> PlacementRequest | None:
        """Return a report that a placement has expired, is suspended or resumes, or None."""
        walk = self._exchange.walk(placement.lusid_instrument_id)
        if walk is None:
            return None
        if self._is_expired(placement):
            return _placement_report(placement, EXPIRED, "The day is over")
        held = normalize(placement.state) == normalize(SUSPENDED)
        trades = self._exchange.session.is_open and not self._exchange.is_halted(walk.instrument.luid)
        if (
            not held
            and not trades
            and (abbreviation := IMMEDIATE_TIMES_IN_FORCE.get(normalize(placement.time_in_force)))
        ):
            return _placement_report(
                placement, CANCELLED, f"{abbreviation}: {walk.instrument.ticker} does not trade now"
            )
        if self._exchange.is_halted(walk.instrument.luid):
            halted = f"{walk.instrument.ticker} is halted"
            return None if held else _placement_report(placement, SUSPENDED, halted)
        if held and roster.REASON_PROPERTY in (placement.properties or {}):
            return _placement_report(placement, None, None)
        return None

    def _is_expired(self, placement: Placement) -> bool:
        """Return whether a day placement is from a day that has closed."""
        made = placement.version.as_at_created if placement.version else None
        if self._closed_at is None or made is None or to_micros(made) > self._closed_at:
            return False
        return normalize(placement.time_in_force) == "day"

    def _work_placement(self, store: Store, placement: Placement, messages: BrokerMessages) -> None:
        """Fill a working placement, immediately where its time in force requires it, or leave it."""
        if normalize(placement.state) not in _WORKING_STATES:
            return
        abbreviation = IMMEDIATE_TIMES_IN_FORCE.get(normalize(placement.time_in_force))
        if abbreviation is None:
            fresh = placement.id in self._fresh
            mean_ticks = self._rules.fresh_ticks_per_fill if fresh else self._rules.ticks_per_fill
            if self._rng.randrange(mean_ticks) == 0 and (fill := self._fills.fill(store, placement)):
                self._fresh.pop(placement.id, None)
                messages.fills.append(fill)
        elif len(messages.reports) < self._rules.max_reports_per_tick:
            self._work_immediately(store, placement, abbreviation, messages)

    def _work_immediately(
        self, store: Store, placement: Placement, abbreviation: str, messages: BrokerMessages
    ) -> None:
        """Fill an IOC or FOK placement from the available volume and cancel the rest."""
        if self._exchange.walk(placement.lusid_instrument_id) is None or has_live_children(store, placement):
            return
        fill = self._fills.fill(store, placement, depth=self._rules.immediate_clips)
        if fill is not None and abbreviation == "FOK" and fill.state != "Filled":
            fill = None
        if fill is not None:
            messages.fills.append(fill)
        if fill is None or fill.state != "Filled":
            messages.reports.append(
                _placement_report(placement, CANCELLED, f"{abbreviation}: the rest did not trade at once")
            )


def _broker_name(placement: Placement) -> str:
    return placement.counterparty or "The broker"


def _placement_report(placement: Placement, state: str | None, reason: str | None) -> PlacementRequest:
    """Return a placement as the market reports it; without ``state`` the server derives it from fills."""
    fields: dict[str, Any] = {name: getattr(placement, name) for name in PlacementRequest.__struct_fields__}
    properties = dict(placement.properties or {})
    properties.pop(roster.REASON_PROPERTY, None)
    if reason is not None:
        properties |= roster.label_property(roster.REASON_PROPERTY, reason)
    return PlacementRequest(**{**fields, "state": state, "properties": properties})
