"""What a step through the past went over, in a dealer's sentence: the words of the tape and of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from tui.api.base import ZERO
from tui.columns.format import DisplayContext, clock
from tui.columns.row_changes import RowChange, changes_of
from tui.service.numbers import counted
from tui.service.outcomes import lowered
from tui.service.row_phrases import MOST_TOGETHER, as_one_trade, phrase_of, row_phrase, short_id
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot
from tui.service.sync.past_step import PastStep
from tui.service.tape.news_kinds import FILLS, NEWS_KINDS, NewsKind
from tui.service.tape.tape_words import counts_in_words, fills_in_a_sentence, in_a_sentence

MOST_LOOKED_AT: Final = 2_000
"""The rows of one step that are looked at; of more only the number is told."""
MOST_FIELDS: Final = 3
"""The values that differ of which the sentence of a row tells."""
_CAME: Final = {
    EntityKind.PLACEMENTS: "Placed",
    EntityKind.ORDERS: "Ordered",
    EntityKind.ALLOCATIONS: "Allocated",
    EntityKind.TRANSACTIONS: "Booked",
    EntityKind.EXECUTIONS: "Recorded",
    EntityKind.BLOCKS: "New block",
}
"""How a row that was not there before is told; of a moment in this order, after the news of the tape."""
_SWEPT: Final = "Swept"
_GONE: Final = "Deleted"


class StepWords(Struct, frozen=True):
    """A step in words: when (as text), what, in which colour, and how much ``more`` there was."""

    at: str
    text: str
    role: str = ""
    more: str = ""


class _Happened(Struct):
    """Rows of which a step tells the same: ``news`` where the tape would tell it too."""

    head: str
    kind: EntityKind
    rows: list[Ref]
    news: NewsKind | None = None


def step_words(step: PastStep, context: DisplayContext) -> StepWords:
    """Return what a step went over: one change in a sentence, several by their numbers."""
    if step.at is None:
        return _of_several(step, context)
    at = clock(step.at, context)
    at = at if step.forward else f"back over {at}"
    if len(step.rows) > MOST_LOOKED_AT:
        return StepWords(at, f"{counted(len(step.rows), 'row')} changed")
    told = sorted(_told(step), key=_rank)
    if told:
        said, rows = _sentence(step, told[0])
        return StepWords(at, said, _role(told[0]), _more(sum(len(each.rows) for each in told) - rows))
    changed = [row for ref in step.rows if (row := list(changes_of(ref, step.earlier, step.later, context)))]
    # what a block shows differs with the rows below it
    changed = [row for row in changed if row[0].ref.kind is not EntityKind.BLOCKS] or changed
    if not changed:
        return StepWords(at, "nothing that this desk shows")
    return StepWords(at, _amended(step, changed[0], context), more=_more(len(changed) - 1))


def _more(count: int) -> str:
    return f"+{count:,} more" if count else ""


def _of_several(step: PastStep, context: DisplayContext) -> StepWords:
    """Return what is said of a span: how much news there was."""
    said = f"{clock(step.earlier.as_at, context)} to {clock(step.later.as_at, context)}"
    at = said if step.forward else f"back over {said}"
    if not step.rows:
        return StepWords(at, "nothing changed")
    if len(step.rows) > MOST_LOOKED_AT:
        return StepWords(at, f"{counted(len(step.rows), 'row')} changed")
    news, others = Counter[str](), Counter[str]()
    for each in _told(step):
        if each.news is None:
            others[each.head.lower()] += len(each.rows)
        else:
            news[each.news.id] += len(each.rows)
    parts = [counts_in_words(news), *(f"{count:,} {head}" for head, count in others.items())]
    return StepWords(at, ", ".join(filter(None, parts)) or f"{counted(len(step.rows), 'row')} changed")


def _told(step: PastStep) -> Iterator[_Happened]:
    """Yield what happened that is more than a change of a row; what follows from it is not told."""
    found: dict[object, _Happened] = {}
    for ref in step.rows:
        was, now = step.earlier.row(ref), step.later.row(ref)
        news = _news(step, ref, was, now)
        head = _head(step, ref, was, now)
        if news is None and not head:
            continue
        key: object = (head, ref.kind) if news is None else (news.id, ref)
        if news is FILLS:
            key = (news.id, now.placement_id)
        found.setdefault(key, _Happened(head, ref.kind, [], news)).rows.append(ref)
    ordered = any(each.head == _CAME[EntityKind.ORDERS] for each in found.values())
    swept = any(each.head == _SWEPT for each in found.values())
    for each in found.values():
        follows = each.kind is EntityKind.BLOCKS and each.head == _CAME[EntityKind.BLOCKS] and ordered
        if not follows and not (swept and each.head == _GONE):
            yield each


def _news(step: PastStep, ref: Ref, was: Any, now: Any) -> NewsKind | None:
    """Return which news of the tape a row is."""
    if now is None:
        return None
    kinds = (each for each in NEWS_KINDS if ref.kind in each.rows)
    return next((each for each in kinds if each.is_news(step.earlier, was, step.later, now)), None)


def _head(step: PastStep, ref: Ref, was: Any, now: Any) -> str:
    """Return how a row is told that came or left; empty for one that was there and stays."""
    if ref in step.swept:
        return _SWEPT
    if now is None:
        return _GONE if was is not None else ""
    return _CAME[ref.kind] if was is None else ""


def _rank(happened: _Happened) -> tuple[int, int]:
    """Return the place of what happened among what else did: what is bad first, then what was dealt."""
    if happened.news is not None:
        return (0 if happened.news.role == "bad" else 1), NEWS_KINDS.index(happened.news)
    if happened.head in (_SWEPT, _GONE):
        return 2, 0
    return 3, list(_CAME).index(happened.kind)


def _role(happened: _Happened) -> str:
    if happened.news is not None:
        return happened.news.role
    return "bad" if happened.head == _GONE else ""


def _sentence(step: PastStep, happened: _Happened) -> tuple[str, int]:
    """Return what happened, and of how many of the rows that tells."""
    refs, news = happened.rows, happened.news
    if news is FILLS:
        return _filled(step.later, [step.later.row(ref) for ref in refs]), len(refs)
    if news is not None:
        return in_a_sentence(news, step.later, refs[0]), 1
    left = refs[0] not in step.later or refs[0] in step.swept
    snapshot = step.earlier if left else step.later
    if happened.kind is EntityKind.TRANSACTIONS:
        refs = _allocations_of(snapshot, refs) or refs
    together = as_one_trade([row_phrase(snapshot, ref) for ref in refs[:MOST_TOGETHER]])
    if together.startswith(": ") and 1 < len(refs) <= MOST_TOGETHER:
        return f"{happened.head}{together}", len(happened.rows)
    words = phrase_of(snapshot, refs[0])
    return f"{happened.head}: {lowered(words) if words else short_id(snapshot, refs[0])}", 1


def _allocations_of(snapshot: Snapshot, bookings: Sequence[Ref]) -> list[Ref]:
    """Return the allocations that were booked, as far as they are named."""
    named = (snapshot.row(ref).allocation_id for ref in bookings)
    refs = [Ref(EntityKind.ALLOCATIONS, id) for id in named if id is not None]
    return [ref for ref in refs if ref in snapshot]


def _filled(snapshot: Snapshot, fills: Sequence[Any]) -> str:
    """Return fills of one placement as the tape tells them."""
    quantity = sum((fill.quantity for fill in fills), ZERO)
    prices = [fill.price.amount for fill in fills]
    money: Decimal | None = None
    if None not in prices:
        money = sum((fill.quantity * price for fill, price in zip(fills, prices, strict=True)), ZERO)
    return fills_in_a_sentence(snapshot, fills[-1], len(fills), quantity, money)


def _amended(step: PastStep, changes: Sequence[RowChange], context: DisplayContext) -> str:
    """Return the values of a row that differ, and which row it is."""
    arrow = "->" if context.ascii else "→"
    said = [
        f"{each.field} {each.before or 'empty'} {arrow} {each.now or 'empty'}"
        for each in changes[:MOST_FIELDS]
    ]
    more = f" and {len(changes) - MOST_FIELDS} more" if len(changes) > MOST_FIELDS else ""
    return f"{', '.join(said)}{more}: {lowered(phrase_of(step.later, changes[0].ref))}"
