"""Repair of the order graph's entries: they follow from entities, so what is damaged is computed again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import localcontext
from typing import Any, Final

from msgspec.structs import replace

from tui.api.base import ResourceId
from tui.api.models import Block
from tui.oms.domain.instrument_master import Instruments
from tui.oms.domain.times import from_micros
from tui.oms.domain.unit_of_work import Context, UnitOfWork
from tui.oms.engine import order_graph
from tui.oms.rules.sizes import EXACT_CONTEXT
from tui.oms.store import Store
from tui.oms.store.json_cache import JsonCache
from tui.oms.store.schema import GRAPHED

ENTRIES_A_STEP: Final = 500
"""The entries that are computed from one unit of work, whose memory they share."""


def repair_graph(store: Store, instruments: Instruments, names: Mapping[ResourceId, str]) -> int:
    """Compute every entry of the order graph, store those that differ, and return how many did.

    ``names`` are those of compliance rules.
    """
    return sum(_repaired(store, instruments, names, kind) for kind in GRAPHED)


def _repaired(
    store: Store, instruments: Instruments, names: Mapping[ResourceId, str], kind: type[Any]
) -> int:
    rows = store.graph_texts(kind)
    count = 0
    for begin in range(0, len(rows), ENTRIES_A_STEP):
        some = rows[begin : begin + ENTRIES_A_STEP]
        ids = [id for _, id, _ in some]
        uow = UnitOfWork(store, Context(from_micros(store.last), "", ""), instruments)
        order_graph.prefetch(uow, ids if kind is Block else (), () if kind is Block else ids)
        cache, differing = JsonCache(), dict[int, bytes]()
        with localcontext(EXACT_CONTEXT):
            for n, id, text in some:
                entity = uow.get(kind, id)
                assert entity is not None
                entry: Any
                if isinstance(entity, Block):
                    entry = order_graph.graph_block(uow, entity, names)
                    entry = replace(entry, block=cache.raw(entity))
                else:
                    entry = replace(order_graph.graph_placement(uow, entity), placement=cache.raw(entity))
                if (right := cache.encode(entry)) != text:
                    differing[n] = right
        if differing:
            store.replace_graph_texts(kind, differing)
            count += len(differing)
    return count
