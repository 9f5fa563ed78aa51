"""What came out otherwise than it did in the rehearsal, item by item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from tui.api.models import OrderGraphBlock
from tui.service.outcomes import Difference, Report, Status
from tui.service.rehearsal.rehearse import Rehearsal
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.changes import field_words, value_words

_TOLD: Final = (Status.DONE, Status.REFUSED)
_STAGES: Final = ("ordered", "placed", "executed", "allocated", "booked")
COUNTED_ON: Final[Mapping[EntityKind, tuple[str, ...]]] = {
    EntityKind.ORDERS: (
        "quantity",
        "amount",
        "state",
        "side",
        "portfolio_id",
        "price",
        "limit_price",
        "stop_price",
    ),
    EntityKind.PLACEMENTS: (
        "quantity",
        "amount",
        "state",
        "type",
        "limit_price",
        "stop_price",
        "counterparty",
        "execution_system",
        "entry_type",
    ),
    EntityKind.EXECUTIONS: ("quantity", "price", "state"),
    EntityKind.ALLOCATIONS: ("quantity", "price", "state"),
    EntityKind.TRANSACTIONS: ("units", "total_consideration", "transaction_status"),
}
"""The fields of each kind that a person counts on. Times and versions are not: they always differ."""


def differences(rehearsal: Rehearsal, report: Report, now: Snapshot | None) -> tuple[Difference, ...]:
    """Return what ``report`` and the rows ``now``, if they could be read, say otherwise than rehearsed.

    Items are compared where both outcomes are known. Where all of them are as rehearsed, so are the rows that
    the verb itself was to change: everything else may have changed by others. That takes all items to be
    rehearsed and told.
    """
    found = tuple(_statuses(rehearsal, report))
    told = all(each.status in _TOLD for each in report.outcomes)
    if found or now is None or rehearsal.failure or rehearsal.left_out or not told:
        return found
    return tuple(_figures(rehearsal, now))


def _statuses(rehearsal: Rehearsal, report: Report) -> Iterator[Difference]:
    expected = {each.ref: each for each in rehearsal.outcomes}
    for outcome in report.outcomes:
        known = expected.get(outcome.ref)
        if known is None or known.status is outcome.status or outcome.status not in _TOLD:
            continue
        if outcome.status is Status.DONE:
            yield Difference(outcome.ref, f"expected to be refused, but done. Expected: {known.reason}")
        else:
            yield Difference(outcome.ref, "expected to be done, but refused")


def _figures(rehearsal: Rehearsal, now: Snapshot) -> Iterator[Difference]:
    before, after = rehearsal.before, rehearsal.after
    for kind in EntityKind:
        for id in {**before.rows(kind), **after.rows(kind)}:
            ref = Ref(kind, id)
            was, expected, found = (_values(each, ref) for each in (before, after, now))
            for name in {**was, **expected}:
                if was.get(name) != expected.get(name) and expected.get(name) != found.get(name):
                    yield Difference(ref, _sentence(name, expected.get(name), found.get(name)))


def _values(snapshot: Snapshot, ref: Ref) -> dict[str, Any]:
    """Return what a person counts on of a row; nothing when it is not there."""
    row = snapshot.row(ref)
    if row is None:
        return {}
    if isinstance(row, OrderGraphBlock):
        return {stage: _total(row, stage) for stage in _STAGES}
    values: dict[str, Any] = {name: getattr(row, name) for name in COUNTED_ON[ref.kind]}
    if ref.kind is EntityKind.ORDERS:
        values["allocated"] = snapshot.allocated_of_order(ref.id)
    elif ref.kind is EntityKind.PLACEMENTS:
        values["executed"] = snapshot.executed_of_placement(ref.id)
        values["allocated"] = snapshot.allocated_of_placement(ref.id)
    return values


def _total(row: OrderGraphBlock, stage: str) -> Decimal | None:
    total = getattr(row, stage)
    by_amount = row.block.quantity is None and row.block.amount is not None
    found: Decimal | None = total.amount if by_amount else total.quantity
    return found


def _sentence(name: str, expected: Any, found: Any) -> str:
    wanted, came = value_words(expected, name), value_words(found, name)
    if name in _STAGES:
        return f"expected {wanted}, {name} {came}"
    return f"expected {field_words(name)} {wanted}, found {came}"
