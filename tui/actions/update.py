"""The forms and verbs that change orders and placements: size, prices, type, time in force, broker.

An update call changes the fields it names. It can neither clear a price nor name an order's type or a time in
force (U1, P9): what asks for that is sent whole instead, which checks no sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tui.actions.action import WARNING, Form, Scope, Values
from tui.actions.eligibility import counterparties, currency_of, live_orders, live_placements, systems
from tui.actions.form_fields import (
    NONE,
    id_check,
    id_echo,
    pick,
    price_or_none,
    size,
    text,
)
from tui.actions.instruments_typed import last_price_of
from tui.actions.live_positions import MOST_ASKED, with_positions
from tui.actions.place import MOST_NAMED
from tui.actions.portfolios_typed import named_so
from tui.actions.typed_changes import (
    Row,
    new_note,
    new_portfolio,
    new_route,
    new_size,
    new_terms,
    resized,
    takes_the_whole,
)
from tui.actions.update_problems import update_problems
from tui.api.base import CurrencyAndAmount
from tui.api.models import Order, Placement
from tui.api.requests import OrderUpdateRequest, PlacementUpdateRequest
from tui.service.id_lookup import portfolio_lookup
from tui.service.numbers import counted
from tui.service.row_phrases import rows_in_words
from tui.service.snapshot.naming import short_name
from tui.service.snapshot.sizing import (
    Size,
    allocated_size,
    block_ordered,
    block_unplaced,
    executed_size,
    open_size,
    size_of,
)
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.verbs import (
    ReplaceOrders,
    ReplacePlacements,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.verbs.replacing import order_request, placement_request
from tui.service.wire_words import ENTRIES, TIMES_IN_FORCE, TYPES, entry_in_words, in_words, offered
from widgets.fields import Field

INTRO: Final = f"Only changes are sent. Relative sizes: -50%, +1k. '{NONE}' clears a price."
UNCHANGED: Final = "unchanged"


def update_form(scope: Scope) -> Form:
    """Return the form that updates the orders or placements of ``scope``."""
    make = _placements_form if scope.kind is EntityKind.PLACEMENTS else _orders_form
    return make(scope)


def update_verb(scope: Scope, values: Values) -> Verb:
    """Return the update that was typed: an update call, or whole entities where that has no word for it."""
    make = _placements_verb if scope.kind is EntityKind.PLACEMENTS else _orders_verb
    return make(scope, values)


def _orders(scope: Scope) -> list[Order]:
    return [scope.snapshot.orders[id] for id in live_orders(scope)]


def _placements(scope: Scope) -> list[Placement]:
    return [scope.snapshot.placements[id] for id in live_placements(scope)]


def _orders_form(scope: Scope) -> Form:
    rows = _orders(scope)
    one = rows[0] if len(rows) == 1 else None
    portfolios = portfolio_lookup(scope.snapshot, scope.home)
    fields = (
        size("quantity", common_size(rows), of="ordered", required=False),
        *_term_fields(scope.snapshot, one),
        text(
            "portfolio",
            "Portfolio",
            portfolios.write(one.portfolio_id) if one and one.portfolio_id else "",
            choices=lambda typed: list(named_so(scope.snapshot.records, typed, portfolios)),
            words=lambda choice: scope.snapshot.records.portfolio_name(portfolios.read(choice)),
            check=id_check(portfolios),
            echo=id_echo(portfolios),
        ),
        text("note", "Note", help="Kept with the order"),
    )
    return _form(scope, EntityKind.ORDERS, rows, fields)


def _placements_form(scope: Scope) -> Form:
    rows = _placements(scope)
    one = rows[0] if len(rows) == 1 else None
    brokers, ways = counterparties(scope.snapshot), systems(scope.snapshot)
    fields = (
        size("quantity", common_size(rows), of="placed", required=False),
        text("counterparty", "Broker", (one.counterparty or "") if one else "", choices=brokers),
        text("system", "System", (one.execution_system or "") if one else "", choices=ways),
        pick(
            "entry",
            "Entry",
            ("", *ENTRIES),
            entry_in_words(one.entry_type) if one else "",
            empty="none" if one and not one.entry_type else UNCHANGED,
        ),
        *_term_fields(scope.snapshot, one),
    )
    return _form(scope, EntityKind.PLACEMENTS, rows, fields)


def _form(scope: Scope, kind: EntityKind, rows: Sequence[Row], fields: tuple[Field, ...]) -> Form:
    how = INTRO if len(rows) == 1 else f"{INTRO} An empty field stays unchanged."
    said = rows_in_words(scope.snapshot, kind, [row.id for row in rows])
    return Form(
        f"Update {counted(len(rows), kind.singular)}",
        fields,
        intro="\n".join(filter(None, (said, _standing(scope, rows), how))),
        check=lambda values: update_problems(scope, kind, rows, values),
        live=lambda values: _in_words(scope, kind, rows, values),
    )


def _standing(scope: Scope, rows: Sequence[Row]) -> str:
    """Return what is done of the one row and what is left, and the last price; empty for several rows."""
    if len(rows) > 1:
        return ""
    [row] = rows
    if isinstance(row, Placement):
        done = executed_size(scope.snapshot, row)
        said = f"{done} executed, {open_size(scope.snapshot, row)} open"
    else:
        said = f"{allocated_size(scope.snapshot, row)} allocated"
        block = scope.snapshot.block_of_order(row.id)
        if block is not None and block in scope.snapshot.blocks:
            graph = scope.snapshot.blocks[block]
            left = f"{block_unplaced(scope.snapshot, graph)} of {block_ordered(scope.snapshot, graph)}"
            said += f" · its block has {left} unplaced"
    return " · ".join(filter(None, (said, last_price_of(scope, row.lusid_instrument_id))))


def _in_words(scope: Scope, kind: EntityKind, rows: Sequence[Row], values: Values) -> str:
    """Return the old and new sizes while one is typed, and the positions that changed orders lead to."""
    said = _resizes_in_words(scope.snapshot, kind, rows, values["quantity"])
    if kind is EntityKind.PLACEMENTS or len(rows) > MOST_ASKED:
        return said
    try:
        return with_positions(said, scope, _orders_verb(scope, values).lines(scope.snapshot))
    except ValueError:
        return said


def _term_fields(snapshot: Snapshot, one: Row | None) -> tuple[Field, ...]:
    """Return the fields of the terms; of several rows they are empty, and mean that nothing changes."""
    unchanged = () if one else ("",)
    currency = currency_of(one, snapshot) if one else None
    return (
        pick(
            "type",
            "Type",
            (*unchanged, *offered(TYPES, snapshot.order_types)),
            in_words(one.type) if one else "",
            empty=UNCHANGED,
        ),
        price_or_none("limit", "Limit", one.limit_price if one else None, currency),
        price_or_none("stop", "Stop", one.stop_price if one else None, currency),
        pick(
            "tif",
            "Time in force",
            (*unchanged, *TIMES_IN_FORCE),
            in_words(one.time_in_force) if one else "",
            empty=UNCHANGED,
        ),
    )


def common_size(rows: Sequence[Row]) -> Size:
    """Return the size of the one row; of several none, but the currency they are all sized in."""
    sizes = [size_of(row) for row in rows]
    if len(sizes) == 1:
        return sizes[0]
    currencies = {size.currency for size in sizes}
    return Size(None, currencies.pop() if len(currencies) == 1 else "")


def _orders_verb(scope: Scope, values: Values) -> Verb:
    rows = _orders(scope)
    terms = {row.id: new_terms(scope.snapshot, row, values) for row in rows}
    if any(takes_the_whole(terms[row.id], row) for row in rows):
        return ReplaceOrders(
            tuple(
                order_request(
                    row,
                    **terms[row.id],
                    properties={**(row.properties or {}), **(new_note(row.id.scope, values) or {})},
                )
                for row in rows
                if terms[row.id] or new_note(row.id.scope, values)
            ),
            made_from=tuple(rows),
        )
    return UpdateOrders(
        tuple(
            OrderUpdateRequest(
                id=row.id,
                portfolio_id=new_portfolio(scope, row, values),
                properties=new_note(row.id.scope, values),
                **terms[row.id],
                **resized(row, values["quantity"]),
            )
            for row in rows
        )
    )


def _placements_verb(scope: Scope, values: Values) -> Verb:
    rows = _placements(scope)
    terms = {row.id: new_terms(scope.snapshot, row, values) for row in rows}
    if any(takes_the_whole(terms[row.id], row) for row in rows):
        changes = {row.id: {**terms[row.id], **new_route(row, values)} for row in rows}
        return ReplacePlacements(
            tuple(placement_request(row, **changes[row.id]) for row in rows if changes[row.id]),
            made_from=tuple(rows),
        )
    return UpdatePlacements(tuple(_placement_update(row, values, terms[row.id]) for row in rows))


def _placement_update(row: Placement, values: Values, terms: dict[str, Any]) -> PlacementUpdateRequest:
    """Return the update of a placement, whose prices are plain numbers in its own currency (P10)."""
    prices: dict[str, CurrencyAndAmount] = {
        name: terms[name] for name in ("limit_price", "stop_price") if terms.get(name) is not None
    }
    changes: dict[str, Any] = {name: price.amount for name, price in prices.items()}
    currencies = [price.currency for price in prices.values()]
    return PlacementUpdateRequest(
        id=row.id,
        type=terms.get("type"),
        currency=currencies[0] if currencies and not row.limit_price else None,
        **changes,
        **new_route(row, values),
        **resized(row, values["quantity"]),
    )


def _resizes_in_words(snapshot: Snapshot, kind: EntityKind, rows: Sequence[Row], typed: str) -> str:
    """Return the old and new sizes while one is typed, and a warning of each that is below what is filled."""
    said, below = [], []
    for row in rows[:MOST_NAMED]:
        try:
            asked = new_size(row, typed)
        except ValueError:
            return ""
        if asked is None:
            continue
        name = f" ({short_name(snapshot, kind, row.id)})" if len(rows) > 1 else ""
        rest = _left_open(snapshot, row, asked)
        is_below = rest.value is not None and rest.value < 0
        left = "" if is_below or rest.value is None else f", {rest if rest.value else 'nothing'} left open"
        said.append(f"{size_of(row)} → {asked.words}{name}{left}")
        if is_below:
            below.append(f"{WARNING}{asked}{name} is less than what is executed.")
    more = f" and {len(rows) - MOST_NAMED:,} more" if said and len(rows) > MOST_NAMED else ""
    return "\n".join(filter(None, (", ".join(said) + more, *below)))


def _left_open(snapshot: Snapshot, row: Row, asked: Size) -> Size:
    """Return what of a placement another size leaves open; none of an order, and where nobody knows."""
    return Size(None) if isinstance(row, Order) else asked.less(executed_size(snapshot, row))
