"""kill -9 at any moment: acknowledged calls are kept, and no call is kept in part."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import pytest

from tests.oms.run.kill_harness import size_of
from tests.paths import ROOT
from tui.api.models import Block, Order
from tui.oms.demo.universe import instrument_table
from tui.oms.engine import engine as engine_module
from tui.oms.engine.engine import Engine
from tui.oms.http.read_endpoints import graph_entry_sql
from tui.oms.query.pages import ListQuery, read_page
from tui.oms.query.queryable_fields import fields_of

KILLS = 200
ON_ONE_FILE = 25


@pytest.fixture
def forker() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.oms.run.kill_harness"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        bufsize=0,
        start_new_session=True,
    )
    yield process
    os.killpg(process.pid, signal.SIGKILL)  # with the child at work, which holds the pipe too
    process.communicate()


def lines_until_killed(out: IO[bytes], pid: int, chance: random.Random) -> list[str]:
    """Kill the child shortly after some call, or while it opens the file; return its lines."""
    said = b""
    calls = chance.choice((-1, chance.randrange(50), chance.randrange(50)))
    while said.count(b"\n") <= calls:
        said += os.read(out.fileno(), 65_536)
    moment = 0.015 if calls < 0 else 0.002
    select.select([], [], [], chance.random() * moment)  # anywhere in the work of the next call
    os.kill(pid, signal.SIGKILL)
    while not said.endswith(b"dead\n"):
        said += os.read(out.fileno(), 65_536)
    return said.decode().split()[:-1]


@pytest.mark.long
def test_two_hundred_kills_lose_no_acknowledged_call_and_leave_none_in_part(
    forker: subprocess.Popen[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "GRAPH_CHECKED_BYTES", 0)  # entries are seen as they were left
    assert forker.stdin is not None
    assert forker.stdout is not None
    chance = random.Random(7)
    commits = 0
    for child in range(KILLS):
        file = tmp_path / f"{child // ON_ONE_FILE}.db"
        forker.stdin.write(f"{file} {child}\n".encode())
        _, pid = forker.stdout.readline().split()
        said = lines_until_killed(forker.stdout, int(pid), chance)
        calls = [int(line) for line in said if line != "open"]
        assert calls == list(range(len(calls)))
        commits += len(calls)
        engine = Engine.open(file, instrument_table)
        found = whole_calls(engine, child)
        assert found in (len(calls), len(calls) + 1), "the one at work may be there, unacknowledged"
        if child % ON_ONE_FILE == ON_ONE_FILE - 1:
            assert engine.store.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert engine.store.broken_link() is None
        engine.close()
    assert commits > 10 * KILLS


def whole_calls(engine: Engine, child: int) -> int:
    """Return how many calls of a child are stored; check that each is complete."""
    blocks = entries(engine, ListQuery(fields_of(Block), json_sql=graph_entry_sql(Block), filter=mine(child)))
    orders = entries(engine, ListQuery(fields_of(Order), filter=mine(child)))
    for entry in blocks:
        _, call = entry["block"]["id"]["code"].split("-")
        size = size_of(int(call))
        assert len(entry["block"]["orderIds"]) == len(entry["ordered"]["details"]) == size
        assert entry["block"]["quantity"] == entry["ordered"]["quantity"] == 10 * size
    assert len(orders) == sum(len(entry["block"]["orderIds"]) for entry in blocks)
    calls = sorted(int(entry["block"]["id"]["code"].split("-")[1]) for entry in blocks)
    assert calls == [*range(len(blocks))]
    return len(blocks)


def mine(child: int) -> str:
    return f"id.code startswith '{child}-'"


def entries(engine: Engine, listing: ListQuery) -> list[dict[str, Any]]:
    asked = msgspec.structs.replace(listing, limit=5_000)
    return [msgspec.json.decode(row) for row in engine.view(lambda reads: read_page(reads, asked)).rows]
