"""The sizes typed for portfolios: ``UKEQ-GROW 50k, UKEQ-INC 20k``, or as behind an order line's terms."""

from __future__ import annotations

from tui.actions.portfolios_typed import named_so, names_of, parts_typed
from tui.api.base import ZERO
from tui.service.id_lookup import IdLookup
from tui.service.numbers import counted, parse_money, parse_percentage, parse_quantity
from tui.service.orderline import PortfolioShare, parse_portfolios
from tui.service.snapshot.sizing import Size
from tui.service.snapshot.snapshot import Snapshot


def split_sizes(typed: str, portfolios: IdLookup) -> tuple[tuple[PortfolioShare, ...], str]:
    """Read ``PORTFOLIO SIZE [CURRENCY], ...``, or what stands in an order line behind the terms.

    Returns the shares and the currency.

    The currency is empty for units. The orders share a block, so all have the same measure.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    if "@" in typed:
        return parse_portfolios(typed, portfolios)
    shares: list[PortfolioShare] = []
    measures: list[str] = []
    for part in parts_typed(typed):
        name, *size = part.split()
        if len(size) not in (1, 2):
            raise ValueError(f"'{part}' is not a portfolio and a size; write it as UKEQ-GROW 50k.")
        if size[0].endswith("%"):
            parse_percentage(size[0])
            raise ValueError(f"{size[0]} of what? Write the whole before it: 50k @{name} {size[0]} ...")
        money = size[1].upper() if len(size) == 2 else ""
        value = parse_money(size[0], money) if money else parse_quantity(size[0])
        portfolio = portfolios.read(name)
        if any(share.portfolio == portfolio for share in shares):
            raise ValueError(f"{name} is named more than once.")
        shares.append(PortfolioShare(portfolio, value))
        measures.append(money)
    if not shares:
        raise ValueError(
            "Name at least one portfolio and its size, such as UKEQ-GROW 50k or UKEQ-GROW 50k GBP."
        )
    if len(set(measures)) > 1:
        raise ValueError("The orders of a block are all in units, or all in money of one currency.")
    return tuple(shares), measures[0]


def sizes_problem(typed: str, portfolios: IdLookup) -> str | None:
    try:
        split_sizes(typed, portfolios)
    except ValueError as error:
        return str(error)
    return None


def sizes_in_words(snapshot: Snapshot, typed: str, portfolios: IdLookup) -> str:
    try:
        shares, money = split_sizes(typed, portfolios)
    except ValueError:
        return ""
    total = Size(sum((share.size for share in shares), ZERO), money)
    names = names_of(snapshot.records, (share.portfolio for share in shares), portfolios)
    return f"{total.words} in {counted(len(shares), 'order')}{f' for {names}' if names else ''}"


def sizes_completed(snapshot: Snapshot, typed: str, portfolios: IdLookup) -> list[str]:
    """Return what is typed with its last word completed to a portfolio, where one may stand there."""
    before, blank, word = typed.rpartition(" ")
    at = "@" if word.startswith("@") else ""
    begins = not before.strip() or before.rstrip().endswith(",")
    if not word or not (at or begins):
        return []
    return [
        f"{before}{blank}{at}{name}"
        for name in named_so(snapshot.records, word.removeprefix("@"), portfolios)
    ]
