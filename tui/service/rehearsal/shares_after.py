"""Who gets what of a rehearsed allocation, and of a rehearsed placing once all of it is filled: a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tui.api.base import ZERO, ResourceId
from tui.api.models import Allocation
from tui.api.states import is_cancelled
from tui.service.numbers import money, units
from tui.service.rehearsal.rehearse import Rehearsal
from tui.service.snapshot.sizing import allocated_size, size_of
from tui.service.snapshot.snapshot import Snapshot
from tui.service.writes.preview import ShareTable

NOW: Final = ("portfolio", "ordered", "share", "worth", "allocated after")
IF_FILLED: Final = ("portfolio", "ordered", "share if all fills", "allocated then")
"""Without money: what it fills at is not known."""
INSTRUMENT: Final = "instrument"


def share_table(rehearsal: Rehearsal) -> ShareTable | None:
    """Return the shares of the placements that are allocated, or would be once they are filled; or None."""
    runs = _runs(rehearsal.before, rehearsal.after)
    if runs:
        return _table(runs, rehearsal.after, NOW)
    if rehearsal.if_filled.placements:
        runs = _runs(rehearsal.after, rehearsal.if_filled)
        return _table(runs, rehearsal.if_filled, IF_FILLED) if runs else None
    return None


def _runs(before: Snapshot, after: Snapshot) -> dict[ResourceId, None]:
    """Return the placements whose allocations changed in more than being booked."""
    changed = [row for id, row in after.allocations.items() if _differs(before.allocations.get(id), row)]
    return dict.fromkeys(id for row in changed for id in row.placement_ids or ())


def _differs(old: Allocation | None, row: Allocation) -> bool:
    return old is None or (old.quantity, is_cancelled(old.state)) != (row.quantity, is_cancelled(row.state))


def _table(placements: Iterable[ResourceId], after: Snapshot, titles: tuple[str, ...]) -> ShareTable:
    """Return a row for every order, the largest share first; of several instruments each names its own."""
    shares: dict[ResourceId, list[Allocation]] = {}
    for placement in placements:
        for id in after.allocations_of_placement(placement):
            row = after.allocations[id]
            if not is_cancelled(row.state):
                shares.setdefault(row.allocated_order_id, []).append(row)
    ranked = sorted(shares.items(), key=lambda each: -sum((row.quantity for row in each[1]), ZERO))
    several = len({row.lusid_instrument_id for rows in shares.values() for row in rows}) > 1
    return ShareTable(
        (INSTRUMENT, *titles) if several else titles,
        tuple(
            (
                *((_label(rows[0], after),) if several else ()),
                *_cells(order, rows, after, money_too=titles is NOW),
            )
            for order, rows in ranked
        ),
        words=2 if several else 1,
    )


def _label(row: Allocation, after: Snapshot) -> str:
    known = after.instruments.get(row.lusid_instrument_id)
    return known.label if known else row.lusid_instrument_id


def _cells(order: ResourceId, rows: list[Allocation], after: Snapshot, *, money_too: bool) -> tuple[str, ...]:
    held = after.orders.get(order)
    worths = [
        (row.quantity * row.price.amount * after.price_unit(row.lusid_instrument_id), row.price.currency)
        for row in rows
        if row.price is not None and row.price.amount is not None
    ]
    known = len(worths) == len(rows) and len({currency for _, currency in worths}) == 1
    worth = money(sum((each for each, _ in worths), ZERO), worths[0][1]) if known else ""
    return (
        after.portfolio_label(rows[0].portfolio_id),
        str(size_of(held)) if held else "",
        units(sum((row.quantity for row in rows), ZERO)),
        *((worth,) if money_too else ()),
        str(allocated_size(after, held)) if held else "",
    )
