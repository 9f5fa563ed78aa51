"""What a random day is made of: calling the server, choosing what to call, and a small model beside it.

After every call the whole desk is held against the model, against itself, and against the desk before. The
rules, which say what may be called and what the model learns of it, are in the test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.oms.stateful.additions import FINAL, RECORDS, ZERO, Sums, check_graph, check_versions, fill_state
from tests.oms.stateful.served import SCOPE, Desk, Served

MANAGE = "/api/ordermanagement"
APPLE = {"Instrument/default/Figi": "BBG000B9XRY4"}
NOON = "2026-11-20T12:00:00Z"
LIMIT = {"type": "Limit", "limitPrice": {"amount": 190, "currency": "USD"}}
TERMS = (
    {"side": "Buy", **LIMIT},
    {"side": "Buy", **LIMIT},
    {"side": "Buy", "type": "Market"},
    {"side": "Sell", **LIMIT},
)
"""What the blocks are ordered on, in turn: most of them fit together."""
POOLS = {"BLK": 5, "ORD": 12, "PLC": 8, "EXE": 10, "ALL": 4}
"""How many ids there are of each family: few, so that calls meet."""

ODD, ODDER = 13, 22
"""The picks by which something unusual is chosen: no end of their range, which is tried more often."""


def id_of(code: str) -> dict[str, str]:
    return {"scope": SCOPE, "code": code}


def ids_of(codes: Iterable[str]) -> list[dict[str, str]]:
    return [id_of(code) for code in codes]


def units(size: int) -> Decimal:
    """Mostly whole units; now and then a fraction, nothing, or less than nothing."""
    if size in (ODD, ODDER):
        return Decimal(ODD - size)
    return Decimal(size) / 10 if size % 10 == 9 else Decimal(size)


@dataclass
class Order:
    quantity: Decimal
    state: str
    portfolio: str | None


@dataclass
class Block:
    orders: list[str] = field(default_factory=list)
    swept: bool = False
    own: Decimal = ZERO
    """The quantity of one without orders."""


@dataclass
class Placement:
    quantity: Decimal
    state: str
    blocks: list[str]
    parent: str | None


@dataclass
class Execution:
    quantity: Decimal
    placement: str
    state: str


class Day(RuleBasedStateMachine):
    """One desk's day."""

    tally: ClassVar[Counter[str]] = Counter()
    """How often each call was taken, and refused, in all days of this class."""

    def __init__(self) -> None:
        super().__init__()
        self.served = Served()
        self.orders: dict[str, Order] = {}
        self.blocks: dict[str, Block] = {}
        self.placements: dict[str, Placement] = {}
        self.executions: dict[str, Execution] = {}
        self.cut: set[str] = set()
        """The orders cancelled down to what was placed for them: it stays theirs (X5)."""
        self.booked: dict[str, tuple[Decimal, str]] = {}
        """The units and the side of every allocation as it was last booked."""
        self.before = self.now = self.served.read()
        self.last = ""
        self.moment = ""
        self.excess: set[tuple[str, str]] = set()
        self.remembered: tuple[str, Desk] | None = None

    def teardown(self) -> None:
        """At the end of the day the past is as it was, transactions are booked, the journal is whole."""
        try:
            assert self.served.transactions() == {code: units for code, (units, _) in self.booked.items()}
            if self.remembered is not None:
                moment, then = self.remembered
                past = self.served.read(as_at=moment)
                for name, table in then.tables.items():
                    assert past.tables[name].raw == table.raw, f"{name} as at {moment}"
            assert self.served.engine.read(lambda store: store.broken_link()) is None
        finally:
            self.served.close()

    # -- calling ---------------------------------------------------------------------------------------

    def call(self, name: str, method: str, path: str, body: Any = None, query: str = "") -> Any:
        """Make a call; None when it was refused as a whole, and then nothing may have changed."""
        self.before, self.last = self.now, name
        status, raw = self.served.ask(method, path, body, query)
        assert status < 500, f"{name} failed: {raw!r}"
        self.now = self.served.read(self.before)
        answer = msgspec.json.decode(raw)
        if status >= 400:
            self.tally[f"{name} refused"] += 1
            assert answer["detail"]
            assert answer["status"] == status
            self.unchanged()
            return None
        return answer

    def unchanged(self) -> None:
        assert self.now.bodies() == self.before.bodies(), f"{self.last} was refused and left a trace"

    def whole(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """Make a call that is done as a whole or not at all."""
        answer = self.call(name, method, path, body)
        if answer is not None:
            self.tally[name] += 1
            if method == "DELETE":
                self.moment = answer["asAt"]
        return answer

    def partial(self, name: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make a call whose items succeed or fail one by one; give those that succeeded."""
        answer = self.call(name, "POST", f"{MANAGE}/{path}", body)
        return {} if answer is None else self.accounted(name, body, answer)

    def accounted(self, name: str, sent: Iterable[str], answer: Any) -> dict[str, Any]:
        """Every key sent is either done or refused with a reason."""
        done, failed = answer["values"], answer["failed"]
        assert sorted([*done, *failed]) == sorted(sent)
        assert all(each["detail"] for each in failed.values())
        self.tally[name] += len(done)
        self.tally[f"{name} refused"] += len(failed)
        if not done:
            self.unchanged()
        return dict(done)

    # -- choosing --------------------------------------------------------------------------------------

    def new(self, family: str, number: int) -> str:
        """An id that is not taken, or now and then any."""
        taken: dict[str, Collection[str]] = {
            "BLK": self.blocks,
            "ORD": self.orders,
            "PLC": self.placements,
            "EXE": self.executions,
        }
        pool = [f"{family}-{n}" for n in range(POOLS[family])]
        free = [code for code in pool if code not in taken[family]]
        there = free if free and number != ODD else pool
        return there[number % len(there)]

    def known(self, family: Iterable[str], number: int) -> str:
        """An id that exists, or now and then one that does not."""
        there = sorted(family)
        return there[number % len(there)] if there and number != ODD else "NONE-1"

    def working(self, number: int) -> str:
        """An order that is not done, or now and then any."""
        open_ones = [code for code, order in self.orders.items() if order.state not in FINAL]
        return self.known(open_ones if open_ones and number != ODDER else self.orders, number)

    def open_block(self, number: int) -> str:
        """A block with something left to place, or now and then any."""
        room = [
            code
            for code, graph in self.now.block_graph.items()
            if graph.block.quantity > graph.placed.quantity and not graph.block.is_swept
        ]
        return self.known(room if room and number != ODDER else self.blocks, number)

    def at_work(self, number: int) -> str:
        """A placement that is neither filled nor cancelled, or now and then any."""
        live = [code for code, each in self.placements.items() if each.state not in ("Filled", "Cancelled")]
        return self.known(live if live and number != ODDER else self.placements, number)

    def holder(self, order: str) -> str | None:
        return next((code for code, block in self.blocks.items() if order in block.orders), None)

    def terms_of(self, table: str, code: str, number: int) -> dict[str, Any]:
        """The terms something stands on, or now and then others."""
        row = self.now.tables[table].rows.get(code)
        if row is None or number == ODDER:
            return dict(TERMS[number % len(TERMS)])
        return {"side": row.side, "type": row.type, "limitPrice": row.limit_price}

    def chain(self, placement: str | None) -> list[str]:
        """A placement and its parents."""
        found: list[str] = []
        while placement is not None:
            found.append(placement)
            placement = self.placements[placement].parent
        return found

    def refill(self, placements: Iterable[str]) -> None:
        """L8: what is executed decides the state of placements, save of cancelled ones."""
        sums = Sums(self.now)
        for code in {member for placement in placements for member in self.chain(placement)}:
            placement = self.placements[code]
            if placement.state != "Cancelled":
                placement.state = fill_state(placement.quantity, sums.executed(code))

    def join(self, order: str, block: str) -> None:
        kept = self.blocks.setdefault(block, Block())
        kept.orders.append(order)
        kept.own = ZERO

    def executed(self, number: int, *, ordered: bool) -> str:
        """A placement with executions, of blocks with orders or of blocks without; or now and then any."""
        found = {
            each.placement
            for each in self.executions.values()
            if any(self.blocks[block].orders for block in self.placements[each.placement].blocks) == ordered
        }
        return self.known(found if found and number != ODDER else self.placements, number)

    # -- what the model learns ----------------------------------------------------------------------------

    def take_over(self, orders: Iterable[str], *, may_lag: bool = False) -> None:
        """L9: the allocations of orders decide their states, save the final ones.

        With ``may_lag`` a state may also stay: the allocations of that order were not at stake.
        """
        sums = Sums(self.now)
        for code in orders:
            order = self.orders.get(code)
            if order is not None and order.state not in FINAL:
                state = fill_state(order.quantity, sums.given.get(code, ZERO))
                if not may_lag or self.now.orders[code].state == state:
                    order.state = state

    def reallocated(self) -> set[str]:
        """The orders whose allocations the last call changed."""
        return {
            desk.allocations[code].allocated_order_id.code
            for code in self.now.changed(self.before, "allocations")
            for desk in (self.before, self.now)
            if code in desk.allocations
        }

    # -- what must hold ----------------------------------------------------------------------------------

    def check(self) -> None:
        """Hold the desk against the model, itself and the call before, between two calls of one rule."""
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
            assert block.orders or now.blocks[code].quantity == block.own, code
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
        sums = Sums(self.now)
        check_graph(sums, self.booked)
        excess = sums.excesses(self.cut)
        for what, where in excess - self.excess:
            assert self.last in RECORDS[what] or self.taken_over(what, where), (
                f"{self.last} left too much {what} on {where}"
            )
        self.excess = excess
        self.before = self.now

    def taken_over(self, what: str, where: str) -> bool:
        """What there was too much of already, for something that is new or counts anew.

        An order may take the id of a deleted one whose allocations are still there; the orders that join a
        block without any say from then on how large it is, whatever is placed (C6).
        """
        if what == "allocated":
            return where not in self.before.orders
        return what == "placed" and any(
            code in self.now.blocks and self.now.blocks[code].order_ids and not before.order_ids
            for code, before in self.before.blocks.items()
        )
