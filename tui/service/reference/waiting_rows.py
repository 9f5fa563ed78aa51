"""The rows whose instrument or portfolio is not known yet, by what they wait for.

So what becomes known says itself which rows look different. Rows are looked at a few at a time, the newest
first: those stand at the top.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from tui.api.base import ResourceId
from tui.api.models import OrderGraphBlock, Transaction
from tui.service.environment import Update
from tui.service.snapshot.instruments import UNRESOLVED
from tui.service.snapshot.records import DEFAULT_SCOPE, Records
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.snapshot.transaction_keys import portfolio_of

AT_ONCE: Final = 500
"""Rows that are looked at between two pauses."""
_CURRENCY: Final = "CCY_"


def is_asked_for(luid: str) -> bool:
    """Return whether an instrument is one the master tells of: no currency, and not what nobody resolved."""
    return bool(luid) and luid != UNRESOLVED and not luid.startswith(_CURRENCY)


class WaitingRows:
    """Rows by the LUID or the portfolio they wait for; :meth:`look` goes on until all were looked at."""

    def __init__(self) -> None:
        self.instruments: dict[str, list[Ref]] = {}
        self.portfolios: dict[ResourceId, list[Ref]] = {}
        self.scopes: dict[str, str] = {}
        """The instrument scope by LUID, where a row names another than the shared one."""
        self.seen: set[str] = set()
        """The LUIDs that rows name."""
        self._pending: deque[Iterator[Ref]] = deque()

    def add_all(self, snapshot: Snapshot) -> None:
        """Look at every row of a snapshot, and no longer at what was to be looked at."""
        self.instruments.clear()
        self.portfolios.clear()
        self._pending.clear()
        for kind in EntityKind:
            self._pending.append(_refs(kind, reversed(tuple(snapshot.rows(kind)))))

    def add(self, update: Update) -> None:
        """Look at the rows that an update put in."""
        for kind, ids in update.new.touched.items():
            self._pending.append(_refs(kind, ids))

    @property
    def done(self) -> bool:
        """Whether every row was looked at."""
        return not self._pending

    def look(self, snapshot: Snapshot, records: Records) -> None:
        """Look at some more rows."""
        if not self._pending:
            return
        some = tuple(islice(self._pending[0], AT_ONCE))
        if not some:
            self._pending.popleft()
        for ref in some:
            self._look_at(ref, snapshot.row(ref), records)

    def _look_at(self, ref: Ref, row: Any, records: Records) -> None:
        if row is None:
            return
        luid, scope, portfolio = _named_by(ref, row)
        if not is_asked_for(luid):
            luid = ""
        else:
            self.seen.add(luid)
        if luid and luid not in records.instruments:
            self.instruments.setdefault(luid, []).append(ref)
            if scope and scope != DEFAULT_SCOPE:
                self.scopes[luid] = scope
        if portfolio is not None and portfolio not in records.portfolios:
            self.portfolios.setdefault(portfolio, []).append(ref)

    def answered(self, luids: Iterable[str], portfolios: Iterable[ResourceId] = ()) -> tuple[Ref, ...]:
        """Return the rows that waited for these, each once; they wait no longer."""
        found: dict[Ref, None] = {}
        for luid in luids:
            found.update(dict.fromkeys(self.instruments.pop(luid, ())))
            self.scopes.pop(luid, None)
        for id in portfolios:
            found.update(dict.fromkeys(self.portfolios.pop(id, ())))
        return tuple(found)


def _refs(kind: EntityKind, ids: Iterable[ResourceId]) -> Iterator[Ref]:
    return (Ref(kind, id) for id in ids)


def _named_by(ref: Ref, row: Any) -> tuple[str, str | None, ResourceId | None]:
    """Return the LUID, the instrument scope and the portfolio that a row names."""
    if isinstance(row, OrderGraphBlock):
        return row.block.lusid_instrument_id, None, None
    if isinstance(row, Transaction):
        return row.instrument_uid or "", row.instrument_scope, portfolio_of(ref.id)
    return (
        row.lusid_instrument_id,
        getattr(row, "instrument_scope", None),
        getattr(row, "portfolio_id", None),
    )
