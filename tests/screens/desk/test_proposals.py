"""What programs propose stands before the dealer, who confirms, edits or refuses; nothing else sends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.blotter_app import Blotter, blotter, demo
from tests.screens.desk.test_unmeant_keys import ASKED
from tests.service.dealer import FaultyTransport
from tui.api.http import AsyncBaseTransport
from tui.api.requests import BlockRequest
from tui.api.sanitize import clean
from tui.screens.proposals.screen import ProposalsScreen
from tui.service.desk import Desk
from tui.service.ids import new_id
from tui.service.journal.lines import ProposalLine
from tui.service.proposals.proposal import Proposal, ProposalState, Proposer

ROBOT = Proposer("okafor", "rebalancer", "desk7", 4711)
UPDATE = {"command": "update", "ids": ["ORD-00001"], "note": "late"}
NEW = {"command": "new", "line": "b 5k VOD lmt 0.82 day @UKEQ-GROW 60% @UKEQ-INC 40%"}


def desk_of(user: Blotter) -> Desk:
    assert user.app.session.desk is not None
    return user.app.session.desk


async def propose(user: Blotter, document: dict[str, Any] | bytes, **more: Any) -> Proposal:
    """Propose from another program, and let the blotter look as it does with every poll."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    proposal = desk_of(user).proposals.propose(text, more.pop("proposer", ROBOT), **more)
    await look(user)
    return proposal


async def look(user: Blotter) -> None:
    await user.desk.proposals.look(desk_of(user))
    await user.pilot.pause()


async def open_list(user: Blotter) -> str:
    await user.press("e")
    await user.until(lambda: isinstance(user.app.screen, ProposalsScreen))
    return user.text()


def fate(user: Blotter, proposal: Proposal) -> Proposal:
    return desk_of(user).proposals.known[proposal.id]


async def changed_by_somebody_else(user: Blotter) -> None:
    """Let somebody else change the block of the order that is to be updated, and read it."""
    snapshot = desk_of(user).snapshot
    found = snapshot.block_of_order(demo("ORD-00001"))
    assert found is not None
    row = snapshot.blocks[found].block
    fields = {name: getattr(row, name) for name in BlockRequest.__struct_fields__}
    await user.client.blocks.upsert([BlockRequest(**{**fields, "time_in_force": "GoodTilCancel"})])
    await desk_of(user).refresh()


async def test_a_proposal_is_told_marked_and_listed_and_sent_once_somebody_confirmed_it() -> None:
    async with blotter() as user:
        await user.go("orders", "ORD-00001")
        before = user.pane("orders")._arranger.totals
        proposal = await propose(user, UPDATE)
        assert "1 PROPOSED" in user.text()
        assert user.row("orders", "ORD-00001")["id"].startswith("▨ ")
        assert user.pane("orders")._arranger.totals == before, "it is counted nowhere"
        [told] = [each for each in user.notices if "proposes" in each]
        assert told.startswith("rebalancer proposes: Update order: ")
        assert told.endswith("e opens it.")
        listed = await open_list(user)
        assert "▨ open" in listed
        assert "rebalancer, of okafor on desk7 (process 4711)" in listed
        assert "inside the limits" in listed
        await user.press("enter")
        shown = await user.preview()
        assert "Proposed by rebalancer, of okafor on desk7 (process 4711); it stands until" in shown
        await user.confirm("y")
        assert "Updated" in await user.report()
        ended = fate(user, proposal).ending
        assert ended is not None
        assert ended.state is ProposalState.CONFIRMED
        state = desk_of(user).journal.decision(ended.decision)
        assert state is not None
        assert [each.status.value for each in state.outcomes] == ["done"]
        await look(user)
        assert "PROPOSED" not in user.text()
        assert not user.row("orders", "ORD-00001")["id"].startswith("▨")


async def test_a_poll_is_enough_to_show_it() -> None:
    async with blotter(refresh_s=0.1) as user:
        desk_of(user).proposals.propose(json.dumps(UPDATE).encode(), ROBOT)
        await user.until(lambda: "1 PROPOSED" in user.text())


async def test_what_would_be_new_stands_hatched_in_its_pane_and_in_no_total() -> None:
    async with blotter() as user:
        totals = {kind: user.pane(kind)._arranger.totals for kind in ("blocks", "orders", "placements")}
        await propose(user, NEW)
        await propose(user, {"command": "place", "ids": ["BLK-0033"], "counterparty": "ALBN"})
        hatched = [line.strip() for line in user.text().splitlines() if line.strip().startswith("▨ Buy")]
        assert [line for line in hatched if line.endswith("rebalancer")] == [
            "▨ Buy 3,000 VOD (Vodafone) limit 0.82 GBP, day, for UKEQ-GROW · rebalancer",
            "▨ Buy 2,000 VOD (Vodafone) limit 0.82 GBP, day, for UKEQ-INC · rebalancer",
        ], "new blocks stand among blocks; the placement belongs to a block that is not under the cursor"
        assert {kind: user.pane(kind)._arranger.totals for kind in totals} == totals
        await user.press("l")
        assert sum("with ALBN" in line and "▨" in line for line in user.text().splitlines()) == 1
        await user.go("blocks", "BLK-0033")
        assert user.row("blocks", "BLK-0033")["id"].startswith("▨ ")
        await open_list(user)
        await user.press("x", "enter")
        await user.until(lambda: "refused" in user.text())
        await user.press("escape")
        assert sum("with ALBN" in line and "▨" in line for line in user.text().splitlines()) == 0


async def test_an_edited_proposal_opens_its_form_and_its_program_reads_what_was_sent() -> None:
    async with blotter() as user:
        proposal = await propose(user, NEW)
        before = len(desk_of(user).snapshot.orders)
        await open_list(user)
        await user.press("u")
        assert "Proposed by rebalancer" in await user.form()
        await user.fill("line", "b 7k VOD lmt 0.82 day @UKEQ-GROW")
        await user.press("enter")
        await user.confirm("enter")
        await user.until(lambda: fate(user, proposal).ending is not None)
        ended = fate(user, proposal).ending
        assert ended is not None
        assert ended.state is ProposalState.EDITED
        assert "Buy 7,000 VOD" in ended.sent
        await user.until(lambda: len(desk_of(user).snapshot.orders) == before + 1)


async def test_a_refusal_takes_a_reason_that_the_program_reads() -> None:
    async with blotter() as user:
        proposal = await propose(user, UPDATE)
        await open_list(user)
        await user.press("x")
        await user.fill("reason", "not today")
        await user.press("enter")
        await user.until(lambda: fate(user, proposal).ending is not None)
        ended = fate(user, proposal).ending
        assert ended is not None
        assert (ended.state, ended.reason) == (ProposalState.REFUSED, "not today")
        await user.until(lambda: isinstance(user.app.screen, ProposalsScreen))
        await user.until(lambda: "refused" in user.text())


async def test_rows_that_change_overtake_it_also_under_an_open_preview() -> None:
    async with blotter() as user:
        proposal = await propose(user, UPDATE)
        await open_list(user)
        await user.press("enter")
        await user.preview()
        await changed_by_somebody_else(user)
        await user.confirm("y")
        await user.until(lambda: any("Nothing was sent" in each for each in user.notices))
        assert fate(user, proposal).state(datetime.now(UTC)) is ProposalState.OVERTAKEN


async def test_of_two_who_confirm_the_second_is_told_who_was_faster_and_sends_nothing() -> None:
    async with blotter() as user:
        proposal = await propose(user, UPDATE)
        await open_list(user)
        await user.press("enter")
        await user.preview()
        desk_of(user).proposals.end(proposal.id, ProposalState.CONFIRMED, by="dlr.chen", decision=new_id())
        await user.confirm("y")
        await user.until(lambda: any("dlr.chen was faster" in each for each in user.notices))
        assert not [each for each in user.notices if "Updated" in each]
        assert not desk_of(user).in_flight


async def test_it_ends_by_itself() -> None:
    clock = [datetime(2026, 11, 30, 9, 0, tzinfo=UTC)]
    async with blotter(clock=lambda: clock[0]) as user:
        proposal = await propose(user, UPDATE, stands=timedelta(minutes=5))
        clock[0] += timedelta(minutes=5)
        await look(user)
        assert "PROPOSED" not in user.text()
        assert "expired" in await open_list(user)
        await user.press("enter")
        assert isinstance(user.app.screen, ProposalsScreen)
        assert any("is expired: nobody decides" in each for each in user.notices)
        assert fate(user, proposal).ending is None


async def test_a_read_only_desk_shows_it_and_decides_nothing() -> None:
    async with blotter(read_only=True) as user:
        proposal = await propose(user, UPDATE)
        assert "Update order" in await open_list(user)
        for key in ("enter", "u", "x"):
            await user.press(key)
            assert isinstance(user.app.screen, ProposalsScreen)
        assert any("read-only" in each for each in user.notices)
        assert fate(user, proposal).ending is None


@pytest.mark.parametrize("ascii", [False, True])
async def test_what_a_stranger_proposes_is_harmless_on_the_screen_and_cannot_be_sent(ascii: bool) -> None:
    evil = Proposer("\x1b]52;c;aGk=\x07", "[red]evil[/]\u202e", "\x9b2J" * 40, -1)
    async with blotter((80, 24), ascii=ascii) as user:
        for document in (
            b'{"command":"cancel","ids":["\\u001b[2J"]}',
            b'{"command":"rm -rf"}',
            b"[" * 500 + b"]" * 500,
            b'"\\u202e"',
        ):
            await propose(user, document, proposer=evil, said="[@click=quit]\x1b[2J\n" * 99)
        shown = await open_list(user)
        assert f"{'#' if ascii else '▨'} open" in shown
        for line in shown.splitlines():
            assert clean(line) == line
        await user.press("enter")
        assert isinstance(user.app.screen, ProposalsScreen)
        assert any("cannot be sent" in each for each in user.notices)


def hostile_lines(count: int) -> Iterator[ProposalLine]:
    """Yield lines about proposals as a stranger may write them, who asks nobody."""
    now = datetime.now(UTC)
    documents: tuple[object, ...] = (
        UPDATE,
        NEW,
        {"command": "cancel-all", "answer": "desk"},
        {"command": "cancel", "ids": ["\x1b[2J"]},
        {"command": "fill", "ids": ["PLC-00001"], "quantity": 1e300},
        {"command": "new", "file": "/dev/zero"},
        {"command": ["cancel"]},
        [[[]]],
        "\u202e" * 500,
        None,
    )
    ends = (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), now + timedelta(minutes=9))
    for number in range(count):
        yield ProposalLine(
            id=new_id(),
            at=now,
            server="https://other.lusid.com/api" if number % 11 == 0 else "http://embedded/api",
            expires=ends[number % 3],
            program=f"evil\x1b[2J {number % 70}",
            host="\x9b2J",
            label="\x1b]52;c;aGk=\x07" * 40,
            document=msgspec.Raw(json.dumps(documents[number % 10]).encode()),
        )


async def test_of_ten_thousand_hostile_proposals_none_is_sent_and_none_acts_on_the_screen() -> None:
    lines: list[FaultyTransport] = []

    def wrap(server: AsyncBaseTransport) -> AsyncBaseTransport:
        lines.append(FaultyTransport(server))
        return lines[0]

    async with blotter((120, 30), wrap=wrap) as user:
        for line in hostile_lines(10_000):
            desk_of(user).journal.add(line)
        await look(user)
        assert len(user.desk.proposals.open) == 500
        assert "500 PROPOSED" in user.text()
        for text in (user.text(), await open_list(user)):
            assert all(clean(line) == line for line in text.splitlines())
        assert "500 open" in user.text()
        assert "more than a desk takes are not shown" in user.text()
        for key in ("down", "enter", "escape", "escape"):
            await user.press(key)
        sent = [each for each in lines[0].seen if each.method != "GET" and not ASKED.search(each.url.path)]
        assert sent == [], "none is sent without the key of its tier"
