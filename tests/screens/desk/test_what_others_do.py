"""What a dealer sees of a server that withholds, contradicts itself, or is changed by others."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.blotter_app import Blotter, blotter
from tests.service.sync.partial_server import PartialServer, Watch
from tui.api.http import AsyncBaseTransport
from tui.service.snapshot.snapshot import EntityKind, Ref


class PartialLine:
    """Makes the line of the blotter under test, which forbids and edits as it is told before."""

    def __init__(self, *forbidden: str) -> None:
        self.forbidden = forbidden
        self.edit: Any = None
        self.made: PartialServer

    def __call__(self, server: AsyncBaseTransport) -> AsyncBaseTransport:
        self.made = PartialServer(server)
        for path in self.forbidden:
            self.made.forbid(path, "You are not entitled to executions.")
        self.made.edit = self.edit
        return self.made


def in_lines(user: Blotter) -> str:
    return " ".join(user.text().split())


async def poll(user: Blotter, watch: Watch, times: int = 30) -> None:
    """Let a minute of polls pass."""
    desk = user.app.session.desk
    assert desk is not None
    for _ in range(times):
        await watch.poll_desk(desk)
    await user.press("escape")


async def test_without_leave_to_read_fills_the_rest_is_there_and_nothing_shows_a_zero() -> None:
    async with blotter(wrap=PartialLine("executions")) as user:
        await user.go("placements")
        codes = user.codes("placements")
        assert codes
        assert {user.row("placements", code)["executed"] for code in codes} == {"?"}
        assert {user.row("placements", code)["open"] for code in codes} == {"?"}
        shown = in_lines(user)
        assert "NOT ALL READ" in shown
        assert "Executions not permitted: You are not entitled to executions." in shown
        await user.go("allocations")
        assert user.codes("allocations"), "what is readable is read"
        await user.press("5")
        await user.until(lambda: "not permitted" in user.text())
        assert "No fills here" not in user.text()


async def test_a_placement_that_is_its_own_parent_is_marked_and_its_detail_says_why() -> None:
    marked: list[str] = []

    def knot(request: httpx.Request, rows: list[Any]) -> list[Any]:
        polled = "asAtModified" in request.url.params.get("filter", "")
        if not request.url.path.endswith("/placements") or not rows or polled:
            return rows
        marked[:] = [rows[0]["id"]["code"]]
        return [{**rows[0], "parentPlacementId": rows[0]["id"]}, *rows[1:]]

    lines, watch = PartialLine(), Watch.now()
    lines.edit = knot
    async with blotter(wrap=lines, clock=watch) as user:
        await user.go("placements", marked[0])
        assert f"▲ {marked[0]}" in user.text()
        await user.press("enter")
        await user.until(lambda: "Attention" in user.text())
        assert "It is its own parent, or that of one of its parents." in in_lines(user)
        await user.press("escape")
        await poll(user, watch)
        assert f"Placement {marked[0]} contradicts other data of the server." in in_lines(user)


@pytest.mark.parametrize("kind", ["orders", "placements"])
async def test_what_a_colleague_deletes_leaves_the_screen_within_a_minute(kind: str) -> None:
    watch = Watch.now()
    async with blotter(clock=watch) as user:
        await user.go(kind)
        found = user.desk.snapshot
        victims = {
            "orders": [
                id for row in found.blocks.values() if not row.placed.details for id in row.block.order_ids
            ],
            "placements": [
                id
                for id in found.placements
                if not found.executions_of_placement(id) and not found.children_of_placement(id)
            ],
        }[kind]
        victim = victims[0]
        await getattr(user.client, kind).delete(victim)
        assert victim.code in user.codes(kind)
        await poll(user, watch)
        assert victim.code not in user.codes(kind)
        assert Ref(EntityKind(kind), victim) not in user.desk.snapshot
