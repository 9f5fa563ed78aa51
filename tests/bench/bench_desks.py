"""Eight desks that write and eight that read on one ``serve`` process: how long a page of 200 orders takes.

``BENCH_SECONDS`` is how long they work, 20 if not given.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.bench.report import heading, note, report
from tests.oms.run.many_clients import Desks, served

SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "20"))


async def measure() -> None:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder) / "desk.db") as (url, token):
        desks = Desks(url, token)
        until: list[float] = []

        def over() -> bool:
            """Return whether the time is over; it begins when the first client asks."""
            until[:] = until or [time.monotonic() + SECONDS]
            return time.monotonic() > until[0]

        day = await desks.work(over)
        await desks.close()
    heading("a page of 200 orders over a socket, 8 desks writing and 8 reading as fast as they can")
    busy = [taken for times in day.busy for taken in times]
    for name, times in (("nobody else at work", day.idle), ("all at work", busy)):
        report(f"{name}, median", percentile(times, 50), None, "ms")
        report(f"{name}, 99th percentile", percentile(times, 99), None, "ms")
    fewest, most = min(map(len, day.busy)), max(map(len, day.busy))
    report("pages of the reader served most, beside the one least", most / max(fewest, 1), 2, "times")
    report("writing calls per second meanwhile", 2 * day.moves / SECONDS, None, "/s")
    note(
        f"{len(day.created)} calls made {sum(day.created.values())} orders; {len(day.torn)} seen torn or lost"
    )


def percentile(times: list[float], part: int) -> float:
    """Return a percentile in milliseconds."""
    ordered = sorted(times)
    return ordered[min(len(ordered) * part // 100, len(ordered) - 1)] * 1000


def main() -> None:
    """Measure and print."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
