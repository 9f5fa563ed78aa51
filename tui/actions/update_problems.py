"""Why the values typed into an update of orders or placements cannot be sent, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tui.actions.action import Scope, Values
from tui.actions.eligibility import currency_of
from tui.actions.form_fields import NONE, mixed_measures
from tui.actions.place import missing_prices, useless_prices
from tui.actions.typed_changes import (
    PRICES,
    Row,
    new_note,
    new_portfolio,
    new_route,
    new_size,
    new_terms,
    resized,
    takes_the_whole,
)
from tui.api.models import Order, Placement
from tui.api.states import normalize
from tui.service.snapshot.naming import instrument_and_id
from tui.service.snapshot.sizing import size_of
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.wire_words import entry_in_words

APART: Final = (
    "Type, time in force and a cleared price are sent with the whole {0}, which checks no {1}: "
    "change the {1} in a step of its own."
)


def update_problems(scope: Scope, kind: EntityKind, rows: Sequence[Row], values: Values) -> Sequence[str]:
    """Return why the values cannot be sent, each reason once; that nothing changes is one."""
    measures = [size_of(row).currency for row in rows]
    currencies = [known for row in rows if (known := currency_of(row, scope.snapshot))]
    mixed = [
        *mixed_measures(values["quantity"], measures),
        *(problem for name in PRICES for problem in mixed_measures(values[name], currencies)),
    ]
    told: dict[str, None] = dict.fromkeys(mixed)
    for row in rows:
        told.update(dict.fromkeys(_row_problems(scope, kind, row, values, alone=len(rows) == 1)))
    if not told and not _changes_anything(scope, rows, values):
        return ["Nothing is changed yet."]
    return list(told)


def _row_problems(scope: Scope, kind: EntityKind, row: Row, values: Values, *, alone: bool) -> Sequence[str]:
    name = instrument_and_id(scope.snapshot, kind, row.id)
    try:
        resized = new_size(row, values["quantity"]) is not None
        terms = new_terms(scope.snapshot, row, values)
    except ValueError as error:
        return [str(error) if alone else f"{name}: {error}"]
    kept = _cannot_be_cleared(scope.snapshot, row, values) if alone else ()
    if kept:
        return kept
    emptied = [
        f"The {each} was {getattr(row, f'{each}_price')}: write '{NONE}' to clear it."
        for each in PRICES
        if alone and getattr(row, f"{each}_price") is not None and not values[each].strip()
    ]
    if emptied and normalize(terms.get("type")) != "market":
        return emptied
    missing = [] if not terms else _missing_after(row, terms)
    if missing:
        return missing if alone else [f"{name}: {sentence}" for sentence in missing]
    if not takes_the_whole(terms, row):
        return []
    moved = isinstance(row, Order) and new_portfolio(scope, row, values) is not None
    apart = [what for what, changes in (("size", resized), ("portfolio", moved)) if changes]
    return [APART.format(kind.singular, what) for what in apart]


def _cannot_be_cleared(snapshot: Snapshot, row: Row, values: Values) -> Sequence[str]:
    """Return the fields emptied for which no call has a word for nothing, and what they held."""
    size = size_of(row)
    held = {"quantity": ("size", "" if size.value is None else str(size))}
    if isinstance(row, Order):
        held["portfolio"] = (
            "portfolio",
            snapshot.portfolio_label(row.portfolio_id) if row.portfolio_id else "",
        )
    else:
        held["counterparty"] = ("broker", row.counterparty or "")
        held["system"] = ("system", row.execution_system or "")
        held["entry"] = ("entry", entry_in_words(row.entry_type))
    return [
        f"The {noun} was {was} and cannot be cleared: write it again, or another."
        for field, (noun, was) in held.items()
        if was and not values[field].strip()
    ]


def _missing_after(row: Row, terms: dict[str, Any]) -> Sequence[str]:
    """Return the prices that a row of its new type lacks, or has without going by them."""

    def after(name: str) -> str:
        return "" if terms.get(name, getattr(row, name)) is None else "there"

    kind = terms.get("type", row.type) or ""
    set_anew = ["there" if terms.get(f"{name}_price") is not None else "" for name in PRICES]
    return [
        *useless_prices(kind, *set_anew),
        *missing_prices(kind, after("limit_price"), after("stop_price")),
    ]


def _changes_anything(scope: Scope, rows: Sequence[Row], values: Values) -> bool:
    for row in rows:
        if new_terms(scope.snapshot, row, values):
            return True
        if resized(row, values["quantity"]) or new_note(row.id.scope, values):
            return True
        if isinstance(row, Order) and new_portfolio(scope, row, values) is not None:
            return True
        if isinstance(row, Placement) and new_route(row, values):
            return True
    return False
