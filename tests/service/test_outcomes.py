"""The report of a write: what happened, what did not, why in the server's words, and what to do."""

from __future__ import annotations

from tests.service.sample_rows import NINE, rid
from tui.service.outcomes import Outcome, Report, Status
from tui.service.snapshot.snapshot import EntityKind, Ref


def outcome(code: str, status: Status = Status.DONE, reason: str = "", advice: str = "") -> Outcome:
    return Outcome(Ref(EntityKind.ORDERS, rid(code)), status, reason=reason, advice=advice)


def report(*outcomes: Outcome) -> Report:
    return Report("cancelorders", "Cancel orders", outcomes, NINE, NINE, past="cancelled")


def test_a_few_done_items_are_named() -> None:
    assert report(outcome("ORD-1"), outcome("ORD-2")).sentence() == "Cancelled: order ORD-1; order ORD-2."


def test_many_done_items_are_counted() -> None:
    assert report(*(outcome(f"ORD-{n}") for n in range(7))).sentence() == "Cancelled: 7 orders."


def test_refused_items_are_grouped_by_the_servers_reason_the_largest_group_first() -> None:
    told = report(
        outcome("ORD-1"),
        outcome("ORD-2", Status.REFUSED, "It is placed.", "Cancel the placements first."),
        outcome("ORD-3", Status.REFUSED, "It does not exist"),
        outcome("ORD-4", Status.REFUSED, "It does not exist"),
    )
    assert [len(group.refs) for group in told.refused_groups] == [2, 1]
    assert told.sentence() == (
        "Cancelled: order ORD-1. Not cancelled: order ORD-3; order ORD-4: It does not exist. "
        "Not cancelled: order ORD-2: It is placed. Cancel the placements first."
    )


def test_unknown_is_said_to_be_unknown() -> None:
    told = report(outcome("ORD-1", Status.UNKNOWN, "The server did not answer in time.", "Check again."))
    assert not told.done
    assert not told.refused
    assert told.sentence() == (
        "It is not known whether cancelled: order ORD-1: The server did not answer in time. Check again."
    )


def test_nothing_is_said_to_be_nothing() -> None:
    assert report().sentence() == "Nothing cancelled."
