"""From the bytes of a server's pages to a linked snapshot: rows per second, and how long the loop is held.

The server here answers from memory, so that only our own work is measured: the HTTP client, the gate,
folding and linking.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from tests.bench.report import heading, note, report
from tui.api import codec
from tui.api.base import CurrencyAndAmount, PerpetualProperty, PropertyValue, ResourceId, Version
from tui.api.client import Client
from tui.api.http import AsyncBaseTransport, Http
from tui.api.models import (
    Allocated,
    Block,
    Booked,
    Executed,
    Execution,
    IdDetail,
    Order,
    Ordered,
    OrderedDetail,
    OrderGraphBlock,
    Placed,
    Placement,
)
from tui.api.requests import ResourceList
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind, Update
from tui.service.snapshot.diff import diff
from tui.service.sync.read_session import PAGE

TARGET_ROWS_S = 20_000
SLICE_MS = 8
ORDERS_PER_BLOCK = 5
SIZES = (20_000, 100_000)
START = datetime(2026, 11, 20, 9, tzinfo=UTC)


def main() -> None:
    """Measure a load at each size, then a poll that brings a hundred changes."""
    note(f"pages of {PAGE} rows; the official SDK reads 1,500 rows/s")
    for orders in SIZES:
        asyncio.run(measure(orders))


async def measure(orders: int) -> None:
    """Load a desk of ``orders`` orders and refresh it once."""
    desk_rows = rows_of(orders)
    server = Canned(desk_rows)
    desk = Desk(
        Client(Http("http://canned/api", transport=server)), Environment("bench", EnvironmentKind.LOCAL)
    )
    seconds: list[float] = []
    updates: list[Update] = []
    desk.subscribe(updates.append)
    watch = asyncio.create_task(hold_times(seconds))
    await asyncio.sleep(0)
    began = time.perf_counter()
    assert await desk.load()
    took = time.perf_counter() - began
    watch.cancel()
    total = sum(len(rows) for rows in desk_rows.values())
    heading(f"{total:,} rows, of them {orders:,} orders")
    report("bytes to snapshot", total / took, TARGET_ROWS_S, "rows/s", more_is_better=True)
    report("longest the event loop was held", max(seconds) * 1000, SLICE_MS, "ms")
    report("snapshots published meanwhile", len(updates), None, "")

    changed = [bumped(order) for order in desk_rows["orders"][:100]]
    server.changed = {"orders": changed}
    before = desk.snapshot
    began = time.perf_counter()
    await desk.refresh()
    report("a poll that brings 100 changed orders", (time.perf_counter() - began) * 1000, None, "ms")
    began = time.perf_counter()
    found = diff(before, desk.snapshot)
    report("diff of the two snapshots", (time.perf_counter() - began) * 1000, None, "ms")
    assert sum(len(delta.changed) for delta in found.values()) >= 100
    await desk.client.close()


async def hold_times(seconds: list[float]) -> None:
    """Note how long each turn of the event loop takes."""
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0)
        now = time.perf_counter()
        seconds.append(now - last)
        last = now


class Canned(AsyncBaseTransport):
    """Answers lists from pages encoded beforehand, what changed from ``changed``, and blocks by id."""

    def __init__(self, rows: dict[str, list[Any]]) -> None:
        self.pages = {name: pages(found) for name, found in rows.items()}
        self.blocks = {row.block.id.code: row for row in rows["graph"]}
        self.changed: dict[str, list[Any]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        name = "graph" if "ordergraph" in request.url.path else request.url.path.rsplit("/", 1)[-1]
        if name not in self.pages:
            return httpx.Response(404, json={})
        test = query.get("filter", "")
        if "asAtModified" in test:
            return httpx.Response(200, content=page(self.changed.get(name, []), None))
        if name == "graph" and "id.code" in test:
            found = [self.blocks[code] for code in test.split("'")[3::2]]
            return httpx.Response(200, content=page(found, None))
        at = int(query.get("page") or query.get("paginationToken") or 0)
        return httpx.Response(200, content=self.pages[name][at])


def pages(rows: list[Any]) -> list[bytes]:
    """Encode rows as the pages of a list."""
    starts = range(0, max(len(rows), 1), PAGE)
    last = len(starts) - 1
    return [
        page(rows[start : start + PAGE], None if index == last else str(index + 1))
        for index, start in enumerate(starts)
    ]


def page(rows: list[Any], token: str | None) -> bytes:
    """Encode one page."""
    return codec.encode(ResourceList(values=tuple(rows), next_page=token))


def bumped(order: Order) -> Order:
    """Return the next version of an order."""
    from msgspec.structs import replace

    assert order.version is not None
    version = replace(order.version, as_at_version_number=2, as_at_modified=START + timedelta(hours=1))
    return replace(order, quantity=Decimal(7), version=version)


def rows_of(orders: int, per_block: int = ORDERS_PER_BLOCK) -> dict[str, list[Any]]:
    """Make a desk: so many orders to a block, each block placed and filled twice."""
    made: dict[str, list[Any]] = {
        name: [] for name in ("graph", "blocks", "orders", "placements", "executions", "allocations")
    }
    for number in range(orders // per_block):
        ids = [rid("ORD", number * per_block + index) for index in range(per_block)]
        common = fields(number)
        made["orders"] += [order(id, common) for id in ids]
        made["placements"].append(
            Placement(
                id=rid("PLC", number),
                block_ids=(rid("BLK", number),),
                quantity=Decimal(500),
                state="PartiallyFilled",
                created_date=START,
                counterparty="ALBN",
                **common,
            )
        )
        fills = [rid("EXE", number * 2 + index) for index in range(2)]
        made["executions"] += [execution(id, rid("PLC", number), common) for id in fills]
        made["graph"].append(graph_block(number, ids, fills, common))
    return made


def rid(kind: str, number: int) -> ResourceId:
    """Return a code of the length real ones have."""
    return ResourceId("bench", f"{kind}-01JD3{number:021d}")


def fields(number: int) -> dict[str, Any]:
    """Return what the entities of one block share."""
    return {
        "instrument_identifiers": {"Instrument/default/Figi": f"BBG{number % 400:09d}"},
        "lusid_instrument_id": f"LUID_{number % 400:08d}",
        "side": "Buy" if number % 2 else "Sell",
        "type": "Limit",
        "time_in_force": "Day",
        "limit_price": CurrencyAndAmount(amount=Decimal("189.25"), currency="USD"),
        "version": Version(
            effective_from=datetime.min.replace(tzinfo=UTC),
            as_at_date=START,
            as_at_created=START,
            user_id_created="pm.hart",
            request_id_created="0HMRIE84F6H4T:00000026",
            as_at_modified=START + timedelta(milliseconds=number),
            user_id_modified="pm.hart",
            request_id_modified="0HMRIE84F6H4T:00000026",
            as_at_version_number=1,
            entity_unique_id=f"00000000-0000-4000-8000-{number:012d}",
        ),
    }


def order(id: ResourceId, common: dict[str, Any]) -> Order:
    """Return an order of a hundred units."""
    key = "Order/bench/Strategy"
    label = PerpetualProperty(key=key, value=PropertyValue(label_value="Momentum"))
    return Order(
        id=id,
        quantity=Decimal(100),
        portfolio_id=ResourceId("bench", "UKEQ-GROW"),
        state="New",
        date=START,
        properties={key: label},
        **common,
    )


def execution(id: ResourceId, placement: ResourceId, common: dict[str, Any]) -> Execution:
    """Return a fill of fifty units."""
    shared = {name: value for name, value in common.items() if name not in ("time_in_force", "limit_price")}
    return Execution(
        id=id,
        placement_id=placement,
        quantity=Decimal(50),
        state="PartiallyFilled",
        created_date=START,
        price=CurrencyAndAmount(amount=Decimal("189.2375"), currency="USD"),
        settlement_currency="USD",
        settlement_currency_fx_rate=Decimal(1),
        counterparty="ALBN",
        **shared,
    )


def graph_block(
    number: int, ids: list[ResourceId], fills: list[ResourceId], common: dict[str, Any]
) -> OrderGraphBlock:
    """Return a block with its totals."""
    block = Block(
        id=rid("BLK", number),
        order_ids=tuple(ids),
        quantity=Decimal(500),
        created_date=START,
        is_swept=False,
        **common,
    )
    return OrderGraphBlock(
        block=block,
        ordered=Ordered(
            quantity=Decimal(500),
            details=tuple(
                OrderedDetail(id=id, compliance_state="Passed", approval_state="Placed") for id in ids
            ),
        ),
        placed=Placed(quantity=Decimal(500), details=(IdDetail(id=rid("PLC", number)),)),
        executed=Executed(quantity=Decimal(100), details=tuple(IdDetail(id=id) for id in fills)),
        allocated=Allocated(details=()),
        booked=Booked(details=()),
        derived_state="Partially executed",
        latest_activity_date=START + timedelta(milliseconds=number),
    )


if __name__ == "__main__":
    main()
