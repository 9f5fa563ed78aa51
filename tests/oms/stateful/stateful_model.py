"""The parts of a random day: calling the server, choosing a call, and a small model.

After every call the whole desk is compared with the model, with itself, and with the desk before. The rules,
which say what is called and what the model expects, are in the test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.oms.stateful.expected_totals import (
    FINAL_STATES,
    RECORD_CALLS,
    ZERO,
    ExpectedTotals,
    check_graph,
    check_versions,
    fill_state,
)
from tests.oms.stateful.unthreaded_server import SCOPE, DeskLists, UnthreadedServer

BASE_PATH = "/api/ordermanagement"
APPLE = {"Instrument/default/Figi": "BBG000B9XRY4"}
NOON = "2026-11-20T12:00:00Z"
LIMIT = {"type": "Limit", "limitPrice": {"amount": 190, "currency": "USD"}}
TERMS = (
    {"side": "Buy", **LIMIT},
    {"side": "Buy", **LIMIT},
    {"side": "Buy", "type": "Market"},
    {"side": "Sell", **LIMIT},
)
"""The blocking fields of the blocks, in turn: most of them fit together."""
ID_COUNTS = {"BLK": 5, "ORD": 12, "PLC": 8, "EXE": 10, "ALL": 4}
"""The number of ids of each entity type: few, so that calls meet the same entities."""

UNUSUAL_PICK, OTHER_UNUSUAL_PICK = 13, 22
"""The picks by which something unusual is chosen: no end of their range, which is tried more often."""


def id_of(code: str) -> dict[str, str]:
    return {"scope": SCOPE, "code": code}


def ids_of(codes: Iterable[str]) -> list[dict[str, str]]:
    return [id_of(code) for code in codes]


def units(size: int) -> Decimal:
    """Return mostly whole units; sometimes a fraction, zero, or a negative number."""
    if size in (UNUSUAL_PICK, OTHER_UNUSUAL_PICK):
        return Decimal(UNUSUAL_PICK - size)
    return Decimal(size) / 10 if size % 10 == 9 else Decimal(size)


@dataclass
class ModelOrder:
    quantity: Decimal
    state: str
    portfolio: str | None


@dataclass
class ModelBlock:
    orders: list[str] = field(default_factory=list)
    swept: bool = False
    own_quantity: Decimal = ZERO
    """The quantity of a block without orders."""


@dataclass
class ModelPlacement:
    quantity: Decimal
    state: str
    blocks: list[str]
    parent: str | None


@dataclass
class ModelExecution:
    quantity: Decimal
    placement: str
    state: str


class ModelDay(RuleBasedStateMachine):
    """One desk's day."""

    tally: ClassVar[Counter[str]] = Counter()
    """The number of successes and refusals of each call, in all days of this class."""

    def __init__(self) -> None:
        super().__init__()
        self.server = UnthreadedServer()
        self.orders: dict[str, ModelOrder] = {}
        self.blocks: dict[str, ModelBlock] = {}
        self.placements: dict[str, ModelPlacement] = {}
        self.executions: dict[str, ModelExecution] = {}
        self.cut: set[str] = set()
        """The orders cancelled down to what was placed for them: it stays theirs (X5)."""
        self.booked: dict[str, tuple[Decimal, str]] = {}
        """The units and the side of every allocation as it was last booked."""
        self.before = self.now = self.server.read()
        self.last = ""
        self.moment = ""
        self.excesses: set[tuple[str, str]] = set()
        self.remembered_lists: tuple[str, DeskLists] | None = None

    def teardown(self) -> None:
        """Check at the end of the day the past, the transactions and the chain of versions."""
        try:
            assert self.server.transactions() == {code: units for code, (units, _) in self.booked.items()}
            if self.remembered_lists is not None:
                moment, then = self.remembered_lists
                past = self.server.read(as_at=moment)
                for name, table in then.tables.items():
                    assert past.tables[name].raw == table.raw, f"{name} as at {moment}"
            assert self.server.engine.read(lambda store: store.broken_link()) is None
        finally:
            self.server.close()

    # -- calling ---------------------------------------------------------------------------------------

    def call(self, name: str, method: str, path: str, body: Any = None, query: str = "") -> Any:
        """Make a call; return None when it was refused as a whole, having checked that nothing changed."""
        self.before, self.last = self.now, name
        status, raw = self.server.ask(method, path, body, query)
        assert status < 500, f"{name} failed: {raw!r}"
        self.now = self.server.read(self.before)
        answer = msgspec.json.decode(raw)
        if status >= 400:
            self.tally[f"{name} refused"] += 1
            assert answer["detail"]
            assert answer["status"] == status
            self.check_unchanged()
            return None
        return answer

    def check_unchanged(self) -> None:
        assert self.now.bodies() == self.before.bodies(), f"{self.last} was refused and left a trace"

    def atomic(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """Make an atomic call."""
        answer = self.call(name, method, path, body)
        if answer is not None:
            self.tally[name] += 1
            if method == "DELETE":
                self.moment = answer["asAt"]
        return answer

    def partial(self, name: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a partial call and return the items that succeeded."""
        answer = self.call(name, "POST", f"{BASE_PATH}/{path}", body)
        return {} if answer is None else self.check_accounted(name, body, answer)

    def check_accounted(self, name: str, sent: Iterable[str], answer: Any) -> dict[str, Any]:
        """Check that every key sent succeeded or failed with a reason; return those that succeeded."""
        done, failed = answer["values"], answer["failed"]
        assert sorted([*done, *failed]) == sorted(sent)
        assert all(each["detail"] for each in failed.values())
        self.tally[name] += len(done)
        self.tally[f"{name} refused"] += len(failed)
        if not done:
            self.check_unchanged()
        return dict(done)

    # -- choosing --------------------------------------------------------------------------------------

    def new(self, prefix: str, number: int) -> str:
        """Return a free id, or sometimes any."""
        taken: dict[str, Collection[str]] = {
            "BLK": self.blocks,
            "ORD": self.orders,
            "PLC": self.placements,
            "EXE": self.executions,
        }
        pool = [f"{prefix}-{n}" for n in range(ID_COUNTS[prefix])]
        free = [code for code in pool if code not in taken[prefix]]
        there = free if free and number != UNUSUAL_PICK else pool
        return there[number % len(there)]

    def known(self, ids: Iterable[str], number: int) -> str:
        """Return an existing id, or sometimes an unknown one."""
        there = sorted(ids)
        return there[number % len(there)] if there and number != UNUSUAL_PICK else "NONE-1"

    def open_order(self, number: int) -> str:
        """Return an order that is not final, or sometimes any."""
        open_ones = [code for code, order in self.orders.items() if order.state not in FINAL_STATES]
        return self.known(open_ones if open_ones and number != OTHER_UNUSUAL_PICK else self.orders, number)

    def open_block(self, number: int) -> str:
        """Return a block with an unplaced size, or sometimes any."""
        room = [
            code
            for code, graph in self.now.block_graph.items()
            if graph.block.quantity > graph.placed.quantity and not graph.block.is_swept
        ]
        return self.known(room if room and number != OTHER_UNUSUAL_PICK else self.blocks, number)

    def working_placement(self, number: int) -> str:
        """Return a placement that is neither filled nor cancelled, or sometimes any."""
        live = [code for code, each in self.placements.items() if each.state not in ("Filled", "Cancelled")]
        return self.known(live if live and number != OTHER_UNUSUAL_PICK else self.placements, number)

    def block_of(self, order: str) -> str | None:
        return next((code for code, block in self.blocks.items() if order in block.orders), None)

    def terms_of(self, table: str, code: str, number: int) -> dict[str, Any]:
        """Return the blocking fields of an entity, or sometimes others."""
        row = self.now.tables[table].rows.get(code)
        if row is None or number == OTHER_UNUSUAL_PICK:
            return dict(TERMS[number % len(TERMS)])
        return {"side": row.side, "type": row.type, "limitPrice": row.limit_price}

    def with_parents(self, placement: str | None) -> list[str]:
        """Return a placement and its parents."""
        found: list[str] = []
        while placement is not None:
            found.append(placement)
            placement = self.placements[placement].parent
        return found

    def update_placement_states(self, placements: Iterable[str]) -> None:
        """Update the states of placements to their executed size, except of cancelled ones (L8)."""
        sums = ExpectedTotals(self.now)
        for code in {member for placement in placements for member in self.with_parents(placement)}:
            placement = self.placements[code]
            if placement.state != "Cancelled":
                placement.state = fill_state(placement.quantity, sums.executed(code))

    def join(self, order: str, block: str) -> None:
        kept = self.blocks.setdefault(block, ModelBlock())
        kept.orders.append(order)
        kept.own_quantity = ZERO

    def executed(self, number: int, *, ordered: bool) -> str:
        """Return an executed placement of blocks with (or without) orders, or sometimes any."""
        found = {
            each.placement
            for each in self.executions.values()
            if any(self.blocks[block].orders for block in self.placements[each.placement].blocks) == ordered
        }
        return self.known(found if found and number != OTHER_UNUSUAL_PICK else self.placements, number)

    # -- updating the model ----------------------------------------------------------------------------

    def update_order_states(self, orders: Iterable[str], *, may_lag: bool = False) -> None:
        """Update the states of orders to their allocations, except final ones (L9).

        With ``may_lag`` a state may also stay, because the call was not about its allocations.
        """
        sums = ExpectedTotals(self.now)
        for code in orders:
            order = self.orders.get(code)
            if order is not None and order.state not in FINAL_STATES:
                state = fill_state(order.quantity, sums.allocated_to.get(code, ZERO))
                if not may_lag or self.now.orders[code].state == state:
                    order.state = state

    def reallocated(self) -> set[str]:
        """Return the orders whose allocations the last call changed."""
        return {
            desk.allocations[code].allocated_order_id.code
            for code in self.now.changed(self.before, "allocations")
            for desk in (self.before, self.now)
            if code in desk.allocations
        }

    # -- invariants ----------------------------------------------------------------------------------

    def check(self) -> None:
        """Compare the desk with the model, itself and the previous desk, between two calls of one rule."""
        self.the_model_knows_everything()
        self.allocations_come_and_go_with_the_calls_for_them()
        self.everything_adds_up()

    @invariant()
    def the_model_knows_everything(self) -> None:
        now = self.now
        assert {code: (row.quantity, row.state) for code, row in now.orders.items()} == {
            code: (order.quantity, order.state) for code, order in self.orders.items()
        }, self.last
        for code, row in now.orders.items():
            assert (row.portfolio_id and row.portfolio_id.code) == self.orders[code].portfolio
        assert {
            code: ([id.code for id in row.order_ids], row.is_swept) for code, row in now.blocks.items()
        } == {code: (block.orders, block.swept) for code, block in self.blocks.items()}, self.last
        for code, block in self.blocks.items():
            assert block.orders or now.blocks[code].quantity == block.own_quantity, code
        assert {code: (row.quantity, row.state) for code, row in now.placements.items()} == {
            code: (each.quantity, each.state) for code, each in self.placements.items()
        }, self.last
        for code, placement in now.placements.items():
            parent = placement.parent_placement_id and placement.parent_placement_id.code
            assert (parent, [id.code for id in placement.block_ids]) == (
                self.placements[code].parent,
                self.placements[code].blocks,
            )
        assert {
            code: (row.quantity, row.placement_id.code, row.state) for code, row in now.executions.items()
        } == {code: (each.quantity, each.placement, each.state) for code, each in self.executions.items()}, (
            self.last
        )

    @invariant()
    def allocations_come_and_go_with_the_calls_for_them(self) -> None:
        if self.last not in (
            "allocate",
            "allocate_weighted",
            "upsert_allocations",
            "delete_allocation",
            "book",
        ):
            assert not self.now.changed(self.before, "allocations"), self.last

    @invariant()
    def everything_adds_up(self) -> None:
        if self.now is self.before:
            return
        self.moment = check_versions(self.before, self.now, self.moment)
        sums = ExpectedTotals(self.now)
        check_graph(sums, self.booked)
        excess = sums.excesses(self.cut)
        for what, where in excess - self.excesses:
            assert self.last in RECORD_CALLS[what] or self.inherits_excess(what, where), (
                f"{self.last} left too much {what} on {where}"
            )
        self.excesses = excess
        self.before = self.now

    def inherits_excess(self, what: str, where: str) -> bool:
        """Return whether an entity is new, or counts again, and so inherits an earlier excess.

        An order may take the id of a deleted one whose allocations still exist. Orders that join a block
        without any determine its size from then on, whatever is placed (C6).
        """
        if what == "allocated":
            return where not in self.before.orders
        return what == "placed" and any(
            code in self.now.blocks and self.now.blocks[code].order_ids and not before.order_ids
            for code, before in self.before.blocks.items()
        )
