"""Eight desks write and eight read on one server: nothing is lost, and no call is visible in part.

They work until each has written or read ``ROUNDS`` times; ``BLOTTER_DESKS_SECONDS`` makes it longer.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.oms.run.many_clients import Desks, served
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine

SECONDS = float(os.environ.get("BLOTTER_DESKS_SECONDS", "0"))
ROUNDS = 60
"""Three times as many as there are sizes of blocks, see :mod:`tests.oms.run.many_clients`."""


@pytest.mark.long
async def test_many_desks_lose_nothing_and_see_no_partial_call(tmp_path: Path) -> None:
    file = tmp_path / "desk.db"
    with served(file) as (url, token):
        desks = Desks(url, token)
        until = time.monotonic() + SECONDS
        day = await desks.work(lambda: desks.day.rounds >= ROUNDS and time.monotonic() > until)
        await desks.close()
    assert day.torn == []
    assert day.created
    assert day.moves == len(day.created)
    assert day.rounds >= ROUNDS, "every writer and every reader was served"
    engine = Engine.open(file, instrument_table)
    assert engine.store.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert engine.store.broken_link() is None
    engine.close()
