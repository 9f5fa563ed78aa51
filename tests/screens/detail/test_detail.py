"""Reading one entity in full: members by section, and the JSON as it came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from textual.screen import Screen

from tests.service.sample_rows import snapshot_of
from tui.api import codec
from tui.api.base import CurrencyAndAmount, PerpetualProperty, PropertyValue, ResourceId, Version
from tui.api.models import Block, Order
from tui.columns.panes import COLUMNS
from tui.columns.shown_rows import one_row
from tui.screens.detail.screen import DetailScreen, sections_of
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.session import DeskSession

Opened = Callable[[Screen[Any]], Any]
RAW = '{"id":{"scope":"Desk","code":"ORD-1"},"quantity":1.10,"big":12345678901234567890.125}'


ORDER = Order(
    id=ResourceId("Desk", "ORD-1"),
    instrument_identifiers={},
    side="Buy",
    state="New",
    quantity=Decimal("1.10"),
)
ROW = one_row(Ref(EntityKind.ORDERS, ORDER.id), snapshot_of(orders=[ORDER]), COLUMNS[EntityKind.ORDERS])
SESSION = DeskSession(Environment("demo", EnvironmentKind.LOCAL))


def detail() -> DetailScreen:
    sections = [
        ("Order", [("Id", "Desk/ORD-1"), ("Instrument", "[b \x1b[31m\u682a\u5f0f" + " long name" * 20)]),
        ("Terms", [("Limit price", "190.00 USD"), ("Time in force", "Day")]),
        ("Properties", []),
        ("Version", [(f"Member {n}", str(n)) for n in range(60)]),
    ]
    return DetailScreen("Order Desk/ORD-1 [/]", sections, RAW, ROW, SESSION)


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (200, 50)])
async def test_every_member_can_be_read_at_every_size(stage: Opened, size: tuple[int, int]) -> None:
    app = stage(detail())
    async with app.run_test(size=size) as pilot:
        assert "Order Desk/ORD-1 [/]" in app.text
        assert "[b \\u001b[31m\u682a\u5f0f" in app.text
        assert "\x1b" not in app.text
        await pilot.press("end")
        assert "Member 59" in app.text
        await pilot.resize_terminal(60, 20)
        await pilot.press("end")
        assert "Member 59" in app.text


async def test_the_json_keeps_its_digits_and_can_be_copied(stage: Opened) -> None:
    app = stage(detail())
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        assert '"quantity": 1.10,' in app.text
        assert "12345678901234567890.125" in app.text
        await pilot.press("y", "enter")
        await app.workers.wait_for_complete()
        assert app.copied == [codec.encode(ORDER).decode()]
        await pilot.press("i")
        assert "Limit price" in app.text
        await pilot.press("escape")
        await pilot.pause()
    assert app.answers == [None]


async def test_what_is_not_json_is_shown_as_it_is(stage: Opened) -> None:
    app = stage(DetailScreen("Row", [], "<html>[b\x07", ROW, SESSION))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("i")
        assert "<html>[b\\u0007" in app.text


def test_all_members_of_a_row_are_named_with_their_words() -> None:
    block = Block(
        id=ResourceId("Desk", "BLK-1"),
        order_ids=(ResourceId("Desk", "ORD-1"), ResourceId("Desk", "ORD-2")),
        instrument_identifiers={"Instrument/default/Figi": "BBG000B9XRY4"},
        lusid_instrument_id="LUID_0000AAPL",
        quantity=Decimal("1234567.1250"),
        side="Buy",
        created_date=datetime(2026, 11, 20, 9, tzinfo=UTC),
        limit_price=CurrencyAndAmount(amount=Decimal("190.00"), currency="USD"),
        is_swept=False,
        properties={"Block/a/b": PerpetualProperty(key="k", value=PropertyValue(label_value="v"))},
        version=Version(as_at_version_number=3, effective_from=datetime(1, 1, 1, tzinfo=UTC)),
    )
    sections = {name: list(rows) for name, rows in sections_of(block)}
    assert list(sections) == ["Block", "Instrument", "Properties", "Version"]
    assert ("Order ids", "Desk/ORD-1") in sections["Block"]
    assert ("", "Desk/ORD-2") in sections["Block"]
    assert ("Quantity", "1,234,567.1250") in sections["Block"]
    assert ("Limit price", "190.00 USD") in sections["Block"]
    assert ("Is swept", "no") in sections["Block"]
    assert ("Created date", "2026-11-20T09:00:00Z") in sections["Block"]
    assert sections["Block"][-1] == ("Not given", "amount, basis, type, time in force, stop price")
    assert sections["Instrument"][0] == ("Instrument/default/Figi", "BBG000B9XRY4")
    assert sections["Properties"] == [("Block/a/b", "v")]
    assert ("Effective from", "the beginning") in sections["Version"]


async def test_it_can_begin_with_the_json(stage: Opened) -> None:
    app = stage(DetailScreen("Row", [("Row", [("Id", "1")])], RAW, ROW, SESSION, raw=True))
    async with app.run_test(size=(80, 24)) as pilot:
        assert '"quantity": 1.10,' in app.text
        await pilot.press("i")
        assert "Id  1" in app.text
