"""A program of its own that writes to a journal, as the first argument says, and says when it did.

``decides`` writes a decision of two calls and waits to be killed. ``appends N`` writes N intents, and
``claims N NAME`` claims N names for itself and prints those that it got, both as soon as a line comes in.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.service.sample_rows import rid
from tui.api.client import Client
from tui.api.http import Http
from tui.service.journal.decisions import Decision, Intent
from tui.service.journal.journal import Journal
from tui.service.verbs import CancelOrders

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
SERVER = "https://here/api"
VERB = CancelOrders((rid("X-1"), rid("X-2")))


def decides(journal: Journal) -> None:
    """Write a decision, and wait for ever."""
    journal.decide(Decision("D-1", NINE, SERVER, VERB))
    print("decided", flush=True)
    sys.stdin.readline()


def appends(journal: Journal, count: int, name: str) -> None:
    """Write intents when a line comes in."""
    client = Client(Http(SERVER))
    _ready()
    for number in range(count):
        intent = Intent(f"{name}-{number}", NINE, SERVER, VERB, {})
        journal.intend(intent, VERB.build(client, intent.id))


def claims(journal: Journal, count: int, name: str) -> None:
    """Claim names when a line comes in, and print those it got."""
    _ready()
    for number in range(count):
        if journal.claim(f"K-{number}", "digest", f"{name}-{number}", NINE) is None:
            print(number, flush=True)


def _ready() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    what, path, *rest = sys.argv[1:]
    book = Journal(Path(path))
    if what == "decides":
        decides(book)
    else:
        (appends if what == "appends" else claims)(book, int(rest[0]), rest[1])
