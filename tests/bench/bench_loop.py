"""How long the screen's event loop is held in an emergency, by rehearsals, and by what others do.

The real app on the real embedded server, which works in the same loop; the screen is one of 160x48.
``BENCH_SIZE`` is the size of its desk, ``stress`` if not given; ``busy`` is made in a few seconds.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any, Final, cast

from msgspec.structs import replace
from textual.pilot import Pilot
from textual.screen import Screen

from tests.bench.holds import Holds, tell, watched
from tests.bench.report import heading, note, report
from tests.blotter_app import Blotter, desk_app
from tui.api import codec
from tui.api.base import ResourceId
from tui.api.models import Order
from tui.api.requests import OrderRequest
from tui.api.states import is_cancelled
from tui.app import BlotterApp
from tui.oms.run.embedded import Size
from tui.screens.browse.screen import BrowseScreen
from tui.screens.dialogs.form_dialog import FormDialog
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.screens.dialogs.question_dialog import QuestionDialog
from tui.screens.dialogs.report_dialog import ReportDialog
from tui.screens.help import HelpScreen
from tui.screens.history.screen import HistoryScreen
from tui.screens.ticket.screen import TicketScreen
from tui.service.desk import Desk
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.sync.queries import batches
from tui.service.sync.reconciliation import ROUND
from tui.service.verbs import Allocate, CancelOrders, Verb

SIZE: Final = cast(Size, os.environ.get("BENCH_SIZE", "stress"))
MANY: Final = 100
"""The items of a rehearsal, and the rows that others delete."""
CHANGES: Final = 1_000
"""The rows that others change."""
ROUNDS: Final = 3
REHEARSED_MS: Final = 150
PATIENCE_S: Final = 300
AGAIN_S: Final = 2
"""Seconds after which a key is pressed again that leaves a screen."""
OPENED: Final = (
    ("a row's ticket", "enter", EntityKind.BLOCKS, TicketScreen),
    ("browse", "B", EntityKind.BLOCKS, BrowseScreen),
    ("the history of an order", "h", EntityKind.ORDERS, HistoryScreen),
    ("a ticket", "n", EntityKind.BLOCKS, FormDialog),
    ("help", "question_mark", EntityKind.BLOCKS, HelpScreen),
)
"""Screens over the desk: what they are called, their keys, and the pane in which these are pressed."""


def main() -> None:
    """Measure and print."""
    gc.disable()  # as the program does until its desk is connected
    asyncio.run(measure())


async def measure() -> None:
    """Open the app on a large desk and work on it."""
    clock = ClockAhead()
    async with desk_app(data=SIZE, clock=clock) as app, app.run_test(size=(160, 48)) as pilot:
        await Bench(app, pilot, clock).run()


class ClockAhead:
    """The desk's clock, which can be set forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Bench:
    """Works on the desk, and reports how long each step held the loop."""

    def __init__(self, app: BlotterApp, pilot: Pilot[None], clock: ClockAhead) -> None:
        self._app = app
        self._pilot = pilot
        self._clock = clock
        self._user = Blotter(app, pilot)

    @property
    def _desk(self) -> Desk:
        assert self._app.session.desk is not None
        return self._app.session.desk

    @property
    def _snapshot(self) -> Snapshot:
        return self._desk.snapshot

    async def run(self) -> None:
        """Do everything, one after the other."""
        with watched() as loading:
            await self._until(lambda: self._app.session.snapshot.complete and gc.isenabled())
        placements = len(self._snapshot.placements)
        heading(f"a desk of {len(self._snapshot.blocks):,} blocks and {placements:,} placements on 160x48")
        report("a fixed piece of work, to compare machines by", min(map(fixed_work, range(5))), None, "ms")
        tell("first load", [loading])
        tell("a reload", [await self._watch(self._desk.reload)])
        await self._look()
        await self._rehearse()
        await self._follow_others()
        await self._emergency()

    # --- the steps -----------------------------------------------------------------------------

    async def _look(self) -> None:
        """Open what shows more of a row, and a ticket; each is left again."""
        desk = type(self._user.desk)
        for name, key, kind, screen in OPENED:
            self._user.desk.show_pane(kind)
            await self._pilot.pause()
            opening, leaving = [], []
            for _ in range(ROUNDS):
                opening.append(await self._press(key, screen))
                leaving.append(await self._press("escape", desk))
            tell(f"{name} opens", opening)
            tell(f"{name} is left", leaving)

    async def _rehearse(self) -> None:
        snapshot = self._snapshot
        orders = (id for id, row in snapshot.orders.items() if not is_cancelled(row.state))
        filled = (
            id
            for id, row in snapshot.placements.items()
            if not is_cancelled(row.state) and snapshot.executed_of_placement(id)
        )
        verbs: dict[str, Verb] = {
            f"a rehearsed cancel of {MANY}": CancelOrders(tuple(islice(orders, MANY))),
            f"a rehearsed allocate of {MANY}": Allocate(tuple(islice(filled, MANY))),
        }
        for name, verb in verbs.items():
            prepared = await self._desk.prepare(verb)
            rehearsal = prepared.rehearsal
            if rehearsal is None or rehearsal.failure:
                note(f"{name}: {rehearsal.failure if rehearsal else 'not rehearsed'}")
            rounds = [await self._watch(partial(self._desk.prepare, verb)) for _ in range(ROUNDS)]
            tell(name, rounds)
            worked = min(each.processor_seconds for each in rounds)
            report(f"{name}, by the processor in all", worked * 1000, REHEARSED_MS, "ms")

    async def _follow_others(self) -> None:
        client = self._desk.client
        sized = (row for row in self._snapshot.orders.values() if row.quantity)
        orders = [bumped(row) for row in islice(sized, CHANGES)]
        for some in batches(orders, MANY):
            await client.orders.upsert(some)
        tell(f"a refresh with {len(orders):,} changed orders", [await self._watch(self._desk.refresh)])
        gone = list(islice(filter(self._is_not_allocated, self._snapshot.executions), MANY))
        for id in gone:
            await client.executions.delete(id)
        rounds = [await self._watch(self._reconcile)]
        left = sum(id in self._snapshot.executions for id in gone)
        tell(f"{len(gone)} executions deleted by others", rounds)
        if left:
            note(f"{left} of them are still shown")

    def _is_not_allocated(self, execution: ResourceId) -> bool:
        placement = self._snapshot.executions[execution].placement_id
        return not self._snapshot.allocations_of_placement(placement)

    async def _reconcile(self) -> None:
        """Compare all rows once: a round takes as long as it takes, so its clock goes ahead."""
        self._clock.ahead += ROUND
        for _ in range(60):
            await self._desk.reconcile()
        self._clock.ahead += ROUND
        for _ in range(60):
            await self._desk.reconcile()

    async def _emergency(self) -> None:
        asking, opening, closing = [], [], []
        for _ in range(ROUNDS):
            asking.append(await self._press("K", QuestionDialog))
            opening.append(await self._press("enter", PreviewDialog))
            closing.append(await self._press("escape", type(self._user.desk)))
        tell("K, until its scopes are shown", asking)
        tell("the preview, with its rehearsal", opening)
        tell("leaving it", closing)
        await self._press("K", QuestionDialog)
        await self._press("enter", PreviewDialog)
        assert isinstance(self._app.screen, PreviewDialog)
        count = self._app.screen.preview.count
        typing = [await self._press(digit, PreviewDialog) for digit in str(count)]
        tell("a digit of the count", typing)
        tell(f"sending {count:,}, until the report is shown", [await self._press("enter", ReportDialog)])
        tell("leaving the report", [await self._press("escape", type(self._user.desk))])

    # --- hands ---------------------------------------------------------------------------------

    async def _watch(self, work: Callable[[], Awaitable[Any]]) -> Holds:
        """Do some work, and watch until everything is shown that came of it."""
        with watched() as holds:
            await work()
            await self._until(lambda: not self._user._arranging())
            await asyncio.sleep(0.2)
        holds.seconds -= 0.2
        return holds

    async def _press(self, key: str, leads_to: type[Screen[Any]]) -> Holds:
        """Press a key and wait for the screen it leads to, and for the rehearsal of a preview.

        A dialog may ignore the key, as one that comes before it could be read: it is pressed again.
        """

        async def press() -> None:
            await self._pilot.press(key)
            while not isinstance(self._app.screen, leads_to):
                with suppress(TimeoutError):
                    await self._until(lambda: isinstance(self._app.screen, leads_to), AGAIN_S)
                    break
                if key == "escape":
                    await self._pilot.press(key)
            await self._until(self._is_ready)

        return await self._watch(press)

    def _is_ready(self) -> bool:
        screen = self._app.screen
        if not isinstance(screen, PreviewDialog):
            return True
        preview = screen.preview
        return not preview.awaited and bool(preview.afterwards or preview.uncertain)

    async def _until(self, true: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        async with asyncio.timeout(seconds):
            while not true():
                if self._app._exception is not None:
                    raise AssertionError("the app failed") from self._app._exception
                await asyncio.sleep(0.02)


def fixed_work(_: int) -> float:
    """Return how many milliseconds of the processor the same work takes this time."""
    began = time.thread_time()
    sum(number * number for number in range(300_000))
    return (time.thread_time() - began) * 1000


def bumped(order: Order) -> OrderRequest:
    """Return an order to write once more, for one unit more."""
    request = codec.decode(OrderRequest, codec.encode(order))
    return replace(request, quantity=(order.quantity or 0) + Decimal(1))


if __name__ == "__main__":
    main()
