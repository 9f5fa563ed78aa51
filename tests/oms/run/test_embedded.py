"""The embedded server: demo data at once, a market that can be paused, a desk that is kept."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.oms.request_bodies import NINE
from tui.api.http import asgi_transport
from tui.oms.run.embedded import Embedded
from tui.oms.store import StoreError

TABLES = ("blocks", "orders", "placements", "executions", "allocations", "ordergraph/blocks")


@asynccontextmanager
async def opened(path: Path | None, **how: Any) -> AsyncIterator[httpx.AsyncClient]:
    embedded = await Embedded.open(path, **how)
    try:
        transport = asgi_transport(embedded.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://embedded/api") as server:
            yield server
    finally:
        await embedded.close()


async def everything(server: httpx.AsyncClient) -> list[Any]:
    return [(await server.get(f"/api/{table}?limit=5000")).json()["values"] for table in TABLES]


async def test_a_new_desk_has_demo_data_and_keeps_it(tmp_path: Path) -> None:
    file = tmp_path / "demo.db"
    async with opened(file, market=False) as server:
        first = await everything(server)
    assert len(first[0]) == 40
    assert all(first)
    async with opened(file, market=False) as server:
        assert await everything(server) == first
    async with opened(file, market=False, fresh=True, size="empty") as server:
        assert not any(await everything(server))


async def test_damaged_totals_of_a_block_are_computed_again_after_an_unclean_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "demo.db"
    async with opened(file, market=False) as server:
        first = await everything(server)
    by_hand = sqlite3.connect(file)
    by_hand.execute("UPDATE graph_block SET text = replace(text, '00', '01') WHERE n < 4")
    by_hand.execute("DELETE FROM graph_placement WHERE n = 2")
    by_hand.commit()
    by_hand.close()
    file.with_name("demo.db.lock").write_text("12345")
    async with opened(file, market=False) as server:
        assert await everything(server) == first
    said = "4 entries of the order graph were damaged; they were computed again."
    assert said in caplog.messages


async def test_the_making_of_demo_data_that_is_broken_off_leaves_an_empty_desk(tmp_path: Path) -> None:
    file, heard = tmp_path / "demo.db", list[int]()
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell(per_cent: int) -> None:
        heard.append(per_cent)
        loop.call_soon_threadsafe(begun.set)

    opening = asyncio.create_task(Embedded.open(file, size="busy", market=False, tell=tell))
    await begun.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert heard[-1] < 100
    async with opened(file, market=False, size="empty") as server:
        assert not any(await everything(server))


async def test_one_seed_and_one_start_make_one_desk() -> None:
    desks = []
    for seed in (7, 7, 8):
        async with opened(None, seed=seed, start=NINE, market=False) as server:
            desks.append(await everything(server))
    assert desks[0] == desks[1] != desks[2]


async def test_the_market_can_be_paused_stepped_and_sped_up() -> None:
    async with opened(None) as server:
        market = "http://embedded/market"
        assert (await server.get(market)).json()["running"] is True
        held = (await server.post(market, json={"running": False, "speed": "2.5"})).json()
        assert (held["running"], held["speed"]) == (False, 2.5)
        before = len((await server.get("/api/executions?limit=5000")).json()["values"])
        stepped = (await server.post(market, json={"steps": 50})).json()
        after = len((await server.get("/api/executions?limit=5000")).json()["values"])
        assert (stepped["running"], stepped["steps"]) == (False, 50)
        assert after - before == stepped["fills"] > 0
        for wrong in ({"speed": "0"}, {"speed": "fast"}, {"steps": 0}, {"colour": 1}):
            answer = await server.post(market, json=wrong)
            assert answer.status_code == 400, wrong
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await server.post(market, json={"running": True})).json()["speed"] == 2.5


async def test_an_instrument_is_halted_and_resumed(tmp_path: Path) -> None:
    async with opened(None) as server:
        market = "http://embedded/market"
        halted = (await server.post(market, json={"running": False, "halt": "vod"})).json()
        assert [halt["ticker"] for halt in halted["halts"]] == ["VOD"]
        assert (halted["phase"], halted["halts"][0]["secondsLeft"]) == ("Open", 300)
        assert (await server.post(market, json={"lift": "GB00BH4HKS39"})).json()["halts"] == []
        refused = await server.post(market, json={"halt": "XYZ"})
        assert refused.status_code == 400
        assert refused.json()["detail"] == "'XYZ' does not trade on the simulated market."


async def test_a_desk_that_cannot_be_opened_is_reported_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "demo.db"
    async with opened(file, size="empty", market=False):
        with pytest.raises(StoreError, match="is in use by another blotter"):
            await Embedded.open(file)
    async with opened(file, size="empty", market=False) as server:
        assert (await server.get("/api/orders")).status_code == 200
