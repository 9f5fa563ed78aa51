"""Forms and verbs after the fills: allocating, booking, sweeping."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from tui.actions.action import Form, Scope, Values
from tui.actions.eligibility import allocatable, bookable, sweepable
from tui.actions.form_fields import is_yes, pick, switch, text
from tui.actions.order_sizes import sizes_completed
from tui.actions.portfolios_typed import parts_typed
from tui.actions.settlement_words import other_days
from tui.api.base import PerpetualProperty, PropertyValue
from tui.api.models import Allocation, Placement
from tui.api.requests import PortfolioWeight
from tui.api.states import normalize
from tui.service.id_lookup import IdLookup, portfolio_lookup
from tui.service.numbers import counted, number, parse_percentage, parse_quantity
from tui.service.row_phrases import rows_in_words
from tui.service.snapshot.sizing import Size
from tui.service.snapshot.snapshot import EntityKind, instrument_key
from tui.service.verbs import Allocate, AllocateWeighted, BookTransactions, SweepBlocks, Verb
from tui.service.writes.limit_words import percent

ALGORITHMS: Final = ("PR-FIFO", "RR-FIFO", "PR-LF", "PR-SF")
WEIGHTED_ALGORITHMS: Final = ("PR-LF", "PR-SF", "LF", "SF")
MEANINGS: Final = {
    "PR-FIFO": "pro rata, the rest in turn by age",
    "RR-FIFO": "unit by unit, in turn by age",
    "PR-LF": "pro rata, the rest largest first",
    "PR-SF": "pro rata, the rest smallest first",
    "LF": "pro rata, the rest largest first",
    "SF": "pro rata, the rest smallest first",
}
"""What each algorithm does (A1, A14, A16), in so few words that they fit beside it."""
SENTENCES: Final = {
    "PR-FIFO": "Each fill is shared in proportion; units left over go one by one, to the oldest order first.",
    "RR-FIFO": "Units are dealt out one by one, to the oldest order first, and round again.",
    "PR-LF": "Each fill is shared in proportion; units left over go one by one, to the largest first.",
    "PR-SF": "Each fill is shared in proportion; units left over go one by one, to the smallest first.",
    "LF": "Each fill is shared in proportion; units left over go one by one, to the largest first.",
    "SF": "Each fill is shared in proportion; units left over go one by one, to the smallest first.",
}
"""The same as a sentence, which stands under the form."""


def _orderless(scope: Scope) -> bool:
    snapshot = scope.snapshot
    blocks = {id for own in allocatable(scope) for id in snapshot.placements[own].block_ids}
    return bool(blocks) and all(not snapshot.orders_of_block(id) for id in blocks)


def _units_in_words(rows: Iterable[Placement | Allocation], sizes: Iterable[Decimal | None]) -> str:
    """Return the units of rows: those of one instrument are added, of several they are none's."""
    instruments = set(map(instrument_key, rows))
    known = list(sizes)
    if len(instruments) > 1:
        return f"Units of {len(instruments)} instruments"
    total = None if None in known else sum(filter(None, known), Decimal(0))
    return Size(total).words if total is not None else "? units"


def allocate_form(scope: Scope) -> Form:
    """Return the form that asks how fills are allocated: to orders, or by weights."""
    ids = allocatable(scope)
    executed = [scope.snapshot.executed_of_placement(id) for id in ids]
    rows = [scope.snapshot.placements[id] for id in ids]
    filled = f"{_units_in_words(rows, executed)} executed."
    intro = f"{rows_in_words(scope.snapshot, EntityKind.PLACEMENTS, ids)}\n{filled}"
    title = f"Allocate {counted(len(ids), 'placement')}"
    if _orderless(scope):
        portfolios = portfolio_lookup(scope.snapshot, scope.home)
        return Form(
            title,
            (
                text(
                    "weights",
                    "Weights",
                    required=True,
                    help="PORTFOLIO WEIGHT, ... such as UKEQ-GROW 3, UKEQ-INC 2, or in %: UKEQ-GROW 60%, ...",
                    choices=lambda typed: sizes_completed(scope.snapshot, typed, portfolios),
                    check=lambda typed: _weights_problem(typed, portfolios),
                    echo=lambda typed: _weights_echo(typed, portfolios),
                ),
                pick("algorithm", "Leftovers", WEIGHTED_ALGORITHMS, meanings=MEANINGS),
            ),
            intro=f"{intro} No orders behind it: name the portfolios.",
            live=lambda values: _weighted_in_words(scope, portfolios, values),
        )
    return Form(
        title,
        (pick("algorithm", "Algorithm", ALGORITHMS, meanings=MEANINGS),),
        intro=intro,
        live=_algorithm_in_words,
    )


def _algorithm_in_words(values: Values) -> str:
    return SENTENCES.get(values["algorithm"], "")


def _weighted_in_words(scope: Scope, portfolios: IdLookup, values: Values) -> str:
    """Return what each portfolio gets of what is executed, about, and what the algorithm does."""
    said = _algorithm_in_words(values)
    rows = [scope.snapshot.placements[id] for id in allocatable(scope)]
    known = [scope.snapshot.executed_of_placement(row.id) for row in rows]
    try:
        weights = _weights(values["weights"], portfolios)
    except ValueError:
        return said
    whole = sum((each.weight for each in weights), Decimal(0))
    if None in known or not whole or len(set(map(instrument_key, rows))) > 1:
        return said
    total = sum(filter(None, known), Decimal(0))
    shares = (
        f"{portfolios.write(each.portfolio_id)} {percent(each.weight / whole)} = "
        f"{number((total * each.weight / whole).to_integral_value())}"
        for each in weights
        if each.portfolio_id
    )
    return f"Of {number(total)} executed, about: {' · '.join(shares)}\n{said}"


def _weights(typed: str, portfolios: IdLookup) -> tuple[PortfolioWeight, ...]:
    """Read ``PORTFOLIO WEIGHT, ...``; percentages add up to 100. Raises ValueError with a sentence."""
    weights: list[PortfolioWeight] = []
    in_percent = [part.endswith("%") for part in parts_typed(typed)]
    if any(in_percent) and not all(in_percent):
        raise ValueError("The weights are all in %, or none of them is.")
    for part in parts_typed(typed):
        name, _, weight = part.rpartition(" ")
        if not name:
            raise ValueError(f"'{part}' has no weight; write it as PORTFOLIO WEIGHT.")
        portfolio = portfolios.read(name)
        if any(each.portfolio_id == portfolio for each in weights):
            raise ValueError(f"{name} is named more than once.")
        value = parse_percentage(weight) if weight.endswith("%") else parse_quantity(weight)
        weights.append(PortfolioWeight(portfolio_id=portfolio, weight=value))
    whole = sum((each.weight for each in weights), Decimal(0))
    if any(in_percent) and whole != 100:
        raise ValueError(f"The weights add up to {number(whole)}%, not to 100%.")
    return tuple(weights)


def _weights_problem(typed: str, portfolios: IdLookup) -> str | None:
    try:
        return None if _weights(typed, portfolios) else "Name at least one portfolio and its weight."
    except ValueError as error:
        return str(error)


def _weights_echo(typed: str, portfolios: IdLookup) -> str:
    try:
        weights = _weights(typed, portfolios)
    except ValueError:
        return ""
    return ", ".join(f"{portfolios.describe(each.portfolio_id)} {number(each.weight)}" for each in weights)


def allocate_verb(scope: Scope, values: Values) -> Verb:
    """Return the allocation that was chosen."""
    ids = allocatable(scope)
    if "weights" in values:
        weights = _weights(values["weights"], portfolio_lookup(scope.snapshot, scope.home))
        return AllocateWeighted(ids, weights, values["algorithm"])
    return Allocate(ids, values["algorithm"])


def book_form(scope: Scope) -> Form:
    """Return the form that asks how allocations are booked."""
    ids = bookable(scope)
    rows: list[Allocation] = [
        scope.snapshot.allocations[id] for id in ids if id in scope.snapshot.allocations
    ]
    known = [normalize(row.state) == "booked" or scope.snapshot.is_booked(row.id) for row in rows]
    again, unread = known.count(True), known.count(None)
    units = _units_in_words(rows, [row.quantity for row in rows])
    into = counted(len({row.portfolio_id for row in rows}), "portfolio")
    first = rows_in_words(scope.snapshot, EntityKind.ALLOCATIONS, ids)
    renewed = (
        "is booked already: its transactions are"
        if again == 1
        else "are booked already: their transactions are"
    )
    return Form(
        f"Book {counted(len(ids), 'allocation')}",
        (
            switch("fees", "Fees", True, help="Apply fee and commission rules"),
            switch(
                "mark", "Mark booked", True, help="Mark allocations, and orders booked in full, as Booked"
            ),
            text("note", "Note", help="Kept with the transactions"),
        ),
        intro=f"{first}\n{units} into {into}."
        + (f" {again} {renewed} replaced." if again else "")
        + (f" Whether {counted(unread, 'allocation')} were booked before is not known." if unread else "")
        + (f"\n{days}" if (days := other_days(scope, rows)) else ""),
    )


def book_verb(scope: Scope, values: Values) -> Verb:
    """Return the booking of the allocations of ``scope``."""
    key = f"Transaction/{scope.home}/Note"
    note = values["note"].strip()
    properties = {key: PerpetualProperty(key=key, value=PropertyValue(label_value=note))} if note else {}
    return BookTransactions(
        bookable(scope),
        apply_fees=is_yes(values["fees"]),
        mark_booked=is_yes(values["mark"]),
        properties=properties,
    )


def sweep_verb(scope: Scope, values: Values) -> Verb:
    """Return the sweep of the blocks of ``scope``."""
    return SweepBlocks(sweepable(scope), scope.now.isoformat())
