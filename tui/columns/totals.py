"""The totals of a pane's rows: per column units, and money per currency, never mixed.

Rows whose figure is not known are counted beside the sums, which lack them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Context, Decimal
from typing import Final

from tui.api.base import ResourceId
from tui.columns.unknown import UNKNOWN
from tui.columns.view import View
from tui.service.numbers import money, size_text
from tui.service.snapshot.snapshot import Snapshot

_EXACT: Final = Context(prec=1_000)
"""Adds without rounding, so that what was added can be taken away again: numbers have 100 digits at most."""


class Totals:
    """Sums that grow and shrink by rows, so that an update costs its own rows and no others."""

    def __init__(self, view: View) -> None:
        self._kind = view.kind
        self._columns = tuple(column for column in view.columns if column.total)
        self._sums: dict[tuple[str, str], tuple[Decimal, int]] = {}
        """Per column and unit: the sum, and the number of rows in it (zero or less in a difference)."""
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
        for key, (total, count) in other._sums.items():
            self._put(key, total, count)
        for column, count in other._unknown.items():
            self._unknown[column] += count

    def _count(self, snapshot: Snapshot, ids: Iterable[ResourceId], sign: int) -> None:
        rows = snapshot.rows(self._kind)
        for id in ids:
            row = rows.get(id)
            if row is None or getattr(row, "parent_placement_id", None) in rows:
                continue
            for column in self._columns:
                value = column.value(snapshot, row)
                if isinstance(value, Decimal):
                    unit = (column.currency(snapshot, row) or "") if column.currency else ""
                    self._put((column.id, unit), value if sign > 0 else _EXACT.minus(value), sign)
                elif value is None:
                    self._unknown[column.id] += sign

    def _put(self, key: tuple[str, str], amount: Decimal, count: int) -> None:
        total, rows = self._sums.get(key, (Decimal(0), 0))
        self._sums[key] = _EXACT.add(total, amount), rows + count

    def parts(self) -> list[str]:
        """Return the sums as texts, in the order of the columns."""
        parts: list[str] = []
        for column in self._columns:
            sums = sorted(
                (unit, total) for (id, unit), (total, rows) in self._sums.items() if id == column.id and rows
            )
            name = "" if column.total == "money" and sums else f"{column.title.lower()} "
            written = money if column.total == "money" else size_text
            said = [f"{name}{written(total, unit)}" for unit, total in sums]
            if unknown := self._unknown[column.id]:
                said = [*said[:-1], f"{said[-1]} + {unknown:,} unknown" if said else f"{name}{UNKNOWN}"]
            parts += said
        return parts

    def text(self) -> str:
        """Return the sums as one line."""
        return " · ".join(self.parts())
