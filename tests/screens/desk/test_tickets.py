"""A ticket that was typed is not lost: every way back leads to the filled form, at the field at fault."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tui.api import operations
from tui.api.models import Execution
from tui.api.requests import ExecutionRequest, ExecutionSetRequest, OrderUpdateRequest
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.report_dialog import ReportDialog
from widgets.form import FormFields


def open_form(user: Blotter) -> FormFields:
    assert isinstance(user.app.screen, FormDialog), user.text()
    return user.app.screen.query_one(FormFields)


async def previewed(user: Blotter) -> None:
    await user.press("enter")
    await user.until(lambda: isinstance(user.app.screen, PreviewDialog))


async def back(user: Blotter) -> FormFields:
    await user.press("escape")
    await user.until(lambda: isinstance(user.app.screen, FormDialog))
    await user.pilot.pause()
    return open_form(user)


async def test_back_from_a_preview_leads_to_the_ticket_as_it_was_typed() -> None:
    async with blotter() as user:
        await user.press("n")
        await user.fill("instrument", "VOD")
        await user.fill("orders", "UKEQ-GROW 30k")
        await user.fill("type", "")
        await user.press("l")
        await user.fill("limit", "0.82")
        typed = open_form(user).values
        await previewed(user)
        assert "Buy 30,000 VOD (Vodafone) limit 0.82 GBP, day, for UKEQ-GROW" in user.text()
        assert (await back(user)).values == typed
        await user.fill("limit", "0.81")
        await previewed(user)
        assert "Buy 30,000 VOD (Vodafone) limit 0.81 GBP, day, for UKEQ-GROW" in user.text()
        await user.confirm("enter")
        assert (await user.report()).startswith("Created: buy 30,000 VOD (Vodafone) limit 0.81 GBP, day, ")


async def test_back_from_a_hard_limit_leads_to_the_price_that_is_wrong() -> None:
    async with blotter() as user:
        await user.press("N")
        await user.fill("line", "b 30k VOD lmt 82 day @UKEQ-GROW")
        await previewed(user)
        assert "pence?" in user.text()
        form = await back(user)
        assert form.values["line"] == "b 30k VOD lmt 82 day @UKEQ-GROW"
        assert form.current == "line"
        assert "pence?" in user.text(), "the form says why it came back"


async def test_back_from_what_will_be_refused_leads_to_the_field_it_names() -> None:
    async with blotter() as user:
        await user.go("placements", "PLC-00001-2")
        await user.press("u")
        await user.fill("quantity", "1,000")
        await user.fill("counterparty", "ALBN")
        await previewed(user)
        assert "executed" in user.text()
        form = await back(user)
        assert (form.values["quantity"], form.values["counterparty"]) == ("1,000", "ALBN")
        assert form.current == "quantity"


async def test_a_cancel_that_is_not_confirmed_is_left_at_once() -> None:
    async with blotter() as user:
        await user.go("orders", "ORD-00004")
        await user.press("c")
        await user.confirm("escape")
        await user.until(lambda: user.app.screen is user.desk)


@pytest.mark.parametrize("at", ["form", "preview"])
async def test_quitting_over_a_ticket_asks_first(at: str) -> None:
    async with blotter() as user:
        await user.press("N")
        await user.fill("line", "b 30k VOD lmt 0.82 day @UKEQ-GROW")
        if at == "preview":
            await previewed(user)
        await user.press("ctrl+q")
        assert user.app.is_running
        assert "Quit once more to leave without it." in user.notices[-1]
        if at == "preview":
            await back(user)
        assert open_form(user).values["line"] == "b 30k VOD lmt 0.82 day @UKEQ-GROW"
        await user.pilot.press("ctrl+q")
        assert user.app._exit


async def test_an_order_that_somebody_changes_under_its_preview_changes_there_and_is_asked_again() -> None:
    async with blotter() as user:
        await user.go("orders", "ORD-00004")
        await user.press("u")
        await user.fill("quantity", "50k")
        await previewed(user)
        assert "quantity 60,000 → 50,000" in await user.preview()
        await user.client.call(
            operations.UPDATE_ORDERS,
            {"1": OrderUpdateRequest(id=demo("ORD-00004"), quantity=Decimal(70_000))},
        )
        assert user.app.session.desk is not None
        await user.app.session.desk.refresh()
        await user.until(lambda: "Changed meanwhile at " in user.text())
        assert "70,000 → 50,000" in await user.preview()
        assert isinstance(user.app.screen, PreviewDialog), "it is asked again"


async def resize(user: Blotter, code: str, quantity: int) -> None:
    """Resize an order at another desk, and read it at this one."""
    await user.client.call(
        operations.UPDATE_ORDERS, {"1": OrderUpdateRequest(id=demo(code), quantity=Decimal(quantity))}
    )
    assert user.app.session.desk is not None
    await user.app.session.desk.refresh()


def bust(fill: Execution) -> ExecutionRequest:
    """Return the request that cancels a fill."""
    held = {name: getattr(fill, name) for name in ExecutionRequest.__struct_fields__}
    return ExecutionRequest(**{**held, "state": "Cancelled"})


async def read_again(user: Blotter) -> str:
    """Read what a colleague changed; return the preview once it tells of it."""
    assert user.app.session.desk is not None
    await user.app.session.desk.refresh()
    await user.until(lambda: "Changed meanwhile at " in user.text())
    return await user.preview()


def shares_in(text: str, mark: str = "") -> dict[str, int]:
    """Return what each portfolio gets by the table in a preview; its rows begin with a ``mark``."""
    rows = re.findall(rf"{mark}(\S+/US-TECH) ([\d,]+) ([\d,]+) [\d,.]+ USD ([\d,]+)", text)
    return {f"{portfolio} {ordered}": int(share.replace(",", "_")) for portfolio, ordered, share, _ in rows}


async def test_shares_and_bookings_that_others_change_under_the_preview_are_asked_again() -> None:
    async with blotter(size=(160, 60)) as user:
        await user.go("placements", "PLC-00016")
        await user.press("a")
        await previewed(user)
        asked = await user.preview()
        assert "6,800 of 6,800 executed units allocated to 2 orders" in asked
        assert "portfolio ordered share worth allocated after" in asked
        shares = shares_in(asked)
        assert set(shares) == {"demo/US-TECH 14,000", "sleeves/US-TECH 11,000"}
        assert sum(shares.values()) == 6_800
        await user.client.call(
            operations.UPDATE_ORDERS,
            {"1": OrderUpdateRequest(id=demo("ORD-00033"), quantity=Decimal(20_000))},
        )
        told = shares_in(await read_again(user), mark="> ")
        assert set(told) == {"sleeves/US-TECH 20,000", "demo/US-TECH 14,000"}
        assert sum(told.values()) == 6_800
        assert told["demo/US-TECH 14,000"] < shares["demo/US-TECH 14,000"]
        await user.press("escape", "escape")

        await user.go("placements", "PLC-00040")
        await user.press("b")
        await previewed(user)
        assert "over-allocated" not in await user.preview()
        fills = user.desk.snapshot.executions_of_placement(demo("PLC-00040"))
        busted = [user.desk.snapshot.executions[id] for id in fills]
        await user.client.call(
            operations.EXECUTIONS.upsert,
            ExecutionSetRequest(requests=tuple(bust(each) for each in busted)),
        )
        assert "> No: Allocation 'demo/PLC-00040-" in await read_again(user)
        assert isinstance(user.app.screen, PreviewDialog)


async def test_an_order_resized_under_its_open_form_says_so_there_and_what_was_typed_stays() -> None:
    async with blotter() as user:
        await user.go("orders", "ORD-00004")
        await user.press("u")
        await user.fill("quantity", "65k")
        await resize(user, "ORD-00004", 70_000)
        await user.until(lambda: "now 70,000, was 60,000" in user.text())
        assert open_form(user).values["quantity"] == "65k"
        await previewed(user)
        assert "quantity 70,000 → 65,000" in await user.preview()
        form = await back(user)
        assert form.values["quantity"] == "65k"


async def test_a_size_that_nobody_typed_follows_the_order_and_is_not_sent_back() -> None:
    async with blotter() as user:
        await user.go("orders", "ORD-00004")
        await user.press("u")
        await user.fill("note", "by noon")
        await resize(user, "ORD-00004", 70_000)
        await user.until(lambda: "now 70,000, was 60,000" in user.text())
        await previewed(user)
        assert "→" not in await user.preview()
        await resize(user, "ORD-00004", 75_000)
        form = await back(user)
        assert form.values["quantity"] == "75,000"
        assert form.values["note"] == "by noon"
        assert "now 75,000, was 70,000" in user.text()
        await previewed(user)
        await user.confirm("y")
        await user.report()
        assert (await user.client.orders.get(demo("ORD-00004"))).quantity == 75_000


@pytest.mark.parametrize("at", ["fresh_form.made_anew", "fresh_preview._rows"])
async def test_a_ticket_that_cannot_be_kept_fresh_says_so(at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with blotter() as user:
        await user.go("orders", "ORD-00004")
        await user.press("u")
        await user.fill("quantity", "65k")
        if at.startswith("fresh_preview"):
            await previewed(user)
            await user.preview()

        def broken(*about: object) -> None:
            raise KeyError("ORD-00004")

        monkeypatch.setattr(f"tui.screens.dialogs.{at}", broken)
        await resize(user, "ORD-00004", 70_000)
        await user.until(lambda: any("What others change is not shown" in said for said in user.notices))


async def test_an_order_cancelled_under_its_open_form_cannot_be_asked_for_any_more() -> None:
    async with blotter() as user:
        await user.go("orders", "ORD-00008")
        await user.press("u")
        await user.fill("quantity", "65k")
        await user.client.call(operations.CANCEL_ORDERS, {"1": demo("ORD-00008")})
        assert user.app.session.desk is not None
        await user.app.session.desk.refresh()
        await user.until(lambda: "Changed meanwhile: " in user.text())
        await user.press("enter")
        assert open_form(user).values["quantity"] == "65k"
        assert "Changed meanwhile: " in user.text()


async def test_what_is_deleted_under_a_form_or_preview_is_said_to_be_gone_and_the_desk_goes_on() -> None:
    async with blotter() as user:
        desk = user.app.session.desk
        assert desk is not None
        fill = user.desk.snapshot.executions_of_placement(demo("PLC-00002"))[0]
        await user.go("executions", fill.code)
        await user.press("f")
        await user.fill("quantity", "1k")
        await user.client.executions.delete(fill)
        await desk.reload()
        await user.until(lambda: "Changed meanwhile: This is not on the desk any more." in user.text())
        await user.press("escape")

        await user.go("placements", "PLC-00004")
        await user.press("f")
        await user.fill("price", "136")
        await previewed(user)
        await user.preview()
        await user.client.placements.delete(demo("PLC-00004"))
        await desk.reload()
        await user.until(lambda: "This cannot be sent." in user.text())
        await user.press("escape")
        await user.until(lambda: user.app.screen is user.desk)
        assert user.notices[-1] == "This is not on the desk any more."
        assert user.app.is_running


async def test_what_somebody_changes_between_preview_and_answer_stands_in_a_report_that_stays() -> None:
    async with blotter() as user:
        await user.go("orders", "ORD-00004")
        await user.press("u")
        await user.fill("quantity", "65k")
        await previewed(user)
        await user.preview()
        await user.client.call(
            operations.UPDATE_ORDERS,
            {"1": OrderUpdateRequest(id=demo("ORD-00004"), quantity=Decimal(70_000))},
        )
        await user.confirm("y")
        await user.until(lambda: isinstance(user.app.screen, ReportDialog))
        told = await user.report()
        assert "1 unlike the preview" in told
        assert "changed meanwhile" in told
        assert "quantity 60,000 as shown, 70,000 when this was done" in told


async def test_quitting_over_an_empty_form_loses_nothing_and_does_not_ask() -> None:
    async with blotter() as user:
        await user.press("N")
        await user.form()
        await user.pilot.press("ctrl+q")
        assert user.app._exit
