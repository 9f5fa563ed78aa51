"""A pane of 50,000 orders: how long a filter, a sort or an update of a hundred rows holds the event loop.

Held is the longest time between two turns of the loop, which is what a key has to wait; of that, the
time the processor worked for us is told too, which other programs on the machine do not lengthen. The
pane is the real one, on a screen of 200x50, fed as the desk screen feeds it.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import partial
from statistics import median
from typing import Any, Final

from msgspec.structs import replace
from textual.app import App, ComposeResult

from tests.bench.bench_snapshot import START, rid, rows_of
from tests.bench.report import heading, note, report
from tui.api.models import Order
from tui.columns.column import sort_key
from tui.columns.filter import parse_filter
from tui.columns.format import DisplayContext
from tui.columns.panes import PANES
from tui.columns.view import View, column_of
from tui.screens.desk.news import News
from tui.screens.desk.pane import Pane
from tui.service.environment import Update
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Snapshot

ORDERS: Final = 50_000
CHANGED: Final = 100
ROUNDS: Final = 15
HELD_MS: Final = 8
FILTER: Final = "momentum"
"""A word that stands in the last column that is looked at, so that every row takes the longest."""
SORT: Final = "portfolio"


class PaneApp(App[None]):
    """A screen filled by the orders pane."""

    def __init__(self) -> None:
        super().__init__()
        spec = next(spec for spec in PANES if spec.kind is EntityKind.ORDERS)
        self.pane = Pane(spec, DisplayContext(), str)

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_mount(self) -> None:
        self.pane.grid.focus()


@dataclass
class Measured:
    """The cost of some work: the turns of the loop, by the clock and by the processor, and the whole."""

    turns: list[tuple[float, float]] = field(default_factory=list)
    seconds: float = 0

    @property
    def held_ms(self) -> float:
        """The longest turn."""
        return max(clock for clock, _ in self.turns) * 1000

    @property
    def worked_ms(self) -> float:
        """The longest turn by the processor's time."""
        return max(processor for _, processor in self.turns) * 1000


async def watch_turns(turns: list[tuple[float, float]]) -> None:
    """Note how long each turn of the event loop takes."""
    last, last_processor = time.perf_counter(), time.thread_time()
    while True:
        await asyncio.sleep(0)
        now, processor = time.perf_counter(), time.thread_time()
        turns.append((now - last, processor - last_processor))
        last, last_processor = now, processor


@asynccontextmanager
async def measured() -> AsyncIterator[Measured]:
    """Watch the turns of the loop meanwhile."""
    taken = Measured()
    watch = asyncio.create_task(watch_turns(taken.turns))
    await asyncio.sleep(0.05)
    taken.turns.clear()
    began = time.perf_counter()
    yield taken
    taken.seconds = time.perf_counter() - began
    watch.cancel()


async def arrange(pane: Pane, begin: Callable[[], None]) -> Measured:
    """Start something in the pane, and wait until it is done and painted."""
    async with measured() as taken:
        begin()
        for _ in iter(lambda: pane.arranging, False):
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
    taken.seconds -= 0.05
    return taken


def main() -> None:
    """Measure and print."""
    asyncio.run(measure())


async def measure() -> None:
    """Load, filter, sort, then update."""
    heading(f"a pane of {ORDERS:,} orders on 200x50")
    builder = SnapshotBuilder()
    builder.put(EntityKind.ORDERS, (of_fund(order) for order in rows_of(ORDERS)["orders"]))
    snapshot = builder.freeze(complete=True)
    stage = PaneApp()
    async with stage.run_test(size=(200, 50)):
        gc.freeze()  # as the app does once it has started
        pane = stage.pane
        view = View(EntityKind.ORDERS)
        for name, begin in (
            ("first load", lambda: pane.show(snapshot, None, {})),
            ("filter by a word", lambda: pane.set_view(view.filtered(FILTER))),
            ("sort by text", lambda: pane.set_view(view.sorted_by(SORT))),
            ("filter and sort", lambda: pane.set_view(view.filtered(FILTER).sorted_by(SORT))),
        ):
            taken = await arrange(pane, begin)
            report(f"{name}, longest held", taken.held_ms, HELD_MS, "ms")
            report(f"{name}, longest by the processor", taken.worked_ms, HELD_MS, "ms")
            report(f"{name}, until all is done", taken.seconds * 1000, None, "ms")
        held: list[Measured] = []
        for number in range(ROUNDS):
            builder.put(EntityKind.ORDERS, changed(snapshot, number))
            before, snapshot = snapshot, builder.freeze()
            held.append(await arrange(pane, partial(follow, pane, before, snapshot)))
        for name, figures in (
            ("held", [each.held_ms for each in held]),
            ("by the processor", [each.worked_ms for each in held]),
        ):
            report(f"{CHANGED} changed rows, {name}, median", median(figures), HELD_MS, "ms")
            report(f"{CHANGED} changed rows, {name}, most of {ROUNDS}", max(figures), HELD_MS, "ms")
        began = time.perf_counter()
        shown = afresh(pane.view, snapshot)
        report("the same by filtering and sorting afresh", (time.perf_counter() - began) * 1000, None, "ms")
        note(
            "what was kept is the same as afresh" if tuple(shown) == pane.shown else "KEPT AND AFRESH DIFFER"
        )


def follow(pane: Pane, old: Snapshot, new: Snapshot) -> None:
    """Find what differs and show it, as the desk screen does on an update."""
    news = News(old)
    news.add(Update(old, new))
    pane.show(new, None, {}, news=news)


def of_fund(order: Order, fund: int | None = None) -> Order:
    """Return an order of one of many portfolios, whose names are texts with numbers."""
    number = int(order.id.code.rpartition("-")[2][5:]) * 7919 % 5_000 if fund is None else fund
    return replace(order, portfolio_id=rid("FUND", number))


def changed(snapshot: Snapshot, times: int) -> list[Order]:
    """Return a hundred orders in their next version: another quantity, another place in the sort."""
    rows = list(snapshot.orders.values())[times :: ORDERS // CHANGED]
    return [bumped(order, number * 47 + times) for number, order in enumerate(rows[:CHANGED])]


def bumped(order: Order, fund: int) -> Order:
    """Return the next version of an order, of another portfolio."""
    assert order.version is not None
    number = (order.version.as_at_version_number or 0) + 1
    version = replace(order.version, as_at_version_number=number, as_at_modified=START + timedelta(hours=1))
    return of_fund(replace(order, quantity=Decimal(7 + number), version=version), fund % 5_000)


def afresh(view: View, snapshot: Snapshot) -> list[Any]:
    """Filter and sort all rows at once, as panes did on every update."""
    matches, value = parse_filter(view.filter, view.kind).test, column_of(view.kind, view.sorts[0].id).value
    found = [id for id, row in snapshot.orders.items() if matches(snapshot, row)]
    return sorted(found, key=lambda id: sort_key(value(snapshot, snapshot.orders[id])))


if __name__ == "__main__":
    main()
