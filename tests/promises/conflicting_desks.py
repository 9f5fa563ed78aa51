"""Desks that act on the same rows at once, at random: each change is made once, in one order for all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from itertools import count
from typing import Final

from tests.promises.figures import PromiseFigures
from tests.promises.write_counter import WriteCounter
from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
from tests.service.rehearsal.random_verbs import RandomDealer
from tui.api.http import asgi_transport
from tui.oms.engine.engine import Engine
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.block_totals import with_totals
from tui.service.snapshot.snapshot import Snapshot

DESKS: Final = 8
STAGES: Final = ("ordered", "placed", "executed", "allocated", "booked")


class ConflictFigures(PromiseFigures):
    """The figures of conflicting commands."""

    refused: int = 0
    """The items that were refused: for most of them because a colleague was first."""


async def conflict(commands: int, seed: int) -> ConflictFigures:
    """Have eight desks send ``commands`` in all; return the figures.

    Every desk knows only what it last read. All of them make ids by the same rule, so that they also meet in
    what they create.
    """
    embedded = await seeded_server()
    line = WriteCounter(asgi_transport(embedded.app))
    dealers = [Dealer.at(line) for _ in range(DESKS)]
    for dealer in dealers:
        await dealer.desk.load()
    numbers = count()
    outcomes: list[Outcome] = []

    async def work(dealer: Dealer, hurried: RandomDealer) -> None:
        while next(numbers) < commands:
            report = await dealer.desk.act(hurried.verb(dealer.desk.snapshot))
            outcomes.extend(report.outcomes)
            dealer.updates.clear()
            dealer.line.seen.clear()

    async with asyncio.TaskGroup() as tasks:
        for number, dealer in enumerate(dealers):
            tasks.create_task(work(dealer, RandomDealer(seed * DESKS + number)))
    last = Dealer.at(line)
    await last.desk.load()
    figures = ConflictFigures(
        cases=commands,
        duplicates=line.repeated,
        unresolved=sum(len(each.desk.unknown) + len(each.journal.open_intents()) for each in dealers),
        lost=_missing(outcomes, embedded.engine) + _not_adding_up(last.desk.snapshot),
        refused=sum(each.status is Status.REFUSED for each in outcomes),
    )
    for dealer in (*dealers, last):
        await dealer.desk.close()
        await dealer.desk.client.close()
    await embedded.close()
    return figures


def _missing(outcomes: Iterable[Outcome], engine: Engine) -> int:
    """Return how many acknowledged versions the server's chain lacks, with its broken and missing links."""
    connection = engine.store.connection
    kept = set(connection.execute("SELECT scope, code, number FROM version"))
    acknowledged = {
        (each.ref.id.scope, each.ref.id.code, version.as_at_version_number)
        for each in outcomes
        if each.status is Status.DONE and (version := getattr(each.entity, "version", None)) is not None
    }
    [gaps] = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM version GROUP BY kind, n HAVING max(number) != count(*))"
    ).fetchone()
    sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    broken = engine.store.broken_link() is not None
    return len(acknowledged - kept) + int(gaps) + broken + (not sound)


def _not_adding_up(snapshot: Snapshot) -> int:
    """Return how many blocks have other totals than their rows add up to.

    Those that share a placement are left out: what of it is whose is the server's to say.
    """
    wrong = 0
    for held in snapshot.blocks.values():
        placements = map(snapshot.placements.__getitem__, snapshot.placements_of_block(held.block.id))
        if any(len(each.block_ids) > 1 for each in placements):
            continue
        ours = with_totals(held.block, snapshot)
        wrong += any(getattr(ours, stage).quantity != getattr(held, stage).quantity for stage in STAGES)
    return wrong
