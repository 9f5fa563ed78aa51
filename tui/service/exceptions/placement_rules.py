"""Exceptions of placements and their fills: what brokers refuse, hold or forget, what is not allocated."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tui.api.base import ZERO
from tui.api.life_cycle import exceeds
from tui.api.models import Execution, Placement
from tui.api.states import is_cancelled, is_finished
from tui.service.exceptions.at_stake import changed_at, changer, is_done, latest, maker, worth
from tui.service.exceptions.broker_words import broker_words
from tui.service.exceptions.exception_kind import Trouble
from tui.service.numbers import price, units
from tui.service.snapshot.sizing import Size, executed_size, is_over_allocated, open_size, size_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.state_words import known_state, state_in_words

_REPLACED = "replaced"
"""The word of a state in which a placement goes on working, though it says what was done to it."""


def rejected_placement(snapshot: Snapshot, row: Placement) -> Trouble | None:
    """Return that a broker rejected a placement, in the broker's words; not once its block is done."""
    if _role(row) != "bad" or _blocks_done(snapshot, row):
        return None
    said = broker_words(row) or "no reason given"
    reason = f"{state_in_words(row.state)} by {_broker(row)}: {said}"
    return Trouble(reason, worth(snapshot, row, size_of(row)), changed_at(row), maker(row))


def rejected_row(snapshot: Snapshot, row: Any) -> Trouble | None:
    """Return that an order, an allocation or a fill was rejected."""
    if _role(row) != "bad":
        return None
    return Trouble(
        state_in_words(row.state), worth(snapshot, row, size_of_any(row)), changed_at(row), maker(row)
    )


def halted(snapshot: Snapshot, row: Any) -> Trouble | None:
    """Return that an order or a placement is stopped or suspended."""
    if _role(row) != "attention":
        return None
    said = broker_words(row) if isinstance(row, Placement) else ""
    at = f" at {_broker(row)}" if isinstance(row, Placement) else ""
    reason = f"{state_in_words(row.state)}{at}{f': {said}' if said else ''}"
    return Trouble(reason, _left_worth(snapshot, row), changed_at(row), maker(row))


def unanswered(snapshot: Snapshot, row: Placement) -> Trouble | None:
    """Return that a broker has not answered what was asked: to take, to amend or to cancel a placement."""
    if _role(row) != "waiting":
        return None
    reason = f"no answer from {_broker(row)}: {state_in_words(row.state)}"
    return Trouble(reason, _left_worth(snapshot, row), changed_at(row), maker(row))


def stale(snapshot: Snapshot, row: Placement) -> Trouble | None:
    """Return that a placement works and nothing happens to it."""
    if not _works(row) or not snapshot.is_top_placement(row):
        return None
    left = open_size(snapshot, row)
    if left.value is None or left.value <= 0:
        return None
    since = latest(row.created_date, changed_at(row), _last_fill(snapshot, row))
    return Trouble(f"quiet at {_broker(row)}: {left} left", worth(snapshot, row, left), since, maker(row))


def over_allocated(snapshot: Snapshot, row: Placement) -> Trouble | None:
    """Return that more of a placement is allocated than its fills have."""
    if not is_over_allocated(snapshot, row):
        return None
    given = snapshot.allocated_of_placement(row.id) or ZERO
    executed = snapshot.executed_of_placement(row.id) or ZERO
    rows = [snapshot.allocations[id] for id in snapshot.allocations_of_placement(row.id)]
    newest = max(rows, key=lambda each: changed_at(each) or row.created_date, default=None)
    return Trouble(
        f"{units(given)} allocated of {units(executed)} filled",
        worth(snapshot, row, Size(given - executed)),
        changed_at(newest) if newest is not None else None,
        changer(newest) if newest is not None else "",
    )


def unallocated(snapshot: Snapshot, row: Placement) -> Trouble | None:
    """Return that fills of a placement that is no longer filled are not allocated, since the last of them."""
    if not snapshot.is_top_placement(row):
        return None
    left = open_size(snapshot, row).value
    if _works(row) and (left is None or left > 0):
        return None
    executed = snapshot.executed_of_placement(row.id)
    if not executed:
        return None
    family = (row.id, *snapshot.children_of_placement(row.id))
    given = [snapshot.allocated_of_placement(each) for each in family]
    rest = executed - sum((each or ZERO for each in given), ZERO)
    if None in given or not exceeds(rest, ZERO):
        return None
    fills = snapshot.fills_of_placement(row.id)
    return Trouble(
        f"{units(rest)} filled by {_broker(row)}, not allocated",
        worth(snapshot, fills[-1], Size(rest)),
        _last_fill(snapshot, row),
        maker(row),
    )


def busted(snapshot: Snapshot, row: Execution) -> Trouble | None:
    """Return that a fill was cancelled or voided, until what it leaves open is filled or cancelled."""
    placement = snapshot.placements.get(row.placement_id)
    if placement is None or not is_held_open(row):
        return None
    ordered, executed = size_of(placement).value, executed_size(snapshot, placement).value
    filled = ordered is not None and executed is not None and not exceeds(ordered, executed)
    if filled or is_cancelled(placement.state) or _blocks_done(snapshot, placement):
        return None
    what = (
        f"{units(row.quantity)} at {price(row.price.amount, row.price.currency)}"
        if row.quantity
        else "voided"
    )
    return Trouble(
        f"fill busted: {what} by {row.counterparty or _broker(placement)}",
        worth(snapshot, row, Size(row.quantity)) if row.quantity else _left_worth(snapshot, placement),
        changed_at(row),
        changer(row),
        Ref(EntityKind.PLACEMENTS, placement.id),
    )


def is_held_open(row: Placement | Execution) -> bool:
    """Return whether a row is in trouble until something is done elsewhere: a bust, or a rejection."""
    if isinstance(row, Placement):
        return _role(row) == "bad"
    return is_cancelled(row.state) or not row.quantity


def size_of_any(row: Any) -> Size:
    """Return the size of a row of any kind; of a booked transaction its units."""
    if hasattr(row, "amount"):
        return size_of(row)
    found: Decimal = row.units if hasattr(row, "units") else row.quantity
    return Size(found)


def _role(row: Any) -> str:
    known = known_state(row.state)
    return known.role if known else ""


def _works(row: Placement) -> bool:
    """Return whether a placement may be filled: also in a state that nobody declared."""
    known = known_state(row.state)
    works = known is None or known.role == "live" or known.word == _REPLACED
    return works and not is_finished(row.state)


def _broker(row: Placement) -> str:
    return row.counterparty or "the broker"


def _left_worth(snapshot: Snapshot, row: Any) -> Any:
    return worth(snapshot, row, open_size(snapshot, row) if isinstance(row, Placement) else size_of(row))


def _last_fill(snapshot: Snapshot, row: Placement) -> Any:
    return latest(*(fill.created_date for fill in snapshot.fills_of_placement(row.id)))


def _blocks_done(snapshot: Snapshot, row: Placement) -> bool:
    """Return whether nothing more is to come of the blocks of a placement, as far as they are here."""
    blocks = [snapshot.blocks[id] for id in row.block_ids if id in snapshot.blocks]
    return bool(blocks) and all(is_done(snapshot, each) for each in blocks)
