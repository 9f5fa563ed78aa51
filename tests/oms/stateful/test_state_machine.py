"""Random days of a desk beside a small model: after any calls in any sequence, quantities add up.

Every step is a call over HTTP that may succeed or be refused. Then the whole desk is read back and compared
with the model, with itself, and with the desk before the call. ``BLOTTER_MACHINE_RUNS`` is the number of
days, 500 by default; more days are drawn anew each time.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from tests.oms.stateful.expected_totals import FINAL_STATES, ZERO, ExpectedTotals, fill_state, total
from tests.oms.stateful.stateful_model import (
    APPLE,
    BASE_PATH,
    ID_COUNTS,
    NOON,
    OTHER_UNUSUAL_PICK,
    UNUSUAL_PICK,
    ModelBlock,
    ModelDay,
    ModelExecution,
    ModelOrder,
    ModelPlacement,
    id_of,
    ids_of,
    units,
)
from tests.oms.stateful.unthreaded_server import PORTFOLIOS, SCOPE

CI_DAYS = 500
DAYS = int(os.environ.get("BLOTTER_MACHINE_RUNS", CI_DAYS))
CALLS_PER_DAY = 50
TEST_COUNT = 4
"""The number of tests that share the days, so that they run in parallel."""

pick = st.integers(0, 31)
picks = st.lists(pick, min_size=1, max_size=3, unique=True)
size = st.integers(1, 99)
flag = st.booleans()


class TradingDay(ModelDay):
    """The calls of a day, in any sequence and with any arguments."""

    @initialize(how=st.sampled_from(("ordered", "placed", "filled", "unsolicited")))
    def opening(self, how: str) -> None:
        """Start with a block of three orders, placed and partly filled, or with one without orders."""
        if how == "unsolicited":
            self.upsert_blocks(block=0, known=False, orders=[1], quantity=60, swept=1)
        else:
            self.create_orders(block=0, known=False, orders=[0, 1, 2], sizes=(30, 20, 50), portfolio=1)
        if how != "ordered":
            self.check()
            self.place_blocks(placement=0, blocks=[0], parent=1, quantity=4)
        if how in ("filled", "unsolicited"):
            self.check()
            self.upsert_executions(fills=[0, 1], known=False, on=0, quantity=20, state=0)

    # -- orders and blocks -----------------------------------------------------------------------------

    @rule(block=pick, known=flag, orders=picks, sizes=st.tuples(size, size, size), portfolio=pick)
    def create_orders(
        self, block: int, known: bool, orders: list[int], sizes: tuple[int, ...], portfolio: int
    ) -> None:
        where = self.known(self.blocks, block) if known else self.new("BLK", block)
        codes = [self.new("ORD", number) for number in orders]
        codes = codes if block == UNUSUAL_PICK else list(dict.fromkeys(codes))
        name = PORTFOLIOS[portfolio % 2] if portfolio != UNUSUAL_PICK else None
        entry = {
            "blockId": id_of(where),
            "orders": [
                {
                    "id": id_of(code),
                    "quantity": units(number),
                    "date": NOON,
                    "portfolioId": name and id_of(name),
                }
                for code, number in zip(codes, sizes, strict=False)
            ],
            "instrumentIdentifiers": APPLE,
            "timeInForce": "Day",
            "date": NOON,
            **self.terms_of("blocks", where, block),
        }
        if self.atomic("create_orders", "POST", f"{BASE_PATH}/createorders", {"requests": [entry]}) is None:
            return
        for request in entry["orders"]:
            code = request["id"]["code"]
            if code not in self.orders:
                self.orders[code] = ModelOrder(request["quantity"], "New", name)
                self.join(code, where)

    @precondition(lambda self: self.orders)
    @rule(orders=picks, to=pick, known=flag)
    def move_orders(self, orders: list[int], to: int, known: bool) -> None:
        where = self.known(self.blocks, to) if known else self.new("BLK", to)
        codes = list(dict.fromkeys(map(self.open_order, orders[:2])))
        items = [{"destinationBlockId": id_of(where), "orderId": id_of(code)} for code in codes]
        ordered = total(block.quantity for block in self.now.blocks.values() if block.order_ids)
        loose = [code for code in codes if self.block_of(code) is None]
        if self.atomic("move_orders", "POST", f"{BASE_PATH}/moveorders", {"requests": items}) is None:
            return
        for code in codes:
            source = self.block_of(code)
            if source != where:
                if source is not None:
                    self.blocks[source].orders.remove(code)
                self.join(code, where)
        if not loose:
            after = total(block.quantity for block in self.now.blocks.values() if block.order_ids)
            assert after == ordered, "a move neither adds nor takes"

    @precondition(lambda self: self.orders)
    @rule(orders=picks, quantity=size, portfolio=pick)
    def update_orders(self, orders: list[int], quantity: int, portfolio: int) -> None:
        codes = {f"u{number}": self.open_order(number) for number in orders}
        name = PORTFOLIOS[portfolio % 2] if portfolio % 3 == 0 else None
        asked = {
            key: {"id": id_of(code), "quantity": units(quantity), "portfolioId": name and id_of(name)}
            for key, code in codes.items()
        }
        for key in self.partial("update_orders", "updateorders", asked):
            order = self.orders[codes[key]]
            order.quantity, order.portfolio = units(quantity), name or order.portfolio

    @precondition(lambda self: self.orders)
    @rule(orders=picks)
    def cancel_orders(self, orders: list[int]) -> None:
        codes = {f"c{code}": code for code in map(self.open_order, orders[:2])}
        asked = {key: id_of(code) for key, code in codes.items()}
        for key in self.partial("cancel_orders", "cancelorders", asked):
            self.orders[codes[key]].state = "Cancelled"

    @precondition(lambda self: self.orders)
    @rule(orders=picks, new=pick, to=pick, known=flag)
    def cancel_and_move(self, orders: list[int], new: int, to: int, known: bool) -> None:
        where = self.known(self.blocks, to) if known else self.new("BLK", to)
        codes = list(dict.fromkeys(map(self.open_order, orders[:2])))
        asked = {
            f"m{code}": {
                "cancelOrderId": id_of(code),
                "moveRemainingToOrderId": id_of(self.new("ORD", new + index)),
                "moveRemainingToBlockId": id_of(where),
            }
            for index, code in enumerate(codes)
        }
        for key, value in self.partial("cancel_and_move", "cancelordersandmoveremaining", asked).items():
            code = asked[key]["cancelOrderId"]["code"]
            kept, before = self.now.orders[code].quantity, self.orders[code].quantity
            self.orders[code].quantity, self.orders[code].state = kept, "Cancelled"
            self.cut.add(code)
            rest = before - kept
            assert rest >= 0
            assert (value.get("newOrder") is not None) == (rest > 0)
            if rest:
                fresh = asked[key]["moveRemainingToOrderId"]["code"]
                self.orders[fresh] = ModelOrder(rest, "New", self.orders[code].portfolio)
                self.join(fresh, where)

    @rule(block=pick, known=flag, orders=picks, quantity=size, swept=pick)
    def upsert_blocks(self, block: int, known: bool, orders: list[int], quantity: int, swept: int) -> None:
        code = self.known(self.blocks, block) if known else self.new("BLK", block)
        said = [self.known(self.orders, number) for number in orders] if swept % 4 == 0 else None
        request = {
            "id": id_of(code),
            "orderIds": said and ids_of(said),
            "instrumentIdentifiers": APPLE,
            "quantity": units(quantity),
            "timeInForce": "Day",
            "createdDate": NOON,
            "isSwept": {UNUSUAL_PICK: True, OTHER_UNUSUAL_PICK: False}.get(swept),
            **self.terms_of("blocks", code, block),
        }
        if self.atomic("upsert_blocks", "POST", "/api/blocks", {"requests": [request]}) is None:
            return
        kept = self.blocks.setdefault(code, ModelBlock())
        kept.orders = kept.orders if said is None else list(dict.fromkeys(said))
        kept.own_quantity = ZERO if kept.orders else units(quantity)
        kept.swept = kept.swept if request["isSwept"] is None else bool(request["isSwept"])

    @rule(order=pick, known=flag, quantity=size, state=pick, portfolio=pick)
    def upsert_orders(self, order: int, known: bool, quantity: int, state: int, portfolio: int) -> None:
        code = self.known(self.orders, order) if known else self.new("ORD", order)
        said = "Cancelled" if state == UNUSUAL_PICK else None
        name = PORTFOLIOS[portfolio % 2]
        request = {
            "id": id_of(code),
            "instrumentIdentifiers": APPLE,
            "quantity": units(quantity),
            "state": said,
            "portfolioId": id_of(name),
            "timeInForce": "Day",
            "date": NOON,
            **self.terms_of("orders", code, order),
        }
        if self.atomic("upsert_orders", "POST", "/api/orders", {"orderRequests": [request]}) is not None:
            self.cut.discard(code)
            given = total(
                each.quantity
                for each in ExpectedTotals(self.now).live
                if each.allocated_order_id.code == code
            )
            self.orders[code] = ModelOrder(units(quantity), said or fill_state(units(quantity), given), name)

    def delete_order(self, order: int) -> None:
        code = self.known(self.orders, order)
        if self.atomic("delete_order", "DELETE", f"/api/orders/{SCOPE}/{code}") is not None:
            del self.orders[code]
            self.cut.discard(code)
            if (block := self.block_of(code)) is not None:
                self.blocks[block].orders.remove(code)

    def delete_block(self, block: int) -> None:
        code = self.known(self.blocks, block)
        if self.atomic("delete_block", "DELETE", f"/api/blocks/{SCOPE}/{code}") is not None:
            del self.blocks[code]

    @precondition(lambda self: self.blocks)
    @rule(blocks=picks, late=flag)
    def sweep_blocks(self, blocks: list[int], late: bool) -> None:
        codes = {f"s{code}": code for code in (self.known(self.blocks, number) for number in blocks)}
        latest = "2099-01-01T00:00:00Z" if late else "2020-01-01T00:00:00Z"
        body = {
            "blockIds": {k: id_of(v) for k, v in codes.items()},
            "latestAllowableModificationTime": latest,
        }
        answer = self.call("sweep_blocks", "POST", f"{BASE_PATH}/SweepBlocks", body)
        for key in self.check_accounted("sweep_blocks", codes, answer) if answer else ():
            self.blocks[codes[key]].swept = True

    # -- placements and executions ---------------------------------------------------------------------

    def placement(
        self, code: str, blocks: list[int], parent: int, quantity: int, state: str | None
    ) -> dict[str, Any]:
        """Return a placement request: of one block or two, or under a parent, for everything unplaced."""
        above = self.known(self.placements, parent) if self.placements and parent % 3 == 0 else None
        if above in self.placements:
            where = list(self.placements[above].blocks)
        else:
            where = list(dict.fromkeys(map(self.open_block, blocks[: 1 + (parent % 5 == 0)])))
        room = total(
            self.now.blocks[one].quantity - self.now.block_graph[one].placed.quantity
            for one in where
            if one in self.now.blocks
        )
        return {
            "id": id_of(code),
            "blockIds": ids_of(where),
            "parentPlacementId": above and id_of(above),
            "instrumentIdentifiers": APPLE,
            "quantity": room if quantity % 4 == 0 and room > 0 else units(quantity),
            "state": state,
            "timeInForce": "Day",
            "createdDate": NOON,
            **self.terms_of("blocks", where[0], parent),
        }

    def placed(self, request: dict[str, Any], state: str) -> None:
        parent = request["parentPlacementId"]
        self.placements[request["id"]["code"]] = ModelPlacement(
            request["quantity"],
            state,
            [each["code"] for each in request["blockIds"]],
            parent and parent["code"],
        )

    @precondition(lambda self: self.blocks)
    @rule(placement=pick, blocks=picks, parent=pick, quantity=size)
    def place_blocks(self, placement: int, blocks: list[int], parent: int, quantity: int) -> None:
        request = self.placement(self.new("PLC", placement), blocks, parent, quantity, None)
        if (
            self.atomic("place_blocks", "POST", f"{BASE_PATH}/placeblocks", {"requests": [request]})
            is not None
        ):
            self.placed(request, "New")

    @precondition(lambda self: self.blocks)
    @rule(placement=pick, known=flag, blocks=picks, parent=pick, quantity=size, state=pick)
    def upsert_placements(
        self, placement: int, known: bool, blocks: list[int], parent: int, quantity: int, state: int
    ) -> None:
        code = self.known(self.placements, placement) if known else self.new("PLC", placement)
        said = "Cancelled" if state == UNUSUAL_PICK else None
        request = self.placement(code, blocks, parent, quantity, said)
        if self.atomic("upsert_placements", "POST", "/api/placements", {"requests": [request]}) is not None:
            self.placed(
                request, said or fill_state(request["quantity"], ExpectedTotals(self.now).executed(code))
            )

    @precondition(lambda self: self.placements)
    @rule(placements=picks, quantity=size, all_of_it=flag)
    def update_placements(self, placements: list[int], quantity: int, all_of_it: bool) -> None:
        codes = {f"u{code}": code for code in map(self.working_placement, placements)}
        asked = {key: {"id": id_of(code), "quantity": units(quantity)} for key, code in codes.items()}
        if all_of_it:
            asked = {
                key: {"id": id_of(code), "counterparty": f"BRK-{quantity}"} for key, code in codes.items()
            }
        for key in self.partial("update_placements", "$updateplacements", asked):
            if not all_of_it:
                self.placements[codes[key]].quantity = units(quantity)

    @precondition(lambda self: self.placements)
    @rule(placements=picks)
    def cancel_placements(self, placements: list[int]) -> None:
        codes = {f"c{code}": code for code in map(self.working_placement, placements[:1])}
        asked = {key: id_of(code) for key, code in codes.items()}
        done = self.partial("cancel_placements", "$cancelplacements", asked)
        for key, value in done.items():
            children = {each["code"] for each in value["cancelledChildPlacements"]}
            below = {
                code
                for code, each in self.placements.items()
                if codes[key] in self.with_parents(code)[1:] and each.state not in ("Filled", "Cancelled")
            }
            assert children == below
            for code in (codes[key], *children):
                self.placements[code].state = "Cancelled"

    def delete_placement(self, placement: int) -> None:
        code = self.known(self.placements, placement)
        if self.atomic("delete_placement", "DELETE", f"/api/placements/{SCOPE}/{code}") is not None:
            del self.placements[code]

    @precondition(lambda self: self.placements)
    @rule(fills=picks, known=flag, on=pick, quantity=size, state=pick)
    def upsert_executions(self, fills: list[int], known: bool, on: int, quantity: int, state: int) -> None:
        where = self.known(self.placements, on)
        codes = [self.known(self.executions, n) if known else self.new("EXE", n) for n in fills[:2]]
        said = "Cancelled" if state == UNUSUAL_PICK else "PartiallyFilled"
        row = self.now.placements.get(where)
        left = row.quantity - ExpectedTotals(self.now).executed(where) if row else ZERO
        much = left if quantity % 3 == 0 and left > 0 else units(quantity)
        requests = [
            {
                "id": id_of(code),
                "placementId": id_of(where),
                "instrumentIdentifiers": APPLE,
                "quantity": much,
                "state": said,
                "side": row.side if row else "Buy",
                "type": "Market",
                "createdDate": NOON,
                "price": {"amount": 100 + number, "currency": "USD"},
                "settlementCurrency": "USD",
                "settlementCurrencyFxRate": 1,
                "counterparty": "BRK",
            }
            for number, code in zip(fills, codes, strict=False)
        ]
        if self.atomic("upsert_executions", "POST", "/api/executions", {"requests": requests}) is None:
            return
        changed = self.now.changed(self.before, "executions")
        touched = {self.executions[code].placement for code in changed & self.executions.keys()}
        for code in codes:
            self.executions[code] = ModelExecution(much, where, said)
        self.update_placement_states(touched | ({where} if changed else set()))

    def delete_execution(self, fill: int) -> None:
        code = self.known(self.executions, fill)
        if self.atomic("delete_execution", "DELETE", f"/api/executions/{SCOPE}/{code}") is not None:
            self.update_placement_states([self.executions.pop(code).placement])

    # -- allocations and bookings ----------------------------------------------------------------------

    @precondition(lambda self: self.executions)
    @rule(placements=picks, algorithm=st.sampled_from(("PR-FIFO", "RR-FIFO", "PR-LF", "PR-SF", "GUESS")))
    def allocate(self, placements: list[int], algorithm: str) -> None:
        codes = list(dict.fromkeys(self.executed(number, ordered=True) for number in placements))
        self.run_allocation("allocate", codes, ids_of(codes), algorithm)
        if len(codes) == 1:
            self.check_complete(codes[0])

    @precondition(lambda self: self.placements)
    @rule(
        placement=pick,
        weights=st.tuples(size, size),
        algorithm=st.sampled_from(("PR-LF", "PR-SF", "LF", "SF", "PR-FIFO")),
    )
    def allocate_weighted(self, placement: int, weights: tuple[int, int], algorithm: str) -> None:
        codes = [self.executed(placement, ordered=False)]
        shares = [
            {"portfolioId": id_of(name), "weight": units(weight)}
            for name, weight in zip(PORTFOLIOS, weights, strict=True)
        ]
        body = {"placementIds": ids_of(codes), "portfolioWeights": shares}
        self.run_allocation("allocate/weighted", codes, body, algorithm)

    def run_allocation(self, path: str, codes: list[str], body: Any, algorithm: str) -> None:
        """Run the allocation service; check that it allocates only executed units, and none in excess."""
        name = path.replace("/", "_")
        then = ExpectedTotals(self.now)
        answer = self.call(name, "POST", f"{BASE_PATH}/{path}", body, f"allocationAlgorithm={algorithm}")
        if answer is None:
            return
        done = [each["code"] for each in answer["values"]]
        keys = {f"Scope:{SCOPE} Code:{code}": code for code in codes}
        assert sorted([*done, *(keys[key] for key in answer["failed"])]) == sorted(codes)
        self.tally[name] += len(done)
        self.tally[f"{name} refused"] += len(answer["failed"])
        if not done:
            self.check_unchanged()
        now = ExpectedTotals(self.now)
        for code in done:
            most = now.executed(code) + now.allocated_by_hand(code)
            assert now.allocated_of(code) <= max(most, then.allocated_of(code)), f"{code} is over-allocated"
        for code, order in self.orders.items():
            given, had = now.allocated_to.get(code, ZERO), then.allocated_to.get(code, ZERO)
            assert given <= max(order.quantity, had), f"{code} has {given} of {order.quantity}"
        for code in self.now.changed(self.before, "allocations"):
            kept = self.before.allocations.get(code)
            assert kept is None or kept.state != "Booked", f"{code} was booked and has changed"
        self.update_order_states(self.orders, may_lag=True)
        self.update_order_states(self.reallocated())

    def check_complete(self, placement: str) -> None:
        """Check that all executed units are allocated, as far as orders have room (A3, A6, A7).

        This holds only without related placements, bookings and allocations by hand.
        """
        sums = ExpectedTotals(self.now)
        kept = self.placements.get(placement)
        if kept is None or self.now is self.before or kept.parent or sums.children[placement]:
            return
        own = [each for each in sums.live if placement in {id.code for id in each.placement_ids or ()}]
        if not own or not all(
            each.id.code.startswith(f"{placement}-") and each.state == "New" for each in own
        ):
            return
        room = ZERO
        for code in {order for block in kept.blocks for order in self.blocks[block].orders}:
            order = self.orders[code]
            if order.state != "Cancelled" or code in self.cut:
                mine = total(each.quantity for each in own if each.allocated_order_id.code == code)
                room += max(ZERO, order.quantity - sums.allocated_to.get(code, ZERO) + mine)
        if "allocations" in self.changed_lists():
            assert sums.allocated_of(placement) == min(sums.executed(placement), room), placement

    def changed_lists(self) -> list[str]:
        return [name for name in self.now.tables if self.now.changed(self.before, name)]

    @rule(allocation=pick, order=pick, on=pick, quantity=size, state=pick)
    def upsert_allocations(self, allocation: int, order: int, on: int, quantity: int, state: int) -> None:
        codes = sorted({*self.now.allocations, *(f"ALL-{number}" for number in range(ID_COUNTS["ALL"]))})
        where = self.known(self.placements, on)
        request: dict[str, Any] = {
            "id": id_of(codes[allocation % len(codes)]),
            "allocatedOrderId": id_of(self.known(self.orders, order)),
            "portfolioId": id_of(PORTFOLIOS[order % 2]),
            "quantity": units(quantity),
            "instrumentIdentifiers": APPLE,
            "placementIds": ids_of([where]) if where in self.placements else None,
            "state": {UNUSUAL_PICK: "Booked", OTHER_UNUSUAL_PICK: "Cancelled"}.get(state),
            "price": {"amount": 100, "currency": "USD"},
        }
        body = {"allocationRequests": [request]}
        if self.atomic("upsert_allocations", "POST", "/api/allocations", body) is not None:
            before = self.before.allocations.get(request["id"]["code"])
            known = [before.allocated_order_id.code] if before is not None else []
            self.update_order_states([*known, request["allocatedOrderId"]["code"]])

    def delete_allocation(self, allocation: int) -> None:
        code = self.known(self.now.allocations, allocation)
        if self.atomic("delete_allocation", "DELETE", f"/api/allocations/{SCOPE}/{code}") is not None:
            self.update_order_states(self.reallocated())

    @precondition(lambda self: self.now.allocations)
    @rule(allocations=picks, mark=flag)
    def book(self, allocations: list[int], mark: bool) -> None:
        codes = list(dict.fromkeys(self.known(self.now.allocations, number) for number in allocations))
        body = {"allocationIds": ids_of(codes)}
        query = f"markOrdersAndAllocationsAsBooked={mark}"
        answer = self.call("book", "POST", f"{BASE_PATH}/booktransactions", body, query)
        if answer is None:
            return
        keys = {f"Scope:{SCOPE} Code:{code}": code for code in codes}
        for key, transaction in self.check_accounted("book", keys, answer).items():
            self.moment = max(self.moment, transaction["entryDateTime"])
            allocation = self.now.allocations[keys[key]]
            self.booked[keys[key]] = (allocation.quantity, transaction["type"])
            assert not mark or allocation.state == "Booked"
            assert ExpectedTotals(self.now).is_covered(allocation), f"{keys[key]} was booked over-allocated"
            order = self.orders.get(allocation.allocated_order_id.code)
            if mark and order is not None and order.state not in FINAL_STATES:
                done = total(
                    each.quantity
                    for each in self.now.allocations.values()
                    if each.state == "Booked" and each.allocated_order_id == allocation.allocated_order_id
                )
                order.state = "Booked" if fill_state(order.quantity, done) == "Filled" else order.state

    # -- deleting --------------------------------------------------------------------------------------

    @rule(what=st.sampled_from(("order", "block", "placement", "execution", "allocation")), number=pick)
    def delete(self, what: str, number: int) -> None:
        if self.now.tables[f"{what}s"].rows or number == UNUSUAL_PICK:
            getattr(self, f"delete_{what}")(number)

    # -- reading ---------------------------------------------------------------------------------------

    @rule(order=pick)
    def history(self, order: int) -> None:
        code = self.known(self.orders, order)
        status, raw = self.server.ask("GET", f"{BASE_PATH}/order/{SCOPE}/{code}/$history")
        assert status == (200 if code in self.orders else 404), raw
        if status == 200:
            moments = [each["asAtModified"] for each in msgspec.json.decode(raw)["values"]]
            assert moments == sorted(moments, reverse=True)
            assert moments
            self.tally["history"] += 1

    @rule()
    def remember(self) -> None:
        """Remember the desk as it is, to read it again at the end of the day."""
        if self.remembered_lists is None and self.moment:
            self.remembered_lists = (self.moment, self.now)


CALLS = (
    "create_orders",
    "move_orders",
    "update_orders",
    "cancel_orders",
    "cancel_and_move",
    "place_blocks",
    "update_placements",
    "cancel_placements",
    "upsert_blocks",
    "upsert_orders",
    "upsert_placements",
    "upsert_executions",
    "upsert_allocations",
    "allocate",
    "allocate_weighted",
    "book",
    "sweep_blocks",
    "delete_block",
    "delete_order",
    "delete_placement",
    "delete_execution",
    "delete_allocation",
)


@pytest.mark.long
@pytest.mark.parametrize("part", range(TEST_COUNT))
def test_quantities_add_up_after_any_calls(part: int) -> None:
    day: type[TradingDay] = type(f"Day{part}", (TradingDay,), {"tally": Counter()})
    drawn_anew = DAYS > CI_DAYS
    run_state_machine_as_test(
        day if drawn_anew else seeded(part)(day),
        settings=settings(
            max_examples=max(1, DAYS // TEST_COUNT),
            stateful_step_count=CALLS_PER_DAY,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
            report_multiple_bugs=False,
        ),
    )
    if DAYS >= CI_DAYS:
        assert not [call for call in CALLS if not day.tally[call]], "calls that never succeeded"
        assert sum(number for name, number in day.tally.items() if name.endswith(" refused")) > DAYS
