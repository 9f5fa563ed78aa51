"""Every write command in every way of saying it: a dry run sends nothing, the yes sends what it showed."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.headless.script_desk import ScriptDesk
from tests.seeded_server import seeded_server
from tests.service.sample_rows import NINE
from tui.actions.action import Scope
from tui.actions.eligibility import allocatable, bookable, placeable, sweepable
from tui.headless.exit_codes import ExitCode
from tui.headless.write_commands import COMMANDS
from tui.oms.run.embedded import Embedded
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.verbs import VERBS, AllocateWeighted

LINE: Final = "b 1k VOD lmt 0.82 day @UKEQ-GROW 60% @UKEQ-INC 40%"
BY_FIELDS: Final = {
    "side": "buy",
    "instrument": "VOD",
    "orders": "UKEQ-GROW 1k",
    "type": "limit",
    "limit": "0.82",
}
SAME_COMMAND: Final = {AllocateWeighted.operation.short_path}
"""Verbs that a command leads to on rows the demo has none of."""


@pytest.fixture
async def server() -> AsyncIterator[Embedded]:
    made = await seeded_server()
    yield made
    await made.close()


def unplaced(snapshot: Snapshot, most: int = 99) -> Iterator[str]:
    """Yield the orders of blocks of which nothing is placed, and which have at most so many orders."""
    for id, row in snapshot.orders.items():
        block = snapshot.block_of_order(id)
        if row.state != "New" or block is None or snapshot.placements_of_block(block):
            continue
        if len(snapshot.orders_of_block(block)) <= most:
            yield id.code


def documents(snapshot: Snapshot) -> list[tuple[str, Mapping[str, Any]]]:
    """Return a document for each verb, on rows of the demo that it is possible on."""

    def where(find: Any, kind: EntityKind) -> list[str]:
        local = Environment("demo", EnvironmentKind.LOCAL)
        scope = Scope(snapshot, kind, tuple(snapshot.rows(kind)), local, NINE, home="demo")
        return [id.code for id in find(scope)]

    new = unplaced(snapshot)
    working = (id.code for id, row in snapshot.placements.items() if row.state == "PartiallyFilled")
    fill = next(iter(snapshot.executions)).code
    return [
        ("new", {"line": LINE}),
        ("new", BY_FIELDS),
        ("place", {"ids": where(placeable, EntityKind.BLOCKS)[-1:], "counterparty": "ALBN"}),
        ("move", {"ids": [next(new)], "block": "new"}),
        ("update", {"ids": [next(new)], "note": "late"}),
        ("update", {"ids": [*unplaced(snapshot, 1)][-1:], "tif": "good till cancelled"}),
        ("update", {"ids": [next(working)], "counterparty": "KEYS"}),
        ("update", {"ids": [next(working)], "tif": "good till cancelled"}),
        ("cancel", {"ids": [next(working)]}),
        ("cancel", {"ids": [next(new)]}),
        ("cancel-and-move", {"ids": [next(new)], "block": "new"}),
        ("allocate", {"ids": where(allocatable, EntityKind.PLACEMENTS)[:1]}),
        ("book", {"ids": where(bookable, EntityKind.PLACEMENTS)[:1], "note": "by hand"}),
        ("fill", {"ids": [next(working)], "quantity": "1", "price": "1.10"}),
        ("fill", {"ids": [fill], "quantity": "0"}),
        ("sweep", {"ids": where(sweepable, EntityKind.BLOCKS)[-1:]}),
        ("run-compliance", {}),
        ("cancel-all", {"answer": "desk"}),
    ]


async def test_no_write_leaves_before_the_yes_and_then_exactly_the_planned_one(
    server: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = await ScriptDesk.at(server, tmp_path, capsys)
    tried: set[str] = set()
    verbs: set[str] = set()
    for command, found in documents(script.desk.snapshot):
        tried.add(command)
        code = await script.plan(command, found, lines=True)
        assert script.writes == [], f"a dry run of {command} sent something"
        [planned] = script.said
        assert planned["outcome"] == "planned"
        assert planned["confirm"] == f"blotter {command} --yes {code}"
        assert await script.run(command, found, yes=code) is ExitCode.DONE, script.said
        assert script.writes == [
            f"/api{request['path'].partition('?')[0]}" for request in planned["requests"]
        ]
        verbs |= {name for name in VERBS for path in script.writes if path.endswith(f"/{name}")}
        script.line.seen.clear()
        await script.run(command, found, yes=code)
        assert script.said[0]["again"] is True
        assert script.writes == [], f"a second yes of {command} sent something"
    assert tried == COMMANDS.keys()
    assert verbs == VERBS.keys() - SAME_COMMAND
    await script.close()


async def test_a_read_only_desk_plans_nothing_and_sends_nothing(
    server: Embedded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = await ScriptDesk.at(server, tmp_path, capsys)
    cancelled = ("cancel", {"ids": [next(unplaced(script.desk.snapshot))]})
    code = await script.plan(*cancelled)
    await script.close()
    looking = await ScriptDesk.at(server, tmp_path, capsys, read_only=True)
    basket = tmp_path / "basket.csv"
    basket.write_text("Side,Ticker,Qty,Fund\nbuy,VOD,1000,UKEQ-GROW\n")
    for command, found in [*documents(looking.desk.snapshot), ("new", {"file": str(basket)})]:
        for yes, lines in itertools.product(("", code), (False, True)):
            assert await looking.run(command, found, yes=yes, lines=lines) is ExitCode.FAILED
            assert "read-only" in looking.said[0]["why"]
            assert "code" not in looking.said[0]
    assert await looking.run(*cancelled, yes=code) is ExitCode.FAILED
    assert looking.writes == []
    await looking.close()
