"""A journal that cannot be written: rows are read, nothing is sent, and what it holds is told."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.service.dealer import Dealer, new_orders, orders_of, rid
from tui.api.http import AsyncBaseTransport
from tui.service.journal import journal, unwritable_journal
from tui.service.journal.journal import Journal
from tui.service.journal.unwritable_journal import UnwritableJournal, open_journal
from tui.service.outcomes import Status

DENIED = PermissionError(errno.EACCES, "Permission denied", "/home/dealer/.local")


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no journal file be opened to be written."""

    def refuse(*_: object, **__: object) -> None:
        raise DENIED

    monkeypatch.setattr(journal, "FileLog", refuse)


@pytest.mark.usefixtures("no_home")
async def test_rows_are_read_and_a_write_is_refused_with_what_to_do(
    server: AsyncBaseTransport, dealer: Dealer, tmp_path: Path
) -> None:
    await dealer.create("BLK_1", ORD_1=100)
    other = Dealer.at(server, journal=open_journal(tmp_path / "journal.jsonl"))
    await other.desk.load()
    assert rid("ORD-1") in other.desk.snapshot.orders
    [notice] = [update.notice for update in other.updates if update.notice]
    assert notice == (
        "The journal cannot be written (/home/dealer/.local: Permission denied): rows are shown, nothing can "
        "be sent. Make room or give it to this user, and start again."
    )
    report = await other.desk.act(new_orders("BLK_2", ORD_2=5))
    assert [each.status for each in report.outcomes] == [Status.NOT_SENT]
    assert report.sentence().endswith("and nothing is sent without it. Let this user write it.")
    assert other.line.sent("createorders") == 0
    await dealer.create("BLK_3", ORD_3=7)
    assert await other.desk.refresh()
    assert rid("ORD-3") in other.desk.snapshot.orders
    await other.desk.close()
    await other.desk.client.close()


async def test_what_it_holds_is_told_though_nothing_can_be_added(
    server: AsyncBaseTransport, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    first = Dealer.at(server, journal=Journal(path))
    await first.desk.load()
    first.line.fail("cut", "createorders")
    first.line.fail("unreachable", times=1000)
    report = await first.desk.act(orders_of("BLK_9", {"ORD_9": 7}))
    assert [each.status for each in report.outcomes] == [Status.UNKNOWN]
    unknown = first.desk.unknown
    first.journal.close()
    await first.desk.client.close()

    again = Dealer.at(server, journal=UnwritableJournal(path, DENIED))
    await again.desk.load()
    assert unknown
    assert again.desk.unknown == unknown
    await again.desk.close()
    await again.desk.client.close()


def test_the_log_in_memory_needs_no_file() -> None:
    assert not isinstance(open_journal(None), UnwritableJournal)
    assert unwritable_journal.journal_advice(OSError(errno.ENOSPC, "No space left")) == "Free the disk."
