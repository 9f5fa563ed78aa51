"""The time machine on a day of thousands of changes: how long a step takes, and what it reads.

Steps over changes that are known are told apart from those at whose edge more has to be read; beside them
stands what it takes to read the whole desk of a moment, as without steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from time import perf_counter
from typing import Final

from tests.bench.report import report
from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
from tui.api.http import asgi_transport

STEPS: Final = 2_000
STEP_MS: Final = 100


async def steps_of(dealer: Dealer, *, forward: bool) -> tuple[list[float], list[float]]:
    """Step and return how long steps took, ms, that read nothing and that did."""
    known: list[float] = []
    read: list[float] = []
    for _ in range(STEPS):
        before, began = dealer.line.sent("", "GET"), perf_counter()
        there = await dealer.desk.step(forward=forward)
        took = (perf_counter() - began) * 1000
        if not there:
            break
        (known if dealer.line.sent("", "GET") == before else read).append(took)
    return known, read


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
    now = dealer.desk.snapshot.read_at
    assert now is not None
    began = perf_counter()
    await dealer.desk.travel(now - timedelta(seconds=1))
    report("the whole desk read at a moment", (perf_counter() - began) * 1000, None, "ms")
    for forward in (False, True):
        known, read = await steps_of(dealer, forward=forward)
        where = "later" if forward else "earlier"
        told(f"a step {where}", known)
        told(f"a step {where} that reads", read)
    await dealer.desk.client.close()
    await embedded.close()


def main() -> None:
    """Run it."""
    asyncio.run(measure())
