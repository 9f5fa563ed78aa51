"""A journal over many days goes on in segments, which are compressed, kept for a while, and lose nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.service.journal.test_journal import ONE, TWO, done, intend, intent
from tests.service.sample_rows import NINE, rid
from tui.service.journal import journal as journal_module
from tui.service.journal.decisions import Decision
from tui.service.journal.journal import Journal, Plan
from tui.service.outcomes import Status
from tui.service.verbs import CancelOrders

TOMORROW = NINE + timedelta(days=1)


class KilledHereError(BaseException):
    """The end of the program."""


def days_work(journal: Journal, *ids: str) -> None:
    """Write decisions that are over."""
    for id in ids:
        verb = CancelOrders((rid(f"X-{id}"),))
        intend(journal, intent(id, verb))
        journal.conclude(id, NINE, done(verb))


def opened(path: Path, *, keep_days: int = 365) -> Journal:
    return Journal(path, keep_days=keep_days)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of a day: a decision that is over, one in the middle, and one of which nothing is known."""
    path = tmp_path / "journal.jsonl"
    journal = opened(path)
    days_work(journal, "D-1")
    journal.decide(Decision("D-2", NINE, "http://here/api", CancelOrders((ONE, TWO))))
    first = CancelOrders((ONE,))
    intend(journal, replace(intent("I-2", first), decision="D-2"))
    journal.conclude("I-2", NINE, done(first))
    intend(journal, intent("D-3", CancelOrders((TWO,))))
    journal.claim("K", "digest", "D-1", NINE)
    journal.close()
    return path


def files(path: Path) -> list[str]:
    """Return the names of the files of a journal, but its runs."""
    return sorted(each.name for each in path.parent.iterdir() if each.is_file())


def is_whole(path: Path) -> None:
    """Check that nothing of the day is lost, and everything stands in its place."""
    journal = opened(path)
    opening = journal.opening()
    assert [each.decision.id for each in opening.decisions] == ["D-2", "D-3"]
    assert opening.faults == journal.faults() == ()
    states = journal.decisions(["D-1", "D-2", "D-3"])
    assert [each.status for id in sorted(states) for each in states[id].outcomes] == [
        Status.DONE,
        Status.DONE,
        Status.NOT_SENT,
        Status.UNKNOWN,
    ]
    found = journal.claim("K", "digest", "D-9", NINE)
    assert found is not None
    assert found.decision == "D-1"
    journal.close()


def test_another_day_begins_a_segment_that_holds_what_is_open(path: Path) -> None:
    journal = opened(path)
    assert not journal.tend(NINE), "the day is not over"
    assert journal.tend(TOMORROW)
    assert not journal.tend(TOMORROW + timedelta(days=1)), "nothing was written since"
    assert files(path) == ["journal.000000000001.jsonl.gz", "journal.head", "journal.jsonl"]
    assert {each.stat().st_mode & 0o777 for each in path.parent.iterdir() if each.is_file()} == {0o600}
    assert b"D-1" not in path.read_bytes(), "what is over stays behind"
    journal.conclude("D-3", TOMORROW, done(CancelOrders((TWO,))))
    assert [each.decision.id for each in journal.open_decisions()] == ["D-2"]
    journal.close()
    again = opened(path)
    assert [each.decision.id for each in again.open_decisions()] == ["D-2"]
    assert again.faults() == ()


def test_a_long_segment_ends_on_the_same_day(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "LONGEST", 1_000)
    journal = opened(path)
    assert journal.tend(NINE)
    assert not journal.tend(NINE), "what was carried over is no reason to begin another"
    days_work(journal, *map(str, range(5)))
    assert journal.tend(NINE)
    assert len([each for each in files(path) if each.endswith(".gz")]) == 2
    is_whole(path)


def test_segments_are_kept_as_long_as_the_settings_say_and_the_chain_is_checked_without_them(
    path: Path,
) -> None:
    journal = opened(path, keep_days=30)
    journal.tend(TOMORROW)
    [old] = [each for each in path.parent.iterdir() if each.suffix == ".gz"]
    month = 31 * 86_400
    os.utime(old, (old.stat().st_mtime - month,) * 2)
    days_work(journal, "D-4")
    journal.tend(TOMORROW + timedelta(days=1))
    assert not old.exists()
    assert journal.faults() == ()
    assert [each.decision.id for each in journal.open_decisions()] == ["D-2", "D-3"]
    [kept] = [each for each in path.parent.iterdir() if each.suffix == ".gz"]
    kept.unlink()
    assert journal.faults() == (), "the first that is left says what was before it"


def test_a_segment_taken_out_of_the_middle_is_missed(path: Path) -> None:
    journal = opened(path)
    for day in (1, 2, 3):
        journal.tend(NINE + timedelta(days=day))
        days_work(journal, f"D-{day + 3}")
    middle = sorted(each for each in path.parent.iterdir() if each.suffix == ".gz")[1]
    middle.unlink()
    [fault] = journal.faults()
    assert re.fullmatch(r"journal\.0+\d+\.jsonl\.gz, line 1: \d lines are missing before it", str(fault))


def test_another_program_goes_on_in_the_new_segment(path: Path) -> None:
    one, other = opened(path), opened(path)
    days_work(other, "D-4")
    one.tend(TOMORROW)
    days_work(other, "D-5")
    assert b"D-5" in path.read_bytes()
    is_whole(path)


def test_a_claim_that_was_taken_over_stays_taken_over_in_later_segments(path: Path) -> None:
    """The first claim's decision is still untold, so that its lines are carried over: the claim is not."""
    journal = opened(path)
    assert journal.claim("L", "digest", "D-2", NINE) is None
    assert journal.claim("L", "digest", "D-7", NINE, instead="D-2") is None
    journal.tend(TOMORROW)
    for each in (journal, opened(path)):
        found = each.claim("L", "digest", "D-8", NINE)
        assert found is not None
        assert found.decision == "D-7"


def test_a_plan_and_a_decision_are_found_in_a_segment_that_ended(path: Path) -> None:
    verb = CancelOrders((ONE,))
    journal = opened(path)
    plan = Plan("7K3Q", NINE, "http://here/api", "demo", "dlr.chen", "digest", verb, {})
    journal.keep_plan(plan)
    journal.decide(Decision("D-5", NINE, "http://here/api", verb))
    intend(journal, replace(intent("I-5", verb), decision="D-5"))
    journal.conclude("I-5", NINE, done(verb))
    journal.conclude("D-5", NINE, ())
    journal.tend(TOMORROW)
    assert b"D-5" not in path.read_bytes()
    assert journal.find_plan("7K3Q") == plan
    for ids in (["D-5"], ["D-5", *map(str, range(30))]):
        assert [each.status for each in journal.decisions(ids)["D-5"].outcomes] == [Status.DONE]


@pytest.mark.parametrize("damage", [b"cut", b"changed", b"no gzip"])
def test_a_compressed_segment_that_is_damaged_is_named_and_the_rest_is_read(
    path: Path, damage: bytes
) -> None:
    journal = opened(path)
    journal.tend(TOMORROW)
    days_work(journal, "D-4")
    [old] = [each for each in path.parent.iterdir() if each.suffix == ".gz"]
    whole = old.read_bytes()
    half = len(whole) // 2
    changes = {b"cut": whole[:half], b"changed": whole[:-8] + b"\0" * 8, b"no gzip": b"rubbish"}
    old.write_bytes(changes[damage])
    again = opened(path)
    first, *_ = again.faults()
    assert first.file == old.name
    assert first.what == "it cannot be read"
    assert [each.decision.id for each in again.open_decisions()] == ["D-2", "D-3"]
    assert again.decision("D-4") is not None
    assert again.claim("N", "digest", "D-9", NINE) is None


def test_while_damage_leaves_in_doubt_what_was_sent_the_segment_goes_on(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"kind":"claim"', b'"kind":\xff'))
    journal = opened(path)
    assert not journal.tend(TOMORROW)
    assert journal.open_decisions()[0].doubtful


STEPS = ("link", "replace", "fsync", "pwrite", "unlink", "write")


def dies_at(monkeypatch: pytest.MonkeyPatch, step: int) -> Callable[[], int]:
    """Kill the program at its n-th call to the system; return how many it made."""
    made = 0

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal made
            made += 1
            if made == step:
                raise KilledHereError
            return real(*args, **kwargs)

        return call

    for name in STEPS:
        monkeypatch.setattr(os, name, dying(getattr(os, name)))
    return lambda: made


def test_a_kill_at_any_step_of_beginning_a_segment_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {each: each.read_bytes() for each in path.parent.iterdir() if each.is_file()}
    for step in range(1, 100):
        for each in path.parent.iterdir():
            if each.is_file():
                each.unlink()
        for each, text in before.items():
            each.write_bytes(text)
        journal = opened(path)
        with monkeypatch.context() as patch:
            made = dies_at(patch, step)
            try:
                journal.tend(TOMORROW)
            except KilledHereError:
                ended = False
            else:
                ended = True
        journal.close()
        is_whole(path)
        again = opened(path)
        again.tend(TOMORROW)
        days_work(again, "D-4")
        again.tend(TOMORROW + timedelta(days=1))
        again.close()
        is_whole(path)
        assert not [each for each in files(path) if each.endswith((".part", ".next"))]
        if ended:
            assert step > 6, "there were steps to die at"
            assert made() < step
            break
    else:
        pytest.fail("it never ended")
