"""The journal: intents before, outcomes after, nothing lost and nothing guessed."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.service.sample_rows import NINE, rid
from tests.service.writes.verb_examples import EXAMPLES
from tui.api.client import Client
from tui.api.http import Http
from tui.api.requests import PlacementUpdateRequest
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import VERBS, Allocate, CancelOrders, UpdatePlacements, Verb
from tui.service.writes.journal import Intent, Journal

ONE, TWO = rid("X-1"), rid("X-2")
IN_POUNDS = UpdatePlacements((PlacementUpdateRequest(id=ONE, limit_price=Decimal("0.8200"), currency="GBP"),))
"""An update that only the newest generation can send."""


def intent(id: str, verb: Verb, server: str = "http://here/api") -> Intent:
    return Intent(id, NINE, server, verb, dict.fromkeys(verb.refs, 1))


def intend(journal: Journal, intent: Intent) -> None:
    """Journal an intent with the request a client of its server would send."""
    client = Client(Http(intent.server.replace("http:", "https:")))
    journal.intend(intent, intent.verb.build(client, intent.id))


def done(verb: Verb, status: Status = Status.DONE) -> list[Outcome]:
    return [Outcome(ref, status) for ref in verb.refs]


def test_every_verb_has_an_example() -> None:
    assert {type(verb) for verb in EXAMPLES} == set(VERBS.values())


@pytest.mark.parametrize("verb", [*EXAMPLES, IN_POUNDS], ids=lambda verb: verb.name)
def test_an_open_intent_comes_back_as_the_verb_it_was(verb: Verb, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    intend(journal, intent("I-1", verb))
    journal.close()
    found = Journal(path).open_intents()
    assert [each.verb for each in found] == [verb]
    assert found[0].versions == dict.fromkeys(verb.refs, 1)


def test_the_line_holds_what_was_sent_and_where() -> None:
    journal = Journal()
    intend(journal, intent("I-1", Allocate((ONE,), "RR-FIFO")))
    line = json.loads(journal._memory[0])
    assert line["endpoint"] == "POST /api/ordermanagement/allocate?allocationAlgorithm=RR-FIFO"
    assert line["body"] == [{"scope": "Desk", "code": "X-1"}]
    assert line["at"].startswith("2026-11-20T09:00:00")


def test_an_outcome_closes_its_intent_unless_something_is_unknown(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    first, second = CancelOrders((ONE,)), CancelOrders((TWO,))
    intend(journal, intent("I-1", first))
    intend(journal, intent("I-2", second))
    journal.conclude("I-1", NINE, done(first))
    journal.conclude("I-2", NINE, done(second, Status.UNKNOWN))
    assert [each.id for each in journal.open_intents()] == ["I-2"]
    journal.conclude("I-2", NINE, done(second))
    assert journal.open_intents() == ()


def test_each_server_has_its_own_intents() -> None:
    journal = Journal()
    intend(journal, intent("I-1", CancelOrders((ONE,)), "https://prod/api"))
    assert journal.open_intents("http://embedded/api") == ()
    assert len(journal.open_intents("https://prod/api")) == 1


def test_a_line_torn_by_a_crash_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    intend(journal, intent("I-1", CancelOrders((ONE,))))
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"kind":"intent","id":"I-2","at":"2026')
    again = Journal(path)
    intend(again, intent("I-3", CancelOrders((TWO,))))
    assert [each.id for each in again.open_intents()] == ["I-1", "I-3"]


def test_a_line_torn_by_a_full_disk_hides_not_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, text: write(file, text[: len(text) // 2]))
        with pytest.raises(OSError, match="disk is full"):
            intend(journal, intent("I-1", CancelOrders((ONE,))))
    intend(journal, intent("I-2", CancelOrders((TWO,))))
    assert [each.id for each in journal.open_intents()] == ["I-2"]


def test_the_journal_is_private_and_only_grows(tmp_path: Path) -> None:
    path = tmp_path / "state" / "journal.jsonl"
    journal = Journal(path)
    verb = CancelOrders((ONE,))
    intend(journal, intent("I-1", verb))
    first = path.read_bytes()
    journal.conclude("I-1", NINE, [Outcome(Ref(EntityKind.ORDERS, ONE), Status.REFUSED, reason="No")])
    assert path.read_bytes().startswith(first)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(OSError, match="state"):
        Journal(tmp_path / "state" / "journal.jsonl")


OLDER = (
    r'{"kind":"intent","id":"I-1","at":"2026-11-20T09:00:00Z","server":"https://here/api",'
    r'"verb":"cancelorders","label":"Cancel 2 orders","endpoint":"POST /api/ordermanagement/cancelorders",'
    r'"body":{"1":{"scope":"Desk","code":"X-1"},"2":{"scope":"Desk","code":"X-2"}},'
    r'"fields":{"order_ids":[{"scope":"Desk","code":"X-1"},{"scope":"Desk","code":"X-2"}]},'
    r'"versions":[[["orders",{"scope":"Desk","code":"X-1"}],1],[["orders",{"scope":"Desk","code":"X-2"}],1]]}',
    r'{"kind":"outcome","id":"I-1","at":"2026-11-20T09:00:00Z",'
    r'"items":[[["orders",{"scope":"Desk","code":"X-1"}],"done","cancelled"],'
    r'[["orders",{"scope":"Desk","code":"X-2"}],"unknown",""]]}',
)
"""An intent and its outcome as version 0.1 wrote them, before a decision had a line of its own."""


def test_what_an_older_version_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    asked, answered = OLDER
    path.write_text(f"{asked}\n{answered}\n{asked.replace('I-1', 'I-2')}\n")
    first, second = Journal(path).open_decisions("https://here/api")
    assert first.decision.verb == second.decision.verb == CancelOrders((ONE, TWO))
    assert [(each.ref.id, each.status, each.note) for each in first.outcomes] == [
        (ONE, Status.DONE, "cancelled")
    ]
    assert [call.unknown for call in first.unknown] == [frozenset({Ref(EntityKind.ORDERS, TWO)})]
    assert second.outcomes == ()
    assert [call.unknown for call in second.unknown] == [None]
    assert first.rest is None
    assert second.rest is None
