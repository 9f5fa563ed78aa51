"""On the phone: who, what, how much, at what price, when; and from there to the rows it belongs with."""

from __future__ import annotations

import re

import pytest

from tests.blotter_app import Blotter, blotter, demo
from tui.screens.detail.screen import DetailScreen
from tui.screens.ticket.screen import TicketScreen
from tui.service.snapshot.snapshot import EntityKind, Ref


def said(user: Blotter) -> str:
    return " ".join(user.text().replace("▏", " ").split())


async def ticket(user: Blotter, kind: str, code: str) -> None:
    await user.go(kind, code)
    await user.press("enter")
    await user.until(lambda: isinstance(user.app.screen, TicketScreen) and "How much" in user.text())


async def test_an_order_is_told_in_one_screen_of_80_by_24() -> None:
    async with blotter((80, 24)) as user:
        await ticket(user, "orders", "ORD-00064")
        told = said(user)
        assert told.startswith(
            "LOCAL Order: Buy 8,000 TTE (TotalEnergies) limit 54.3 EUR, day, for BAL-60 · ORD-00064"
        )
        assert "◐ partly filled · compliance passed and approval approved" in told
        assert "8,000 ordered · 4,800 allocated (60.0%) · 3,200 left (40.0%)" in told
        assert re.search(r"its block 40,000 filled of 40,000 at \d\d\.\d{4} on average", told)
        assert "for BAL-60 (Balanced 60/40) · entered by pm.hart" in told
        assert "state PartiallyFilled to the server, FIX 1" in told, "the code is for details only"
        assert "Blocks (1) 40,000 limit 54.3 EUR, day ◐ partly allocated" in told
        assert "Placements (1)" in told


async def test_enter_goes_to_a_related_row_and_escape_comes_back() -> None:
    async with blotter((160, 48)) as user:
        await ticket(user, "orders", "ORD-00064")
        assert "Executions (5)" in said(user)
        assert "Allocations (1)" in said(user)
        fills = re.findall(r"with ALBN +[●◐] +[a-z ]+ +(\d\d:\d\d:\d\d)", user.text())
        assert len(fills) == 5
        assert fills == sorted(fills, reverse=True), "the newest stands first"
        await user.press("j", "enter")
        await user.until(lambda: said(user).startswith("LOCAL Placement: Buy 40,000 TTE"))
        assert "with ALBN through SIM-EMS" in said(user)
        await user.press("escape")
        await user.until(lambda: said(user).startswith("LOCAL Order: Buy 8,000 TTE"))
        await user.press("j", "enter", "g")
        await user.until(lambda: user.app.screen is user.desk)
        order = user.desk.snapshot.orders[demo("ORD-00064")]
        block = user.desk.snapshot.block_of_order(order.id)
        assert user.desk.active.cursor is not None
        assert user.desk.active.kind is EntityKind.PLACEMENTS
        assert user.desk.active.cursor.id in user.desk.snapshot.placements_of_block(block or order.id)


async def test_a_list_begins_at_its_top_although_what_was_asked_comes_at_once() -> None:
    async with blotter((160, 48)) as user:
        await ticket(user, "orders", "ORD-00064")
        await user.press("j", "enter")
        await user.until(lambda: said(user).startswith("LOCAL Placement: Buy 40,000 TTE"))
        screen = user.app.screen
        assert isinstance(screen, TicketScreen)
        await user.press("G")
        assert chosen(screen) not in (None, EntityKind.BLOCKS)
        screen.action_back()
        screen._make()
        await user.until(lambda: said(user).startswith("LOCAL Order: Buy 8,000 TTE"))
        assert chosen(screen) is EntityKind.BLOCKS


def chosen(screen: TicketScreen) -> EntityKind | None:
    """Return the kind of the related row under the cursor."""
    return None if screen._target is None else screen._target.kind


async def test_the_members_are_one_key_away_and_the_story_another() -> None:
    async with blotter((80, 24)) as user:
        await ticket(user, "executions", next(iter(user.desk.snapshot.executions)).code)
        await user.press("i")
        await user.until(lambda: isinstance(user.app.screen, DetailScreen))
        assert '"placementId"' in user.text()
        await user.press("escape", "h")
        await user.until(lambda: "orders · History UTC: " in said(user))


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_every_kind_of_row_answers_the_same_questions_in_words_of_the_desk(
    size: tuple[int, int],
) -> None:
    async with blotter(size) as user:
        for kind in EntityKind:
            rows = user.desk.snapshot.rows(kind)
            await ticket(user, kind.value, next(iter(rows)).code)
            await user.press("space")
            told = said(user)
            for question in ("How much", "Price", "Who", "When"):
                assert f" {question} " in told, (kind, question)
            assert not re.search(r"\b(?!LUID_)[a-z]+[A-Z][a-z]+\b", told.partition(" to the server")[0]), kind
            await user.press("escape")


async def test_a_ticket_follows_the_desk_and_says_when_its_row_is_gone() -> None:
    async with blotter((160, 48)) as user:
        found = user.desk.snapshot
        placement = next(
            row
            for row in found.placements.values()
            if not found.executions_of_placement(row.id) and not found.children_of_placement(row.id)
        )
        await ticket(user, "placements", placement.id.code)
        await user.client.placements.delete(placement.id)
        await user.app.session.reload()
        assert Ref(EntityKind.PLACEMENTS, placement.id) not in user.app.session.snapshot
        await user.until(lambda: "This row is not on the desk any more. Shown is what it was." in said(user))
        assert "How much" in user.text()


async def test_the_cursor_goes_to_the_row_before_when_the_related_one_under_it_is_gone() -> None:
    async with blotter((160, 48)) as user:
        found = user.desk.snapshot
        block, placement = next(
            (id, placed[0])
            for id in found.blocks
            if len(placed := found.placements_of_block(id)) == 1
            and not found.executions_of_placement(placed[0])
            and not found.allocations_of_placement(placed[0])
            and len(found.orders_of_block(id)) > 1
        )
        await ticket(user, "blocks", block.code)
        lines = user.text().splitlines()
        above = lines[next(at for at, line in enumerate(lines) if "Placements (1)" in line) - 1].split()[-1]
        await user.press("end")
        await user.client.placements.delete(placement)
        await user.app.session.reload()
        await user.until(lambda: "Placements (1)" not in said(user))
        await user.press("enter")
        await user.until(lambda: " Order: " in said(user))
        assert user.text().splitlines()[0].rstrip().endswith(f" {above}")
