"""Programs propose, people decide: what stands in the journal, and what of it counts."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.service.dealer import rid
from tui.api.sanitize import clean
from tui.config.proposal_settings import ProposalSettings
from tui.service.ids import new_id
from tui.service.journal.journal import Journal
from tui.service.proposals import proposal_book
from tui.service.proposals.proposal import LONGEST_DOCUMENT, Proposal, ProposalState, Proposer, words_of
from tui.service.proposals.proposal_book import (
    MOST_ENDED,
    AlreadyEnded,
    NotProposed,
    ProposalBook,
    this_proposer,
)
from tui.service.snapshot.snapshot import EntityKind, Ref

SERVER = "http://embedded/api"
NINE = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
REBALANCER = Proposer("okafor", "rebalancer", "desk7", 4711)
ORDER = Ref(EntityKind.ORDERS, rid("ORD-1"))
CANCEL = b'{"command":"cancel","ids":["ORD-1"]}'


class ProposalClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = NINE

    def __call__(self) -> datetime:
        return self.at

    def goes_on(self, **time: float) -> None:
        self.at += timedelta(**time)


@pytest.fixture
def watch() -> ProposalClock:
    return ProposalClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def book_of(file: Path, watch: ProposalClock, server: str = SERVER, **settings: int) -> ProposalBook:
    """Return a book in a program of its own."""
    return ProposalBook(Journal(file), server, watch, ProposalSettings(**settings))


def line(**members: object) -> bytes:
    """Return a line about a proposal as somebody may write it, who asks nobody."""
    said: dict[str, object] = {
        "kind": "proposal",
        "id": new_id(),
        "at": NINE.isoformat(),
        "server": SERVER,
        "expires": (NINE + timedelta(minutes=30)).isoformat(),
        "program": "stranger",
        "document": json.loads(CANCEL),
    }
    return json.dumps(said | members, separators=(",", ":")).encode() + b"\n"


def test_a_blotter_reads_what_a_program_proposes_and_the_program_reads_its_fate(
    file: Path, watch: ProposalClock
) -> None:
    program, blotter = book_of(file, watch), book_of(file, watch)
    assert not blotter.look()
    proposed = program.propose(CANCEL, REBALANCER, said="Cancel ORD-1", versions={ORDER: 3})
    assert blotter.is_behind()
    assert blotter.look()
    assert not blotter.is_behind(), "nothing was written since"
    (seen,) = blotter.open()
    assert (seen.document, seen.said, seen.versions) == (CANCEL, "Cancel ORD-1", {ORDER: 3})
    assert seen.proposer.words == "rebalancer, of okafor on desk7 (process 4711)"
    assert seen.expires == NINE + timedelta(minutes=30)
    watch.goes_on(minutes=1)
    blotter.end(seen.id, ProposalState.REFUSED, by="chen", reason="too late today")
    assert program.look()
    fate = program.known[proposed.id].ending
    assert fate is not None
    assert (fate.state, fate.by, fate.reason) == (ProposalState.REFUSED, "chen", "too late today")
    assert fate.at == NINE + timedelta(minutes=1)


def test_of_two_blotters_that_confirm_at_the_same_time_one_may_send(file: Path, watch: ProposalClock) -> None:
    proposed = book_of(file, watch).propose(CANCEL, REBALANCER)
    blotters = [book_of(file, watch) for _ in range(8)]
    sent: list[str] = []
    told: list[Proposal | None] = []
    start = threading.Barrier(len(blotters))

    def confirm(name: str, blotter: ProposalBook) -> None:
        blotter.look()
        start.wait()
        try:
            blotter.end(proposed.id, ProposalState.CONFIRMED, by=name, decision=new_id())
            sent.append(name)
        except AlreadyEnded as error:
            told.append(error.proposal)

    threads = [
        threading.Thread(target=confirm, args=(f"dealer {number}", each))
        for number, each in enumerate(blotters)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(sent) == 1
    assert {each.ending.by for each in told if each and each.ending} == set(sent), "the others are told who"


def test_what_stands_too_long_expires_and_can_no_longer_be_confirmed(
    file: Path, watch: ProposalClock
) -> None:
    book = book_of(file, watch)
    proposed = book.propose(CANCEL, REBALANCER, stands=timedelta(minutes=5))
    watch.goes_on(minutes=5)
    assert book.open() == ()
    assert book.known[proposed.id].state(watch()) is ProposalState.EXPIRED
    with pytest.raises(AlreadyEnded) as told:
        book.end(proposed.id, ProposalState.CONFIRMED, by="chen", decision=new_id())
    assert told.value.proposal is not None
    assert told.value.proposal.state(watch()) is ProposalState.EXPIRED


@pytest.mark.parametrize("document", [b"", b"{", b'"\xff"', b"[" * 9_000, b'{} {"kind":"claim"}'])
def test_what_is_not_json_is_not_proposed(file: Path, watch: ProposalClock, document: bytes) -> None:
    book = book_of(file, watch)
    with pytest.raises(NotProposed, match="not JSON"):
        book.propose(document, REBALANCER)
    assert file.stat().st_size == 0


@pytest.mark.parametrize("stands", [timedelta(0), timedelta(minutes=-1), timedelta(hours=9)])
def test_a_time_that_a_desk_does_not_take_is_refused(
    file: Path, watch: ProposalClock, stands: timedelta
) -> None:
    with pytest.raises(NotProposed, match="at most 480 minutes"):
        book_of(file, watch).propose(CANCEL, REBALANCER, stands=stands)


def test_one_program_cannot_fill_the_list_and_all_cannot_either(file: Path, watch: ProposalClock) -> None:
    book = book_of(file, watch, per_program=2, most=3)
    for _ in range(2):
        book.propose(CANCEL, REBALANCER)
    with pytest.raises(NotProposed, match="2 proposals of rebalancer are open; one program may have 2"):
        book.propose(CANCEL, REBALANCER)
    book.propose(CANCEL, Proposer("okafor", "hedger"))
    with pytest.raises(NotProposed, match="3 proposals are open, as many as a desk takes"):
        book.propose(CANCEL, Proposer("okafor", "third"))
    book.end(book.open()[0].id, ProposalState.REFUSED)
    book.propose(CANCEL, REBALANCER)


def test_the_journal_does_not_grow_without_bound(
    file: Path, watch: ProposalClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proposal_book, "BYTES_OF_ONE", 4 * LONGEST_DOCUMENT)
    book = book_of(file, watch)
    large = json.dumps({"command": "cancel", "ids": ["x" * (LONGEST_DOCUMENT - 60)]}).encode()
    with pytest.raises(NotProposed, match="Propose it in parts"):
        book.propose(large + b" " * 100, REBALANCER)

    def ended() -> None:
        book.end(book.propose(large, REBALANCER).id, ProposalState.REFUSED)

    for _ in range(3):
        ended()
    for _ in range(3):
        with pytest.raises(NotProposed, match="Too much was proposed in the last 24 hours"):
            ended()
    assert file.stat().st_size < 4 * LONGEST_DOCUMENT
    watch.goes_on(hours=25)
    ended()


HOSTILE = (
    line(server="https://elsewhere.lusid.com/api"),
    line(id="../../etc/passwd"),
    line(id="\x1b[2J" + "0" * 22),
    line(at="9999-12-31T23:59:59Z"),
    line(at="yesterday"),
    line(at="2026-11-30T09:00:00"),
    line(expires=None),
    line(process="many"),
    line(versions={"a": 1}),
    line(versions=[[["orders", ["demo", "ORD-1"]], 1e400]]),
    line(label=["x"]),
    line(program="x" * 3 * LONGEST_DOCUMENT),
    line(kind="proposalEnd", end="confirmed"),
    line(kind="proposal\x00"),
    b'{"kind":"proposal"',
    b'{"kind":"proposal"}\n',
    b'"kind":"proposal' + b"[" * 5_000 + b"\n",
    b'\xff\xfe"kind":"proposal"\n',
)


def test_lines_that_a_stranger_wrote_count_for_nothing_or_are_harmless(
    file: Path, watch: ProposalClock
) -> None:
    book = book_of(file, watch)
    real = book.propose(CANCEL, REBALANCER)
    forged = line(
        program="\x1b]52;c;aGk=\x07\u202eevil" + "x" * 500,
        label="[red]buy[/]\x1b[2J\n" * 100,
        user="\x9b1m",
        host="\x00",
        expires="9999-12-31T23:59:59Z",
    )
    with file.open("ab") as journal:
        journal.writelines([*HOSTILE, forged, line(id=real.id, program="stranger")])
    book.look()
    by_id = {each.id: each for each in book.open()}
    assert by_id.pop(real.id).proposer == REBALANCER, "whose id it is, is not changed by a later line"
    (odd,) = by_id.values()
    told = (odd.proposer.words, odd.proposer.name, odd.said)
    assert told == tuple(map(clean, told)), "no control byte is left in what is shown"
    assert len(odd.proposer.name) == 64
    assert len(odd.said) == 400
    assert odd.expires == NINE + timedelta(hours=8), "no later than the longest time"
    after = book.propose(CANCEL, REBALANCER)
    assert after in book.open(), "what is proposed in order goes on working"


def test_ten_thousand_forged_proposals_are_kept_within_the_ceilings(file: Path, watch: ProposalClock) -> None:
    book = book_of(file, watch)
    with file.open("ab") as journal:
        journal.writelines(line(program=f"stranger {number % 50}") for number in range(10_000))
    book.look()
    assert len(book.open()) == 500
    assert book.left_out == 9_500
    with pytest.raises(NotProposed, match="as many as a desk takes"):
        book.propose(CANCEL, REBALANCER)
    watch.goes_on(minutes=31)
    book.propose(CANCEL, REBALANCER)
    assert len(book.open()) == 1, "they end by themselves, and those left out do not come back"


def test_what_ended_long_ago_is_forgotten(file: Path, watch: ProposalClock) -> None:
    book = book_of(file, watch)
    old = (NINE - timedelta(hours=9)).isoformat()
    with file.open("ab") as journal:
        journal.writelines(line(at=old) for _ in range(3 * MOST_ENDED))
    book.look()
    assert len(book.known) == MOST_ENDED
    assert not any(each.document for each in book.known.values())


ANYTHING = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(),
    some.floats(),
    some.text("ab\x1b\u202e\x00\ud800é[", max_size=40),
    some.lists(some.text("ab\x9b", max_size=9), max_size=3),
    some.dictionaries(some.text("ab\x9b", max_size=9), some.integers(), max_size=2),
)
MEMBERS = (
    "kind",
    "id",
    "at",
    "server",
    "expires",
    "user",
    "program",
    "host",
    "process",
    "label",
    "versions",
    "v",
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=some.lists(some.dictionaries(some.sampled_from(MEMBERS), ANYTHING), min_size=1, max_size=8))
def test_no_line_whatever_it_says_stops_the_reading(file: Path, changes: list[dict[str, object]]) -> None:
    file.unlink(missing_ok=True)
    watch = ProposalClock()
    book = book_of(file, watch)
    with file.open("ab") as journal:
        journal.writelines(line(**each) for each in changes)
    book.look()
    for each in book.known.values():
        for text in (each.id, each.said, each.proposer.words):
            assert clean(text) == text
        assert each.expires - each.at <= timedelta(hours=8)
    assert book.propose(CANCEL, REBALANCER) in book.open()


def test_a_program_that_gives_no_name_is_known_by_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "okafor\x1b[2J")
    proposer = this_proposer()
    assert proposer.name == words_of("okafor\x1b[2J", 64)
    assert proposer.process > 0
