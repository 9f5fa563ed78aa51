"""A blotter without its screen, in a process of its own, at a server and with the journal of this user.

It says what its start told, then does what comes in a line: ``lose ORDER`` cancels an order of the demo on a
line that loses the answer and then everything, ``state ORDER`` reads the desk and says the state of one.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx

from tests.service.dealer import FaultyTransport, SteppedClock
from tui.api.auth import FixedToken
from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.http import Http
from tui.chosen_server import journal_of
from tui.secret import Secret
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind, Update
from tui.service.journal.unwritable_journal import open_journal
from tui.service.verbs import CancelOrders


def say(*words: object) -> None:
    print(*words, flush=True)


async def live(url: str, token: str) -> None:
    """Sit at the desk until there are no more lines."""
    line, clock = FaultyTransport(httpx.AsyncHTTPTransport()), SteppedClock()
    client = Client(Http(url, token=FixedToken(Secret(token)), transport=line, pause=clock.wait))
    journal = open_journal(journal_of(url))
    desk = Desk(client, Environment("server", EnvironmentKind.TEST, url), journal=journal, pause=clock.wait)
    updates: list[Update] = []
    desk.subscribe(updates.append)
    await desk.load()
    found = [outcome.status for update in updates for each in update.found for outcome in each.outcomes]
    say("told", *found, "unknown", len(desk.unknown))
    while words := (await asyncio.to_thread(sys.stdin.readline)).split():
        order = ResourceId("demo", words[1])
        if words[0] == "lose":
            line.fail("lost", "cancelorders")
            line.fail("unreachable", times=1000)
            report = await desk.act(CancelOrders((order,)))
            say(*(each.status for each in report.outcomes))
        else:
            await desk.refresh()
            say(desk.snapshot.orders[order].state)
    await desk.close()
    await client.close()
    journal.close()


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], Path(sys.argv[2]).read_text().strip()))
