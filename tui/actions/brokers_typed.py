"""The brokers typed for a placement: one, or several with what each gets: ``ALBN 60% KEYS 40%``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct

from tui.service.shares import REST, Share, parse_share, split

NO_BROKER: Final = ""
"""The name of nobody: the execution system finds a broker."""
_WORD: Final = r'"[^"]*"?|[^\s"]+'
_SIZE: Final = r"(?a)\d[\d,.]*[kmbKMB]?%?"


class BrokerShare(Struct, frozen=True):
    """A broker and what it gets of a placement."""

    name: str
    share: Share = REST


def read_brokers(typed: str, known: Sequence[str], currency: str = "") -> tuple[BrokerShare, ...]:
    """Read ``BROKER`` or ``BROKER [SIZE|PCT] BROKER [SIZE|PCT] ...``; nobody is one share without a name.

    A name of several words stands as it is; one with a number in it is known, or stands in quotes.

    Raises:
        ValueError: with a sentence for the person who typed it.

    >>> [(each.name, each.share.percent) for each in read_brokers("albn 60%, KEYS", ["ALBN", "KEYS"])]
    [('ALBN', Decimal('60')), ('KEYS', None)]
    """
    text = typed.strip(" ")
    names = {name.casefold(): name for name in known}
    if not text or text.casefold() in names:
        return (BrokerShare(names.get(text.casefold(), text)),)
    portions, waiting = _portions(text, currency)
    if waiting:
        portions += [BrokerShare(name) for name in _unsized(waiting, names)]
    found = tuple(BrokerShare(names.get(each.name.casefold(), each.name), each.share) for each in portions)
    for each in found:
        if [other.name for other in found].count(each.name) > 1:
            raise ValueError(f"{each.name} is named more than once.")
    return found


def _portions(text: str, currency: str) -> tuple[list[BrokerShare], list[str]]:
    """Return the brokers with a share behind their names, and the words behind the last share."""
    portions: list[BrokerShare] = []
    waiting: list[str] = []
    for found in re.finditer(_WORD, text):
        word = found.group()
        size = word.rstrip(",")
        if currency and size.upper() == currency and portions and not waiting:
            continue
        if not re.fullmatch(_SIZE, size):
            waiting.append(word)
        elif not waiting:
            raise ValueError(f"Say who gets {size}: write the broker before it.")
        else:
            portions.append(BrokerShare(_name(waiting), parse_share(size, currency)))
            waiting = []
    return portions, waiting


def _unsized(words: Sequence[str], known: dict[str, str]) -> list[str]:
    """Return the brokers that words without a share name: several where each of them is one of the known."""
    for pieces in (" ".join(words).split(","), words):
        names = [piece.strip(' ",') for piece in pieces]
        if len(names) > 1 and all(name.casefold() in known for name in names):
            return names
    return [_name(words)]


def _name(words: Sequence[str]) -> str:
    return " ".join(words).rstrip(",").replace('"', "").strip()


def split_by_broker(
    whole: Decimal, brokers: Sequence[BrokerShare], currency: str = ""
) -> tuple[Decimal, ...]:
    """Return what each broker gets of a ``whole`` in units, or in money of a ``currency``.

    Raises:
        SplitError: they do not add up to the whole.
    """
    names = [each.name for each in brokers]
    return split(whole, [each.share for each in brokers], names, "broker", currency)


def completed(typed: str, known: Sequence[str]) -> list[str]:
    """Return what is typed with its last word completed to a broker that is not named yet."""
    if typed.casefold() in {name.casefold() for name in known}:
        return [name for name in known if name.casefold() == typed.casefold()]
    before, _, word = typed.rpartition(" ")
    if before and not word:
        return []
    taken = {each.strip('",').casefold() for each in before.split()}
    begun = f"{before} " if before else ""
    return [
        f"{begun}{name}"
        for name in known
        if name.casefold().startswith(word.casefold()) and name.casefold() not in taken
    ]
