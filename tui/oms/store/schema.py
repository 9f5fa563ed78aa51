"""The schema, declared once: the tables, their indexes and the row writers are derived from it.

``version`` is the journal: one row for every change, never updated, never deleted, each with the SHA-256
of itself and the row before it. Everything else is derived from it for speed:

- ``live_<kind>``: one row per existing entity, with the fields lists are filtered and sorted by. Its
  ``n`` is the entity's permanent number, its ``seq`` the current version.
- ``mix_<kind>``: which combinations of the fields of few values there ever were.
- ``closed``: the superseded versions and when they were superseded; ``gone``: the deleted entities.
- ``link``: which entity ever referred to which. Rows are never deleted, because history needs them.
- ``graph_<kind>`` and ``graph_past``: the order graph's entry of each block and placement, as text.
- ``reply``: the replies to calls with an idempotency key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from tui.api.base import ResourceId
from tui.api.entity_relations import Relation
from tui.api.models import Allocation, Block, Execution, Order, Placement
from tui.oms.domain.times import time_text
from tui.oms.domain.unit_of_work import (
    RELATIONS,
    Booking,
    CheckedOrder,
    CutOrder,
    PendingPrices,
    RunRecord,
    Stored,
)
from tui.oms.store.folding import fold

APPLICATION: Final = 0x424C4F54
"""Marks a database file as ours (``BLOT``)."""
LAYOUT: Final = 4


_few: Final = lru_cache(maxsize=1024)(fold)
"""Folds texts that many entities have in common, from a cache."""


def _code(id: ResourceId | None) -> str | None:
    return id.code if id is not None else None


class EntityTable(Struct, frozen=True, eq=False):
    """The table of the entities of one type.

    ``indexed_paths`` are the fields (as JSON paths) with a column; ``indexed_values`` returns an entity's
    values of them in that order, with folded texts. The first ``low_cardinality`` of them take few values:
    they share two indexes, and ``mix_<kind>`` has the combinations that ever occurred, so that a list
    filtered by any of them is a merge of a few index ranges. Each of the others has an index of its own.
    """

    number: int
    type: type[Any]
    name: str
    indexed_paths: tuple[str, ...]
    indexed_values: Callable[[Any], tuple[str | None, ...]]
    low_cardinality: int = 0

    @property
    def table(self) -> str:
        return f"live_{self.name}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the indexed columns, in the order of ``indexed_paths``."""
        return tuple(column_of(path) for path in self.indexed_paths)

    @property
    def combination_table(self) -> str:
        """The table of the combinations of the low-cardinality columns."""
        return f"mix_{self.name}"


def column_of(path: str) -> str:
    """Return the column of the indexed field with the JSON path ``path``."""
    return path.replace(".", "_")


def _block(block: Block) -> tuple[str | None, ...]:
    return (_few(block.side), _few(block.lusid_instrument_id), time_text(block.created_date))


def _order(order: Order) -> tuple[str | None, ...]:
    return (
        _few(order.state),
        _few(order.side),
        _few(order.lusid_instrument_id),
        _few(_code(order.portfolio_id)),
        time_text(order.date),
    )


def _placement(placement: Placement) -> tuple[str | None, ...]:
    return (
        _few(placement.state),
        _few(placement.side),
        _few(placement.lusid_instrument_id),
        time_text(placement.created_date),
    )


def _execution(execution: Execution) -> tuple[str | None, ...]:
    return (
        _few(execution.state),
        _few(execution.side),
        _few(execution.lusid_instrument_id),
        fold(execution.placement_id.code),
        time_text(execution.created_date),
    )


def _allocation(allocation: Allocation) -> tuple[str | None, ...]:
    return (
        _few(allocation.state),
        _few(allocation.side),
        _few(allocation.lusid_instrument_id),
        _few(allocation.portfolio_id.code),
        fold(allocation.allocated_order_id.code),
        time_text(allocation.date),
    )


def _booking(booking: Booking) -> tuple[str | None, ...]:
    return (fold(booking.portfolio_id.code), time_text(booking.transaction.transaction_date))


_WHAT: Final = ("state", "side", "lusidInstrumentId")

KINDS: Final[Mapping[type[Any], EntityTable]] = {
    kind.type: kind
    for kind in (
        EntityTable(0, Block, "block", (*_WHAT[1:], "createdDate"), _block, low_cardinality=1),
        EntityTable(1, Order, "order", (*_WHAT, "portfolioId.code", "date"), _order, low_cardinality=2),
        EntityTable(2, Placement, "placement", (*_WHAT, "createdDate"), _placement, low_cardinality=2),
        EntityTable(
            3,
            Execution,
            "execution",
            (*_WHAT, "placementId.code", "createdDate"),
            _execution,
            low_cardinality=2,
        ),
        EntityTable(
            4,
            Allocation,
            "allocation",
            (*_WHAT, "portfolioId.code", "allocatedOrderId.code", "date"),
            _allocation,
            low_cardinality=2,
        ),
        EntityTable(5, Booking, "booking", ("portfolioId.code", "transaction.transactionDate"), _booking),
        EntityTable(6, PendingPrices, "pending", (), lambda pending: ()),
        EntityTable(7, CutOrder, "cut", (), lambda cut: ()),
        EntityTable(8, CheckedOrder, "checked", (), lambda checked: ()),
        EntityTable(9, RunRecord, "run", (), lambda run: ()),
    )
}

RELATIONS_OF: Final[Mapping[type[Any], tuple[tuple[int, Relation[Any]], ...]]] = {
    kind: tuple(pair for pair in enumerate(RELATIONS) if pair[1].kind is kind) for kind in KINDS
}
"""The numbered relations from each kind to others."""

GRAPHED: Final = (Block, Placement)
"""The kinds that have an entry in the order graph."""


def kind_of(entity: Stored) -> EntityTable:
    """Return how ``entity`` is stored."""
    return KINDS[type(entity)]


def new_references(before: Stored | None, after: Stored) -> list[tuple[int, Relation[Any], ResourceId]]:
    """Return what ``after`` refers to and ``before`` did not: the relation's number, the relation, the id."""
    found = []
    for number, relation in RELATIONS_OF[type(after)]:
        targets = relation.targets(after)
        known = relation.targets(before) if before is not None else ()
        if targets is not known:
            found += [(number, relation, target) for target in targets if target not in known]
    return found


def statements() -> list[str]:
    """Return the statements that create an empty database."""
    made = [
        f"PRAGMA application_id = {APPLICATION}",
        f"PRAGMA user_version = {LAYOUT}",
        """CREATE TABLE version (
            seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, n INTEGER NOT NULL,
            scope TEXT NOT NULL, code TEXT NOT NULL, number INTEGER NOT NULL, as_at INTEGER NOT NULL,
            user TEXT NOT NULL, request TEXT NOT NULL, text TEXT, chain BLOB NOT NULL) STRICT""",
        "CREATE INDEX version_of ON version (kind, n)",
        """CREATE TRIGGER version_kept BEFORE UPDATE ON version
            BEGIN SELECT RAISE(ABORT, 'a version is never changed'); END""",
        """CREATE TRIGGER version_stays BEFORE DELETE ON version
            BEGIN SELECT RAISE(ABORT, 'a version is never deleted'); END""",
        """CREATE TABLE closed (
            seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, until INTEGER NOT NULL) STRICT""",
        "CREATE INDEX closed_until ON closed (kind, until)",
        """CREATE TABLE gone (
            kind INTEGER NOT NULL, scope TEXT NOT NULL, code TEXT NOT NULL, n INTEGER NOT NULL,
            PRIMARY KEY (kind, scope, code, n)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE link (
            relation INTEGER NOT NULL, code TEXT NOT NULL COLLATE NOCASE,
            scope TEXT NOT NULL COLLATE NOCASE, n INTEGER NOT NULL,
            PRIMARY KEY (relation, code, scope, n)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE graph_past (
            kind INTEGER NOT NULL, n INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
            text TEXT NOT NULL) STRICT""",
        "CREATE INDEX graph_past_of ON graph_past (kind, n, until)",
        """CREATE TABLE reply (
            key TEXT PRIMARY KEY, digest BLOB NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL) STRICT""",
        "CREATE INDEX reply_at ON reply (at)",
    ]
    for kind in KINDS.values():
        made += live_table_statements(kind)
    for type in GRAPHED:
        made.append(
            f"""CREATE TABLE graph_{KINDS[type].name} (
                n INTEGER PRIMARY KEY, since INTEGER NOT NULL, text TEXT NOT NULL) STRICT"""
        )
    return made


def live_table_statements(kind: EntityTable) -> list[str]:
    """Return the statements that create the live table of a kind, its indexes and its combinations."""
    hot = "".join(f", {name} TEXT" for name in kind.columns)
    made = [
        f"""CREATE TABLE {kind.table} (
            n INTEGER PRIMARY KEY, seq INTEGER NOT NULL, since INTEGER NOT NULL,
            scope TEXT NOT NULL, code TEXT NOT NULL{hot}) STRICT""",
        f"CREATE UNIQUE INDEX {kind.table}_id ON {kind.table} (scope, code)",
        f"CREATE INDEX {kind.table}_named ON {kind.table} (code COLLATE NOCASE, scope, code)",
    ]
    for name in ("since", *kind.columns[kind.low_cardinality :]):
        made.append(f"CREATE INDEX {kind.table}_{name} ON {kind.table} ({name}, scope, code)")
    if kind.low_cardinality:
        few = ", ".join(kind.columns[: kind.low_cardinality])
        texts = ", ".join(f"{name} TEXT" for name in kind.columns[: kind.low_cardinality])
        made += [
            f"CREATE INDEX {kind.table}_few ON {kind.table} ({few}, scope, code)",
            f"CREATE INDEX {kind.table}_few_since ON {kind.table} ({few}, since, scope, code)",
            f"CREATE TABLE {kind.combination_table} ({texts}) STRICT",
        ]
    return made
