"""What a dealer reads of positions, last prices and settlement days while a ticket is filled in and sent."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest

from tests.blotter_app import Blotter, blotter
from tests.service.reference.around_the_rows import BROKEN, AroundTheRows
from tui.api.http import AsyncBaseTransport
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.service.desk_profile import DeskProfile, QuoteSeries
from tui.service.reference import ticket_facts
from tui.service.verbs import Tier

QUOTED = DeskProfile(quotes=QuoteSeries("demo"))


async def ticket(user: Blotter, orders: str, *, side: str = "Sell", instrument: str = "VOD") -> None:
    """Fill in a new order."""
    await user.press("n")
    await user.form()
    if side == "Sell":
        await user.press("right")
    await user.fill("instrument", instrument)
    await user.fill("orders", orders)


def flat(user: Blotter) -> str:
    """Return what is on screen without the breaks of its lines."""
    return " ".join(user.text().replace("│", " ").split())


async def test_a_ticket_tells_what_is_held_and_a_sale_of_more_is_typed() -> None:
    async with blotter((80, 24), profile=QUOTED) as user:
        await ticket(user, "UKEQ-GROW 60m")
        await user.until(lambda: "UKEQ-GROW holds" in flat(user))
        assert "VOD" in user.text()
        await user.until(lambda: "0.8200 GBP mid " in flat(user))
        assert ", oversold" in flat(user)
        await user.press("enter")
        seen = await user.preview()
        assert "oversale UKEQ-GROW would sell 60,000,000 VOD and has" in seen
        assert isinstance(user.app.screen, PreviewDialog)
        assert user.app.screen.preview.tier in (Tier.T3, Tier.HARD)


async def test_a_sale_of_what_is_held_is_confirmed_as_ever() -> None:
    async with blotter((80, 24)) as user:
        await ticket(user, "UKEQ-GROW 60k")
        await user.until(lambda: "will be" in flat(user))
        await user.press("enter")
        assert "UKEQ-GROW holds" in await user.preview()
        await user.confirm("enter")
        assert "Created" in await user.report()


class TestWithoutThem:
    """A server that tells nothing costs a line each, and never the ticket."""

    @pytest.mark.parametrize("way", ["404", "403", "501", "HTML"])
    async def test_the_ticket_says_what_is_not_known_and_is_sent(self, way: str) -> None:
        answers = dict.fromkeys(("/holdings", "/holdingsWithOrders", "/$get", "/settlementdate"), BROKEN[way])

        def withdrawn(server: AsyncBaseTransport) -> AsyncBaseTransport:
            return AroundTheRows(server, answers)

        async with blotter((80, 24), wrap=withdrawn, profile=QUOTED) as user:
            await ticket(user, "UKEQ-GROW 60k")
            await user.until(lambda: "what it holds of VOD is not known" in flat(user))
            assert "0.8200 GBP last limit" in flat(user)
            await user.press("enter")
            assert "position not known Whether UKEQ-GROW holds the VOD it would sell" in await user.preview()
            await user.confirm("enter")
            assert "Created" in await user.report()
            await user.go("placements", "PLC-00001")
            await user.press("f")
            await user.until(lambda: ", assumed" in flat(user))

    async def test_a_server_that_does_not_answer_holds_up_no_key_and_no_preview(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ticket_facts, "PREVIEW_WAITS_S", 0.05)
        line: list[AroundTheRows] = []

        def slow(server: AsyncBaseTransport) -> AsyncBaseTransport:
            def answer(request: httpx.Request) -> httpx.Response:
                row = {"instrumentUid": luid[0], "holdingType": "P", "units": 10, "settledUnits": 10}
                return httpx.Response(200, json={"values": [row]})

            line.append(AroundTheRows(server, {"/holdingsWithOrders": answer}))
            line[0].held.clear()
            return line[0]

        luid: list[str] = []
        async with blotter((80, 24), wrap=slow) as user:
            luid += [
                known.luid for known in user.app.session.snapshot.instruments.values() if known.label == "VOD"
            ]
            await ticket(user, "CHAR-NG 900k")
            await user.until(lambda: "CHAR-NG: reading what it holds of VOD ..." in flat(user))
            await user.press("enter")
            seen = await user.preview()
            assert "reading what it holds of VOD" in seen
            assert "it is being read" in seen
            assert isinstance(user.app.screen, PreviewDialog)
            assert user.app.screen.preview.tier is Tier.T1, "it can be sent"
            line[0].held.set()
            await user.until(lambda: "CHAR-NG holds 10 VOD" in flat(user))
            await user.until(lambda: "Type the count" in flat(user))
            assert "oversale" in flat(user)
            assert "Changed meanwhile" in flat(user)


async def test_a_fill_settles_on_the_day_the_server_says() -> None:
    async with blotter((80, 24)) as user:
        await user.go("placements", "PLC-00001")
        await user.press("f")
        await user.until(lambda: ", by the server" in flat(user))


async def test_the_last_price_stands_in_the_grid_with_its_origin() -> None:
    async with blotter((300, 48), profile=QUOTED) as user:
        quoted = {"mid"}

        def cells() -> list[tuple[str, str]]:
            rows = [user.row("blocks", code) for code in user.codes("blocks")[:10]]
            return [(row["last"], row["origin"]) for row in rows]

        await user.until(lambda: quoted <= {origin.split()[0] for _, origin in cells() if origin})
        last, origin = next(each for each in cells() if each[1].startswith("mid "))
        assert Decimal(last.replace(",", "")) > 0
        assert any(last in line and origin in line for line in user.text().splitlines())
