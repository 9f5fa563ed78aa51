"""The lookup tables of a snapshot, made from its rows: instruments, portfolios, brokers, codes of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tui.api.base import ResourceId
from tui.api.models import Execution, Order, OrderGraphBlock
from tui.service.snapshot.code_index import by_code, by_name
from tui.service.snapshot.instruments import InstrumentBook, luid_of
from tui.service.snapshot.last_prices import LatestQuote
from tui.service.snapshot.records import Records
from tui.service.snapshot.snapshot import EntityKind, Ids, Snapshot
from tui.service.snapshot.transaction_keys import portfolio_of

Change = tuple[ResourceId, Any, Any]
"""An id, its row as it is now and as it was; None for a row that is gone or new."""


class LookupTables:
    """Collects what rows tell, beginning with what ``base`` knows.

    What was once told stays known, but for the codes of blocks that are gone.
    """

    def __init__(self, base: Snapshot) -> None:
        self._home = base.home
        self.records = base.records
        self._instruments = InstrumentBook(base.instruments, base.records.instruments)
        self._portfolios: Mapping[str, Ids] = base.portfolios
        self._block_codes, self._open_block_codes = base.block_codes, base.open_block_codes
        self._open_blocks: dict[str, Ids] = dict(base.open_blocks)
        self._brokers, self._systems = set(base.brokers), set(base.systems)
        self._sides, self._order_types = set(base.sides), set(base.order_types)
        self._ambiguous: Mapping[EntityKind, frozenset[str]] = base.ambiguous
        self._elsewhere: dict[EntityKind, set[str]] = {}

    def learn(self, kind: EntityKind, rows: Sequence[Change], held: Mapping[ResourceId, Any]) -> None:
        """Take in rows that were added or replaced; ``held`` are all rows of the kind, with them."""
        self._learn_instruments(rows)
        self._learn_portfolios(kind, rows)
        if kind is EntityKind.BLOCKS:
            self._file_blocks(rows)
        elif kind is EntityKind.ORDERS:
            self._sides.update(row.side for _, row, _ in rows if row.side)
            self._order_types.update(row.type for _, row, _ in rows if row.type)
        elif kind is EntityKind.PLACEMENTS:
            self._brokers.update(row.counterparty for _, row, _ in rows if row.counterparty)
            self._systems.update(row.execution_system for _, row, _ in rows if row.execution_system)
        self._compare_scopes(kind, [id for id, _, old in rows if old is None], held)

    def learn_records(self, records: Records) -> None:
        """Take in what the server's reference data tell by now; ``records`` hold what the former did."""
        former, self.records = self.records, records
        if records.instruments is not former.instruments:
            self._instruments.learn_records(
                record
                for luid, record in records.instruments.items()
                if record is not former.instruments.get(luid)
            )
        if records.portfolios is not former.portfolios:
            self._add_portfolios(records.portfolios)

    def learn_quotes(self, quotes: Mapping[str, LatestQuote]) -> None:
        """Take in the newest quotes, by LUID."""
        self._instruments.learn_quotes(quotes)

    def forget(self, kind: EntityKind, rows: Iterable[Change]) -> None:
        """Take out the codes of blocks that are gone."""
        if kind is EntityKind.BLOCKS:
            self._file_blocks(rows)

    def freeze(self) -> dict[str, Any]:
        """Return all of it, as the fields of a :class:`Snapshot`."""
        return {
            "records": self.records,
            "instruments": self._instruments.freeze(),
            "portfolios": self._portfolios,
            "block_codes": self._block_codes,
            "open_block_codes": self._open_block_codes,
            "open_blocks": self._open_blocks,
            "brokers": frozenset(self._brokers),
            "systems": frozenset(self._systems),
            "sides": frozenset(self._sides),
            "order_types": frozenset(self._order_types),
            "ambiguous": self._ambiguous,
        }

    def _file_blocks(self, rows: Iterable[Change]) -> None:
        """File blocks under their codes, and those that orders can still join apart, by instrument too."""
        new: list[ResourceId] = []
        gone: list[ResourceId] = []
        opened: list[ResourceId] = []
        closed: list[ResourceId] = []
        moved: dict[str, tuple[list[ResourceId], set[ResourceId]]] = {}
        for id, row, old in rows:
            is_open, was_open = (each is not None and not each.block.is_swept for each in (row, old))
            now, was = luid_of(row) if is_open else "", luid_of(old) if was_open else ""
            if now != was:
                if now:
                    moved.setdefault(now, ([], set()))[0].append(id)
                if was:
                    moved.setdefault(was, ([], set()))[1].add(id)
            if row is None:
                gone.append(id)
            elif old is None:
                new.append(id)
            if is_open != was_open:
                (opened if is_open else closed).append(id)
        if moved:
            self._open_blocks = dict(self._open_blocks)
            for luid, (come, left) in moved.items():
                stay = (id for id in self._open_blocks.get(luid, ()) if id not in left)
                self._open_blocks[luid] = (*stay, *come)
        self._block_codes = self._block_codes.changed(by_code(new), by_code(gone))
        self._open_block_codes = self._open_block_codes.changed(
            (*by_code(opened), *by_name(opened)), (*by_code(closed), *by_name(closed))
        )

    def _compare_scopes(
        self, kind: EntityKind, new: Iterable[ResourceId], held: Mapping[ResourceId, Any]
    ) -> None:
        """Remember the codes that rows of the desk's own scope share with rows of others."""
        home = self._home
        if not home or kind is EntityKind.TRANSACTIONS:
            return
        elsewhere = self._elsewhere.get(kind)
        if elsewhere is None:
            elsewhere = self._elsewhere[kind] = {id.code for id in held if id.scope != home}
        shared = set()
        for id in new:
            if id.scope != home:
                elsewhere.add(id.code)
                if ResourceId(home, id.code) in held:
                    shared.add(id.code)
            elif id.code in elsewhere:
                shared.add(id.code)
        if shared:
            self._ambiguous = {**self._ambiguous, kind: self._ambiguous.get(kind, frozenset()) | shared}

    def _learn_instruments(self, rows: Iterable[Change]) -> None:
        book = self._instruments
        for _, row, _ in rows:
            if isinstance(row, OrderGraphBlock):
                book.learn_block(row.block)
            elif isinstance(row, Order):
                book.learn_order(row)
            elif isinstance(row, Execution):
                book.learn_execution(row)

    def _learn_portfolios(self, kind: EntityKind, rows: Iterable[Change]) -> None:
        if kind is EntityKind.TRANSACTIONS:
            named = {portfolio_of(id) for id, _, _ in rows}
        elif kind in (EntityKind.ORDERS, EntityKind.ALLOCATIONS):
            named = {row.portfolio_id for _, row, _ in rows if row.portfolio_id is not None}
        else:
            return
        self._add_portfolios(named)

    def _add_portfolios(self, ids: Iterable[ResourceId]) -> None:
        new = [id for id in ids if id not in self._portfolios.get(id.code.casefold(), ())]
        if new:
            portfolios = dict(self._portfolios)
            for id in new:
                portfolios[id.code.casefold()] = (*portfolios.get(id.code.casefold(), ()), id)
            self._portfolios = portfolios
