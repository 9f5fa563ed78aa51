"""The history of an order and its related entities, in one form for both forms of the wire."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api import codec
from tui.api.base import ZERO, CurrencyAndAmount, ResourceId
from tui.api.models import Allocation, Execution, HistoryItem, Order, Placement
from tui.api.states import is_cancelled, normalize
from tui.service.exceptions.broker_words import broker_words
from tui.service.numbers import units
from tui.service.outcomes import lowered
from tui.service.row_phrases import phrase_of, trade_of, with_whom
from tui.service.snapshot.relations import related
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.state_words import is_over, state_in_words, verdict_in_words
from tui.service.wire_words import entry_in_cell, in_words

_NAMED: Final = {
    "order": EntityKind.ORDERS,
    "block": EntityKind.BLOCKS,
    "placement": EntityKind.PLACEMENTS,
    "execution": EntityKind.EXECUTIONS,
    "allocation": EntityKind.ALLOCATIONS,
}
_TRADED: Final = (EntityKind.PLACEMENTS, EntityKind.EXECUTIONS, EntityKind.ALLOCATIONS)
"""The rows beside the order that have words of their own, in the order of a life cycle."""


class HistoryEntry(Struct, frozen=True):
    """One thing that happened: ``when`` (UTC), ``who``, ``action`` as the server names it, ``what`` as a
    sentence, and for a changed field its name with the old and new value as text.

    ``trade`` is the row it tells of in words, as it was then, empty when that is not known; ``related`` are
    the rows it names besides the order; ``detail`` is what the server sent; ``home`` is the desk's own scope.
    """

    when: datetime | None
    who: str
    action: str
    what: str
    field: str = ""
    old: str = ""
    new: str = ""
    version: int | None = None
    trade: str = ""
    related: tuple[Ref, ...] = ()
    home: str = ""
    request_id: str = ""
    said: str = ""
    """What happened in the words of the desk; empty where only the server's are known."""
    reason: str = ""
    effective_from: datetime | None = None
    effective_until: datetime | None = None
    detail: Mapping[str, str] = {}


def entries(order: ResourceId, items: Iterable[HistoryItem], snapshot: Snapshot) -> Iterator[HistoryEntry]:
    """Yield the history of ``order`` in the server's order, newest first (H1)."""
    rows = _RowsThen(snapshot)
    for item in items:
        yield _entry(order, item, snapshot, rows)


class _RowsThen:
    """Rows as they were at the time of an entry: those of the desk, without the changes told after it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._rows: dict[Ref, Any] = {}
        self._filled: dict[ResourceId, tuple[list[datetime], list[Decimal]]] = {}
        """When the fills of a placement were made, and how much of it was filled by then."""

    def trade(self, ref: Ref) -> str:
        """Return the row in words as it was then; empty when that is not known."""
        row = self.row(ref)
        return phrase_of(self.snapshot, ref, row) if row is not None else ""

    def undo(self, ref: Ref, name: str, old: str) -> None:
        """Put the old value of a changed member back; where it cannot be read, tell no more of the row."""
        row, changed = self.row(ref), _SAID.get(normalize(name))
        if row is None or changed is None or not hasattr(row, changed[0]):
            return
        member, read = changed
        try:
            self._rows[ref] = replace(row, **{member: read(old) if old else None})
        except ArithmeticError:
            self.forget(ref)

    def forget(self, ref: Ref) -> None:
        """Tell no more of a row: what it was before is told nowhere."""
        self._rows[ref] = None

    def row(self, ref: Ref) -> Any:
        """Return the row as it was then, None where that is not known."""
        if ref not in self._rows:
            self._rows[ref] = self.snapshot.row(ref)
        return self._rows[ref]

    def filled(self, placement: ResourceId, moment: datetime) -> Decimal:
        """Return how much of a placement was filled by a moment."""
        if placement not in self._filled:
            fills = sorted(self.snapshot.fills_of_placement(placement), key=_made)
            self._filled[placement] = [*map(_made, fills)], [*accumulate(each.quantity for each in fills)]
        moments, totals = self._filled[placement]
        made = bisect_right(moments, moment)
        return totals[made - 1] if made else ZERO


def _money(text: str) -> CurrencyAndAmount:
    amount, _, currency = text.partition(" ")
    return CurrencyAndAmount(amount=Decimal(amount), currency=currency or None)


def _id(text: str) -> ResourceId:
    scope, _, code = text.partition("/")
    return ResourceId(scope, code)


_SAID: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    normalize(member): (member, read)
    for read, members in (
        (Decimal, ("quantity", "weight")),
        (_money, ("amount", "price", "limit_price", "stop_price")),
        (_id, ("portfolio_id",)),
        (str, ("side", "type", "time_in_force", "counterparty", "execution_system")),
    )
    for member in members
}
"""The members that the words of a row are made of, and how an old value of each is read from its text."""


def _entry(order: ResourceId, item: HistoryItem, snapshot: Snapshot, rows: _RowsThen) -> HistoryEntry:
    old, new = codec.value_text(item.previous_value), codec.value_text(item.new_value)
    name = item.attribute_name or ""
    detail = {key: value for key, value in (item.detail or {}).items() if value is not None}
    span = item.effective_range
    found = _related(order, detail, snapshot)
    about = _about(order, item.action or "", found)
    trade = rows.trade(about) if about else ""
    said = _said(item, name, old, new, rows.row(about) if about and trade else None, rows)
    if about and name:
        rows.undo(about, name, old)
    elif about and about.kind is EntityKind.ALLOCATIONS and "allocated" in normalize(item.action):
        rows.forget(about)
    return HistoryEntry(
        when=item.as_at_modified,
        who=item.user_id_modified or "",
        action=item.action or "",
        what=item.action_description or _sentence(item.action or "", name, old, new),
        field=name,
        old=old,
        new=new,
        version=item.as_at_version_number,
        trade=trade,
        related=found,
        home=snapshot.home,
        request_id=item.request_id_modified or "",
        said=said,
        reason=item.reason_modified or "",
        effective_from=span.from_date if span else item.effective_from,
        effective_until=span.until_date if span else item.effective_until,
        detail=detail,
    )


def _said(item: HistoryItem, name: str, old: str, new: str, row: Any, rows: _RowsThen) -> str:
    """Return what happened in the words of the desk: ``filled 4,000 at 0.8193 GBP by ALBN, 16,000 left``."""
    action = normalize(item.action)
    if name:
        return _changed(item, name, old, new, row)
    trade = None if row is None else trade_of(rows.snapshot, row)
    if trade is None or any(word in (item.action_description or "") for word in _UNDONE):
        return ""
    size = f"{units(trade.size)} {trade.unit}".rstrip()
    if isinstance(row, Execution) and action == "orderexecuted":
        by = f" by {row.counterparty}" if row.counterparty else ""
        left = ", busted since" if is_cancelled(row.state) else _left(row, rows)
        return f"filled {size} {trade.terms}{by}{left}"
    if isinstance(row, Placement) and action == "orderplaced":
        return f"placed {size} {with_whom(row)}, {trade.terms}"
    if isinstance(row, Placement) and action == "placementcancelled":
        return f"cancelled the {size} with {_broker(row)}"
    if isinstance(row, Allocation) and action in ("orderallocated", "orderbooked"):
        return f"{action.removeprefix('order')} {size} {trade.terms}, {trade.whom}"
    if isinstance(row, Order) and action == "ordercreated":
        return f"ordered: {lowered(str(trade))}"
    return ""


_UNDONE: Final = ("was deleted", "taken back")
"""Ends what a server says of a row that is no more: the desk has no words for that."""


def _left(fill: Execution, rows: _RowsThen) -> str:
    """Return what was left of a placement after a fill; empty where nobody can tell, or it was over."""
    snapshot = rows.snapshot
    placement = snapshot.placements.get(fill.placement_id)
    if placement is None or placement.quantity is None or not snapshot.knows(EntityKind.EXECUTIONS):
        return ""
    if snapshot.children_of_placement(placement.id):
        return ""
    left = placement.quantity - rows.filled(placement.id, _made(fill))
    if left > ZERO and _was_over(placement, _made(fill)):
        return ""
    return f", {units(left)} left" if left >= ZERO else f", {units(-left)} too much"


def _was_over(placement: Placement, at: datetime) -> bool:
    """Return whether a placement that is over was so by then already: its last change stands before it."""
    changed = placement.version.as_at_modified if placement.version else None
    return is_over(placement.state) and changed is not None and changed <= at


def _made(fill: Execution) -> datetime:
    """Return when the server took a fill; where it does not say, when the fill was made."""
    told = fill.version.as_at_created if fill.version else None
    return told or fill.created_date


def _changed(item: HistoryItem, name: str, old: str, new: str, row: Any) -> str:
    """Return a change in words: ``placement with ALBN: quantity from 40,000 to 30,000``.

    What a broker says stands with the change that it came with, as long as nothing changed since.
    """
    member = _member(name)
    head = f"placement with {_broker(row)}: " if isinstance(row, Placement) else ""
    head = f"fill by {_broker(row)}: " if isinstance(row, Execution) else head
    before, after = value_in_words(name, old), value_in_words(name, new)
    if normalize(name) == "state":
        now = after
        was = f", was {before}" if before not in ("", now) else ""
        why = broker_words(row) if isinstance(row, Placement) and _is_last(item, row) else ""
        return f"{head}{now or 'without a state'}{f' ({why})' if why else ''}{was}"
    if not old:
        return f"{head}{member} set to {after}"
    return f"{head}{member} removed, was {before}" if not new else f"{head}{member} from {before} to {after}"


def _is_last(item: HistoryItem, row: Placement) -> bool:
    """Return whether a change made a row what it is now."""
    return row.version is not None and row.version.as_at_modified == item.as_at_modified


def _broker(row: Any) -> str:
    return getattr(row, "counterparty", None) or "no broker"


_IN_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _member(name: str) -> str:
    """Return what a changed member is called: ``timeInForce`` becomes ``time in force``."""
    return _IN_WORDS.sub(" ", name.rpartition("/")[2]).replace("_", " ").lower()


def value_in_words(name: str, text: str) -> str:
    """Return a value of a member in the words of the desk: numbers grouped, names of the wire in words."""
    member = _member(name)
    if member == "state":
        return state_in_words(text)
    if member in ("side", "type", "time in force"):
        return in_words(text).lower()
    if member in ("compliance state", "approval state"):
        return verdict_in_words(text)
    if member == "entry type":
        return entry_in_cell(text)
    number, _, unit = text.partition(" ")
    try:
        return f"{units(Decimal(number))} {unit}".rstrip()
    except ArithmeticError:
        return text


def _sentence(action: str, name: str, old: str, new: str) -> str:
    """Return a sentence for an action the server only names: ``FieldModified`` becomes ``Field modified``."""
    if name:
        return f"{name} changed from {old or 'nothing'} to {new or 'nothing'}"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", action).capitalize() or "Changed"


def _about(order: ResourceId, action: str, named: Iterable[Ref]) -> Ref | None:
    """Return the row whose trade an entry tells of: the last in the life cycle it names, else the order."""
    traded = [ref for ref in named if ref.kind in _TRADED]
    if traded:
        return max(traded, key=lambda ref: _TRADED.index(ref.kind))
    folded = normalize(action)
    another = any(word in folded for word in ("place", "execut", "allocat", "book"))
    return None if another else Ref(EntityKind.ORDERS, order)


def _related(order: ResourceId, detail: Mapping[str, str], snapshot: Snapshot) -> tuple[Ref, ...]:
    """Return the rows a detail names; one without a scope is in the scope of the others."""
    scopes = [value for key, value in detail.items() if key.endswith("Scope")]
    found: list[Ref] = []
    for key, code in detail.items():
        name, separator, _ = key.partition("Code")
        kind = _NAMED.get(name) if separator else None
        if kind is not None:
            scope = detail.get(f"{name}Scope") or (scopes[0] if scopes else order.scope)
            found.append(Ref(kind, ResourceId(scope, code)))
    booked = detail.get("transactionId")
    for id in related(snapshot, Ref(EntityKind.ORDERS, order))[EntityKind.TRANSACTIONS] if booked else ():
        if id.code == booked:
            found.append(Ref(EntityKind.TRANSACTIONS, id))
    return tuple(dict.fromkeys(ref for ref in found if ref != Ref(EntityKind.ORDERS, order)))
