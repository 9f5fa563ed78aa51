"""The API's names of sides, order types and times in force, in the words of a desk."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from tui.api.side_families import SIDE_FAMILIES
from tui.api.states import normalize

SIDES: Final[Mapping[str, str]] = {family.words: family.names[0] for family in SIDE_FAMILIES}
"""The built-in sides in words, and the API's names of them; :mod:`tui.service.sides` has a tenant's."""
TYPES: Final[Mapping[str, str]] = {
    "Market": "Market",
    "Limit": "Limit",
    "Stop": "Stop",
    "Stop limit": "StopLimit",
}
TIMES_IN_FORCE: Final[Mapping[str, str]] = {
    "Day": "Day",
    "Good till cancelled": "GoodTilCancel",
    "Immediate or cancel": "ImmediateOrCancel",
    "Fill or kill": "FillOrKill",
}
_UNTIL_A_DATE: Final = {"Good till a date": "GoodTilDate"}
"""A time in force whose date a property carries: only the order line offers it."""
_WORDS: Final = {
    wire: words
    for offered in (SIDES, TYPES, TIMES_IN_FORCE, _UNTIL_A_DATE)
    for words, wire in offered.items()
} | {name: family.words for family in SIDE_FAMILIES for name in family.names}


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
    return _WORDS.get(wire or "", wire or "")


_STATES: Final = {
    "cancelled": "cancelled",
    "partiallyfilled": "partly filled",
    "doneforday": "done for the day",
}


def state_in_words(state: str | None) -> str:
    """Return a state as people read it in a sentence, in one spelling whatever the server's.

    >>> state_in_words("Canceled"), state_in_words("PartiallyFilled"), state_in_words("PendingNew")
    ('cancelled', 'partly filled', 'pending new')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", state or "")
    return _STATES.get(normalize(state)) or spaced.lower()
