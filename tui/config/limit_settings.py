"""The limits a desk sets for its writes, where each is said, and which of them holds.

A limit may be said in ``[limits]`` of the configuration and in a profile, in both for all instruments or
for an asset class. The profile holds over the file and the file over the default; in each, what is said for
the asset class holds over what is said for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct, field

from tui.input_files.mistakes import Mistake

LimitValues = Mapping[str, Decimal | None]
"""Limits by name; None is no limit."""
BANDS: Final = ("notional", "volume", "price", "size", "items", "basket")
"""The limits that have a soft value, above which the count is typed, and a hard one, which refuses."""
SUBJECTS: Final = ("compliance", "approval")
"""What a server may give states of, without which a block is not simply placed."""
BASE: Final = "USD"


class Bound(Struct, frozen=True):
    """The value of a limit, None when there is none, and where it is said."""

    name: str
    value: Decimal | None
    origin: str

    def __str__(self) -> str:
        return f"{self.name}, {self.origin}"


class LimitTable(Struct, frozen=True):
    """What one place says about limits: for all instruments, and by asset class in lower case."""

    origin: str
    values: LimitValues = field(default_factory=dict)
    asset_classes: Mapping[str, LimitValues] = field(default_factory=dict)
    base: str = ""
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    states: Mapping[str, bool] = field(default_factory=dict)
    """Whether the server gives states of compliance and of approval, by :data:`SUBJECTS`."""

    def bound(self, name: str, *asset_classes: str) -> Bound | None:
        """Return the limit as this place says it, None when it does not; of the first class it names."""
        for asset_class in asset_classes:
            own = self.asset_classes.get(asset_class, {})
            if name in own:
                return Bound(name, own[name], f"{self.origin}, asset class {asset_class}")
        return Bound(name, self.values[name], self.origin) if name in self.values else None


def _decimals(values: Mapping[str, str]) -> LimitValues:
    return {name: Decimal(value) for name, value in values.items()}


DEFAULT_TABLE: Final = LimitTable(
    "default",
    _decimals(
        {
            "notional_soft": "5000000",
            "notional_hard": "25000000",
            "volume_soft": "0.10",
            "volume_hard": "0.50",
            "price_soft": "0.02",
            "price_hard": "0.10",
            "size_soft": "5",
            "size_hard": "50",
            "items_soft": "25",
            "items_hard": "250",
            "basket_soft": "25",
            "basket_hard": "10000",
            "prod_items": "5",
            "prod_notional": "1000000",
        }
    ),
    {"bond": _decimals({"price_soft": "0.01", "price_hard": "0.05"})},
    BASE,
)
"""The limits of a desk that says nothing; every name is in it."""


def bound_of(tables: Sequence[LimitTable], name: str, *asset_classes: str) -> Bound:
    """Return the limit that holds: of ``tables``, the strongest first, else the default."""
    for table in (*tables, DEFAULT_TABLE):
        found = table.bound(name, *asset_classes)
        if found is not None:
            return found
    raise KeyError(name)


def gives_states(tables: Sequence[LimitTable], subject: str) -> tuple[bool, str]:
    """Return whether the server is said to give states of a subject, and where that is said."""
    for table in (*tables, DEFAULT_TABLE):
        if subject in table.states:
            return table.states[subject], table.origin
    return True, DEFAULT_TABLE.origin


def crossed_limits(tables: Sequence[LimitTable], place: tuple[str, ...]) -> Iterator[Mistake]:
    """Yield the soft limits of the strongest table that are above the hard one beside them.

    ``place`` is where the strongest table stands in the file.
    """
    own = tables[0] if tables else DEFAULT_TABLE
    for asset_class, values in (("", own.values), *own.asset_classes.items()):
        for band in BANDS:
            names = [name for name in (f"{band}_soft", f"{band}_hard") if name in values]
            if not names:
                continue
            soft, hard = (bound_of(tables, f"{band}_{side}", asset_class) for side in ("soft", "hard"))
            if soft.value is not None and hard.value is not None and soft.value > hard.value:
                table = (*place, "asset_class", asset_class) if asset_class else place
                words = (
                    f"does not fit: the soft limit {soft.value:,} ({soft.origin}) is above "
                    f"the hard limit {hard.value:,} ({hard.origin})"
                )
                yield Mistake((*table, names[0]), words)
