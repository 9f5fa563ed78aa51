"""A rehearsal that takes long: the preview opens without it, and nothing is confirmed before it is there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest
from textual import events

from tests import idle
from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.trading_steps import new_block
from tui.api import operations
from tui.api.requests import OrderUpdateRequest
from tui.oms.engine.engine import Engine
from tui.sandbox import sandboxes_of
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.service.rehearsal.rehearse import OpenSandbox, Sandbox
from tui.service.rehearsal.rehearsed_preview import UNDER_WAY
from tui.service.snapshot.snapshot import Snapshot

LIMIT_S = 60.0
"""Seconds after which a closed gate opens by itself: a test that fails ends all the same."""

HELD_S = 0.1
"""Seconds after which an app that waits for a rehearsal alone has done all it can."""


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """While it is closed no rehearsal begins; it is open until a test closes it."""
    opened = threading.Event()
    opened.set()

    def held(engine: Engine) -> OpenSandbox:
        open_at_once = sandboxes_of(engine)

        async def open_sandbox(snapshot: Snapshot) -> Sandbox:
            await asyncio.to_thread(opened.wait, LIMIT_S)
            return await open_at_once(snapshot)

        return open_sandbox

    monkeypatch.setattr("tests.blotter_app.sandboxes_of", held)
    monkeypatch.setattr(idle, "THREADS_S", HELD_S)
    yield opened
    opened.set()


def dialog(user: Blotter) -> PreviewDialog:
    assert isinstance(user.app.screen, PreviewDialog), user.text()
    return user.app.screen


def strike(user: Blotter, *keys: str) -> None:
    """Hand keys over, without waiting until the app has come to rest: it waits for the rehearsal."""
    for key in keys:
        user.app.post_message(events.Key(key, key if len(key) == 1 else None))


async def opened_without(user: Blotter, key: str) -> PreviewDialog:
    """Go on to a preview whose rehearsal is not there, and try to confirm it."""
    strike(user, key)
    await user.until(lambda: isinstance(user.app.screen, PreviewDialog))
    assert dialog(user).awaited
    assert UNDER_WAY in user.text()
    strike(user, "y", "enter", "1", "enter", "y")
    await user.until(lambda: "Esc back" in user.text())
    assert dialog(user).awaited, "keys come too early for it"
    return dialog(user)


async def ticket(user: Blotter) -> str:
    """Fill in that an order of 10,000 is cut to 4,000; return its code."""
    block = await new_block(user, "UKEQ-GROW 10k")
    code = user.desk.snapshot.blocks[demo(block)].block.order_ids[0].code
    await user.go("orders", code)
    await user.press("u")
    await user.fill("quantity", "4k")
    return code


async def sized(user: Blotter, code: str) -> Decimal | None:
    return (await user.client.orders.get(demo(code))).quantity


async def test_it_is_told_when_it_is_there_and_what_is_confirmed_then_is_sent(gate: threading.Event) -> None:
    async with blotter() as user:
        code = await ticket(user)
        gate.clear()
        shown = await opened_without(user, "enter")
        assert "quantity 10,000 → 4,000" in " ".join(user.text().split())
        assert await sized(user, code) == Decimal(10_000)
        gate.set()
        said = await user.preview()
        assert dialog(user) is shown, "the same preview, which tells more"
        assert "Afterwards VOD: 1 order of 4,000 units" in said
        await user.confirm("enter")
        await user.report()
        assert await sized(user, code) == Decimal(4_000)


async def test_what_it_finds_refused_cannot_be_confirmed_and_leads_back_to_the_form(
    gate: threading.Event,
) -> None:
    async with blotter() as user:
        await user.go("placements", "PLC-00001-2")
        await user.press("u")
        await user.fill("quantity", "1,000")
        gate.clear()
        await opened_without(user, "enter")
        gate.set()
        assert "executed" in await user.preview()
        assert "This cannot be sent." in user.text()
        await user.press("y", "enter", "escape")
        await user.until(lambda: isinstance(user.app.screen, FormDialog))
        assert (await user.client.placements.get(demo("PLC-00001-2"))).quantity == Decimal(5_400)


async def test_what_is_left_out_late_is_not_sent(gate: threading.Event) -> None:
    async with blotter() as user:
        block = await new_block(user, "UKEQ-GROW 10k")
        free = user.desk.snapshot.blocks[demo(block)].block.order_ids[0].code
        for code in ("ORD-00001", free):
            await user.go("orders", code)
            await user.press("space")
        gate.clear()
        await opened_without(user, "c")
        gate.set()
        said = await user.preview()
        assert "refused, left out" in said
        await user.confirm("y")
        await user.report()
        assert (await user.client.orders.get(demo(free))).state == "Cancelled"
        assert (await user.client.orders.get(demo("ORD-00001"))).state != "Cancelled"


async def test_a_row_that_changed_while_it_was_awaited_is_marked_and_asked_again(
    gate: threading.Event,
) -> None:
    async with blotter() as user:
        code = await ticket(user)
        gate.clear()
        await opened_without(user, "enter")
        theirs = OrderUpdateRequest(id=demo(code), quantity=Decimal(12_000))
        await user.client.call(operations.UPDATE_ORDERS, {"1": theirs})
        assert user.app.session.desk is not None
        await user.app.session.desk.refresh()
        gate.set()
        await user.until(lambda: "Changed meanwhile at " in user.text())
        assert "> " in user.text()
        assert "quantity 12,000 → 4,000" in await user.preview()
        await user.confirm("enter")
        await user.report()
        assert await sized(user, code) == Decimal(4_000)


async def test_leaving_before_it_is_there_leads_back_to_the_ticket(gate: threading.Event) -> None:
    async with blotter() as user:
        await user.press("N")
        await user.fill("line", "b 30k VOD lmt 0.82 day @UKEQ-GROW")
        gate.clear()
        await opened_without(user, "enter")
        await user.press("escape")
        await user.until(lambda: isinstance(user.app.screen, FormDialog))
        assert "b 30k VOD lmt 0.82 day @UKEQ-GROW" in user.text()
        gate.set()
        await user.press("enter")
        assert "Afterwards" in await user.preview()
