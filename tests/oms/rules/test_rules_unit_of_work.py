"""The unit of work: one call's changes over the stored entities."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oms.rules.rules_client import RulesClient, rid
from tui.api.entity_relations import BLOCK_OF_ORDER, Relation
from tui.api.models import Block, Order
from tui.oms.demo.universe import instrument_table
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.blocking import orders_of_block


class CountingSource:
    """The store, counting its reads."""

    def __init__(self, desk: RulesClient) -> None:
        self._store: Any = desk.engine.store
        self.asked = 0

    def get(self, kind: type[Any], id: Any) -> Any:
        self.asked += 1
        return self._store.get(kind, id)

    def get_all(self, kind: type[Any], ids: Any) -> Any:
        self.asked += 1
        return self._store.get_all(kind, ids)

    def related(self, relation: Relation[Any], target: Any) -> Any:
        self.asked += 1
        return self._store.related(relation, target)

    def related_all(self, relation: Relation[Any], targets: Any) -> Any:
        self.asked += 1
        return self._store.related_all(relation, targets)


def test_a_unit_of_work_reads_each_entity_once(desk: RulesClient) -> None:
    desk.create("B", {f"O{number}": 1 for number in range(200)})
    source = CountingSource(desk)
    uow = UnitOfWork(source, desk.unit_of_work().context, instrument_table())
    for _ in range(3):
        block = uow.get(Block, rid("B"))
        assert block is not None
        assert len(orders_of_block(uow, block)) == 200
    assert source.asked == 201


def test_a_savepoint_undoes_a_failed_item(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    uow = desk.unit_of_work()
    block, order = uow.get(Block, rid("B")), uow.get(Order, rid("O1"))
    assert order is not None

    def fail() -> None:
        with uow.savepoint():
            uow.remove(Block, rid("B"))
            uow.touch(order)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert uow.related(BLOCK_OF_ORDER, rid("O1")) == [block]
    assert uow.commit() == []


def test_a_unit_of_work_finds_new_entities(desk: RulesClient) -> None:
    desk.create("B", {"O1": 100})
    uow = desk.unit_of_work()
    assert uow.related(BLOCK_OF_ORDER, rid("O1")) == [uow.get(Block, rid("B"))]
    uow.remove(Block, rid("B"))
    assert uow.related(BLOCK_OF_ORDER, rid("O1")) == []
