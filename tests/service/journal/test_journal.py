"""The journal: intents before, outcomes after, nothing lost and nothing guessed."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import NINE, rid
from tests.service.writes.verb_examples import EXAMPLES
from tui.api.client import Client
from tui.api.http import Http
from tui.api.requests import PlacementUpdateRequest
from tui.service.journal.decisions import Decision, Intent
from tui.service.journal.journal import Journal, Plan
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import VERBS, Allocate, CancelOrders, UpdatePlacements, Verb

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
    line = json.loads(next(journal.texts()))
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


def test_the_id_of_a_decision_finds_what_became_of_every_item() -> None:
    journal = Journal()
    verb = CancelOrders((ONE, TWO))
    assert journal.decision("D-1") is None, "nothing of it was sent"
    intend(journal, intent("D-1", verb))
    sent = journal.decision("D-1")
    assert sent is not None
    assert [each.status for each in sent.outcomes] == [Status.UNKNOWN, Status.UNKNOWN]
    one, two = verb.refs
    journal.conclude(
        "D-1", NINE, [Outcome(one, Status.DONE), Outcome(two, Status.REFUSED, reason="It is filled.")]
    )
    answered = journal.decision("D-1")
    assert answered is not None
    assert [(each.status, each.reason) for each in answered.outcomes] == [
        (Status.DONE, ""),
        (Status.REFUSED, "It is filled."),
    ]
    assert not answered.is_running


def test_a_decision_of_which_only_a_part_was_sent_says_so_of_every_item(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.decide(Decision("D-1", NINE, "http://here/api", CancelOrders((ONE, TWO)), "demo", "dlr.chen"))
    first = CancelOrders((ONE,))
    intend(journal, replace(intent("I-1", first), decision="D-1"))
    journal.conclude("I-1", NINE, done(first))
    state = journal.decision("D-1")
    assert state is not None
    assert [each.status for each in state.outcomes] == [Status.DONE, Status.NOT_SENT]
    assert (state.decision.environment, state.decision.user) == ("demo", "dlr.chen")
    assert state.is_running, "this very program may still send it"
    journal.close()
    again = Journal(tmp_path / "journal.jsonl").decision("D-1")
    assert again is not None
    assert not again.is_running


def test_a_name_belongs_to_the_decision_that_claimed_it_first(tmp_path: Path) -> None:
    first, second = Journal(tmp_path / "journal.jsonl"), Journal(tmp_path / "journal.jsonl")
    assert first.claim("K", "digest", "D-1", NINE) is None
    found = second.claim("K", "other", "D-2", NINE)
    assert found is not None
    assert (found.decision, found.document, found.is_running) == ("D-1", "digest", True)
    assert second.claim("L", "other", "D-2", NINE) is None, "another name is free"
    first.close()
    after = second.claim("K", "digest", "D-3", NINE)
    assert after is not None
    assert (after.decision, after.is_running) == ("D-1", False)


def test_a_claim_that_came_to_nothing_is_taken_over_by_one() -> None:
    journal = Journal()
    journal.claim("K", "digest", "D-1", NINE)
    assert journal.claim("K", "digest", "D-2", NINE, instead="D-1") is None
    late = journal.claim("K", "digest", "D-3", NINE, instead="D-1")
    assert late is not None
    assert late.decision == "D-2"


def test_a_plan_is_found_by_its_code_with_its_ids_and_versions(tmp_path: Path) -> None:
    verb = EXAMPLES[0]
    plan = Plan(
        "7K3Q", NINE, "https://here/api", "demo", "dlr.chen", "digest", verb, dict.fromkeys(verb.refs, 4)
    )
    first = Journal(tmp_path / "journal.jsonl")
    first.keep_plan(plan)
    first.close()
    again = Journal(tmp_path / "journal.jsonl")
    assert again.find_plan("7K3Q") == plan
    assert again.find_plan("XXXX") is None
    assert again.open_decisions() == (), "nothing is asked for by a plan"


NEWER = (
    b'{"v":9,"n":3,"kind":"intent","id":"I-9","at":"2026-11-20T09:00:00Z","server":"http://here/api",'
    b'"label":"Swap 2 orders","verb":"swaporders","legs":[1,2],"chain":"' + b"0" * 64 + b'"}\n'
)
"""An intent as a version yet to come may write it."""


@pytest.mark.parametrize(
    ("line", "words", "why"),
    [
        (NEWER, "Swap 2 orders", "a newer version of the program wrote it"),
        (
            OLDER[0].replace("cancelorders", "swaporders").encode() + b"\n",
            "Cancel 2 orders",
            "this version of the program does not know swaporders",
        ),
        (
            OLDER[0].replace('"order_ids"', '"order_codes"').encode() + b"\n",
            "Cancel 2 orders",
            "this version of the program reads cancelorders otherwise: Object missing required field",
        ),
    ],
    ids=["newer", "unknown verb", "other fields"],
)
def test_an_open_intent_that_cannot_be_read_is_told_with_its_time_and_words(
    tmp_path: Path, line: bytes, words: str, why: str
) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(line)
    journal = Journal(path)
    opening = journal.opening()
    [unread] = opening.unread
    assert opening.decisions == ()
    assert (unread.at, unread.label) == (NINE, words)
    assert unread.why.startswith(why)
    journal.conclude(unread.id, NINE, ())
    assert journal.opening().unread == (), "a person settled it"


def test_what_a_newer_version_settled_is_settled(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    over = b'{"v":9,"n":4,"kind":"outcome","id":"I-9","at":"2026-11-20T09:00:01Z","items":[],"legs":2}\n'
    path.write_bytes(NEWER + over)
    assert Journal(path).opening().unread == ()


def test_what_no_line_tells_of_behind_damage_is_not_said_to_be_unsent(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.decide(Decision("D-1", NINE, "http://here/api", CancelOrders((ONE, TWO))))
    intend(journal, replace(intent("I-1", CancelOrders((ONE,))), decision="D-1"))
    journal.close()
    path.write_bytes(path.read_bytes().replace(b'"intent"', b'"in\xffent"'))
    again = Journal(path)
    [found] = again.open_decisions()
    assert found.doubtful
    state = again.decision("D-1")
    assert state is not None
    assert [each.status for each in state.outcomes] == [Status.UNKNOWN, Status.UNKNOWN]
    assert "cannot be read" in state.outcomes[0].reason
