"""A basket from a file or from a spreadsheet: faults first, then one preview, and a fate for every row."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

from textual import events

from tests.blotter_app import Blotter, blotter
from tui.api.models import Order

BASKET = """\
B/S,Ticker,Qty,Fund,Px,Note
buy,VOD,1000,UKEQ-GROW,0.82,=1+1
buy,VOD,2000,UKEQ-INC,0.82,
sell,BARC,500,UKEQ-GROW,,
sell,NOPE123,500,UKEQ-GROW,,
hold,VOD,5,UKEQ-GROW,,
"""


async def orders_of(user: Blotter, portfolio: str, ticker: str) -> list[Order]:
    """Return the orders that the server holds under ids made for baskets."""
    page = await user.client.orders.list(limit=5000)
    return [
        each
        for each in page.values
        if len(each.id.code) == 18
        and each.portfolio_id is not None
        and each.portfolio_id.code == portfolio
        and ticker in (each.instrument_identifiers or {}).values()
    ]


def fates(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


async def test_a_basket_is_judged_row_by_row_sent_once_and_every_row_has_its_fate(tmp_path: Path) -> None:
    file = tmp_path / "basket.csv"
    file.write_text(BASKET)
    async with blotter() as user:
        await user.press("I")
        await user.fill("file", str(file))
        await user.press("enter")
        await user.until(lambda: "2 faults in 5 rows" in user.boxed())
        said = user.boxed()
        assert "Line 5, B5 (Ticker): Neither this desk nor the server knows the instrument 'NOPE123'" in said
        assert "Line 6, A6 (B/S): 'hold' is not a side" in said
        assert f"What became of 5 rows: {tmp_path}" in said
        faults = fates(tmp_path / "basket.fates.csv")
        assert [row["fate"] for row in faults] == [*["not sent"] * 3, *["at fault"] * 2]
        assert "Taken: B/S as side, Ticker as instrument, Qty as quantity, Fund as portfolio" in said
        await user.fill("faults", "l")
        await user.press("enter")
        shown = await user.preview()
        assert "Create 3 orders" in shown
        assert "Left out: 2 rows at fault." in shown
        assert "Buy 2 3,000 2,460.00 GBP" in shown
        assert "Sell 1 500" in shown
        await user.confirm("enter")
        await user.until(lambda: any("What became of 5 rows" in each for each in user.notices))
        (bought,) = await orders_of(user, "UKEQ-INC", "VOD")
        assert bought.quantity == Decimal(2000)
        written = fates(tmp_path / "basket.fates.csv")
        assert [row["fate"] for row in written] == ["created", "created", "created", "at fault", "at fault"]
        assert written[1]["order"] == str(bought.id)
        assert written[3]["why"].startswith("Line 5, B5 (Ticker): Neither")
        assert (tmp_path / "basket.fates.csv").stat().st_mode & 0o777 == 0o600

        await user.press("I")
        await user.fill("file", str(file))
        await user.fill("faults", "l")
        await user.press("enter")
        await user.until(lambda: "All its orders are there already: nothing is sent." in user.boxed())
        await user.press("escape")
        assert len(await orders_of(user, "UKEQ-INC", "VOD")) == 1


async def test_cells_of_a_spreadsheet_are_pasted_and_typing_takes_their_place(tmp_path: Path) -> None:
    async with blotter((100, 40), exports=tmp_path) as user:
        await user.press("I")
        await user.form()
        user.app.screen.post_message(events.Paste("Ticker\tQty\tFund\rVOD\t-700\tUKEQ-GROW\r"))
        await user.until(lambda: "2 lines pasted" in user.text())
        await user.press("enter")
        shown = await user.preview()
        assert "Sell 700 VOD" in shown
        await user.confirm("enter")
        await user.until(lambda: any("What became of 1 row" in each for each in user.notices))
        (sold,) = await orders_of(user, "UKEQ-GROW", "VOD")
        assert sold.side == "Sell"
        assert [row["fate"] for row in fates(tmp_path / "pasted-basket.fates.csv")] == ["created"]

        await user.press("I")
        await user.form()
        user.app.screen.post_message(events.Paste("a\nb\n"))
        await user.until(lambda: "2 lines pasted" in user.text())
        await user.type("~nobody-of-this-name/x")
        await user.until(lambda: "It cannot be read: Could not determine home directory." in user.boxed())
        await user.fill("file", "/nowhere")
        await user.until(lambda: "It cannot be read: No such file or directory." in user.boxed())
        await user.press("escape")
