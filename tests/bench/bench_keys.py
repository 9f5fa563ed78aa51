"""A desk of 50,000 blocks and orders: how long a key holds the event loop.

Every form is opened with one row in focus and one key is typed into it; then all rows of a pane are
selected, the cursor moves, and actions are asked for of which every row, or none, can be the object. Held is
the longest time between two turns of the loop by the processor, which other programs on the machine do not
lengthen; a desk of 50 blocks shows what of it is Textual's own. The screen is the real one, of 200x50.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec.structs import replace
from textual.pilot import Pilot

from tests.bench.bench_panes import measured, of_fund
from tests.bench.bench_snapshot import START, Canned, rid, rows_of
from tests.bench.report import heading, report
from tui.api.client import Client
from tui.api.http import Http
from tui.api.models import Allocation, OrderGraphBlock, Placed
from tui.app import BlotterApp
from tui.connection import Connection
from tui.screens.desk.screen import DeskScreen
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Snapshot

SIZES: Final = (50, 50_000)
HELD_MS: Final = 8
FUNDS: Final = 200
FORMS: Final[dict[str, EntityKind]] = {
    "n": EntityKind.BLOCKS,
    "N": EntityKind.BLOCKS,
    "p": EntityKind.BLOCKS,
    "m": EntityKind.ORDERS,
    "u": EntityKind.ORDERS,
    "C": EntityKind.ORDERS,
    "f": EntityKind.PLACEMENTS,
    "a": EntityKind.PLACEMENTS,
    "b": EntityKind.ALLOCATIONS,
}
"""The keys that open a form, each with the pane it is pressed in."""
OF_ALL: Final[dict[str, EntityKind]] = {
    "p": EntityKind.BLOCKS,
    "S": EntityKind.BLOCKS,
    "c": EntityKind.BLOCKS,
    "b": EntityKind.EXECUTIONS,
    "y": EntityKind.EXECUTIONS,
    "question_mark": EntityKind.EXECUTIONS,
}
"""Keys pressed when every row of a pane is selected."""
ENVIRONMENT: Final = Environment("bench", EnvironmentKind.LOCAL)


def snapshot_of(count: int) -> Snapshot:
    """Return a desk of so many blocks, each with an order, half placed, filled and allocated."""
    rows = rows_of(count, per_block=1)
    builder = SnapshotBuilder()
    builder.put_blocks(map(half_placed, rows["graph"]))
    builder.put(EntityKind.ORDERS, (of_fund(each, at % FUNDS) for at, each in enumerate(rows["orders"])))
    builder.put(EntityKind.PLACEMENTS, rows["placements"])
    builder.put(EntityKind.EXECUTIONS, rows["executions"])
    builder.put(EntityKind.ALLOCATIONS, allocations(builder))
    return builder.freeze(complete=True, read_at=START)


def half_placed(row: OrderGraphBlock) -> OrderGraphBlock:
    """Return a block with something left to place."""
    return replace(row, placed=Placed(quantity=Decimal(250), details=row.placed.details))


def allocations(builder: SnapshotBuilder) -> Iterator[Allocation]:
    """Yield an allocation of every order."""
    for number, order in enumerate(builder.rows(EntityKind.ORDERS).values()):
        yield Allocation(
            id=rid("ALL", number),
            allocated_order_id=order.id,
            portfolio_id=order.portfolio_id,
            placement_ids=(rid("PLC", number),),
            quantity=Decimal(10),
            state="New",
            side=order.side,
            instrument_identifiers=order.instrument_identifiers,
            lusid_instrument_id=order.lusid_instrument_id,
        )


def main() -> None:
    """Measure both sizes."""
    for count in SIZES:
        asyncio.run(measure(count))


async def measure(count: int) -> None:
    """Press the keys on a desk of ``count`` blocks."""
    heading(f"a desk of {count:,} blocks and orders on 200x50")
    desk = Desk(Client(Http("http://canned/api", transport=Canned({"graph": []}))), ENVIRONMENT)
    desk.snapshot = snapshot_of(count)

    async def connect() -> Connection:
        await asyncio.Event().wait()
        return Connection(desk, desk.client.close)

    app = BlotterApp(ENVIRONMENT, connect)
    async with app.run_test(size=(200, 50)) as pilot:
        app.session.desk = desk
        await app._make_ready()
        screen = app.screen
        assert isinstance(screen, DeskScreen)
        user = KeyPresser(pilot, screen, HELD_MS if count == SIZES[-1] else None)
        await user.press("", "first load")
        await user.press("l", "show all rows in every pane")
        gc.collect()
        gc.freeze()  # as the app does once it has started
        for key, kind in FORMS.items():
            await user.enter(kind)
            await user.press(key, f"{key} opens a form")
            await user.press("5", f"{key} and a key typed into the form")
            await user.leave()
        await user.enter(EntityKind.ORDERS)
        await user.press("*", "* selects all rows")
        await user.press("down", "the cursor moves")
        await user.press("space", "space takes a row out of the selection")
        await user.press("", "everything is shown again")
        await user.press("*", "* selects all rows again")
        await user.press("*", "* selects no row")
        for key, kind in OF_ALL.items():
            await user.enter(kind)
            await user.press("*", f"* selects all {kind}")
            await user.press("", "everything is shown again")
            await user.press(key, f"{key} of all {kind}")
            await user.leave()
    await desk.client.close()


class KeyPresser:
    """Presses keys on the screen, and reports how long each held the loop."""

    def __init__(self, pilot: Pilot[None], screen: DeskScreen, target: float | None) -> None:
        self._pilot = pilot
        self._screen = screen
        self._target = target

    async def press(self, key: str, name: str) -> None:
        """Press a key, or show everything as after an update that brought nothing."""
        async with measured() as taken:
            if key:
                await self._pilot.press(key)
            else:
                self._screen.show_all()
            await self._rest()
        report(f"{name}, longest held", taken.worked_ms, self._target, "ms")

    async def _rest(self) -> None:
        for _ in iter(lambda: self._busy, False):
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)

    @property
    def _busy(self) -> bool:
        """Whether a pane or a key's work is still under way."""
        screen = self._screen
        panes = any(screen.pane(kind).arranging for kind in EntityKind)
        return panes or (screen.in_dialog and self._pilot.app.screen is screen)

    async def enter(self, kind: EntityKind) -> None:
        """Go to a pane with no row selected."""
        self._screen.show_pane(kind)
        await self._pilot.pause()
        self._screen.active.grid.clear_selection()
        await self._rest()

    async def leave(self) -> None:
        """Leave whatever dialogs are open."""
        while self._pilot.app.screen is not self._screen:
            await self._pilot.press("escape")
            await self._pilot.pause()
        self._screen.active.grid.clear_selection()
        await self._rest()


if __name__ == "__main__":
    main()
