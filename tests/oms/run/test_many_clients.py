"""Eight desks write and eight read on one server, for a minute: nothing is lost, no call is seen in part."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.oms.run.many_clients import Desks, served
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine

SECONDS = float(os.environ.get("BLOTTER_DESKS_SECONDS", "60"))


async def test_many_desks_lose_nothing_and_see_no_torn_call(tmp_path: Path) -> None:
    file = tmp_path / "desk.db"
    with served(file) as (url, token):
        desks = Desks(url, token)
        until = time.monotonic() + SECONDS
        day = await desks.work(lambda: time.monotonic() > until)
        await desks.close()
    assert day.torn == []
    assert day.created
    assert day.moves == len(day.created)
    assert all(times for times in day.busy), "every reader was served"
    engine = Engine.open(file, instrument_table)
    assert engine.store.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert engine.store.broken_link() is None
    engine.close()
