"""Completes the last word of an order line by what may stand there: sides, tickers, words, portfolios."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from tui.actions.instruments_typed import COMPLETED_FROM, called
from tui.actions.portfolios_typed import named_so
from tui.api.side_families import SIDE_FAMILIES
from tui.service.id_lookup import IdLookup
from tui.service.orderline import TIMES, Parsed
from tui.service.snapshot.snapshot import Snapshot
from widgets.fields import MOST_MATCHES

_TYPES: Final = ("mkt", "lmt", "stp", "market", "limit", "stop")


def completed(
    typed: str, parse: Callable[[str], Parsed], snapshot: Snapshot, portfolios: IdLookup
) -> list[str]:
    """Return whole lines: what is typed, with its last word completed."""
    folded = " ".join(typed.casefold().split())
    sides = [side.words.lower() for side in SIDE_FAMILIES if side.words.lower().startswith(folded)]
    if folded and sides:
        return sides
    before, _, word = typed.rpartition(" ")
    if not word:
        return []
    hopes = parse(before).hopes
    found: list[str] = []
    if "instrument" in hopes:
        found += _tickers(snapshot, word)
    if "type" in hopes:
        found += _beginning(word, _TYPES)
    if "time" in hopes:
        found += _beginning(word, TIMES)
    if "portfolio" in hopes and word.startswith("@"):
        found += (f"@{name}" for name in named_so(snapshot.records, word.removeprefix("@"), portfolios))
    return [f"{before} {each}" for each in dict.fromkeys(found)][:MOST_MATCHES]


def _beginning(word: str, words: Iterable[str]) -> Iterator[str]:
    return (each for each in words if each.startswith(word.casefold()))


def _tickers(snapshot: Snapshot, word: str) -> Iterator[str]:
    """Yield the tickers that begin so, then those of instruments called so; a line takes one word."""
    folded = word.casefold()
    labels = sorted(each.label for each in snapshot.instruments.values() if each.is_active)
    yield from (label for label in labels if label.casefold().startswith(folded) and " " not in label)
    if len(word) >= COMPLETED_FROM and not snapshot.find_instruments(word):
        yield from (each.label for each in called(snapshot, word) if " " not in each.label)
