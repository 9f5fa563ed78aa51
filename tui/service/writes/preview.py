"""The preview of a write: how much of what, what is odd, and how it is confirmed.

Everything here is computed from the client's snapshot. The server decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

from msgspec import Struct

from tui.api.base import ZERO, ResourceId
from tui.service.environment import Environment, EnvironmentKind
from tui.service.numbers import counted, units
from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import CreateOrders, PlaceBlocks, UpdateOrders, UpdatePlacements, Verb
from tui.service.verbs.facts import order_line
from tui.service.verbs.placements import COMPLIANCE
from tui.service.verbs.verb import Caution, PreviewLine, Tier
from tui.service.writes.limits import DEFAULT_LIMITS, LimitBand, Limits

LARGEST: Final = 3
_PENCE: Final = (Decimal(50), Decimal(200))
_SAMPLE: Final = 200
_FEWEST: Final = 5
_PRICED: Final = (CreateOrders, PlaceBlocks, UpdateOrders, UpdatePlacements)
"""The verbs that set prices and sizes, and so are checked against all limits."""


class PreviewWarning(Struct, frozen=True):
    """Soft warnings of one kind: how many items, and the worst of them as a sentence.

    ``limit`` says that a limit was exceeded: the item count has to be typed. ``texts`` are all of them.
    """

    kind: str
    count: int
    text: str
    limit: bool = False
    texts: tuple[str, ...] = ()


class SideTotal(Struct, frozen=True):
    """Units and money of the items of one side in one currency; None where a price is missing."""

    side: str
    currency: str
    count: int
    quantity: Decimal
    notional: Decimal | None


class Preview(Struct, frozen=True):
    """Everything the confirmation dialog shows, in its order (conventions, section 2)."""

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


class _Finding(Struct, frozen=True):
    kind: str
    text: str
    excess: Decimal
    hard: bool = False


def preview(
    verb: Verb,
    snapshot: Snapshot,
    environment: Environment,
    limits: Limits = DEFAULT_LIMITS,
    *,
    confirm_by_count: bool = False,
    read_only: bool = False,
    in_flight: Iterable[str] = (),
    unfit: str = "",
) -> Preview:
    """Return what to show before ``verb`` is sent.

    ``confirm_by_count`` requires the item count however few they are; ``in_flight`` names the rows that have
    a write in flight; ``unfit`` is why the server's generation cannot do it.
    """
    lines = verb.lines(snapshot)
    cautions = verb.cautions(snapshot)
    usual = _TypicalSizes(snapshot)
    findings = [*_batch(verb, limits)]
    if isinstance(verb, _PRICED):
        findings += [each for line in lines for each in _line_findings(line, snapshot, limits, usual)]
    hard = (
        *_refusals(snapshot, read_only=read_only, in_flight=in_flight),
        *((unfit,) if unfit else ()),
        *(found.text for found in findings if found.hard),
        *(f"{caution.text}." for caution in cautions if caution.kind == COMPLIANCE),
    )
    soft = _warnings(findings, (caution for caution in cautions if caution.kind != COMPLIANCE))
    totals = _totals(lines)
    return Preview(
        verb=verb.name,
        headline=verb.label,
        environment=environment,
        count=verb.count,
        tier=_tier(verb, snapshot, environment, limits, totals, hard, soft, confirm_by_count),
        hard=tuple(dict.fromkeys(hard)),
        soft=soft,
        totals=totals,
        largest=tuple(sorted(lines, key=_size, reverse=True)[:LARGEST]),
        effects=verb.effects(snapshot),
        typical=_typical_ratio(lines, usual) if isinstance(verb, _PRICED) else "",
    )


def _refusals(snapshot: Snapshot, *, read_only: bool, in_flight: Iterable[str]) -> Iterator[str]:
    if read_only:
        yield "This desk is read-only: nothing can be written from it."
    if snapshot.as_at is not None:
        yield f"The desk is shown as at {snapshot.as_at:%Y-%m-%d %H:%M:%S} UTC: the past cannot be changed."
    for name in in_flight:
        yield f"{name} has a write in flight: wait for its outcome."


def _batch(verb: Verb, limits: Limits) -> Iterator[_Finding]:
    found = _against(limits.items, Decimal(verb.count))
    if found is not None:
        hard, bound = found
        text = f"{counted(verb.count, 'item')} in one batch, the limit is {units(bound)}."
        yield _Finding("large batch", text, Decimal(verb.count), hard)


def _against(band: LimitBand, value: Decimal) -> tuple[bool, Decimal] | None:
    """Return whether the hard limit is exceeded and the limit itself, or None inside both."""
    if value > band.hard:
        return True, band.hard
    return (False, band.soft) if value > band.soft else None


def _line_findings(
    line: PreviewLine, snapshot: Snapshot, limits: Limits, usual: _TypicalSizes
) -> Iterator[_Finding]:
    name = line.ref.id.code
    notional = line.notional
    if notional is not None:
        base = limits.in_base(notional, line.currency)
        found = _against(limits.notional, base)
        if found is not None:
            text = (
                f"{name}: notional {units(notional)} {line.currency} is above the limit of "
                f"{units(found[1])} {limits.base}."
            )
            yield _Finding("notional", text, base, found[0])
    else:
        yield _Finding("no price", f"{name}: no price is known, so its notional is not checked.", ZERO)
    yield from _typical(line, snapshot, limits, usual)
    known = snapshot.instruments.get(line.instrument)
    if known is None:
        return
    if known.adv and line.quantity is not None:
        share = line.quantity / known.adv
        found = _against(limits.volume, share)
        if found is not None:
            text = f"{name}: {_percent(share)} of the daily volume, the limit is {_percent(found[1])}."
            yield _Finding("daily volume", text, share, found[0])
    if line.limit and known.last_price:
        yield from _drift(line, line.limit, known.last_price, limits.drift_of(known.asset_class))


def _drift(line: PreviewLine, limit: Decimal, reference: Decimal, band: LimitBand) -> Iterator[_Finding]:
    name = line.ref.id.code
    ratio = limit / reference
    if _PENCE[0] <= ratio <= _PENCE[1]:
        text = f"{name}: limit {units(limit)} is {ratio:,.0f} times the last price: pence?"
        yield _Finding("pence?", text, ratio, hard=True)
        return
    drift = abs(limit - reference) / reference
    found = _against(band, drift)
    if found is not None:
        text = (
            f"{name}: limit {units(limit)} is {_percent(drift)} off the last price {units(reference)}, "
            f"the limit is {_percent(found[1])}."
        )
        yield _Finding("limit price", text, drift, found[0])


class _TypicalSizes:
    """The typical notional of portfolios, each looked up once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._found: dict[tuple[ResourceId, str], Decimal | None] = {}

    def ratio(self, line: PreviewLine) -> Decimal | None:
        """Return the item's notional as a multiple of its portfolio's typical order, None when unknown."""
        if line.portfolio is None or line.notional is None:
            return None
        key = (line.portfolio, line.currency)
        if key not in self._found:
            self._found[key] = typical_notional(self._snapshot, *key)
        usual = self._found[key]
        return line.notional / usual if usual else None


def typical_notional(snapshot: Snapshot, portfolio: ResourceId, currency: str) -> Decimal | None:
    """Return the median notional of a portfolio's orders in a currency, None when there are too few."""
    own = (order for order in snapshot.orders.values() if order.portfolio_id == portfolio)
    sizes = sorted(
        line.notional
        for line in (order_line(snapshot, order) for order in islice(own, _SAMPLE))
        if line.notional and line.currency == currency
    )
    return sizes[len(sizes) // 2] if len(sizes) >= _FEWEST else None


def _typical(
    line: PreviewLine, snapshot: Snapshot, limits: Limits, usual: _TypicalSizes
) -> Iterator[_Finding]:
    ratio = usual.ratio(line)
    found = None if ratio is None else _against(limits.typical, ratio)
    if ratio is not None and found is not None and line.portfolio is not None:
        whose = snapshot.portfolio_label(line.portfolio)
        text = (
            f"{line.ref.id.code}: {_times(ratio)} the typical order of {whose}, "
            f"the limit is {_times(found[1])}."
        )
        yield _Finding("unusual size", text, ratio, found[0])


def _typical_ratio(lines: Iterable[PreviewLine], usual: _TypicalSizes) -> str:
    ratios = [ratio for line in lines if (ratio := usual.ratio(line)) is not None]
    return f"largest is {_times(max(ratios))} the typical order" if ratios else ""


def _warnings(findings: Iterable[_Finding], cautions: Iterable[Caution]) -> tuple[PreviewWarning, ...]:
    """Group findings by kind, exceeded limits first, then the kinds with the most items."""
    kinds: dict[str, list[_Finding]] = {}
    for found in findings:
        if not found.hard:
            kinds.setdefault(found.kind, []).append(found)
    made = []
    for kind, members in kinds.items():
        members.sort(key=lambda each: each.excess, reverse=True)
        texts = tuple(each.text for each in members)
        made.append(PreviewWarning(kind, len(members), texts[0], kind != "no price", texts))
    hints: dict[str, list[str]] = {}
    for caution in cautions:
        hints.setdefault(caution.kind, []).append(f"{caution.text}.")
    made += [PreviewWarning(kind, len(texts), texts[0], False, tuple(texts)) for kind, texts in hints.items()]
    return tuple(sorted(made, key=lambda each: (not each.limit, -each.count)))


def _totals(lines: Iterable[PreviewLine]) -> tuple[SideTotal, ...]:
    groups: dict[tuple[str, str], list[PreviewLine]] = {}
    for line in lines:
        groups.setdefault((line.side, line.currency), []).append(line)
    return tuple(
        SideTotal(
            side=side,
            currency=currency,
            count=len(members),
            quantity=sum((each.quantity or ZERO for each in members), ZERO),
            notional=_sum(each.notional for each in members),
        )
        for (side, currency), members in groups.items()
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    total = ZERO
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _size(line: PreviewLine) -> tuple[Decimal, Decimal]:
    return (line.notional or ZERO, line.quantity or ZERO)


def _tier(
    verb: Verb,
    snapshot: Snapshot,
    environment: Environment,
    limits: Limits,
    totals: Iterable[SideTotal],
    hard: tuple[str, ...],
    soft: Iterable[PreviewWarning],
    confirm_by_count: bool,
) -> Tier:
    if hard:
        return Tier.HARD
    if confirm_by_count or any(warning.limit for warning in soft):
        return Tier.T3
    if environment.kind is EnvironmentKind.PROD:
        money = sum((limits.in_base(each.notional or ZERO, each.currency) for each in totals), ZERO)
        if verb.count > limits.prod_items or money > limits.prod_notional:
            return Tier.T3
    return verb.tier(snapshot)


def _percent(fraction: Decimal) -> str:
    return f"{fraction * 100:.1f} %"


_TENTH: Final = Decimal("0.1")


def _times(ratio: Decimal) -> str:
    if ratio < _TENTH:
        return "less than 0.1 times"
    return f"{ratio:.1f} times" if ratio < 10 else f"{ratio:,.0f} times"
