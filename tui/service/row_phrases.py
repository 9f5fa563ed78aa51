"""A row of the desk in the dealer's language: the trade it is, and its id.

Side, size, instrument, type, prices, time in force, and for whom or with whom are always said, also where a
row has none. Ids come last and short. :mod:`tui.service.sentence` makes the sentences about writes of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ZERO, CurrencyAndAmount, Identifiers, Properties, ResourceId
from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.service.outcomes import lowered
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.naming import short_name
from tui.service.snapshot.sizing import block_asked
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.snapshot.transaction_keys import portfolio_of
from tui.service.trade import Trade, average_of, named, terms_of
from tui.service.verbs.facts import instrument_of
from tui.service.wire_words import in_words

MOST_TOGETHER: Final = 32
"""Rows that are looked at to say them as one trade; more are named by their ids."""
MOST_NAMED: Final = 4
"""Portfolios, brokers or blocks that the sentence of several items names."""
_GOES_ON: Final = ": "


class Phrase(Struct, frozen=True):
    """One row, or one item of a verb: its trade if the desk has one, what happens to it, its ids last.

    ``words`` say what is about no row.
    """

    ref: Ref
    trade: Trade | None
    ids: str
    change: str = ""
    words: str = ""

    def __str__(self) -> str:
        if self.words:
            return f"{self.words} · {self.ids}"
        words = str(self.trade) if self.trade else f"{self.ref.kind.singular} not on this desk"
        changed = f"{words}: {self.change}" if self.change else words
        return f"{changed} · {self.ids}"


def phrase_of(snapshot: Snapshot, ref: Ref, row: Any = None) -> str:
    """Return a row of the desk in words, its id last; empty for one that the desk does not have.

    ``row`` is the row as it was at another time.
    """
    if row is None and ref in snapshot:
        row = snapshot.row(ref)
    if isinstance(row, Transaction):
        trade: Trade | None = _trade_booked(snapshot, ref, row)
    else:
        trade = None if row is None else trade_of(snapshot, row)
    return str(Phrase(ref, trade, short_id(snapshot, ref))) if trade else ""


def rows_in_words(snapshot: Snapshot, kind: EntityKind, ids: Sequence[ResourceId]) -> str:
    """Return rows as one sentence: a single one with its id, alike ones as one trade, others by their ids."""
    if len(ids) == 1:
        return str(row_phrase(snapshot, Ref(kind, ids[0])))
    if len(ids) <= MOST_TOGETHER:
        alike = as_one_trade([row_phrase(snapshot, Ref(kind, id)) for id in ids])
        if alike.startswith(_GOES_ON):
            trade = alike.removeprefix(_GOES_ON)
            return trade[:1].upper() + trade[1:]
    return rows_named(snapshot, kind, ids)


def rows_named(snapshot: Snapshot, kind: EntityKind, ids: Sequence[ResourceId]) -> str:
    """Return the ids of the first rows in short, and how many more there are."""
    more = f" and {len(ids) - MOST_NAMED:,} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(short_id(snapshot, Ref(kind, id)) for id in ids[:MOST_NAMED]) + more


def trade_of(snapshot: Snapshot, row: Any) -> Trade | None:
    """Return a row as a trade in words; None for a transaction, which is none."""
    if isinstance(row, OrderGraphBlock):
        block, asked = row.block, block_asked(snapshot, row)
        if not asked.currency:
            block = replace(block, quantity=asked.value)
        return trade_ordered(snapshot, block)
    if isinstance(row, Order):
        return trade_ordered(snapshot, row, whom=for_whom(snapshot, row.portfolio_id))
    if isinstance(row, Placement):
        return trade_ordered(snapshot, row, whom=with_whom(row))
    if isinstance(row, Execution):
        return trade_dealt(snapshot, row, whom=with_whom(row))
    if isinstance(row, Allocation):
        return trade_dealt(snapshot, row, whom=for_whom(snapshot, row.portfolio_id))
    assert isinstance(row, Transaction)
    return None


def short_id(snapshot: Snapshot, ref: Ref) -> str:
    """Return the id of a row in short, with its scope where the code alone leaves doubt."""
    return short_name(snapshot, ref.kind, ref.id)


def row_phrase(snapshot: Snapshot, ref: Ref, change: str = "") -> Phrase:
    """Return a row of the desk as an item that is changed."""
    trade = trade_of(snapshot, snapshot.row(ref)) if ref in snapshot else None
    return Phrase(ref, trade, short_id(snapshot, ref), change)


# --- the words of a trade -----------------------------------------------------------------------


def trade_ordered(snapshot: Snapshot, row: Any, *, side: str = "", whom: str = "") -> Trade:
    """Return a block, order or placement, or the request for one, as a trade."""
    size, unit = size_and_unit(row)
    return Trade(
        side=in_words(side or row.side) or "No side:",
        size=size,
        unit=unit,
        instrument=instrument_words(snapshot, row),
        terms=terms_of(row.type, row.limit_price, row.stop_price, row.time_in_force, properties_of(row)),
        whom=whom,
    )


def trade_dealt(snapshot: Snapshot, row: Any, *, whom: str) -> Trade:
    """Return an execution or an allocation, or the request for one, as a trade at its price."""
    return Trade(
        side=in_words(row.side) or "No side:",
        size=row.quantity,
        unit="",
        instrument=instrument_words(snapshot, row),
        terms=f"at {average_of(row.price)}" if row.price else "without a price",
        whom=whom,
    )


def _trade_booked(snapshot: Snapshot, ref: Ref, row: Transaction) -> Trade:
    """Return a transaction as a trade of its portfolio, which its key names."""
    known = snapshot.instruments.get(row.instrument_uid)
    said = next((value for value in (row.instrument_identifiers or {}).values() if value), "")
    price = row.transaction_price.price if row.transaction_price else None
    money = CurrencyAndAmount(amount=price, currency=row.transaction_currency)
    return Trade(
        side=in_words(row.type) or "No side:",
        size=row.units,
        unit="",
        instrument=named(known) if known else said or row.instrument_uid or "no instrument",
        terms=f"at {average_of(money)}" if price is not None else "without a price",
        whom=for_whom(snapshot, portfolio_of(ref.id)),
    )


def size_and_unit(row: Any) -> tuple[Decimal | None, str]:
    """Return the size of a row and its unit; money and weight size a row that has no quantity."""
    weight = getattr(row, "weight", None)
    if row.quantity is None and row.amount is not None:
        return row.amount.amount, row.amount.currency or "money"
    if row.quantity is None and weight is not None:
        return weight * 100, "%"
    return row.quantity, ""


def instrument_words(snapshot: Snapshot, row: Any) -> str:
    """Return the instrument of a row: its short name with the full one, else the identifier it came with."""
    identifiers: Identifiers = row.instrument_identifiers
    luid = getattr(row, "lusid_instrument_id", "")
    known: Instrument | None = (
        snapshot.instruments.get(luid) if luid else instrument_of(snapshot, identifiers)
    )
    if known is None:
        return next((value for value in identifiers.values() if value), "") or luid or "no instrument"
    return named(known)


def properties_of(row: Any) -> Properties:
    """Return the properties of a row; empty where it has none."""
    held: Properties | None = getattr(row, "properties", None)
    return held or {}


def for_whom(snapshot: Snapshot, portfolio: ResourceId | None) -> str:
    """Return for which portfolio a trade is: ``for UKEQ-GROW``."""
    return f"for {snapshot.portfolio_label(portfolio)}" if portfolio else "for no portfolio"


def with_whom(row: Any) -> str:
    """Return with which broker a placement is, and through which system: ``with ALBN through SIM-EMS``."""
    system = getattr(row, "execution_system", None)
    return f"with {row.counterparty or 'no broker'}{f' through {system}' if system else ''}"


# --- several rows in one sentence ---------------------------------------------------------------


def as_one_trade(items: Sequence[Phrase]) -> str:
    """Return what follows the head of several items: their trades as one, else for or with whom all are."""
    trades = [item.trade for item in items if item.trade is not None]
    if not trades or len(trades) < len(items):
        return ""
    first, whom = trades[0], _all_whom(trades)
    if any(_kind(trade) != _kind(first) for trade in trades):
        return f" {whom}" if whom == first.whom and whom else ""
    sizes = [trade.size for trade in trades if trade.size is not None]
    total = sum(sizes, ZERO) if len(sizes) == len(trades) else None
    changes = {item.change for item in items}
    change = f": {changes.pop()}" if len(changes) == 1 and items[0].change else ""
    return f"{_GOES_ON}{lowered(str(replace(first, size=total, whom=whom)))}{change}"


def _kind(trade: Trade) -> tuple[str, ...]:
    return (trade.side, trade.unit, trade.instrument, trade.terms)


def _all_whom(trades: Iterable[Trade]) -> str:
    """Return for whom, or with whom, trades are: ``for UKEQ-GROW and UKEQ-INC``."""
    named = list(dict.fromkeys(trade.whom for trade in trades))
    first, *rest = named
    if not rest:
        return first
    preposition = first.partition(" ")[0] + " "
    others = [whom.removeprefix(preposition) for whom in rest[: MOST_NAMED - 1]]
    more = len(named) - MOST_NAMED
    if more > 0:
        return f"{', '.join((first, *others))} and {more} more"
    return f"{', '.join((first, *others[:-1]))} and {others[-1]}"
