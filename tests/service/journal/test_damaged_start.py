"""A start on a journal that a full disk, a crash or somebody else damaged: it starts, and tells."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.service.dealer import Dealer, rid
from tests.service.journal.test_hash_chain import append, lines
from tests.service.journal.test_journal import NEWER
from tests.service.writes.test_cut_short import book_of_orders, killed, told_after, updates
from tui.api.http import AsyncBaseTransport
from tui.service.journal.journal import Journal
from tui.service.outcomes import Status
from tui.service.verbs import CancelOrders


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let this process write files of at most ``size`` bytes, as on a disk that is full then."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def notices(dealer: Dealer) -> list[str]:
    return [update.notice for update in dealer.updates if update.notice]


async def started(server: AsyncBaseTransport, path: Path) -> Dealer:
    """Return a dealer who starts on a journal."""
    dealer = Dealer.at(server, journal=Journal(path))
    await dealer.desk.load()
    return dealer


def test_half_a_line_on_a_full_disk_is_cut_back_and_the_next_intent_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    append(path, "1")
    whole = path.read_bytes()
    with room_for(len(whole) + 200), pytest.raises(OSError, match=r"disk is full|too large"):
        append(path, "2")
    assert path.read_bytes() == whole
    append(path, "3")
    opening = Journal(path).opening()
    assert [each.decision.id for each in opening.decisions] == ["1", "3"]
    assert opening.faults == ()


async def test_on_a_full_disk_writes_are_refused_with_a_sentence_and_reads_go_on(
    server: AsyncBaseTransport, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    dealer = await started(server, path)
    await dealer.create("BLK_1", ORD_1=100)
    dealer.line.seen.clear()
    with room_for(path.stat().st_size):
        report = await dealer.desk.act(CancelOrders((rid("ORD-1"),)))
        assert await dealer.desk.reload()
    assert [each.status for each in report.outcomes] == [Status.NOT_SENT]
    assert report.sentence().startswith("Not sent: ")
    assert "The journal cannot take it" in report.sentence()
    assert report.sentence().endswith("and nothing is sent without it. Free the disk.")
    assert dealer.line.sent("cancelorders") == 0
    again = await dealer.desk.act(CancelOrders((rid("ORD-1"),)))
    assert len(again.done) == 1, "there is room again"
    await dealer.desk.client.close()


DAMAGE: list[tuple[str, Callable[[list[bytes]], list[bytes]], str]] = [
    ("bad UTF-8", lambda all: [all[0].replace(b'"kind"', b'"k\xffnd"'), all[1]], "line 1: it cannot be read"),
    ("a changed byte", lambda all: [all[0], all[1].replace(b"X-2", b"X-3")], "line 2: it was changed"),
    ("zeros", lambda all: [*all, b"\0" * 5000], "line 3: it cannot be read"),
    ("a torn last line", lambda all: [*all, all[0][:90]], "line 3: it cannot be read"),
    ("a cut end", lambda all: [all[0]], "line 1: "),
]


@pytest.mark.parametrize(("damage", "told"), [each[1:] for each in DAMAGE], ids=[each[0] for each in DAMAGE])
async def test_a_start_on_a_damaged_journal_tells_where_and_what_it_means(
    server: AsyncBaseTransport, tmp_path: Path, damage: Callable[[list[bytes]], list[bytes]], told: str
) -> None:
    path = tmp_path / "journal-7.jsonl"
    append(path, "1", "2")
    path.write_bytes(b"".join(damage(lines(path))))
    dealer = await started(server, path)
    [notice] = notices(dealer)
    assert notice.startswith("The journal is damaged in 1 place: journal-7.jsonl, " + told)
    assert notice.endswith("Open intents may have been among them: look at what you sent last.")
    report = await dealer.create("BLK_1", ORD_1=100)
    assert len(report.done) == 1, "work goes on"
    await dealer.desk.client.close()


async def test_what_a_newer_version_left_open_is_told_until_a_person_settles_it(
    server: AsyncBaseTransport, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(NEWER.replace(b"http://here/api", b"http://embedded/api"))
    dealer = await started(server, path)
    [notice] = notices(dealer)
    assert notice.startswith(
        "What became of this is not known, and this version cannot find out: 'Swap 2 orders' of "
        "20 Nov 09:00:00 UTC (a newer version of the program wrote it). Look at the rows, then choose "
        "'Unknown: settled elsewhere'."
    )
    await dealer.desk.dismiss()
    assert dealer.desk.unread == ()
    dealer.journal.close()
    again = await started(server, path)
    assert not any("Swap" in notice for notice in notices(again))
    for desk in (dealer.desk, again.desk):
        await desk.client.close()


async def test_a_call_whose_line_is_lost_is_told_unknown_and_not_offered_to_be_sent(
    dealer: Dealer, server: AsyncBaseTransport, tmp_path: Path
) -> None:
    """The third call was sent; its line cannot be read any more. To say it was not would double it."""
    path = tmp_path / "journal.jsonl"
    await book_of_orders(dealer)
    await killed(server, path, updates(), call=3, arrives=True)
    kept = lines(path)
    path.write_bytes(b"".join([*kept[:-1], kept[-1].replace(b'"kind"', b'"k\xffnd"')]))
    again, [report] = await told_after(server, path)
    assert (len(report.done), len(report.unknown), len(report.not_sent)) == (200, 44, 0)
    assert {each.reason for each in report.unknown} == {
        "lines of the journal cannot be read, so that it is not known whether it was sent"
    }
    assert again.desk.rest(report) is None
    await again.desk.client.close()
