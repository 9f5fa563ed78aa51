"""What a book does for the rules: one call's changes over what is stored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oms.rules.rules_client import Desk, rid
from tui.api.entity_relations import BLOCK_OF_ORDER, Relation
from tui.api.models import Block, Order
from tui.oms.demo.universe import instrument_table
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.blocking import orders_of_block


class Counting:
    """The store, counting how often it is asked."""

    def __init__(self, desk: Desk) -> None:
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


def test_a_book_asks_the_store_once_for_each_entity(desk: Desk) -> None:
    desk.create("B", {f"O{number}": 1 for number in range(200)})
    source = Counting(desk)
    uow = UnitOfWork(source, desk.a_book().context, instrument_table())
    for _ in range(3):
        block = uow.get(Block, rid("B"))
        assert block is not None
        assert len(orders_of_block(uow, block)) == 200
    assert source.asked == 201


def test_a_book_undoes_an_attempt_that_fails(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    uow = desk.a_book()
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


def test_a_book_finds_what_this_call_made(desk: Desk) -> None:
    desk.create("B", {"O1": 100})
    uow = desk.a_book()
    assert uow.related(BLOCK_OF_ORDER, rid("O1")) == [uow.get(Block, rid("B"))]
    uow.remove(Block, rid("B"))
    assert uow.related(BLOCK_OF_ORDER, rid("O1")) == []
