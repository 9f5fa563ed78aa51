"""What the values typed into an update change of an order or a placement.

An update call changes the fields it names. It can neither clear a price nor name an order's type or a time in
force (U1, P9): :func:`takes_the_whole` says when the whole entity is sent instead.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from tui.actions.action import Scope, Values
from tui.actions.eligibility import currency_of
from tui.actions.form_fields import NONE, money_or_none
from tui.api.base import CurrencyAndAmount, PerpetualProperty, Properties, PropertyValue, ResourceId
from tui.api.models import Order, Placement
from tui.api.states import normalize
from tui.service.id_lookup import portfolio_lookup
from tui.service.numbers import parse_size
from tui.service.snapshot.sizing import Size, size_of
from tui.service.snapshot.snapshot import Snapshot
from tui.service.wire_words import ENTRIES, TIMES_IN_FORCE, TYPES, entry_in_words, in_words, offered

Row = Order | Placement
PriceName = Literal["limit", "stop"]
PRICES: Final[tuple[PriceName, ...]] = ("limit", "stop")


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


def resized(row: Row, typed: str) -> dict[str, Any]:
    """Return the size that changes, by the name of the API; empty where it stays."""
    asked = new_size(row, typed)
    if asked is None:
        return {}
    if asked.currency:
        return {"amount": CurrencyAndAmount(amount=asked.value, currency=asked.currency)}
    return {"quantity": asked.value}


def new_terms(snapshot: Snapshot, row: Row, values: Values) -> dict[str, Any]:
    """Return the terms that change, by the names of the API; None is a price that is cleared.

    An order that goes at market has no prices: it loses those that nobody typed anew.

    Raises:
        ValueError: a price is typed in another currency than the row's; with a sentence.
    """
    found: dict[str, Any] = {}
    currency = currency_of(row, snapshot)
    kind = offered(TYPES, snapshot.order_types).get(values["type"], values["type"])
    if kind and normalize(kind) != normalize(row.type):
        found["type"] = kind
    if values["tif"] and values["tif"] != in_words(row.time_in_force):
        found["time_in_force"] = TIMES_IN_FORCE.get(values["tif"], values["tif"])
    for name in PRICES:
        held: CurrencyAndAmount | None = getattr(row, f"{name}_price")
        typed = values[name].strip()
        asked = None if typed.lower() == NONE else money_or_none(typed, currency)
        if asked is not None and (held is None or asked.amount != held.amount):
            found[f"{name}_price"] = asked
        elif held is not None and (typed.lower() == NONE or normalize(found.get("type")) == "market"):
            found[f"{name}_price"] = None
    return found


def takes_the_whole(terms: dict[str, Any], row: Row) -> bool:
    """Return whether these changes of terms take the whole entity: an update has no word for one of them."""
    cleared = any(price is None for price in terms.values())
    if isinstance(row, Order):
        return cleared or "type" in terms or "time_in_force" in terms
    to_market = normalize(terms.get("type")) == "market"
    return "time_in_force" in terms or (cleared and not to_market)


def new_note(scope: str, values: Values) -> Properties | None:
    """Return the property that holds the note typed, None without one."""
    if not values.get("note", "").strip():
        return None
    key = f"Order/{scope}/Note"
    return {key: PerpetualProperty(key=key, value=PropertyValue(label_value=values["note"]))}


def new_portfolio(scope: Scope, order: Order, values: Values) -> ResourceId | None:
    """Return the portfolio an order is changed to, None where it stays."""
    typed = values["portfolio"].strip()
    asked = portfolio_lookup(scope.snapshot, scope.home).read(typed) if typed else None
    return None if asked == order.portfolio_id else asked


def new_route(row: Placement, values: Values) -> dict[str, Any]:
    """Return what changes of who works a placement and how, by the names of the API."""
    names = {"counterparty": "counterparty", "system": "execution_system"}
    typed = {wire: values[field].strip(" ") for field, wire in names.items()}
    if values["entry"] != entry_in_words(row.entry_type):
        typed["entry_type"] = ENTRIES.get(values["entry"], "")
    return {wire: text for wire, text in typed.items() if text and text != getattr(row, wire)}
