"""The words of a desk's filter as the server understands them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
from tui.api.http import asgi_transport
from tui.columns.filter_grammar import FilterError
from tui.columns.server_filter import server_filter
from tui.service.browse import Search
from tui.service.snapshot.snapshot import EMPTY, EntityKind
from tui.service.typed_times import Present

BLOCKS, ORDERS = EntityKind.BLOCKS, EntityKind.ORDERS
AHEAD = Present(datetime(2026, 11, 20, 12, tzinfo=UTC), timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("", ""),
        ("ORD-0007", "id.code startswith 'ORD-0007'"),
        ("id=ORD-00079", "id.code eq 'ORD-00079'"),
        ("!id:ORD-1", "not (id.code startswith 'ORD-1')"),
        ("side:cover", "side eq 'CoverShort'"),
        ("!side:buy tif:gtc", "side neq 'Buy' and timeInForce eq 'GoodTilCancel'"),
        ('state:"partly filled"', "state eq 'PartiallyFilled'"),
        ('state:"pending new"', "state eq 'PendingNew'"),
        ("quantity>=50k !limit<2", "quantity gte 50000 and limitPrice.amount gte 2"),
        ("portfolio:GROWTH", "portfolioId.code eq 'GROWTH'"),
        (
            "!portfolio:FundA/GROWTH",
            "not (portfolioId.scope eq 'FundA' and portfolioId.code eq 'GROWTH')",
        ),
        ("scope:O'Neill", "id.scope eq 'O''Neill'"),
        ("instrument:LUID_0001", "lusidInstrumentId eq 'LUID_0001'"),
        ("instrument:VOD", "instrumentIdentifiers['Instrument/default/Ticker'] eq 'VOD'"),
        ("date>2026-11-03", "date gte 2026-11-03T22:00:00Z"),
        ("date:2026-11-03", "date gte 2026-11-02T22:00:00Z and date lt 2026-11-03T22:00:00Z"),
        ("date<2026-11-03T09:30", "date lt 2026-11-03T07:30:00Z"),
        ("date:today", "date gte 2026-11-19T22:00:00Z and date lt 2026-11-20T22:00:00Z"),
        ("date>2h ago", "date gt 2026-11-20T10:00:00Z"),
        (">yesterday 16:00 side:buy", "date gt 2026-11-19T14:00:00Z and side eq 'Buy'"),
        ("side:buy or side:cover", "(side eq 'Buy' or side eq 'CoverShort')"),
        (
            "!(side:buy or id:X) tif:day",
            "side neq 'Buy' and not (id.code startswith 'X') and timeInForce eq 'Day'",
        ),
        ("!(side:buy id=X)", "(side neq 'Buy' or id.code neq 'X')"),
        ('"Time CET">2026-11-03', "date gte 2026-11-03T22:00:00Z"),
        ("state eq 'New' and quantity gt 5", "state eq 'New' and quantity gt 5"),
    ],
)
def test_words_are_asked_of_the_server(typed: str, asked: str) -> None:
    assert server_filter(typed, ORDERS, EMPTY, AHEAD) == asked


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("left>5", "Left cannot be asked of the server; id, side,"),
        ("colour:red", "There is no 'colour' here; id, side,"),
        ("swept:yes", "Only blocks can be asked for by swept; orders by id,"),
        ("quantity:many", "Quantity: "),
        ("date:soon", "'soon' is not a time; write it as "),
        ("date:5m ago", "'5m ago' is a moment: write > before it"),
        ("side>buy", "Side is compared with ':' or '=', not with '>'."),
        ("!", "'!' says nothing to look for."),
    ],
)
def test_what_cannot_be_asked_is_said(typed: str, said: str) -> None:
    with pytest.raises(FilterError) as told:
        server_filter(typed, ORDERS, EMPTY, AHEAD)
    assert str(told.value).startswith(said)


async def test_the_server_finds_what_the_words_mean() -> None:
    embedded = await seeded_server()
    desk = Dealer.at(asgi_transport(embedded.app)).desk
    assert await desk.load()
    browser = desk.browser()
    for kind, typed, holds in (
        (BLOCKS, "VOD side:buy !type:market", lambda row: row.block.limit_price and row.block.side == "Buy"),
        (BLOCKS, "instrument:VOD swept:no", lambda row: not row.block.is_swept),
        (BLOCKS, "created>2020-01-01", lambda row: True),
        (ORDERS, "side:cover", lambda row: row.side == "CoverShort"),
        (ORDERS, "portfolio:UKEQ-GROW quantity>100k", lambda row: row.quantity > 100_000),
        (ORDERS, "!state:new", lambda row: row.state != "New"),
        (ORDERS, "(side:sell or side:cover) !type:market", lambda row: row.side in ("Sell", "CoverShort")),
    ):
        page = await browser.first(Search(kind, server_filter(typed, kind, desk.snapshot, AHEAD)))
        rows = [page.snapshot.rows(kind)[id] for id in page.ids]
        assert rows, typed
        assert all(holds(row) for row in rows), typed
    await desk.client.close()
    await embedded.close()
