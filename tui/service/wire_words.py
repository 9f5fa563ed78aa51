"""The API's names of sides, order types and times in force, in the words of a desk; and back, for filters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct

from tui.api.side_families import SIDE_FAMILIES, family_of
from tui.api.states import normalize
from tui.service.state_words import state_spellings

SIDES: Final[Mapping[str, str]] = {family.words: family.names[0] for family in SIDE_FAMILIES}
"""The built-in sides in words, and the API's names of them; :mod:`tui.service.sides` has a tenant's."""
TYPES: Final[Mapping[str, str]] = {
    "Market": "Market",
    "Limit": "Limit",
    "Stop": "Stop",
    "Stop limit": "StopLimit",
}


class TimeInForce(Struct, frozen=True):
    """One time in force under all its names: in words, as dealers write it, and as servers do."""

    words: str
    short: str
    names: tuple[str, ...]


TIMES: Final = (
    TimeInForce("Day", "day", ("Day",)),
    TimeInForce("Good till cancelled", "GTC", ("GoodTilCancel", "GoodTillCancel", "GTC")),
    TimeInForce("Immediate or cancel", "IOC", ("ImmediateOrCancel", "IOC")),
    TimeInForce("Fill or kill", "FOK", ("FillOrKill", "FOK")),
    TimeInForce("Good till a date", "GTD", ("GoodTilDate", "GoodTillDate", "GTD")),
    TimeInForce("At the close", "ATC", ("AtTheClose", "ATC")),
    TimeInForce("At the opening", "OPG", ("AtTheOpening", "OPG")),
)
"""Every time in force with words of its own."""
ENTRIES: Final[Mapping[str, str]] = {
    "Undecided": "Undecided",
    "Manual": "Manual",
    "Direct": "Direct",
    "EMS": "Ems",
    "External": "External",
}
"""How a placement came about in words, and the API's names of it."""
_OFFERED_TIMES: Final = 4
"""How many of them forms offer: a date is carried by a property, which only the order line offers."""
TIMES_IN_FORCE: Final[Mapping[str, str]] = {each.words: each.names[0] for each in TIMES[:_OFFERED_TIMES]}
_TIME_NAMES: Final = {normalize(name): each for each in TIMES for name in each.names}
_ENTRY_WORDS: Final = {normalize(wire): words for words, wire in ENTRIES.items()}
_WORDS: Final = (
    {normalize(wire): words for words, wire in TYPES.items()}
    | {name: each.words for name, each in _TIME_NAMES.items()}
    | {normalize(name): family.words for family in SIDE_FAMILIES for name in family.names}
)


def spelt(wire: str, seen: Iterable[str]) -> str:
    """Return an API name as a server spells it, which has ``seen`` others; else as it is.

    >>> spelt("SellShort", ["BUY", "SELL_SHORT"]), spelt("Buy", ["BUY", "Buy"]), spelt("Stop", [])
    ('SELL_SHORT', 'Buy', 'Stop')
    """
    found = sorted(each for each in seen if normalize(each) == normalize(wire))
    return wire if wire in found or not found else found[0]


def offered(known: Mapping[str, str], seen: Collection[str]) -> Mapping[str, str]:
    """Return what a form offers: the ``known`` names as the server spells them, then others it has ``seen``.

    >>> list(offered(TYPES, ["LIMIT", "Pegged"]).items())[1:]
    [('Limit', 'LIMIT'), ('Stop', 'Stop'), ('Stop limit', 'StopLimit'), ('Pegged', 'Pegged')]
    """
    names = {normalize(wire) for wire in known.values()}
    others = {in_words(each): each for each in sorted(seen) if normalize(each) not in names}
    return {**{words: spelt(wire, seen) for words, wire in known.items()}, **others}


def in_words(wire: str | None) -> str:
    """Return an API name in words; one that is not known stays unchanged.

    >>> in_words("SellShort"), in_words("Pegged"), in_words(None)
    ('Sell short', 'Pegged', '')
    """
    return _WORDS.get(normalize(wire), wire or "")


def time_in_cell(wire: str | None) -> str:
    """Return a time in force as dealers write it; an unknown one as it came.

    >>> time_in_cell("GOOD_TILL_CANCEL"), time_in_cell("Day"), time_in_cell("Auction")
    ('GTC', 'day', 'Auction')
    """
    known = _TIME_NAMES.get(normalize(wire))
    return known.short if known else wire or ""


def entry_in_words(wire: str | None) -> str:
    """Return how a placement came about, as forms offer it; an unknown one as it came."""
    return _ENTRY_WORDS.get(normalize(wire), wire or "")


def entry_in_cell(wire: str | None) -> str:
    """Return how a placement came about, as a cell shows it; an unknown one as it came.

    >>> entry_in_cell("Ems"), entry_in_cell("Direct"), entry_in_cell("Phone")
    ('EMS', 'direct', 'Phone')
    """
    known = _ENTRY_WORDS.get(normalize(wire))
    if known is None:
        return wire or ""
    return known if known.isupper() else known.lower()


def side_in_cell(wire: str | None) -> str:
    """Return a side in one word; one that is not built in as it came.

    >>> side_in_cell("BUY"), side_in_cell("CoverShort"), side_in_cell("Borrow")
    ('Buy', 'Cover', 'Borrow')
    """
    family = family_of(wire)
    return family.short if family else wire or ""


def word_in_cell(wire: str | None) -> str:
    """Return an API name as a cell shows it, where it is not the first word; an unknown one as it came.

    >>> word_in_cell("STOP_LIMIT"), word_in_cell("Pegged")
    ('stop limit', 'Pegged')
    """
    known = _WORDS.get(normalize(wire))
    return known.lower() if known else wire or ""


@lru_cache(maxsize=4096)
def spellings(wire: str) -> tuple[str, ...]:
    """Return all under which a state, side, type or time in force is found, normalised.

    A filter finds a row by what people read, by what the server wrote, and by other names of the same.

    >>> spellings("CoverShort")
    ('covershort', 'buytocover', 'cover')
    >>> "goodtillcancelled" in spellings("GTC"), "partlyfilled" in spellings("PART_FILL")
    (True, True)
    """
    found = [*state_spellings(wire)]
    if words := _WORDS.get(normalize(wire)):
        found.append(words)
    if family := family_of(wire):
        found += (*family.names, family.words, family.short)
    if time := _TIME_NAMES.get(normalize(wire)):
        found += (*time.names, time.words)
    return tuple(dict.fromkeys(map(normalize, found)))
