"""Mangled requests of the contract: none breaks the server or leaves the desk inconsistent."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import httpx
import pytest

from tests.oms.contract_scenario import MANAGE, STEPS, body_of, play
from tui.api import codec
from tui.api.base import ResourceId
from tui.api.models import Block, Placement
from tui.oms.demo.universe import instrument_table
from tui.oms.domain.unit_of_work import Context, UnitOfWork
from tui.oms.engine import order_graph
from tui.oms.engine.engine import Engine

CALLS: Final = {
    **STEPS,
    "16_cancel_orders_and_move_remaining": f"{MANAGE}/cancelordersandmoveremaining",
    "17_run_allocation_service_with_weights": f"{MANAGE}/allocate/weighted",
    "18_sweep_blocks": f"{MANAGE}/SweepBlocks",
    "20_upsert_blocks": "/api/blocks",
    "21_upsert_orders": "/api/orders",
    "22_upsert_placements": "/api/placements",
    "24_upsert_allocations": "/api/allocations",
}
DELETES: Final = ("orders/Desk/ORD-1", "orders/Desk/ORD-5", "blocks/Desk/BLK-2", "placements/Desk/PLC-2",
                  "executions/Desk/EXE-2", "allocations/Desk/PLC-1-ORD-3")  # fmt: skip
INSTEAD: Final[tuple[Any, ...]] = (
    None, -1, 0, 1, 0.1, 1e30, -1e-30, "", "x", "é\u0000😀", "2026-01-01", "2099-01-01T00:00:00Z", [], {},
    True, {"scope": "Desk", "code": "BLK-1"}, {"scope": "Desk", "code": "ORD-1"},
    {"scope": "Desk", "code": "PLC-1"}, {"amount": 1, "currency": "USD"}, {"amount": None, "currency": "EUR"},
    "Market", "Limit", "Cancelled", "Sell", "Buy",
)  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every member of a body as its container and its name."""
    names = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for name in names for place in ((value, name), *places(value[name]))]


def mangled(rng: Random, body: Any) -> Any:
    """Return a body with up to two of its members dropped or replaced."""
    body = copy.deepcopy(body)
    for _ in range(rng.randrange(3)):
        if there := places(body):
            holder, name = rng.choice(there)
            if rng.randrange(4):
                holder[name] = copy.deepcopy(rng.choice(INSTEAD))
            else:
                del holder[name]
    return body


@pytest.mark.parametrize("seed", range(4))
async def test_no_mangled_request_breaks_the_desk(engine: Engine, raw: httpx.AsyncClient, seed: int) -> None:
    rng = Random(seed)
    await play(raw, rng.choice(list(STEPS)))
    statuses = set()
    for _ in range(150):
        if rng.randrange(15):
            step = rng.choice(list(CALLS))
            answer = await raw.post(CALLS[step], json=mangled(rng, json.loads(body_of(step))))
        else:
            answer = await raw.delete(f"/api/{rng.choice(DELETES)}")
        assert answer.status_code < 500, answer.text
        statuses.add(answer.status_code)
    assert statuses >= {200, 400}
    await _check_that_the_stored_graph_is_current(engine, raw)
    for order in (await raw.get("/api/orders?limit=5000")).json()["values"]:
        id = order["id"]
        history = await raw.get(f"{MANAGE}/order/{id['scope']}/{id['code']}/$history")
        assert history.json()["values"][-1]["action"] == "OrderCreated"
    assert engine.store.broken_link() is None


async def _check_that_the_stored_graph_is_current(engine: Engine, raw: httpx.AsyncClient) -> None:
    uow = UnitOfWork(engine.store, Context(datetime.now(UTC), "test", "test"), instrument_table())
    for row in (await raw.get("/api/ordergraph/blocks?limit=5000")).json()["values"]:
        block = uow.get(Block, ResourceId(**row["block"]["id"]))
        assert block is not None
        assert json.loads(codec.encode(order_graph.graph_block(uow, block))) == row
    for row in (await raw.get("/api/ordergraph/placements?limit=5000")).json()["values"]:
        placement = uow.get(Placement, ResourceId(**row["placement"]["id"]))
        assert placement is not None
        assert json.loads(codec.encode(order_graph.graph_placement(uow, placement))) == row
