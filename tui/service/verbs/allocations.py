"""The verbs after the market: allocate to orders or by weights, and book."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final

from msgspec.structs import replace

from tui.api import operations
from tui.api.base import CurrencyAndAmount, Properties, ResourceId
from tui.api.client import Client
from tui.api.errors import NotSent, Refused
from tui.api.http_request import Request
from tui.api.models import Allocation, Placement, Transaction
from tui.api.requests import (
    AllocationReply,
    BookingReply,
    BookTransactionsRequest,
    PortfolioWeight,
    WeightedAllocationServiceRunRequest,
)
from tui.api.states import is_final, normalize
from tui.service.numbers import counted, size_text, units
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.naming import instrument_and_id
from tui.service.snapshot.sizing import Size
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.verbs.facts import block_ref, order_ref, placement_line, placement_ref
from tui.service.verbs.preview_line import Caution, PreviewLine
from tui.service.verbs.verb import ItemisedReply, Verb
from tui.service.verbs.verdicts import Verdict, Versions, has_changed, verdict_of

DEFAULT_ALGORITHM: Final = "PR-FIFO"
WEIGHTED_ALGORITHM: Final = "PR-LF"


class _Run(Verb, frozen=True):
    """The part both ways of allocating share: placements, and judging an unknown outcome."""

    placement_ids: tuple[ResourceId, ...]

    past: ClassVar[str] = "allocated"
    kind: ClassVar[EntityKind] = EntityKind.PLACEMENTS
    listed: ClassVar[str] = "placement_ids"
    repeatable: ClassVar[bool] = False

    def read(self, reply: AllocationReply, request: Request[Any]) -> ItemisedReply:
        return ItemisedReply({str(id): None for id in reply.values or ()}, reply.failed or {})

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        found: set[Ref] = set()
        for id in self.placement_ids:
            found.add(placement_ref(id))
            row = snapshot.placements.get(id)
            for block in row.block_ids if row else ():
                found.add(block_ref(block))
                found.update(map(order_ref, snapshot.orders_of_block(block)))
            found.update(Ref(EntityKind.ALLOCATIONS, each) for each in snapshot.allocations_of_placement(id))
        return frozenset(found)

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        # The server chooses the ids of allocations, so only new or changed ones show a run. One that was
        # there and is booked or cancelled now was changed by that, and shows no run.
        shares = (Ref(EntityKind.ALLOCATIONS, id) for id in after.allocations_of_placement(ref.id))
        shared = any(
            has_changed(share, before, after)
            and (share not in before or not is_final(after.allocations[share.id].state))
            for share in shares
        )
        return verdict_of(shared, ref, before, after)

    def became(self, ref: Ref, after: Snapshot) -> str:
        count = len(after.allocations_of_placement(ref.id))
        allocated, executed = after.allocated_of_placement(ref.id), after.executed_of_placement(ref.id)
        return f"{counted(count, 'allocation')}, {units(allocated)} of {units(executed)} executed units"

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return tuple(_executed_line(snapshot, row) for _, row in self._on_desk(snapshot))


def _executed_line(snapshot: Snapshot, row: Placement) -> PreviewLine:
    """Return the executed part of a placement as a line, at its average price."""
    line = placement_line(snapshot, row, Size(snapshot.executed_of_placement(row.id)))
    average = snapshot.average_price_of_placement(row.id)
    return replace(line, limit=None, price=line.price if average is None else average)


class Allocate(_Run, frozen=True):
    """Allocate the placements' executions to the orders of their blocks, each placement for itself (2.8)."""

    algorithm: str = DEFAULT_ALGORITHM

    operation: ClassVar = operations.ALLOCATE
    title: ClassVar[str] = "Allocate"

    def build(self, client: Client, key: str | None = None) -> Request[AllocationReply]:
        query = {"allocationAlgorithm": self.algorithm}
        return client.build(self.operation, self.placement_ids, query=query, key=key)


class AllocateWeighted(_Run, frozen=True):
    """Allocate the executions of blocks without orders to portfolios by weight (2.12)."""

    weights: tuple[PortfolioWeight, ...]
    algorithm: str = WEIGHTED_ALGORITHM

    operation: ClassVar = operations.ALLOCATE_WEIGHTED
    title: ClassVar[str] = "Allocate"

    def build(self, client: Client, key: str | None = None) -> Request[AllocationReply]:
        body = WeightedAllocationServiceRunRequest(
            placement_ids=self.placement_ids, portfolio_weights=self.weights
        )
        query = {"allocationAlgorithm": self.algorithm}
        return client.build(self.operation, body, query=query, key=key)


OLDER_FORM: Final = "booked in the older form: this server has no fee and mark-booked switches"
UNMARKED: Final = "states stay as they are: this server cannot mark what is booked"
STAGED_ADVICE: Final = "Do not book it again. Ask who approves; it is booked when the desk shows it."
NO_PROPERTIES: Final = "This server books in the older form, which takes no properties for the transactions."
_MARK_BOOKED: Final = "markOrdersAndAllocationsAsBooked"
_WANTS_LIST: Final = re.compile(r"json array|deserializ|could not be converted|expected.*(list|array)", re.I)


class BookTransactions(Verb, frozen=True):
    """Book allocations as transactions of their portfolios, each for itself (2.9)."""

    allocation_ids: tuple[ResourceId, ...]
    apply_fees: bool = True
    mark_booked: bool = True
    properties: Properties | None = None

    operation: ClassVar = operations.BOOK_TRANSACTIONS
    title: ClassVar[str] = "Book"
    past: ClassVar[str] = "booked"
    kind: ClassVar[EntityKind] = EntityKind.ALLOCATIONS
    listed: ClassVar[str] = "allocation_ids"
    repeatable: ClassVar[bool] = False

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(id.failed_key for id in self.allocation_ids)

    def build(self, client: Client, key: str | None = None) -> Request[BookingReply]:
        if client.generation == "1.0":
            return self._build_older(client, key)
        return client.build(
            self.operation,
            BookTransactionsRequest(
                allocation_ids=self.allocation_ids, transaction_properties=self.properties
            ),
            query={
                "applyFeesAndCommission": self.apply_fees,
                _MARK_BOOKED: self.mark_booked,
            },
            key=key,
        )

    def build_again(self, client: Client, key: str | None, refusal: Refused) -> Request[BookingReply] | None:
        if client.generation == "1.0" or refusal.status != 400 or not _WANTS_LIST.search(refusal.why):
            return None
        return self._build_older(client, key and f"{key}-list")

    def _build_older(self, client: Client, key: str | None) -> Request[BookingReply]:
        """Return the request in the form of the older document, which takes ids and nothing else (T4)."""
        if self.properties:
            raise NotSent(NO_PROPERTIES, advice="Book without them.")
        return client.build(operations.BOOK_TRANSACTIONS_OLDER, self.allocation_ids, key=key)

    def read(self, reply: BookingReply, request: Request[Any]) -> ItemisedReply:
        if request.operation == operations.BOOK_TRANSACTIONS_OLDER:
            return _booked(reply, OLDER_FORM)
        unmarked = self.mark_booked and _MARK_BOOKED not in request.target
        return _booked(reply, *([UNMARKED] if unmarked else []))

    def outcomes(self, answer: ItemisedReply) -> tuple[Outcome, ...]:
        return tuple(_staged(each) for each in super().outcomes(answer))

    def touched(self, snapshot: Snapshot) -> frozenset[Ref]:
        found: set[Ref] = set(self.refs)
        for id, row in self._on_desk(snapshot):
            found.add(Ref(EntityKind.TRANSACTIONS, ResourceId(str(row.portfolio_id), "")))
            found.add(Ref(EntityKind.ORDERS, row.allocated_order_id))
            block = snapshot.block_of_order(row.allocated_order_id)
            if block is not None:
                found.add(Ref(EntityKind.BLOCKS, block))
            for placement in row.placement_ids or ():
                held = snapshot.placements.get(placement)
                found.update(Ref(EntityKind.BLOCKS, each) for each in (held.block_ids if held else ()))
            found.update(
                Ref(EntityKind.TRANSACTIONS, each) for each in snapshot.transactions_of_allocation(id)
            )
        return frozenset(found)

    def judge(self, ref: Ref, before: Versions, after: Snapshot) -> Verdict:
        row = after.allocations.get(ref.id)
        marked = row is not None and normalize(row.state) == "booked" and has_changed(ref, before, after)
        records = (Ref(EntityKind.TRANSACTIONS, id) for id in after.transactions_of_allocation(ref.id))
        return verdict_of(
            marked or any(has_changed(each, before, after) for each in records), ref, before, after
        )

    def became(self, ref: Ref, after: Snapshot) -> str:
        ids = after.transactions_of_allocation(ref.id)
        return "; ".join(_became(after.transactions[id]) for id in ids)

    def lines(self, snapshot: Snapshot) -> tuple[PreviewLine, ...]:
        return tuple(_share_line(snapshot, row) for _, row in self._on_desk(snapshot))

    def effects(self, snapshot: Snapshot) -> tuple[str, ...]:
        rows = [row for _, row in self._on_desk(snapshot)]
        portfolios = {snapshot.portfolio_label(row.portfolio_id) for row in rows}
        marked = (
            "allocations and fully booked orders become Booked"
            if self.mark_booked
            else "states stay as they are"
        )
        where = portfolios.pop() if len(portfolios) == 1 else counted(len(portfolios), "portfolio")
        return (f"Transactions in {where}; {marked}",)

    def cautions(self, snapshot: Snapshot) -> tuple[Caution, ...]:
        found: list[Caution] = []
        for id, row in self._on_desk(snapshot):
            name, booked = instrument_and_id(snapshot, self.kind, id), snapshot.is_booked(id)
            if booked or normalize(row.state) == "booked":
                said = f"{name} is booked already: its transactions are replaced"
                found.append(Caution("already booked", said))
            elif booked is None and row.portfolio_id in snapshot.bookings_due:
                said = f"Whether {name} is booked already is not read yet: its transactions would be replaced"
                found.append(Caution("not read yet", said))
        return tuple(found)


def _booked(reply: BookingReply, *more: str) -> ItemisedReply:
    """Return the reply of a booking, with the transaction and consideration of each allocation."""
    values = reply.values or {}
    notes = {name: "; ".join((_became(made), *more)) for name, made in values.items()}
    return ItemisedReply(values, reply.failed or {}, notes)


def _staged(outcome: Outcome) -> Outcome:
    """Return the outcome of a booking, staged where the server waits for an approval (REFERENCE_DATA R62)."""
    made = outcome.entity
    staged = made.staged_modifications if isinstance(made, Transaction) else None
    if staged is None or staged.count_pending <= 0:
        return outcome
    where = f": {staged.href_pending}" if staged.href_pending else ""
    return Outcome(
        outcome.ref,
        Status.STAGED,
        reason=f"the server keeps it until somebody approves it{where}",
        type="Staged",
        advice=STAGED_ADVICE,
    )


def _became(transaction: Transaction) -> str:
    money = transaction.total_consideration
    worth = "" if money.amount is None else f", {size_text(money.amount, money.currency or '')}"
    return f"transaction {transaction.transaction_id}{worth}"


def _share_line(snapshot: Snapshot, row: Allocation) -> PreviewLine:
    price = row.price or CurrencyAndAmount()
    return PreviewLine(
        ref=Ref(EntityKind.ALLOCATIONS, row.id),
        side=row.side or "",
        quantity=row.quantity,
        price=price.amount,
        currency=price.currency or row.settlement_currency or "",
        instrument=row.lusid_instrument_id,
        portfolio=row.portfolio_id,
        price_unit=snapshot.price_unit(row.lusid_instrument_id),
    )
