"""What a dealer asks of a row on the phone: what, how much, at what price, who, when, and its relatives.

Pure functions of a snapshot. Numbers and times are the cells of the row's own columns, so that a ticket never
says anything else than the pane does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.api.base import Version
from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.columns.column import Column
from tui.columns.factories import labels
from tui.columns.format import DisplayContext, clock_and_age
from tui.columns.lifecycle_bar import legend
from tui.columns.panes import COLUMNS
from tui.columns.steps import Steps
from tui.columns.unknown import UNKNOWN
from tui.screens.ticket.related_rows import RelatedRow, related_rows
from tui.service.numbers import units
from tui.service.row_phrases import (
    MOST_NAMED,
    for_whom,
    instrument_words,
    phrase_of,
    trade_of,
    with_whom,
)
from tui.service.snapshot.compliance_states import compliance_section
from tui.service.snapshot.contradictions import contradictions
from tui.service.snapshot.instruments import luid_of
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.snapshot.transaction_keys import portfolio_of
from tui.service.state_words import known_state

MOST_RULES: Final = 5
"""Lines of compliance that a ticket shows; the members of the row have them all."""
_SIZES: Final[Mapping[EntityKind, Sequence[tuple[str, str]]]] = {
    EntityKind.BLOCKS: (
        ("ordered", "ordered"),
        ("placed", "placed"),
        ("executed", "filled"),
        ("allocated", "allocated"),
        ("booked", "booked"),
        ("unplaced", "not placed"),
    ),
    EntityKind.ORDERS: (("quantity", "ordered"), ("allocated", "allocated"), ("left", "left")),
    EntityKind.PLACEMENTS: (
        ("quantity", "placed"),
        ("executed", "filled"),
        ("open", "working"),
        ("allocated", "allocated"),
    ),
    EntityKind.EXECUTIONS: (("quantity", "filled"),),
    EntityKind.ALLOCATIONS: (("quantity", "allocated"),),
    EntityKind.TRANSACTIONS: (("units", "booked"),),
}
"""The sizes of a row in the order of its life, by the columns that hold them; the first is the whole."""
_TIMES: Final[Mapping[EntityKind, Sequence[tuple[str, str]]]] = {
    EntityKind.BLOCKS: (("created", "created"), ("activity", "last activity")),
    EntityKind.ORDERS: (("date", "ordered"),),
    EntityKind.PLACEMENTS: (("created", "placed"),),
    EntityKind.EXECUTIONS: (("created", "filled"), ("settles", "settles")),
    EntityKind.ALLOCATIONS: (("date", "allocated"), ("settles", "settles")),
    EntityKind.TRANSACTIONS: (("date", "traded"), ("settles", "settles")),
}
"""The times of a row, by the columns that hold them."""


class Group(Struct, frozen=True):
    """One question, and what answers it; parts of ``figures`` stand under each other, right-aligned."""

    question: str
    parts: tuple[str, ...]
    figures: tuple[str, ...] = ()


class RowTicket(Struct, frozen=True):
    """A row in words: a heading, where it stands, questions and answers, and the rows it belongs with.

    ``bar`` is the life cycle of a block, ``bar_role`` its colour, ``legend`` what its letters mean; ``more``
    are how many related rows of a kind are not listed.
    """

    heading: str
    state: str
    role: str
    groups: tuple[Group, ...]
    related: tuple[RelatedRow, ...]
    verdicts: str = ""
    bar: str = ""
    bar_role: str = ""
    legend: str = ""
    more: Mapping[EntityKind, int] = {}


class _RowCells:
    """A row with the cells of its columns."""

    def __init__(
        self, snapshot: Snapshot, ref: Ref, columns: Sequence[Column], context: DisplayContext
    ) -> None:
        self.snapshot, self.ref, self.context = snapshot, ref, context
        self.row = snapshot.row(ref)
        self.entity = self.row.block if isinstance(self.row, OrderGraphBlock) else self.row
        self._columns = {column.id: column for column in columns}

    def cell(self, id: str) -> str:
        """Return the text of a column's cell; empty where the column is not known of such a row."""
        column = self._columns.get(id)
        said = column.cell(self.snapshot, self.row, self.context) if column else ""
        return " ".join(said.split())

    def number(self, id: str) -> Decimal | None:
        """Return the number of a column, None without one."""
        column = self._columns.get(id)
        value = column.value(self.snapshot, self.row) if column else None
        return value if isinstance(value, Decimal) else None

    def moment(self, id: str) -> datetime | None:
        """Return the time of a column, None without one; a calendar day is none."""
        column = self._columns.get(id)
        value = column.value(self.snapshot, self.row) if column and column.times == "moment" else None
        return value if isinstance(value, datetime) else None

    def role(self, id: str) -> str:
        """Return the colour of a column's cell."""
        column = self._columns.get(id)
        return column.role(self.snapshot, self.row) if column and column.role else ""


def ticket_of(
    snapshot: Snapshot,
    ref: Ref,
    context: DisplayContext,
    now: datetime,
    columns: Sequence[Column] | None = None,
    why_unnamed: str = "",
) -> Steps[RowTicket]:
    """Return the ticket of a row of ``snapshot``, made in steps.

    ``columns`` are those that are known of it, all of its pane if not given; ``why_unnamed`` is why the names
    of compliance rules are not known.
    """
    of = _RowCells(snapshot, ref, COLUMNS[ref.kind] if columns is None else columns, context)
    rows, more = yield from related_rows(snapshot, ref, context)
    groups = (
        Group("Attention", tuple(_warnings(of))),
        Group("How much", tuple(_block_of(of)), tuple(_sizes(of))),
        Group("Price", tuple(_prices(of))),
        Group("Who", tuple(_who(of))),
        Group("When", tuple(_when(of, now))),
        Group("Compliance", tuple(_compliance(of, why_unnamed))),
        Group("Instrument", tuple(_traded_in(of))),
        Group("Id", tuple(_ids(of))),
    )
    yield
    kept = " and ".join(filter(None, (_verdict(of, "compliance"), _verdict(of, "approval"))))
    return RowTicket(
        heading=f"{ref.kind.singular.capitalize()}: {phrase_of(snapshot, ref) or ref.id}",
        state=of.cell("state"),
        role=of.role("state"),
        verdicts=kept,
        groups=tuple(group for group in groups if group.parts or group.figures),
        related=tuple(rows),
        bar=of._columns["bar"].cell(snapshot, of.row, context) if "bar" in of._columns else "",
        bar_role=of.role("bar"),
        legend=legend(ascii=context.ascii) if "bar" in of._columns else "",
        more=more,
    )


def _verdict(of: _RowCells, id: str) -> str:
    said = of.cell(id)
    return f"{id} {said}" if said and said != UNKNOWN else ""


def _instrument(of: _RowCells) -> str:
    row = of.entity
    if not isinstance(row, Transaction):
        return instrument_words(of.snapshot, row)
    known = of.snapshot.instruments.get(row.instrument_uid)
    said = known.label if known else next(iter((row.instrument_identifiers or {}).values()), None)
    return f"{said} ({known.name})" if known and known.name else said or row.instrument_uid


# --- questions and answers ----------------------------------------------------------------------


def _warnings(of: _RowCells) -> Iterator[str]:
    reason = "" if isinstance(of.row, Transaction) else labels(of.entity).get("Reason", "")
    if reason:
        yield reason
    yield from contradictions(of.snapshot, of.ref)


def _traded_in(of: _RowCells) -> Iterator[str]:
    yield _instrument(of)
    known = of.snapshot.instruments.get(luid_of(of.row))
    record = known.record if known else None
    if known is not None:
        yield (record.kind if record else "") or known.asset_class
        yield f"in {known.currency}" if known.currency else ""
        yield "" if record is None or record.is_active else f"{record.state.lower()} in the master"
    if not isinstance(of.row, Transaction) and (strategy := of.cell("strategy")):
        yield f"strategy {strategy}"


def _sizes(of: _RowCells) -> Iterator[str]:
    whole: Decimal | None = None
    for at, (id, word) in enumerate(_SIZES[of.ref.kind]):
        said, value = of.cell(id), of.number(id)
        if not said:
            continue
        whole = value if at == 0 else whole
        share = f" ({value * 100 / whole:.1f}%)" if at and whole and value else ""
        yield f"{said} {word}{share}"


def _block_of(of: _RowCells) -> Iterator[str]:
    """Yield how far the block of an order is: an order has no fills of its own."""
    if not isinstance(of.row, Order):
        return
    id = of.snapshot.block_of_order(of.row.id)
    if id is None or id not in of.snapshot.blocks:
        return
    block = _RowCells(of.snapshot, Ref(EntityKind.BLOCKS, id), COLUMNS[EntityKind.BLOCKS], of.context)
    average = block.cell("average")
    at = f" at {average} on average" if average and average != UNKNOWN else ""
    yield f"its block {block.cell('executed')} filled of {block.cell('ordered')}{at}"


def _prices(of: _RowCells) -> Iterator[str]:
    row, money = of.row, of.cell("currency")
    if not isinstance(row, Transaction):
        trade = trade_of(of.snapshot, row)
        yield trade.terms if trade else ""
    elif price := of.cell("price"):
        yield f"at {price} {row.transaction_currency or ''}".strip()
    if (average := of.cell("average")) and average != UNKNOWN:
        yield f"filled at {average} on average"
    for id, word in (("value", "worth"), ("consideration", "for")):
        if found := of.cell(id):
            yield f"{word} {found} {money}".strip()
    if last := of.cell("last"):
        yield f"last {last}"


def _who(of: _RowCells) -> Iterator[str]:
    snapshot, row = of.snapshot, of.row
    if isinstance(row, OrderGraphBlock):
        yield from _portfolios(of, row)
        placed = (snapshot.placements[id] for id in snapshot.placements_of_block(row.block.id))
        brokers = dict.fromkeys(each.counterparty or "no broker" for each in placed)
        yield f"with {_some(list(brokers))}" if brokers else ""
    elif isinstance(row, Order | Allocation):
        fund = of.cell("fund")
        yield f"{for_whom(snapshot, row.portfolio_id)}{f' ({fund})' if fund else ''}"
    elif isinstance(row, Transaction):
        portfolio = portfolio_of(of.ref.id)
        held = snapshot.records.portfolio_name(portfolio)
        yield f"{for_whom(snapshot, portfolio)}{f' ({held})' if held else ''}"
        yield f"with {row.counterparty_id}" if row.counterparty_id else ""
    if isinstance(row, Placement | Execution):
        yield with_whom(row)
    elif isinstance(row, Allocation) and row.counterparty:
        yield f"with {row.counterparty}"
    version: Version | None = of.entity.version
    made, changed = (version.user_id_created, version.user_id_modified) if version else (None, None)
    yield f"entered by {made}" if made else ""
    yield f"last changed by {changed}" if changed and changed != made else ""


def _portfolios(of: _RowCells, row: OrderGraphBlock) -> Iterator[str]:
    """Yield for which portfolios a block is, and how much each of the first ones asked for."""
    orders = [of.snapshot.orders[id] for id in row.block.order_ids if id in of.snapshot.orders]
    said = [
        f"{of.snapshot.portfolio_label(each.portfolio_id) if each.portfolio_id else 'no portfolio'}"
        f" {units(each.quantity)}".rstrip()
        for each in orders
    ]
    yield f"for {_some(said)}" if said else ""


def _some(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _when(of: _RowCells, now: datetime) -> Iterator[str]:
    for id, word in _TIMES[of.ref.kind]:
        if found := of.cell(id):
            yield f"{word} {clock_and_age(moment, of.context, now) if (moment := of.moment(id)) else found}"
    version: Version | None = of.entity.version
    changed = version.as_at_modified if version else None
    if changed is not None and changed.year > 1:
        yield f"changed {clock_and_age(changed, of.context, now)}"
    yield f"times in {of.context.zone_name}"


def _compliance(of: _RowCells, why_unnamed: str) -> Iterator[str]:
    engine, *said = compliance_section(of.snapshot, of.row, why_unnamed) or [("", "")]
    for label, text in said[:MOST_RULES]:
        yield f"{label} {text}" if label else text
    if len(said) > MOST_RULES:
        yield f"and {len(said) - MOST_RULES:,} lines more"
    yield " ".join(engine).strip()


def _ids(of: _RowCells) -> Iterator[str]:
    yield str(of.ref.id)
    if isinstance(of.row, Order | Allocation) and (id := of.row.portfolio_id):
        yield f"portfolio {id}"
    wire = getattr(of.row, "state", None)
    known = known_state(wire)
    if wire:
        yield f"state {wire} to the server{f', FIX {known.code}' if known and known.code else ''}"
