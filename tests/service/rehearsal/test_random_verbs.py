"""A rehearsal comes to what happens, whatever the verb: to the last field, and in the words of a refusal.

``REHEARSED_VERBS=1000`` tries as many verbs as that.
"""

from __future__ import annotations

import os

import pytest

from tests.seeded_server import seeded_server
from tests.service.rehearsal.exactness import unlike
from tests.service.rehearsal.random_verbs import RandomDealer
from tui.api.client import Client
from tui.api.http import Http, asgi_transport
from tui.sandbox import sandboxes_of
from tui.service.desk import Desk
from tui.service.environment import Environment, EnvironmentKind
from tui.service.rehearsal.changes_since_preview import changed_meanwhile
from tui.service.rehearsal.compare import differences
from tui.service.rehearsal.rehearse import Rehearser
from tui.service.rehearsal.rehearsed_preview import Prepared

VERBS = int(os.environ.get("REHEARSED_VERBS", "240"))
SEEDS = 2


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_random_verbs_do_what_their_rehearsals_did(seed: int) -> None:
    server = await seeded_server()
    client = Client(Http("http://embedded/api", transport=asgi_transport(server.app)))
    desk = Desk(client, Environment("demo", EnvironmentKind.LOCAL))
    rehearser, hurried = Rehearser(sandboxes_of(server.engine)), RandomDealer(seed)
    await desk.load()
    done: set[tuple[str, str]] = set()
    for number in range(VERBS // SEEDS):
        verb = hurried.verb(desk.snapshot)
        rehearsal = await rehearser.rehearse(verb, desk.snapshot)
        shown, preview = desk.snapshot, desk.preview(verb)
        report = await desk.act(verb)
        assert not rehearsal.failure
        assert not unlike(rehearsal, report, desk.snapshot), f"verb {number} of seed {seed}: {verb.label}"
        assert not differences(rehearsal, report, desk.snapshot)
        for tried in (rehearsal, None):
            prepared = Prepared(verb, preview, tried, shown)
            assert not await changed_meanwhile(prepared, report, client), verb.label
        done.update((verb.name, outcome.status) for outcome in report.outcomes)
    assert len(done) > 15, "most kinds of verbs were done, and refused"
    await rehearser.close()
    await desk.close()
    await client.close()
    await server.close()
