"""The shape of a declared exception, and what a rule says of a row that is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

from msgspec import Struct

from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot


class Urgency(IntEnum):
    """How soon somebody has to act, the most urgent first."""

    NOW = 0
    """Nobody knows what happened to something that was sent."""
    BAD = 1
    """Something went wrong: it gets no better by waiting."""
    ATTENTION = 2
    """Something is held up."""
    WAITING = 3
    """Something should be done by now."""

    @property
    def role(self) -> str:
        """The role of its colour."""
        return ("bad", "bad", "attention", "waiting")[self]

    @property
    def words(self) -> str:
        """What it is called where exceptions are counted."""
        return ("unknown", "wrong", "held up", "due")[self]

    def glyph(self, *, ascii: bool) -> str:
        """Return the mark that stands before it, so that it is told without colour too."""
        return ("!!", "!", "*", "-")[self] if ascii else ("▲▲", "▲", "‖", "◌")[self]


class Money(Struct, frozen=True):
    """An amount of money; ``value`` is None where it is not known."""

    value: Decimal | None = None
    currency: str = ""


UNKNOWN_MONEY = Money()


class Trouble(Struct, frozen=True):
    """What is wrong with a row.

    ``reason`` says it in the words of the desk, without the row. ``money`` is at stake. ``since`` is when it
    began, None where nobody says. ``who`` has to do with it. ``mend`` is the row on which it is mended, the
    row itself where it is None. ``trade`` and ``instrument`` are those of a row that may never have come to
    be; of any other its row tells them.
    """

    reason: str
    money: Money = UNKNOWN_MONEY
    since: datetime | None = None
    who: str = ""
    mend: Ref | None = None
    trade: str = ""
    instrument: str = ""


Rule = Callable[[Snapshot, Any], Trouble | None]
"""Returns what is wrong with a row of one kind, None where nothing is."""


class ExceptionKind(Struct, frozen=True):
    """One kind of exception.

    ``id`` is the name of its setting, ``words`` say it in short. ``actions`` are those that mend it, by id,
    the usual one first. ``rules`` look for it, by the kind of row.
    """

    id: str
    words: str
    urgency: Urgency
    actions: tuple[str, ...]
    rules: Mapping[EntityKind, Rule]
