"""Columns of what is traded: what it is called, and its last price."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from tui.api.base import Identifiers
from tui.columns.column import Column
from tui.columns.factories import as_text, plain, quantity_text
from tui.columns.format import DisplayContext, minute
from tui.service.numbers import price
from tui.service.snapshot.instruments import UNRESOLVED, luid_of
from tui.service.snapshot.last_prices import LastPrice
from tui.service.snapshot.snapshot import Snapshot

UNKNOWN_MARK: Final = "?"
"""Stands before the identifiers of an instrument that the server did not resolve."""
_WHOSE: Final = 5
"""The letters that say whose a last price is: mid, fill, limit, close."""
_NAMES: Final = ("Ticker", "RIC", "ClientInternal", "Figi", "Isin", "Sedol", "Currency")


def ticker(identifiers: Identifiers | None, luid: str = "") -> str:
    """Return the name dealers use for an instrument: its ticker, else the next best identifier."""
    known = {key.rsplit("/", 1)[-1]: value for key, value in (identifiers or {}).items() if value}
    return next((known[name] for name in _NAMES if name in known), luid)


def last_price() -> Column:
    """Return the column of the instrument's last price; :func:`last_origin` says whose it is."""

    def value(snapshot: Snapshot, row: Any) -> Decimal | None:
        last = _last(snapshot, row)
        return last.price if last else None

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        last = _last(snapshot, row)
        return price(last.price, last.currency) if last else ""

    return Column(
        "last",
        "Last",
        "Last price of the instrument: quoted, else dealt, else asked for",
        value,
        quantity_text,
        6,
        "point",
        "never",
        role=_role_of_last,
        drawn=drawn,
        of_instrument=True,
        made_of=_last,
    )


def last_origin() -> Column:
    """Return the column that says whose the last price is, and of when."""

    def drawn(snapshot: Snapshot, row: Any, context: DisplayContext) -> str:
        last = _last(snapshot, row)
        if last is None:
            return ""
        whose = last.source.lower().removeprefix("last ").partition("_")[0]
        return f"{whose[:_WHOSE]:<{_WHOSE}} {minute(last.at, context):>6}"

    return Column(
        "origin",
        "Last from",
        "Whose the last price is (quoted, of a fill, of a limit), and of when",
        lambda snapshot, row: last.source if (last := _last(snapshot, row)) else None,
        as_text,
        12,
        role=_role_of_last,
        drawn=drawn,
        of_instrument=True,
        made_of=_last,
    )


def _role_of_last(snapshot: Snapshot, row: Any) -> str:
    last = _last(snapshot, row)
    return "idle" if last and last.outdated else ""


def _last(snapshot: Snapshot, row: Any) -> LastPrice | None:
    known = snapshot.instruments.get(luid_of(row))
    return known.last if known else None


def instrument(named: Callable[[Any], tuple[Identifiers | None, str]]) -> Column:
    """Return the column of what is traded; what the server did not resolve is marked (R19)."""

    def value(snapshot: Snapshot, row: Any) -> str:
        identifiers, luid = named(row)
        if luid == UNRESOLVED:
            return f"{UNKNOWN_MARK} {ticker(identifiers)}".rstrip()
        known = snapshot.instruments.get(luid)
        return known.label if known is not None and known.record else ticker(identifiers, luid)

    def role(snapshot: Snapshot, row: Any) -> str:
        luid = named(row)[1]
        known = snapshot.instruments.get(luid)
        return "bad" if luid == UNRESOLVED else "" if known is None or known.is_active else "attention"

    return plain("instrument", "Instrument", "What is traded", 12, value, flexible=True, role=role)


def instrument_name(luid: Callable[[Any], str]) -> Column:
    """Return the column of the full name of what is traded; one that may not be traded is said to be."""

    def value(snapshot: Snapshot, row: Any) -> str:
        if luid(row) == UNRESOLVED:
            return "not resolved"
        known = snapshot.instruments.get(luid(row))
        if known is None:
            return ""
        state = "" if known.is_active or known.record is None else f" ({known.record.state.lower()})"
        return f"{known.name}{state}"

    return plain("name", "Name", "Full name of what is traded", 18, value, flexible=True)
