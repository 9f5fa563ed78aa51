"""Positions by the real server: what is booked is held, what is open will be, and a write is seen at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tests.blotter_app import demo
from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
from tests.service.reference.around_the_rows import AroundTheRows, holdings
from tui.api.http import asgi_transport
from tui.api.requests import BlockAndOrdersRequest, BlockedOrderRequest
from tui.service.positions import Position, positions_of
from tui.service.snapshot.held_units import HeldUnits
from tui.service.verbs import BookTransactions, CreateOrders, Tier
from tui.service.writes.preview import Preview

D = Decimal


@pytest.fixture
async def dealer() -> AsyncIterator[Dealer]:
    """A dealer at the demo."""
    embedded = await seeded_server("demo")
    line = AroundTheRows(asgi_transport(embedded.app))
    made = Dealer.at(line)
    await made.desk.load()
    yield made
    await made.desk.close()
    await made.desk.client.close()
    await embedded.close()


def trade(dealer: Dealer, side: str, ticker: str, *sizes: tuple[str, int]) -> CreateOrders:
    """Return new orders at market, one for each portfolio."""
    known = next(each for each in dealer.desk.snapshot.instruments.values() if each.label == ticker)
    return CreateOrders(
        (
            BlockAndOrdersRequest(
                block_id=demo("NEW"),
                orders=tuple(
                    BlockedOrderRequest(id=demo(f"NEW-{at}"), portfolio_id=demo(fund), quantity=D(size))
                    for at, (fund, size) in enumerate(sizes)
                ),
                instrument_identifiers=known.identifiers,
                side=side,
                type="Market",
            ),
        )
    )


async def asked(dealer: Dealer, verb: CreateOrders) -> tuple[Preview, tuple[Position, ...]]:
    prepared = await dealer.desk.prepare(verb)
    holding = dealer.desk.beside.facts.known_holding
    return prepared.preview, positions_of(verb, dealer.desk.snapshot, holding)


async def test_the_servers_count_of_open_orders_is_that_of_the_desk(dealer: Dealer) -> None:
    funds = ("UKEQ-GROW", "UKEQ-INC", "BAL-60", "CHAR-NG")
    tickers = ("VOD", "BARC", "TSCO", "LLOY", "AZN", "GLEN", "UKT 4.5 09/07/34")
    for ticker in tickers:
        _, positions = await asked(dealer, trade(dealer, "Buy", ticker, *((fund, 1) for fund in funds)))
        assert len(positions) == len(funds)
        for position in positions:
            assert isinstance(position.held, HeldUnits)
            assert position.held.ordered == position.open, f"{ticker} in {position.portfolio}"


async def test_all_of_a_position_may_be_sold_and_one_more_is_typed(dealer: Dealer) -> None:
    _, [position] = await asked(dealer, trade(dealer, "Buy", "VOD", ("UKEQ-GROW", 1)))
    assert position.after is not None
    all_of_it = int(position.after) - 1
    enough, _ = await asked(dealer, trade(dealer, "Sell", "VOD", ("UKEQ-GROW", all_of_it)))
    assert "oversale" not in {warning.kind for warning in enough.soft}
    too_much, _ = await asked(
        dealer, trade(dealer, "Sell", "VOD", ("UKEQ-GROW", all_of_it), ("UKEQ-GROW", 1))
    )
    assert too_much.tier in (Tier.T3, Tier.HARD)
    [oversale] = [warning.text for warning in too_much.soft if warning.kind == "oversale"]
    assert oversale.endswith("1 short.")


async def test_what_is_booked_moves_from_open_to_held(dealer: Dealer) -> None:
    snapshot = dealer.desk.snapshot
    ticker = "SAP"
    unbooked = next(
        row
        for id, row in snapshot.allocations.items()
        if snapshot.instruments[row.lusid_instrument_id].label == ticker
        and snapshot.is_booked(id) is False
        and row.portfolio_id.scope == "demo"
    )
    fund = unbooked.portfolio_id.code
    _, [before] = await asked(dealer, trade(dealer, "Buy", ticker, (fund, 1)))
    report = await dealer.desk.act(BookTransactions((unbooked.id,)))
    assert report.done, report
    _, [after] = await asked(dealer, trade(dealer, "Buy", ticker, (fund, 1)))
    assert isinstance(before.held, HeldUnits)
    assert isinstance(after.held, HeldUnits)
    assert abs(after.held.units - before.held.units) == unbooked.quantity, "asked again after our own write"
    assert after.after == before.after


async def test_a_preview_of_a_thousand_orders_asks_each_portfolio_once_and_twenty_at_most(
    dealer: Dealer,
) -> None:
    line = dealer.line.server
    assert isinstance(line, AroundTheRows)
    line.answers["/holdingsWithOrders"] = holdings()
    line.hold_until(20)
    many = trade(dealer, "Sell", "VOD", *((f"FUND-{number % 100}", 1 + number) for number in range(1_000)))
    seen, positions = await asked(dealer, many)
    assert len(positions) == 100
    assert line.count("/holdingsWithOrders") == 20
    assert line.most_at_once == 20
    [unchecked] = [warning for warning in seen.soft if warning.kind == "position not known"]
    assert unchecked.count == 80
    assert "no more than 20 portfolios are read for one preview" in unchecked.text
    read = {url.path.rsplit("/", 2)[1] for url in line.asked}
    assert "FUND-99" in read, "those that sell most are read"
