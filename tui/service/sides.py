"""The sides of a tenant: which an order may have, which way each moves a position, and which would not book.

The transaction types say it where they are read; what the orders of the desk have is offered too. Where
nobody says, there are the built-in sides.
"""

from __future__ import annotations

from collections.abc import Mapping

from tui.api.base import ResourceId
from tui.api.side_families import SIDE_FAMILIES, family_of, family_typed, folded
from tui.api.states import direction_of
from tui.service.snapshot.records import DEFAULT_SCOPE
from tui.service.snapshot.snapshot import Snapshot
from tui.service.wire_words import in_words


def offered_sides(snapshot: Snapshot) -> Mapping[str, str]:
    """Return what a form offers, in words, and how this server spells it (R48).

    Another spelling of a side that is offered already, which orders have and no type, is left out (R50).
    """
    booked = [side.name for side in snapshot.records.sides_for()]
    known = dict.fromkeys((*booked, *sorted(snapshot.sides)))
    found: dict[str, str] = {}
    for family in SIDE_FAMILIES:
        name = family.spelt(booked) or family.spelt(snapshot.sides)
        if name or not booked:
            found[family.words] = name or family.names[0]
    taken = set(map(folded, found.values()))
    for name in known:
        known_family = family_of(name)
        again = known_family is not None and known_family.words in found and name not in booked
        if folded(name) not in taken and not again:
            words = in_words(name)
            found[name if words in found else words] = name
    return found


def side_typed(snapshot: Snapshot, word: str) -> str | None:
    """Return the side that a word of an order line stands for, as this server spells it; None for none (R50).

    One that a transaction type is called may be typed in full.
    """
    offered = offered_sides(snapshot)
    family = family_typed(word)
    if family is not None:
        return offered.get(family.words) or family.names[0]
    return next((name for name in offered.values() if name.casefold() == word.casefold()), None)


def side_direction(snapshot: Snapshot, side: str | None, own: int | None = None) -> int | None:
    """Return which way a side moves a position: as the row's ``own`` direction says, else its type (R49)."""
    if own in (1, -1):
        return own
    told = next((each for each in snapshot.records.sides if each.name == side), None)
    return direction_of(side) if told is None or told.direction is None else told.direction


def would_book(snapshot: Snapshot, side: str, portfolio: ResourceId | None) -> bool | None:
    """Return whether a transaction type is called exactly so where a portfolio books, None if not known."""
    known = None if portfolio is None else snapshot.records.portfolios.get(portfolio)
    scope = (known.transaction_scope if known else "") or DEFAULT_SCOPE
    names = {each.name for each in snapshot.records.sides if each.scope == scope}
    return side in names if names else None
