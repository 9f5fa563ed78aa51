"""The totals of a pane's rows: money per side and currency, and units where all rows trade the same thing.

Units of two instruments or two sides are never added, nor money of two currencies. Rows whose figure is not
known are counted beside the sums, which lack them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Any, Final

from tui.api.base import ResourceId
from tui.columns.column import Column
from tui.columns.format import DisplayContext
from tui.columns.panes import COLUMNS
from tui.columns.unknown import UNKNOWN
from tui.columns.view import View, column_of
from tui.service.numbers import size_text, sum_text
from tui.service.snapshot.snapshot import Snapshot, instrument_key
from tui.service.snapshot.worth import Worth, priced

_EXACT: Final = Context(prec=1_000)
"""Adds without rounding, so that what was added can be taken away again: numbers have 100 digits at most."""
_SIDES: Final = ("buy", "cover", "sell", "short")
"""The sides in the order of a line of totals; others follow."""
_PLAIN: Final = DisplayContext()

Sums = dict[tuple[str, ...], tuple[Decimal, int]]
"""Sums and the number of rows in each (zero or less in a difference)."""


class Totals:
    """Sums that grow and shrink by rows, so that an update costs its own rows and no others."""

    def __init__(self, view: View) -> None:
        self._kind = view.kind
        self._units = tuple(column for column in COLUMNS[view.kind] if column.total == "quantity")
        self._money = tuple(column for column in COLUMNS[view.kind] if column.total == "money")
        self._side = column_of(view.kind, "side")
        self.rows = 0
        """How many rows are counted."""
        self._traded: Counter[tuple[object, ...]] = Counter()
        """The rows by what they trade: instrument and side."""
        self._sums: Sums = {}
        """Per column of units, and the currency of what is sized by money."""
        self._worth: Sums = {}
        """Per column of money, LUID, side and currency: what :class:`Worth` holds, to be priced."""
        self._unknown: Counter[str] = Counter()
        """Per column: the number of rows whose figure is not known."""

    def add(self, snapshot: Snapshot, ids: Iterable[ResourceId]) -> None:
        """Count these rows too; child placements count with their parents and not again."""
        self._count(snapshot, ids, 1)

    def subtract(self, snapshot: Snapshot, ids: Iterable[ResourceId]) -> None:
        """Count these rows no longer; ``snapshot`` is the one they were counted in."""
        self._count(snapshot, ids, -1)

    def merge(self, other: Totals) -> None:
        """Add what another has counted, such as a difference."""
        self.rows += other.rows
        for mine, theirs in ((self._sums, other._sums), (self._worth, other._worth)):
            for key, (total, count) in theirs.items():
                _put(mine, key, total, count)
        for traded, count in other._traded.items():
            self._traded[traded] += count
        for column, count in other._unknown.items():
            self._unknown[column] += count

    def _count(self, snapshot: Snapshot, ids: Iterable[ResourceId], sign: int) -> None:
        rows = snapshot.rows(self._kind)
        for id in ids:
            row = rows.get(id)
            if row is None or getattr(row, "parent_placement_id", None) in rows:
                continue
            side = self._side.cell(snapshot, row, _PLAIN).lower()
            self.rows += sign
            self._traded[(*instrument_key(row), side)] += sign
            for column in self._units:
                value = column.value(snapshot, row)
                unit = (column.currency(snapshot, row) or "") if column.currency else ""
                self._put(self._sums, column, value, (unit,), sign)
            for column in self._money:
                worth: Worth = column.worth(snapshot, row) if column.worth else Worth(None)
                self._put(self._worth, column, worth.value, (worth.luid, side, worth.currency), sign)

    def _put(self, sums: Sums, column: Column, value: Any, key: tuple[str, ...], sign: int) -> None:
        if isinstance(value, Decimal):
            _put(sums, (column.id, *key), value if sign > 0 else _EXACT.minus(value), sign)
        elif value is None:
            self._unknown[column.id] += sign

    def parts(self, snapshot: Snapshot) -> list[str]:
        """Return the sums as texts: units where they can be added, then money at the last prices of now."""
        alike = sum(count > 0 for count in self._traded.values()) == 1
        said = [part for column in self._units if alike for part in self._of_units(column)]
        for place, column in enumerate(self._money):
            money = self.money(column.id, snapshot)
            said += [f"{column.title.lower()} {part}" for part in money] if place else money
        return said

    def _of_units(self, column: Column) -> list[str]:
        sums = sorted(
            (key[1], total) for key, (total, rows) in self._sums.items() if key[0] == column.id and rows
        )
        name = column.title.lower()
        said = [f"{name} {size_text(total, unit)}" for unit, total in sums]
        return _lacking(said, self._unknown[column.id], name)

    def money(self, id: str, snapshot: Snapshot) -> list[str]:
        """Return the sums of a column of money, such as ``buy 1,500,000 USD``, without those of nothing."""
        sums: dict[tuple[str, str], Decimal] = {}
        unknown = self._unknown[id]
        for (column, luid, side, currency), (total, rows) in self._worth.items():
            if column != id or not rows:
                continue
            value, unit, _ = priced(snapshot, Worth(total, currency, luid))
            if value is None:
                unknown += rows
            elif value:
                sums[unit, side] = _EXACT.add(sums.get((unit, side), Decimal(0)), value)
        ordered = sorted(sums.items(), key=lambda each: (each[0][0], _rank(each[0][1]), each[0][1]))
        said = [f"{side} {sum_text(total, unit)}".lstrip() for (unit, side), total in ordered]
        return _lacking(said, unknown, "worth")

    def text(self, snapshot: Snapshot) -> str:
        """Return the sums as one line."""
        return " · ".join(self.parts(snapshot))


def _put(sums: Sums, key: tuple[str, ...], amount: Decimal, count: int) -> None:
    total, rows = sums.get(key, (Decimal(0), 0))
    sums[key] = _EXACT.add(total, amount), rows + count


def _lacking(said: list[str], unknown: int, name: str) -> list[str]:
    """Return the sums with how many figures they lack."""
    if not unknown:
        return said
    return [*said[:-1], f"{said[-1]} + {unknown:,} unknown" if said else f"{name} {UNKNOWN}"]


def _rank(side: str) -> int:
    return _SIDES.index(side) if side in _SIDES else len(_SIDES)
