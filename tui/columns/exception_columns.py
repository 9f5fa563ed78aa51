"""The columns of the list of exceptions, and an exception as a line of text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from tui.columns.column import Column
from tui.columns.factories import plain, timestamp_column
from tui.columns.format import DisplayContext, age_text
from tui.columns.instrument_columns import ticker
from tui.service.exceptions.open_exceptions import OpenException, subject_of
from tui.service.numbers import size_text
from tui.service.row_phrases import short_id
from tui.service.snapshot.instruments import UNRESOLVED, luid_of
from tui.service.snapshot.sizing import Size, block_asked, size_of
from tui.service.snapshot.snapshot import EntityKind, Snapshot
from tui.service.wire_words import side_in_cell


def stake_text(found: OpenException) -> str:
    """Return the money at stake without hundredths; empty where it is not known."""
    money = found.trouble.money
    if money.value is None:
        return ""
    value = money.value.to_integral_value() if abs(money.value) >= 1 else money.value
    return size_text(value, money.currency)


def instrument_text(snapshot: Snapshot, found: OpenException) -> str:
    """Return the short name of the instrument of an exception's row."""
    row = snapshot.row(found.ref)
    if row is None:
        return found.trouble.instrument
    known = snapshot.instruments.get(luid_of(row)) if luid_of(row) != UNRESOLVED else None
    named = subject_of(row).instrument_identifiers
    return known.label if known is not None and known.record else ticker(named, luid_of(row))


def trade_text(snapshot: Snapshot, found: OpenException) -> str:
    """Return side, size and instrument of an exception's row: ``Sell 12,000 VOD``."""
    row = snapshot.row(found.ref)
    if row is None:
        return found.trouble.trade
    own = subject_of(row)
    if found.ref.kind is EntityKind.BLOCKS:
        size = block_asked(snapshot, row)
    elif found.ref.kind is EntityKind.TRANSACTIONS:
        size = Size(row.units)
    elif hasattr(row, "amount"):
        size = size_of(row)
    else:
        size = Size(row.quantity)
    side = own.type if found.ref.kind is EntityKind.TRANSACTIONS else own.side
    said = "" if size.value is None else str(size)
    return " ".join(filter(None, (side_in_cell(side), said, instrument_text(snapshot, found))))


def _text(value: Any, context: DisplayContext) -> str:
    return "" if value is None else str(value)


def _reason(snapshot: Snapshot, found: OpenException) -> str:
    return found.trouble.reason


_URGENCY: Final = Column(
    "urgency",
    "",
    "How urgent it is",
    lambda snapshot, found: found.kind.urgency.words,
    _text,
    2,
    role=lambda snapshot, found: found.kind.urgency.role,
    drawn=lambda snapshot, found, context: found.kind.urgency.glyph(ascii=context.ascii),
)
_STAKE: Final = Column(
    "stake",
    "At stake",
    "Money at stake",
    lambda snapshot, found: found.trouble.money.value,
    _text,
    13,
    "point",
    "never",
    drawn=lambda snapshot, found, context: stake_text(found),
)
_BEHIND: Final = (
    plain("who", "Who", "Who has to do with it", 12, lambda s, found: found.trouble.who).ranked(2),
    plain(
        "row", "Row", "The row it is about", 13, lambda s, found: short_id(s, found.ref), cut="middle"
    ).ranked(3),
    timestamp_column("since", "Since", "Since when", lambda s, found: found.trouble.since).ranked(4),
    plain("currency", "Ccy", "Currency of that money", 4, lambda s, found: found.trouble.money.currency),
)


def exception_columns(
    press: Callable[[OpenException], str], now: Callable[[], datetime]
) -> tuple[Column, ...]:
    """Return the columns of the list; ``press`` names the key that mends an exception."""

    def age(snapshot: Snapshot, found: OpenException) -> str:
        return age_text(found.trouble.since, now())

    first = (
        _URGENCY,
        plain("reason", "Needs you", "What is wrong", 58, _reason, flexible=True),
        plain("trade", "Trade", "Side, size and instrument", 24, trade_text, flexible=True),
        Column("age", "Age", "For how long", age, _text, 5, "right", "never"),
        _STAKE,
        plain("press", "Press", "Mends it", 16, lambda s, found: press(found), flexible=True),
    )
    return (*(column.ranked(1) for column in first), *_BEHIND)
