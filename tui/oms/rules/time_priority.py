"""Time priority: orders and fills are served first in, first out (A4, A5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tui.api.models import Execution, Order
from tui.oms.domain.unit_of_work import UnitOfWork
from tui.oms.rules.placed_quantities import created_at


def orders_by_time(uow: UnitOfWork, orders: Iterable[Order]) -> list[Order]:
    """Return orders by date, then creation, then id; a missing date is the creation time (A4)."""

    def turn(order: Order) -> tuple[datetime, datetime, str, str]:
        made = created_at(uow, order)
        return (order.date or made, made, order.id.scope, order.id.code)

    return sorted(orders, key=turn)


def executions_by_time(uow: UnitOfWork, executions: Iterable[Execution]) -> list[Execution]:
    """Return executions by date, then creation, then id (A5)."""

    def turn(execution: Execution) -> tuple[datetime, datetime, str, str]:
        return (execution.created_date, created_at(uow, execution), execution.id.code, execution.id.scope)

    return sorted(executions, key=turn)
