"""The portfolio that somebody types: by its code, and offered by its display name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from tui.api.base import ResourceId
from tui.service.id_lookup import IdLookup
from tui.service.snapshot.records import Records
from tui.service.text_folding import canonical

FEWEST_LETTERS: Final = 3
"""The least that has to be typed of a name for portfolios to be found by it."""
MOST_OFFERED: Final = 3
_BETWEEN: Final = r",(?!\d{3}(?!\d))"
"""A comma, but not one that groups thousands."""


def parts_typed(typed: str) -> list[str]:
    """Return what is typed of each portfolio: the parts between commas.

    >>> parts_typed("UKEQ-GROW 1,000, UKEQ-INC 40%")
    ['UKEQ-GROW 1,000', 'UKEQ-INC 40%']
    """
    return [part.strip() for part in re.split(_BETWEEN, typed) if part.strip()]


def portfolios_called(records: Records, typed: str) -> tuple[ResourceId, ...]:
    """Return the portfolios whose display name has words that begin so, in the order of their codes."""
    words = canonical(typed).split()
    if sum(map(len, words)) < FEWEST_LETTERS:
        return ()
    named = ((id, canonical(each.name).split()) for id, each in records.portfolios.items())
    found = (id for id, own in named if all(any(word.startswith(each) for word in own) for each in words))
    return tuple(sorted(found, key=lambda id: (id.code, id.scope)))


def named_so(records: Records, typed: str, lookup: IdLookup) -> Iterator[str]:
    """Yield the portfolios whose code begins so, then those whose display name does."""
    folded = typed.casefold()
    begun = [name for name in lookup.names() if name.casefold().startswith(folded)]
    yield from begun
    if not lookup.known.get(folded):
        called = map(lookup.write, portfolios_called(records, typed))
        yield from (name for name in called if name not in begun)


def names_of(records: Records, ids: Iterable[ResourceId | None], lookup: IdLookup) -> str:
    """Return what portfolios are called; of one that nobody knows, those that may be meant."""
    said = []
    for id in ids:
        name = records.portfolio_name(id) if id is not None else ""
        if name:
            said.append(name)
        elif id is not None and not lookup.is_known(id):
            meant = portfolios_called(records, id.code)[:MOST_OFFERED]
            offered = (
                f"{lookup.write(each)} ({records.portfolio_name(each) or each.code})" for each in meant
            )
            said.append(
                f"{id.code} is unknown{': ' if meant else ''}{', '.join(offered)}{'?' if meant else ''}"
            )
    return "; ".join(said)
