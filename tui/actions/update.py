"""The forms and verbs that change orders and placements: size, prices, type, time in force, broker.

An update call changes the fields it names. It can neither clear a price nor name an order's type or a time in
force (U1, P9): what asks for that is sent whole instead, which checks no sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from tui.actions.action import Form, Scope, Values
from tui.actions.eligibility import counterparties, currency_of, live_orders, live_placements, systems
from tui.actions.form_fields import (
    NONE,
    id_check,
    id_echo,
    mixed_measures,
    pick,
    price_or_none,
    size,
    text,
)
from tui.actions.live_positions import MOST_ASKED, with_positions
from tui.actions.place import ENTRY_TYPES, MOST_NAMED, missing_prices, useless_prices
from tui.api.base import CurrencyAndAmount, PerpetualProperty, Properties, PropertyValue, ResourceId
from tui.api.models import Order, Placement
from tui.api.requests import OrderUpdateRequest, PlacementUpdateRequest
from tui.api.states import normalize
from tui.service.id_lookup import portfolio_lookup
from tui.service.numbers import counted, parse_price, parse_size
from tui.service.row_phrases import rows_in_words
from tui.service.snapshot.sizing import Size, size_of
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.verbs import (
    ReplaceOrders,
    ReplacePlacements,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.verbs.replacing import order_request, placement_request
from tui.service.wire_words import TIMES_IN_FORCE, TYPES, in_words, offered
from widgets.fields import Field

INTRO: Final = f"Only changes are sent. Relative sizes: -50%, +1k. '{NONE}' clears a price."
UNCHANGED: Final = "unchanged"
APART: Final = (
    "Type, time in force and a cleared price are sent with the whole {0}, which checks no {1}: "
    "change the {1} in a step of its own."
)

Row = Order | Placement
PriceName = Literal["limit", "stop"]
_PRICES: Final[tuple[PriceName, ...]] = ("limit", "stop")


def update_form(scope: Scope) -> Form:
    make = _placements_form if scope.kind is EntityKind.PLACEMENTS else _orders_form
    return make(scope)


def update_verb(scope: Scope, values: Values) -> Verb:
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
        size("quantity", common_size(rows), required=False),
        *_term_fields(scope.snapshot, one),
        text(
            "portfolio",
            "Portfolio",
            portfolios.write(one.portfolio_id) if one and one.portfolio_id else "",
            choices=portfolios.names(),
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
        size("quantity", common_size(rows), required=False),
        text("counterparty", "Broker", (one.counterparty or "") if one else "", choices=brokers),
        text("system", "System", (one.execution_system or "") if one else "", choices=ways),
        pick(
            "entry",
            "Entry",
            ("", *ENTRY_TYPES),
            (one.entry_type or "") if one else "",
            empty="none" if one and not one.entry_type else UNCHANGED,
        ),
        *_term_fields(scope.snapshot, one),
    )
    return _form(scope, EntityKind.PLACEMENTS, rows, fields)


def _form(scope: Scope, kind: EntityKind, rows: Sequence[Row], fields: tuple[Field, ...]) -> Form:
    how = INTRO if len(rows) == 1 else f"{INTRO} An empty field stays unchanged."
    return Form(
        f"Update {counted(len(rows), kind.singular)}",
        fields,
        intro=f"{rows_in_words(scope.snapshot, kind, [row.id for row in rows])}\n{how}",
        check=lambda values: _problems(scope, kind, rows, values),
        live=lambda values: _in_words(scope, kind, rows, values),
    )


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
    return (
        pick(
            "type",
            "Type",
            (*unchanged, *offered(TYPES, snapshot.order_types)),
            in_words(one.type) if one else "",
            empty=UNCHANGED,
        ),
        price_or_none("limit", "Limit", one.limit_price if one else None),
        price_or_none("stop", "Stop", one.stop_price if one else None),
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


# --- what changes -------------------------------------------------------------------------------


def new_size(row: Row, typed: str) -> Size | None:
    """Return the size a row is changed to, in its own measure; None where it stays.

    Raises:
        ValueError: nothing is left of it, or it is not known; with a sentence.
    """
    held = size_of(row)
    if not typed.strip():
        return None
    asked = parse_size(typed, held.value, held.currency)
    return None if asked == held.value else Size(asked, held.currency)


def _resized(row: Row, typed: str) -> dict[str, Any]:
    asked = new_size(row, typed)
    if asked is None:
        return {}
    if asked.currency:
        return {"amount": CurrencyAndAmount(amount=asked.value, currency=asked.currency)}
    return {"quantity": asked.value}


def _new_terms(snapshot: Snapshot, row: Row, values: Values) -> dict[str, Any]:
    """Return the terms that change, by the names of the API; None is a price that is cleared.

    An order that goes at market has no prices: it loses those that nobody typed anew.
    """
    found: dict[str, Any] = {}
    currency = currency_of(row, snapshot)
    kind = offered(TYPES, snapshot.order_types).get(values["type"], values["type"])
    if kind and normalize(kind) != normalize(row.type):
        found["type"] = kind
    force = TIMES_IN_FORCE.get(values["tif"], values["tif"])
    if force and normalize(force) != normalize(row.time_in_force):
        found["time_in_force"] = force
    for name in _PRICES:
        held: CurrencyAndAmount | None = getattr(row, f"{name}_price")
        typed = values[name].strip().lower()
        asked = None if typed in ("", NONE) else parse_price(typed)
        if asked is not None and (held is None or asked != held.amount):
            found[f"{name}_price"] = CurrencyAndAmount(amount=asked, currency=currency)
        elif held is not None and (typed == NONE or normalize(found.get("type")) == "market"):
            found[f"{name}_price"] = None
    return found


def _is_whole(terms: dict[str, Any], row: Row) -> bool:
    """Return whether these changes of terms take the whole entity: an update has no word for one of them."""
    cleared = any(price is None for price in terms.values())
    if isinstance(row, Order):
        return cleared or "type" in terms or "time_in_force" in terms
    to_market = normalize(terms.get("type")) == "market"
    return "time_in_force" in terms or (cleared and not to_market)


def _note(scope: str, values: Values) -> Properties | None:
    """Return the property that holds the note typed, None without one."""
    if not values.get("note", "").strip():
        return None
    key = f"Order/{scope}/Note"
    return {key: PerpetualProperty(key=key, value=PropertyValue(label_value=values["note"]))}


def _new_portfolio(scope: Scope, order: Order, values: Values) -> ResourceId | None:
    """Return the portfolio an order is changed to, None where it stays."""
    typed = values["portfolio"].strip()
    asked = portfolio_lookup(scope.snapshot, scope.home).read(typed) if typed else None
    return None if asked == order.portfolio_id else asked


def _new_route(row: Placement, values: Values) -> dict[str, Any]:
    """Return what changes of who works a placement and how, by the names of the API."""
    names = {"counterparty": "counterparty", "system": "execution_system", "entry": "entry_type"}
    typed = {wire: values[field].strip(" ") for field, wire in names.items()}
    return {wire: text for wire, text in typed.items() if text and text != getattr(row, wire)}


def _orders_verb(scope: Scope, values: Values) -> Verb:
    rows = _orders(scope)
    terms = {row.id: _new_terms(scope.snapshot, row, values) for row in rows}
    if any(_is_whole(terms[row.id], row) for row in rows):
        return ReplaceOrders(
            tuple(
                order_request(
                    row,
                    **terms[row.id],
                    properties={**(row.properties or {}), **(_note(row.id.scope, values) or {})},
                )
                for row in rows
                if terms[row.id] or _note(row.id.scope, values)
            ),
            made_from=tuple(rows),
        )
    return UpdateOrders(
        tuple(
            OrderUpdateRequest(
                id=row.id,
                portfolio_id=_new_portfolio(scope, row, values),
                properties=_note(row.id.scope, values),
                **terms[row.id],
                **_resized(row, values["quantity"]),
            )
            for row in rows
        )
    )


def _placements_verb(scope: Scope, values: Values) -> Verb:
    rows = _placements(scope)
    terms = {row.id: _new_terms(scope.snapshot, row, values) for row in rows}
    if any(_is_whole(terms[row.id], row) for row in rows):
        changes = {row.id: {**terms[row.id], **_new_route(row, values)} for row in rows}
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
        **_new_route(row, values),
        **_resized(row, values["quantity"]),
    )


# --- what is wrong with what is typed -----------------------------------------------------------


def _problems(scope: Scope, kind: EntityKind, rows: Sequence[Row], values: Values) -> Sequence[str]:
    """Return why the values cannot be sent, each reason once; that nothing changes is one."""
    measures = [size_of(row).currency for row in rows]
    currencies = [known for row in rows if (known := currency_of(row, scope.snapshot))]
    mixed = [
        *mixed_measures(values["quantity"], measures),
        *(problem for name in _PRICES for problem in mixed_measures(values[name], currencies)),
    ]
    told: dict[str, None] = dict.fromkeys(mixed)
    for row in rows:
        told.update(dict.fromkeys(_row_problems(scope, kind, row, values, alone=len(rows) == 1)))
    if not told and not _changes_anything(scope, rows, values):
        return ["Nothing is changed yet."]
    return list(told)


def _row_problems(scope: Scope, kind: EntityKind, row: Row, values: Values, *, alone: bool) -> Sequence[str]:
    name = scope.snapshot.name_of(kind, row.id)
    try:
        resized = new_size(row, values["quantity"]) is not None
    except ValueError as error:
        return [str(error) if alone else f"{name}: {error}"]
    kept = _cannot_be_cleared(scope.snapshot, row, values) if alone else ()
    if kept:
        return kept
    emptied = [
        f"The {each} was {getattr(row, f'{each}_price')}: write '{NONE}' to clear it."
        for each in _PRICES
        if alone and getattr(row, f"{each}_price") is not None and not values[each].strip()
    ]
    terms = _new_terms(scope.snapshot, row, values)
    if emptied and normalize(terms.get("type")) != "market":
        return emptied
    missing = [] if not terms else _missing_after(row, terms)
    if missing:
        return missing if alone else [f"{name}: {sentence}" for sentence in missing]
    if not _is_whole(terms, row):
        return []
    moved = isinstance(row, Order) and _new_portfolio(scope, row, values) is not None
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
        held["entry"] = ("entry", row.entry_type or "")
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
    set_anew = ["there" if terms.get(f"{name}_price") is not None else "" for name in _PRICES]
    return [
        *useless_prices(kind, *set_anew),
        *missing_prices(kind, after("limit_price"), after("stop_price")),
    ]


def _changes_anything(scope: Scope, rows: Sequence[Row], values: Values) -> bool:
    for row in rows:
        if _new_terms(scope.snapshot, row, values):
            return True
        if _resized(row, values["quantity"]) or _note(row.id.scope, values):
            return True
        if isinstance(row, Order) and _new_portfolio(scope, row, values) is not None:
            return True
        if isinstance(row, Placement) and _new_route(row, values):
            return True
    return False


def _resizes_in_words(snapshot: Snapshot, kind: EntityKind, rows: Sequence[Row], typed: str) -> str:
    """Return the old and new sizes while one is typed, as far as it can be read."""
    said = []
    for row in rows[:MOST_NAMED]:
        try:
            asked = new_size(row, typed)
        except ValueError:
            return ""
        if asked is not None:
            name = f" ({snapshot.name_of(kind, row.id)})" if len(rows) > 1 else ""
            said.append(f"{size_of(row)} → {asked.words}{name}")
    more = f" and {len(rows) - MOST_NAMED:,} more" if said and len(rows) > MOST_NAMED else ""
    return ", ".join(said) + more
