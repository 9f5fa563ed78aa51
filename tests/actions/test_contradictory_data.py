"""Whatever a server sends, no column, detail, history, preview or key ends the program."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from tests.service.sample_rows import NINE, allocation, block, execution, order, placement, rid, transaction
from tests.service.writes.verb_examples import EXAMPLES
from tui.actions.action import Form, Scope, WriteAction
from tui.api.base import CurrencyAndAmount, ResourceId, Version
from tui.api.models import HistoryItem
from tui.columns.format import DisplayContext
from tui.columns.totals import Totals
from tui.columns.view import View
from tui.screens.desk.registry import ACTIONS
from tui.screens.detail.sections import sections_of
from tui.service.environment import Environment, EnvironmentKind
from tui.service.history import entries
from tui.service.snapshot.builder import SnapshotBuilder
from tui.service.snapshot.contradictions import contradictions
from tui.service.snapshot.diff import diff
from tui.service.snapshot.relations import order_of, related
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Ref, Snapshot, Unread
from tui.service.writes.preview import preview

KINDS = tuple(EntityKind)
DESK = Environment("demo", EnvironmentKind.LOCAL)
CODES = ("BLK-1", "BLK-2", "BLK-3", "ORD-1", "ORD-3", "ORD-4", "PLC-1", "PLC-2", "PLC-1-ORD-1", "X")
SIZES = ("-5", "0", "0.001", "100", "1E+30", "-1E+30")
SIDES = ("Buy", "Sell", "", "Sideways")
STATES = ("New", "Cancelled", "Booked", "Filled", "", "On fire")


class Chaos:
    """Rows whose ids, links and sizes are drawn from few, so that they contradict each other."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def code(self) -> str:
        return self.random.choice(CODES)

    def id(self) -> ResourceId:
        return rid(self.code())

    def some(self) -> tuple[str, ...]:
        return tuple(self.code() for _ in range(self.random.randrange(4)))

    def price(self) -> CurrencyAndAmount:
        return CurrencyAndAmount(
            amount=self.random.choice((None, Decimal(0), Decimal("-37.63"), Decimal("1E-20"))),
            currency=self.random.choice((None, "USD", "JPY", "")),
        )

    def common(self) -> dict[str, Any]:
        choose = self.random.choice
        number = self.random.randrange(1, 4)
        return {
            "side": choose(SIDES),
            "lusid_instrument_id": choose(("LUID_0000AAPL", "LUID_ZZZZZZZZ", "")),
            "version": choose(
                (
                    None,
                    Version(as_at_modified=NINE, as_at_version_number=number, entity_unique_id=choose("ab")),
                )
            ),
        }

    def sized(self) -> dict[str, Any]:
        by_amount = self.random.random() < 0.3
        size = None if by_amount or self.random.random() < 0.1 else Decimal(self.random.choice(SIZES))
        return {"quantity": size, "amount": self.price() if by_amount else None}

    def row(self, kind: EntityKind) -> Any:
        made: Any
        choose, common = self.random.choice, self.common()
        size = choose(SIZES)
        match kind:
            case EntityKind.BLOCKS:
                return block(
                    self.code(), *self.some(), **common, **self.sized(), is_swept=choose((None, True))
                )
            case EntityKind.ORDERS:
                made = order(self.code(), state=choose(STATES), limit_price=self.price(), **common)
                return replace(made, **self.sized(), portfolio_id=choose((None, self.id())))
            case EntityKind.PLACEMENTS:
                parent = choose((None, self.id()))
                made = placement(self.code(), *self.some(), state=choose(STATES), **common)
                return replace(made, parent_placement_id=parent, **self.sized())
            case EntityKind.EXECUTIONS:
                made = execution(self.code(), self.code(), size, state=choose(STATES), **common)
                return replace(made, price=self.price())
            case EntityKind.ALLOCATIONS:
                made = allocation(
                    self.code(), order=self.code(), placement=self.code(), quantity=size, **common
                )
                placements = choose((None, (), tuple(map(rid, self.some()))))
                return replace(made, placement_ids=placements, price=choose((None, self.price())))
            case _:
                made = transaction(self.code(), allocation=self.code(), order=self.code(), units=size)
                return replace(made, total_consideration=self.price(), order_id=choose((None, self.id())))

    def snapshots(self) -> Iterator[Snapshot]:
        """Yield a desk while such rows are put in and taken out, with and without totals of a server."""
        builder = SnapshotBuilder()
        for _ in range(3):
            for _ in range(8):
                kind = self.random.choice(KINDS)
                rows = [self.row(kind) for _ in range(self.random.randrange(1, 4))]
                if kind is EntityKind.BLOCKS:
                    builder.put_blocks(rows)
                elif kind is EntityKind.TRANSACTIONS:
                    builder.put_transactions({builder.transaction_id(row): row for row in rows})
                else:
                    builder.put(kind, rows)
            gone = self.random.choice(KINDS)
            builder.remove(gone, [self.id(), self.id()])
            builder.put_blocks([row.block for row in builder.rows(EntityKind.BLOCKS).values()])
            unread = self.random.choice(KINDS)
            builder.unread = {unread: Unread("No.", permitted=False)} if self.random.random() < 0.3 else {}
            builder.own_totals = self.random.random() < 0.5
            yield builder.freeze(complete=True)


@pytest.mark.parametrize("seed", range(50))
def test_no_data_end_the_program(seed: int) -> None:
    chaos, before = Chaos(seed), EMPTY
    for snapshot in chaos.snapshots():
        diff(before, snapshot)
        diff(EMPTY, snapshot)
        for kind in KINDS:
            show(snapshot, kind)
        for verb in EXAMPLES:
            preview(verb, snapshot, DESK)
            verb.touched(snapshot)
        before = snapshot


def show(snapshot: Snapshot, kind: EntityKind) -> None:
    """Do what the screen does with the rows of a kind: cells, totals, details, history, keys."""
    view, context = View(kind), DisplayContext()
    ids = tuple(snapshot.rows(kind))
    totals = Totals(view)
    totals.add(snapshot, ids)
    totals.parts(snapshot)
    for id in ids:
        ref, row = Ref(kind, id), snapshot.rows(kind)[id]
        assert id in related(snapshot, ref)[kind]
        order = order_of(snapshot, ref)
        for column in view.columns:
            column.cell(snapshot, row, context)
            column.value(snapshot, row)
            assert column.role is None or isinstance(column.role(snapshot, row), str)
        sections_of(row)
        assert all(sentence.endswith(".") for sentence in contradictions(snapshot, ref))
        if order is not None:
            item = HistoryItem(action="OrderBooked", detail={"transactionId": "X", "placementCode": "PLC-1"})
            assert len(tuple(entries(order, [item], snapshot))) == 1
    for chosen in (ids[:1], ids):
        scope = Scope(snapshot, kind, chosen, DESK, NINE, home="Desk")
        for action in ACTIONS:
            possible = action.refusal(scope) is None
            form = action.load().form if isinstance(action, WriteAction) else None
            if possible and form is not None:
                fill_in(form(scope))


def fill_in(form: Form) -> None:
    """Type sizes into the fields of a form, as a person does."""
    values = {field.id: field.value for field in form.fields}
    for typed in ("1k", "50%", "-50%", "+1k"):
        told = {**values, "quantity": typed}
        wrong = [field.check(told[field.id]) for field in form.fields if field.check is not None]
        if form.check is not None and not any(wrong):
            form.check(told)
        if form.live is not None:
            form.live(told)
