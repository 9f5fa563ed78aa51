"""The preview of a write: how much of what, what is odd, and how it is confirmed.

Everything here is computed from the client's snapshot. The server decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from heapq import nlargest
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tui.api.base import ZERO
from tui.api.placing_states import Guard
from tui.service.denials import denial
from tui.service.environment import Environment
from tui.service.positions import (
    LookUp,
    Position,
    PositionWords,
    covers_too_much,
    is_unchecked,
    positions_of,
)
from tui.service.sentence import wording
from tui.service.snapshot.snapshot import Ref, Snapshot
from tui.service.verbs import Verb
from tui.service.verbs.preview_line import LARGEST, Caution, PreviewLine
from tui.service.verbs.verb import Tier
from tui.service.writes.limit_checks import Finding, LimitChecks
from tui.service.writes.limits import DEFAULT_LIMITS, Limits
from tui.service.writes.unknown_names import unknown_names

OVERSALE: Final = "oversale"
"""The kind of a sale of more than is held and bought."""
ONE: Final = Decimal(1)


class PreviewWarning(Struct, frozen=True):
    """Soft warnings of one kind: how many items, and the worst of them as a sentence.

    ``typed`` says that the item count has to be typed: a limit is exceeded, or a caution asks for it.
    ``texts`` are all of them. ``refusal`` says that they are items a server refuses.
    """

    kind: str
    count: int
    text: str
    typed: bool = False
    texts: tuple[str, ...] = ()
    refusal: bool = False


class SideTotal(Struct, frozen=True):
    """Units and money of the items of one side in one currency; those sized in money are apart.

    They have no units. A sum is None where a part of it is not known: the size of ``unsized`` items, the
    price of ``unpriced`` ones.
    """

    side: str
    currency: str
    count: int
    quantity: Decimal | None
    notional: Decimal | None
    in_money: bool = False
    unsized: int = 0
    unpriced: int = 0


class ShareTable(Struct, frozen=True):
    """Who gets what: rows of texts under their titles; the first ``words`` are names, the others figures."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: int = 1


class Preview(Struct, frozen=True):
    """Everything the confirmation dialog shows, in its order (conventions, section 2).

    ``headline`` is what is asked as one sentence, ``items`` each item of it as one. ``effects`` are what is
    asked for beside them, ``positions`` what portfolios hold and will hold, the worst first, ``afterwards``
    the state it leads to, under a ``heading`` that says how far that is known, ``shares`` who gets what of
    it. While it is ``awaited``
    nothing can be confirmed; it may stay ``uncertain``. In an ``emergency`` nothing of that is waited for.
    """

    verb: str
    headline: str
    environment: Environment
    count: int
    tier: Tier
    hard: tuple[str, ...]
    soft: tuple[PreviewWarning, ...]
    totals: tuple[SideTotal, ...]
    largest: tuple[PreviewLine, ...]
    effects: tuple[str, ...]
    typical: str = ""
    items: Mapping[Ref, str] = {}
    heading: str = ""
    positions: tuple[str, ...] = ()
    afterwards: tuple[str, ...] = ()
    shares: ShareTable | None = None
    awaited: bool = False
    uncertain: bool = False
    emergency: bool = False

    @property
    def asked(self) -> tuple[object, ...]:
        """What a confirmation stands for: when it differs, an older one counts no more.

        Money at the last price is not part of it: with every trade of the market it is another.
        """
        kinds = tuple(sorted({warning.kind for warning in self.soft}))
        totals = tuple((each.side, each.currency, each.count, each.quantity) for each in self.totals)
        said = self.headline, dict(self.items), self.effects, self.afterwards, self.shares
        return self.tier, self.hard, kinds, totals, said


def preview(
    verb: Verb,
    snapshot: Snapshot,
    environment: Environment,
    limits: Limits = DEFAULT_LIMITS,
    *,
    read_only: bool = False,
    in_flight: Iterable[str] = (),
    unfit: str = "",
    foretold: str = "",
    holding: LookUp | None = None,
) -> Preview:
    """Return what to show before ``verb`` is sent.

    ``in_flight`` names the rows that have a write in flight; ``unfit`` is why the server's generation cannot
    do it, ``foretold`` why the access service denies it. ``holding`` looks up what is known of a portfolio's
    holdings; without it no position is told.
    """
    said = wording(verb, snapshot)
    lines = verb.lines(snapshot)
    cautions = tuple(_cautions(verb, snapshot, limits, in_flight=in_flight, foretold=foretold))
    checks = LimitChecks(verb, lines, snapshot, limits, environment.kind)
    findings = tuple(checks.findings())
    hard = (
        *_refusals(snapshot, read_only=read_only, in_flight=() if verb.emergency else in_flight),
        *((unfit,) if unfit else ()),
        *(found.text for found in findings if found.guard is Guard.REFUSED),
        *(f"{caution.text}." for caution in cautions if caution.guard is Guard.REFUSED),
    )
    positions = positions_of(verb, snapshot, holding) if holding is not None else ()
    words = PositionWords(snapshot)
    soft = _ranked((*_warnings(findings, cautions), *_about_positions(positions, words)))
    return Preview(
        verb=verb.name,
        headline=said.asked,
        items=said.items,
        environment=environment,
        count=verb.count,
        tier=_tier(verb, snapshot, hard, soft),
        hard=tuple(dict.fromkeys(hard)),
        soft=soft,
        totals=_totals(lines),
        largest=_largest(lines, limits),
        effects=verb.effects(snapshot),
        typical=checks.typical_ratio(),
        positions=tuple(map(words.line, positions)),
        emergency=verb.emergency,
    )


def _cautions(
    verb: Verb, snapshot: Snapshot, limits: Limits, *, in_flight: Iterable[str], foretold: str
) -> Iterator[Caution]:
    """Yield what is odd about a write, or will probably be refused."""
    yield from unknown_names(verb, snapshot)
    yield from (_as_expected(each, limits) for each in verb.cautions(snapshot))
    if verb.needs_rows:
        yield from _unread(snapshot)
    if verb.emergency:
        yield from _not_known(in_flight)
    if foretold:
        yield Caution("access", f"{denial(foretold)}. The server decides", Guard.WARN)


def _as_expected(caution: Caution, limits: Limits) -> Caution:
    """Return a caution; that a state is not known only warns where the server is said to give none."""
    if not caution.unsaid:
        return caution
    given, origin = limits.gives_states(caution.kind)
    if given:
        return caution
    return replace(caution, text=f"{caution.text} ({caution.kind} = none, {origin})", guard=Guard.WARN)


def _not_known(in_flight: Iterable[str]) -> Iterator[Caution]:
    for name in in_flight:
        yield Caution(
            "outcome not known", f"What was sent for {name} is not answered yet; it is cancelled all the same"
        )


def _unread(snapshot: Snapshot) -> Iterator[Caution]:
    """Yield a caution for each kind not all read; where blocks' totals hang on it, the count is typed."""
    for kind, unread in snapshot.unread.items():
        text = f"{kind.value.capitalize()} {unread} What follows from them is not known"
        yield Caution("not all read", text, Guard.WARN if snapshot.knows_totals(kind) else Guard.TYPED)


def _refusals(snapshot: Snapshot, *, read_only: bool, in_flight: Iterable[str]) -> Iterator[str]:
    if read_only:
        yield "This desk is read-only: nothing can be written from it."
    if snapshot.as_at is not None:
        yield f"The desk is shown as at {snapshot.time_in_words(snapshot.as_at)}: the past cannot be changed."
    for name in in_flight:
        yield f"What was sent for {name} is not answered yet: wait for its outcome."


def _warnings(findings: Iterable[Finding], cautions: Iterable[Caution]) -> tuple[PreviewWarning, ...]:
    """Group what does not refuse by kind."""
    excesses: dict[str, list[Finding]] = {}
    for found in findings:
        if found.guard is not Guard.REFUSED:
            excesses.setdefault(found.kind, []).append(found)
    made = []
    for kind, members in excesses.items():
        members.sort(key=lambda each: each.excess, reverse=True)
        texts = tuple(each.text for each in members)
        made.append(PreviewWarning(kind, len(members), texts[0], members[0].guard is Guard.TYPED, texts))
    hints: dict[tuple[str, Guard], list[str]] = {}
    for caution in cautions:
        if caution.guard is not Guard.REFUSED:
            hints.setdefault((caution.kind, caution.guard), []).append(f"{caution.text}.")
    made += [
        PreviewWarning(kind, len(said), said[0], guard is Guard.TYPED, tuple(said))
        for (kind, guard), said in hints.items()
    ]
    return tuple(made)


def _about_positions(positions: Iterable[Position], words: PositionWords) -> Iterator[PreviewWarning]:
    """Yield what is odd about positions: sales of what nobody holds, above all (R34)."""
    found = list(positions)
    for kind, odd, said, typed in (
        (OVERSALE, lambda each: each.short > 0, words.oversale, True),
        ("position not known", is_unchecked, words.unchecked, False),
        ("nothing to cover", covers_too_much, words.no_short, False),
    ):
        texts = tuple(f"{said(each)}." for each in found if odd(each))
        if len(texts) > 1 and odd is is_unchecked:
            texts = (f"Sales of {len(texts):,} positions are not checked. {texts[0]}", *texts[1:])
        if texts:
            yield PreviewWarning(kind, len(texts), texts[0], typed, texts)


def _ranked(warnings: Iterable[PreviewWarning]) -> tuple[PreviewWarning, ...]:
    """Return those first that ask for the count, sales of what nobody holds above all, then those of most."""
    return tuple(sorted(warnings, key=lambda each: (not each.typed, each.kind != OVERSALE, -each.count)))


def _totals(lines: Iterable[PreviewLine]) -> tuple[SideTotal, ...]:
    """Return the sums per currency and side, in their alphabetical order."""
    groups: dict[tuple[str, str, bool], list[PreviewLine]] = {}
    for line in lines:
        groups.setdefault((line.currency, line.side, line.amount is not None), []).append(line)
    return tuple(
        SideTotal(
            side=side,
            currency=currency,
            count=len(members),
            quantity=None if in_money else _sum(each.quantity for each in members),
            notional=_sum(each.notional for each in members),
            in_money=in_money,
            unsized=sum(each.quantity is None and not in_money for each in members),
            unpriced=sum(each.quantity is not None and each.notional is None for each in members),
        )
        for (currency, side, in_money), members in sorted(groups.items(), key=lambda group: group[0])
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _largest(lines: Iterable[PreviewLine], limits: Limits) -> tuple[PreviewLine, ...]:
    """Return the largest lines by their money in the base currency, then by their units."""

    per_unit = cache(lambda currency: limits.size_in_base(ONE, currency))

    def size(line: PreviewLine) -> tuple[Decimal, Decimal]:
        return (abs(line.notional or ZERO) * per_unit(line.currency), line.quantity or ZERO)

    return tuple(nlargest(LARGEST, lines, key=size))


def _tier(
    verb: Verb,
    snapshot: Snapshot,
    hard: tuple[str, ...],
    soft: Iterable[PreviewWarning],
) -> Tier:
    if hard:
        return Tier.HARD
    if verb.emergency or any(warning.typed for warning in soft):
        return Tier.T3
    return verb.tier(snapshot)
