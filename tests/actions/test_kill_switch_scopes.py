"""Whose working placements the kill switch offers, how many those are, and which it leaves out."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec.structs import replace

from tests.actions.test_forms_of_large_desks import scope_of
from tests.service.sample_rows import block, execution, placement, rid, snapshot_of
from tui.actions.action import Scope
from tui.actions.kill_switch import NOT_ALL_READ, cancel_all_question, cancel_all_verb
from tui.actions.trade_actions import TRADE
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.snapshot import EntityKind, Snapshot, Unread
from tui.service.verbs import CancelPlacements


def desk() -> Snapshot:
    """Return a desk of three blocks: two with one working placement each and one over both; one filled."""
    both = replace(placement("PLC-3", "BLK-1", quantity="10"), block_ids=(rid("BLK-1"), rid("BLK-2")))
    child = replace(placement("PLC-4", "BLK-1", quantity="5"), parent_placement_id=rid("PLC-1"))
    return snapshot_of(
        blocks=[block("BLK-1"), block("BLK-2"), block("BLK-3")],
        placements=[
            placement("PLC-1", "BLK-1", quantity="60"),
            placement("PLC-2", "BLK-2", quantity="60"),
            both,
            child,
            placement("PLC-5", "BLK-3", quantity="40"),
            placement("PLC-6", "BLK-3", quantity="40", state="Cancelled"),
        ],
        executions=[execution("EXE-1", "PLC-5", "40")],
    )


def at(kind: EntityKind, code: str) -> Scope:
    """Return the scope of the cursor on a row."""
    return replace(scope_of(desk(), kind, rid(code)), cursor=rid(code))


def offered(scope: Scope) -> dict[str, str]:
    """Return what is offered, by its words."""
    return {each.label: each.count for each in cancel_all_question(scope).answers}


def cancelled(scope: Scope, answer: str) -> set[str]:
    """Return the placements that are cancelled after an answer."""
    verb = cancel_all_verb(scope, {"answer": answer})
    assert isinstance(verb, CancelPlacements)
    return {id.code for id in verb.placement_ids}


def test_the_whole_desk_is_offered_first_whatever_the_cursor_is_on() -> None:
    assert offered(at(EntityKind.BLOCKS, "BLK-3")) == {
        "All that work on the whole desk": "3 placements of 2 blocks",
        "All that work of block BLK-3": "nothing works",
    }
    assert cancelled(at(EntityKind.BLOCKS, "BLK-3"), "desk") == {"PLC-1", "PLC-2", "PLC-3"}


def test_a_child_goes_with_its_parent_and_what_is_filled_or_cancelled_is_left_out() -> None:
    assert cancelled(at(EntityKind.BLOCKS, "BLK-1"), "block") == {"PLC-1", "PLC-3"}


def test_placements_whose_parents_go_in_a_circle_are_cancelled_each_for_itself() -> None:
    own = replace(placement("PLC-1", "BLK-1"), parent_placement_id=rid("PLC-1"))
    one, two = (
        replace(placement(code, "BLK-1"), parent_placement_id=rid(parent))
        for code, parent in (("PLC-2", "PLC-3"), ("PLC-3", "PLC-2"))
    )
    child = replace(placement("PLC-4", "BLK-1"), parent_placement_id=rid("PLC-3"))
    knot = snapshot_of(blocks=[block("BLK-1")], placements=[own, one, two, child])
    scope = replace(at(EntityKind.BLOCKS, "BLK-1"), snapshot=knot)
    assert cancelled(scope, "desk") == {"PLC-1", "PLC-2", "PLC-3"}


def test_on_a_placement_the_block_it_serves_is_meant() -> None:
    scope = at(EntityKind.PLACEMENTS, "PLC-2")
    assert "All that work of block BLK-2" in offered(scope)
    assert cancelled(scope, "block") == {"PLC-2", "PLC-3"}


def test_a_placement_of_several_blocks_is_named_with_all_of_them() -> None:
    scope = at(EntityKind.BLOCKS, "BLK-1")
    verb = cancel_all_verb(scope, {"answer": "block"})
    assert verb.label == "Cancel 2 placements: all that work of block BLK-1"
    said = [each.text for each in verb.cautions(scope.snapshot) if each.kind == "several blocks"]
    assert said == ["AAPL (PLC-3) serves BLK-1, BLK-2"]


def test_a_selection_and_a_filter_are_offered_where_there_is_one() -> None:
    scope = replace(
        at(EntityKind.BLOCKS, "BLK-1"),
        ids=(rid("BLK-2"), rid("BLK-3")),
        selected=True,
        filter="state:new",
        shown=lambda kind: (rid("BLK-1"), rid("BLK-3")),
    )
    assert list(offered(scope))[1:] == [
        "All that work matching 'state:new' in blocks",
        "All that work of 2 selected blocks",
        "All that work of block BLK-1",
    ]
    assert cancelled(scope, "selection") == {"PLC-2", "PLC-3"}
    assert cancelled(scope, "filter") == {"PLC-1", "PLC-3"}


def test_while_the_desk_is_being_read_it_says_that_not_all_is_counted() -> None:
    assert cancel_all_question(at(EntityKind.BLOCKS, "BLK-1")).warning == ""
    builder = SnapshotBuilder(desk())
    part = replace(at(EntityKind.BLOCKS, "BLK-1"), snapshot=builder.freeze(complete=False))
    assert cancel_all_question(part).warning == NOT_ALL_READ


def test_placements_that_could_not_be_read_are_not_said_to_be_none() -> None:
    why = {EntityKind.PLACEMENTS: Unread("You are not entitled to placements.", permitted=False)}
    withheld = replace(desk(), placements={}, unread=why)
    scope = replace(at(EntityKind.BLOCKS, "BLK-1"), snapshot=withheld)
    asked = cancel_all_question(scope)
    assert not any(each.possible for each in asked.answers)
    assert asked.nothing == (
        "Placements not permitted: You are not entitled to placements. "
        "Whether any of them works is not known here: call the brokers."
    )
    some = replace(scope, snapshot=replace(desk(), unread=why))
    assert cancel_all_question(some).warning == NOT_ALL_READ
    allocate = next(each for each in TRADE if each.id == "allocate")
    assert allocate.refusal(scope) == (
        "Nothing is executed here yet: wait for a fill, or record one, then allocate. "
        "This is not sure: not all placements could be read."
    )


def test_what_works_of_blocks_too_quiet_for_the_desk_is_said_not_to_be_counted() -> None:
    narrow = replace(desk(), active_since=datetime(2026, 10, 30, tzinfo=UTC))
    scope = replace(at(EntityKind.BLOCKS, "BLK-1"), snapshot=narrow)
    left_out = (
        "Blocks without activity since 30 Oct are not on this desk: what works of them is not counted, "
        "and not cancelled."
    )
    assert cancel_all_question(scope).warning == left_out
    none = replace(scope, snapshot=replace(narrow, placements={}))
    assert cancel_all_question(none).nothing == f"No working placement on this desk. {left_out}"
