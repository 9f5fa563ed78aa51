"""The sides of orders as the API spells them: their words on a desk, what is typed for them, their direction.

A side is free text that names a transaction type (contract 1.0, R48 to R50). These four are the built-in
ones; a tenant may have others, and may spell these in its own way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct


class SideFamily(Struct, frozen=True):
    """One side under all its names, the preferred one first.

    ``words`` name it in a sentence, ``short`` in a cell; ``typed`` are what stands for it in an order line.
    ``direction`` is 1 when it lengthens a position, -1 when it shortens one.
    """

    names: tuple[str, ...]
    words: str
    short: str
    typed: tuple[str, ...]
    direction: int

    def spelt(self, names: Iterable[str]) -> str | None:
        """Return its name among ``names``, the preferred one if it is there; None when none is its own.

        >>> SHORT.spelt(["BUY", "ShortSell", "SELL_SHORT"]), SHORT.spelt(["Buy"])
        ('SELL_SHORT', None)
        """
        given = sorted(names)
        for own in self.names:
            alike = [each for each in given if folded(each) == folded(own)]
            if alike:
                return own if own in alike else alike[0]
        return None


BUY: Final = SideFamily(("Buy",), "Buy", "Buy", ("b", "buy"), 1)
SELL: Final = SideFamily(("Sell",), "Sell", "Sell", ("s", "sell"), -1)
SHORT: Final = SideFamily(
    ("SellShort", "ShortSell"), "Sell short", "Short", ("ss", "short", "sell short"), -1
)
COVER: Final = SideFamily(
    ("CoverShort", "BuyToCover"), "Buy to cover", "Cover", ("bc", "btc", "cover", "buy to cover"), 1
)
SIDE_FAMILIES: Final = (BUY, SELL, SHORT, COVER)
"""The built-in sides, in the order in which they are offered."""


def folded(side: str | None) -> str:
    """Return a side as it is compared: lower case, without spaces, hyphens and underscores."""
    return (side or "").lower().replace(" ", "").replace("-", "").replace("_", "")


_FAMILIES: Final = {folded(name): family for family in SIDE_FAMILIES for name in family.names}
_TYPED: Final = {word: family for family in SIDE_FAMILIES for word in family.typed}


def family_of(side: str | None) -> SideFamily | None:
    """Return which of the built-in sides a text names, in whatever spelling; None for any other."""
    return _FAMILIES.get(folded(side))


def family_typed(word: str) -> SideFamily | None:
    """Return which of the built-in sides a word of an order line stands for, in any letter case."""
    return _TYPED.get(word.lower())
