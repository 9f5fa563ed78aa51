"""The instrument that somebody types: found by an identifier, offered by name, looked up on the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from tui.actions.action import Scope
from tui.service.instrument_ids import kind_of, wrong_check_digit
from tui.service.numbers import price
from tui.service.reference.instrument_search import LookedUp
from tui.service.snapshot.instruments import Instrument
from tui.service.snapshot.snapshot import Snapshot
from tui.service.text_folding import canonical
from widgets.fields import MOST_MATCHES

FEWEST_LETTERS: Final = 3
"""The least that has to be typed of a name for instruments to be found by it."""
COMPLETED_FROM: Final = 5
"""The least that a key completes to another's ticker: shorter texts may be tickers that nobody knows here."""
MOST_OFFERED: Final = 4


def known_instrument(snapshot: Snapshot, typed: str) -> Instrument | None:
    """Return the instrument of this desk that ``typed`` names by any of its identifiers."""
    found = snapshot.find_instruments(typed)
    return found[0] if found else None


def identifiers_of(snapshot: Snapshot, typed: str) -> Mapping[str, str | None]:
    """Return the identifiers of a known instrument, else one guessed from the form of the text.

    >>> identifiers_of(Snapshot(), "US0378331005")
    {'Instrument/default/Isin': 'US0378331005'}
    """
    known = known_instrument(snapshot, typed)
    if known is not None:
        return known.identifiers
    name = typed.strip().upper()
    return {f"Instrument/default/{kind_of(name)}": name}


def instrument_problem(snapshot: Snapshot, typed: str) -> str | None:
    """Return why ``typed`` names no instrument or more than one; None when it names one, known or not."""
    found = snapshot.find_instruments(typed)
    if len(found) > 1:
        names = (f"{known.luid} {known.name}".rstrip() for known in found)
        return f"'{typed}' names {len(found)} instruments of this desk; write one of {', '.join(names)}."
    return None if found else wrong_check_digit(typed.strip().upper()) or None


def choices(snapshot: Snapshot, typed: str) -> list[str]:
    """Return what completes ``typed``: short names that begin so, then those of instruments called so."""
    folded = typed.strip().casefold()
    labels = sorted({each.label for each in snapshot.instruments.values() if each.is_active and each.label})
    begun = [label for label in labels if label.casefold().startswith(folded)]
    by_name = called(snapshot, typed) if len(folded) >= COMPLETED_FROM else ()
    return [*begun, *(each.label for each in by_name if each.label not in begun)][:MOST_MATCHES]


def called(snapshot: Snapshot, typed: str) -> tuple[Instrument, ...]:
    """Return the instruments whose name has words that begin so, by their short names."""
    words = canonical(typed).split()
    if sum(map(len, words)) < FEWEST_LETTERS:
        return ()
    found = (each for each in snapshot.instruments.values() if each.is_active and each.is_called(words))
    return tuple(sorted(found, key=lambda each: each.label))


def echo(snapshot: Snapshot, typed: str, now: datetime) -> str:
    """Return what ``typed`` is understood as, with the last price by ``now``."""
    known = known_instrument(snapshot, typed)
    if known is not None:
        state = "" if known.is_active or known.record is None else known.record.state.lower()
        return ", ".join(filter(None, (known.name or known.label, state, last_in_words(known, now))))
    by_name = called(snapshot, typed)
    if by_name:
        return f"{_listed(by_name)}?"
    return "unknown here; it will be looked up"


def last_in_words(known: Instrument, now: datetime) -> str:
    """Return the last price, whose it is and its age; empty when there is none."""
    last = known.last
    return "" if last is None else f"{price(last.price, last.currency)} {last.currency} {last.words(now)}"


def last_price_of(scope: Scope, luid: str) -> str:
    """Return the last price of an instrument with its age, and ask for its quote; empty when none is known.

    It reads ``last price 9.74 GBP, last fill 57 min ago``.
    """
    known = scope.snapshot.instruments.get(luid)
    if known is not None and scope.facts is not None:
        scope.facts.ask_quote(known)
    last = known.last if known is not None else None
    if last is None:
        return ""
    return f"last price {price(last.price, last.currency)} {last.currency}, {last.words(now_of(scope))}"


def now_of(scope: Scope) -> datetime:
    """Return the time by which the age of a price is told, in the zone of the desk."""
    now = scope.facts.now() if scope.facts else scope.now
    return now.astimezone(scope.snapshot.zone)


def still_open(snapshot: Snapshot, typed: str, found: LookedUp) -> str:
    """Return what to ask after ``typed`` was looked up, as a sentence; empty when it names one instrument."""
    if len(found.identified) == 1:
        meant = snapshot.instruments[found.identified[0].luid]
        if known_instrument(snapshot, typed) == meant:
            return ""
        name = f"{meant.luid} ({meant.name or meant.label})"
        return f"For these portfolios the instrument '{typed}' is {name}: write that."
    if found.identified:
        kept = (snapshot.instruments[each.luid] for each in found.identified)
        names = ", ".join(f"{each.luid} ({each.name or each.label})" for each in kept)
        return f"'{typed}' names {len(found.identified)} instruments; write one of {names}."
    by_name = {each.luid: each for each in called(snapshot, typed)}
    by_name |= {each.luid: snapshot.instruments[each.luid] for each in found.named}
    if by_name:
        several = "one of them" if len(by_name) > 1 else "that"
        return f"'{typed}' is no identifier; by name there is {_listed(by_name.values())}: write {several}."
    if not found.asked:
        return ""
    return f"Neither this desk nor the server knows the instrument '{typed}': type its ISIN, FIGI or LUID."


def _listed(instruments: Iterable[Instrument]) -> str:
    names = [f"{each.label} ({each.name})" for each in instruments]
    more = f" and {len(names) - MOST_OFFERED} more" if len(names) > MOST_OFFERED else ""
    return f"{', '.join(names[:MOST_OFFERED])}{more}"
