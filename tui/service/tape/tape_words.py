"""The sentences of the tape, in the words that rows have everywhere (:mod:`tui.service.row_phrases`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tui.api.models import Execution
from tui.service.numbers import average, counted, units
from tui.service.outcomes import lowered
from tui.service.row_phrases import properties_of, row_phrase, short_id, trade_dealt, with_whom
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.state_words import is_over
from tui.service.tape.news_kinds import NEWS_KINDS, NewsKind

REASONS = ("reason", "text", "note")
"""The codes of properties in which brokers say why, in small letters."""


def in_a_sentence(kind: NewsKind, snapshot: Snapshot, ref: Ref, *, by: str = "") -> str:
    """Return news of one row as a sentence, its id last: what happened, ``by`` whom, to which trade, why."""
    row = snapshot.row(ref)
    head = kind.head(snapshot, row)
    who = f" by {by}" if by else ""
    return f"{head}{who}: {lowered(str(row_phrase(snapshot, ref, reason_of(row))))}"


def reason_of(row: Any) -> str:
    """Return why a row is as it is, in the words of its broker; empty where nobody says."""
    for key, held in properties_of(row).items():
        if key.rpartition("/")[2].casefold() in REASONS and held.value is not None:
            return str(held.value)
    return ""


def fills_in_a_sentence(
    snapshot: Snapshot, fill: Execution, count: int, quantity: Decimal, money: Decimal | None
) -> str:
    """Return ``count`` fills of one placement as a sentence; ``fill`` is the last of them.

    ``quantity`` and ``money`` are what they add up to, ``money`` None where a price is not known.
    """
    trade = trade_dealt(snapshot, fill, whom=with_whom(fill))
    if known := snapshot.instruments.get(fill.lusid_instrument_id):
        trade = replace(trade, instrument=known.label)
    if count > 1:
        terms = f"in {counted(count, 'fill')}"
        if money is not None and quantity:
            currency = fill.price.currency or ""
            terms = f"at {average(money / quantity, currency)} {currency} average {terms}"
        trade = replace(trade, size=quantity, terms=terms)
    if left := _left(snapshot, fill):
        trade = replace(trade, terms=f"{trade.terms}, {left}")
    ref = placement_of(snapshot, fill)
    return f"Filled: {lowered(str(trade))} · {short_id(snapshot, ref)}"


def placement_of(snapshot: Snapshot, fill: Execution) -> Ref:
    """Return the placement of a fill, on which a dealer acts next; the fill itself where it is not here."""
    ref = Ref(EntityKind.PLACEMENTS, fill.placement_id)
    return ref if ref in snapshot else Ref(EntityKind.EXECUTIONS, fill.id)


def _left(snapshot: Snapshot, fill: Execution) -> str:
    """Return what is left of the placement of a fill; empty where that is not known, or it is over."""
    placement = snapshot.placements.get(fill.placement_id)
    done = snapshot.executed_of_placement(fill.placement_id) if placement else None
    if placement is None or placement.quantity is None or done is None:
        return ""
    left = placement.quantity - done
    if left < 0:
        return f"{units(-left)} too many"
    if left and is_over(placement.state):
        return ""
    return f"{units(left)} left" if left else "complete"


def counts_in_words(counts: Mapping[str, int]) -> str:
    """Return how much news there is of each kind: ``12 fills, 1 reject``."""
    return ", ".join(_counted(counts))


def _counted(counts: Mapping[str, int]) -> Iterable[str]:
    for kind in NEWS_KINDS:
        if count := counts.get(kind.id, 0):
            yield f"{count:,} {kind.setting.several}" if count != 1 else f"1 {kind.noun}"
