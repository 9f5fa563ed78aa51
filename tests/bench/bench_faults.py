"""What is promised of faults, at full size: no duplicate, nothing unresolved, nothing lost.

``BENCH_FAULTS`` multiplies the number of cases, 1 by default.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Final

from tests.bench.report import heading, note
from tests.promises.conflicting_desks import DESKS, conflict
from tests.promises.figures import PromiseFigures
from tests.promises.killed_writes import KilledWrites, Step
from tests.promises.lost_replies import FAULTS, lose_replies
from tui.api.http import asgi_transport
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server
from tui.service.verbs import VERBS

SCALE: Final = float(os.environ.get("BENCH_FAULTS", "1"))
INTENTS: Final = 3_000
COMMANDS: Final = 10_000


def main() -> None:
    """Print a line for each promise; end with status 1 when one is not kept."""
    logging.disable()
    heading(f"  {'':<52}{'cases':>8}{'faults':>8}{'twice':>7}{'unresolved':>12}{'lost':>6}{'s':>7}")
    kept = asyncio.run(_all())
    note("all promises are kept" if kept else "A PROMISE IS NOT KEPT")
    if not kept:
        raise SystemExit(1)


async def _all() -> bool:
    began = monotonic()
    engine = Engine.open(None, instrument_table)
    lost = await lose_replies(asgi_transport(Server(engine)), int(INTENTS * SCALE), 7)
    engine.close()
    kept = _tell(f"intents, {FAULTS:.0%} of the writes go wrong on the line", lost, began)
    began = monotonic()
    with TemporaryDirectory() as folder:
        killed = await KilledWrites(Path(folder)).run()
    kept &= _tell(f"{len(VERBS)} verbs killed at {len(Step)} steps each and found again", killed, began)
    began = monotonic()
    conflicts = await conflict(int(COMMANDS * SCALE), 1)
    kept &= _tell(f"commands of {DESKS} desks on the same rows", conflicts, began)
    note(f"of their items {conflicts.refused:,} were refused")
    return kept


def _tell(name: str, figures: PromiseFigures, began: float) -> bool:
    """Print the figures of a promise; return whether it is kept."""
    wrong = f"{figures.duplicates:>7,}{figures.unresolved:>12,}{figures.lost:>6,}"
    note(f"{name:<52}{figures.cases:>8,}{figures.faults:>8,}{wrong}{monotonic() - began:>7.0f}")
    return figures.wrong == (0, 0, 0)


if __name__ == "__main__":
    main()
