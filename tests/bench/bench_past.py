"""The time machine on a day of thousands of changes: how long a step takes, and what it reads.

A key is held, and changes are read ahead meanwhile, as the desk does it. Steps over changes that are known
are told apart from those that wait for a read; beside them stands what it takes to read the whole desk of a
moment, as without steps, and to read at rest what no step tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Final

from msgspec.structs import replace

from tests.bench.report import report
from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer, fill, rid
from tui.api.http import asgi_transport
from tui.api.states import is_finished

FILLS: Final = 4_500
"""Fills that are made one by one, each at a moment of its own, beside the changes of the busy day."""
STEPS: Final = 300
KEYS_PER_S: Final = 30
"""The repetition of a key that is held."""
STEP_MS: Final = 100


async def make_changes(dealer: Dealer) -> None:
    """Record fills one by one, on placements in turn."""
    working = [row for row in dealer.desk.snapshot.placements.values() if not is_finished(row.state)]
    for number in range(FILLS):
        placement = working[number % len(working)]
        made = replace(
            fill(f"EXE-{number}", "PLC", 1),
            id=rid(f"EXE-{number}"),
            placement_id=placement.id,
            instrument_identifiers=placement.instrument_identifiers,
            side=placement.side,
        )
        await dealer.desk.client.executions.upsert((made,))


async def steps_of(dealer: Dealer, *, forward: bool) -> tuple[list[float], list[float]]:
    """Hold a key and return how long steps took, ms, that were known, and that waited for a read."""
    known: list[float] = []
    waited: list[float] = []
    ahead: asyncio.Task[None] | None = None
    for _ in range(STEPS):
        if ahead is None or ahead.done():
            ahead = asyncio.create_task(dealer.desk.read_ahead())
        has = dealer.desk.knows_step(forward=forward)
        began = perf_counter()
        there = await dealer.desk.step(forward=forward)
        took = (perf_counter() - began) * 1000
        if not there:
            break
        (known if has else waited).append(took)
        await asyncio.sleep(1 / KEYS_PER_S)
    if ahead is not None:
        await ahead
    return known, waited


def told(name: str, took: Sequence[float]) -> None:
    """Report the slowest step in a hundred, and the median."""
    slow = sorted(took)[int(len(took) * 0.99)] if took else 0.0
    middle = median(took) if took else 0.0
    report(f"{name}, 99th percentile of {len(took):,}", slow, STEP_MS, "ms")
    report(f"{name}, median", middle, None, "ms")


async def measure() -> None:
    embedded = await seeded_server("busy")
    dealer = Dealer.at(asgi_transport(embedded.app))
    await dealer.desk.load()
    await make_changes(dealer)
    await dealer.desk.load()
    now = dealer.desk.snapshot.read_at
    assert now is not None
    began = perf_counter()
    await dealer.desk.travel(now - timedelta(milliseconds=1))
    report("the whole desk read at a moment", (perf_counter() - began) * 1000, None, "ms")
    for forward in (False, True):
        known, waited = await steps_of(dealer, forward=forward)
        where = "later" if forward else "earlier"
        told(f"a step {where}", known)
        told(f"a step {where} that waits for a read", waited)
    began = perf_counter()
    await dealer.desk.settle()
    report("what no step tells, read at rest", (perf_counter() - began) * 1000, None, "ms")
    await dealer.desk.client.close()
    await embedded.close()


def main() -> None:
    """Run it."""
    asyncio.run(measure())
