"""When a trade settles, as the server counts it: its calendars know holidays, ours weekends (R45, R46)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from msgspec import Struct

from tui.api.errors import ApiError, Refused
from tui.api.reference_operations import SETTLEMENT_DATE
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.snapshot.records import DEFAULT_SCOPE

GOOD_FOR: Final = timedelta(days=1)
"""How long an answer holds."""
ASK_AGAIN: Final = timedelta(minutes=5)
"""How long a failure holds: the line may be back, an instrument have its cycle by then."""
_LUID: Final = "LusidInstrumentId"
_NOON: Final = time(12)


class TradeAsked(Struct, frozen=True):
    """What a settlement date is asked for: an instrument, and the day it is traded in its own market."""

    luid: str
    day: date
    scope: str = DEFAULT_SCOPE

    @property
    def moment(self) -> datetime:
        """Noon UTC of the day: noon in the market is the day before in UTC where it lies far east (R46)."""
        return datetime.combine(self.day, _NOON, UTC)


class Settlement(Struct, frozen=True):
    """The day a trade settles by the server; None where it does not say, and ``why``.

    While it is ``awaited`` the server has been asked.
    """

    day: date | None = None
    why: str = ""
    awaited: bool = False


ASKED: Final = Settlement(awaited=True)


class SettlementDates:
    """Asks for settlement dates, each once a day, with ``calls``; ``now`` is this machine's clock."""

    def __init__(self, calls: OptionalCalls, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._now = now
        self._known: dict[TradeAsked, tuple[datetime, Settlement]] = {}

    def known(self, trade: TradeAsked) -> Settlement | None:
        """Return what is known of a trade by now; None when it is time to ask."""
        if trade not in self._known:
            return None
        at, found = self._known[trade]
        return None if self._now() - at >= (ASK_AGAIN if found.why else GOOD_FOR) else found

    def note_asked(self, trade: TradeAsked) -> None:
        """Note that :meth:`read` begins."""
        self._known[trade] = (self._now(), ASKED)

    async def read(self, trade: TradeAsked) -> None:
        """Ask the server; a failure is kept as the reason."""
        self._known[trade] = (self._now(), await self._ask(trade))

    async def _ask(self, trade: TradeAsked) -> Settlement:
        if not self._calls.may(SETTLEMENT_DATE):
            return Settlement(why=self._calls.in_words(SETTLEMENT_DATE))
        try:
            answer = await self._calls.ask(
                SETTLEMENT_DATE,
                id={"identifierType": _LUID, "identifier": trade.luid},
                query={
                    "transactionDate": trade.moment,
                    "scope": None if trade.scope == DEFAULT_SCOPE else trade.scope,
                },
            )
        except Refused as error:
            said = self._calls.in_words(SETTLEMENT_DATE)
            return Settlement(why=said or error.why.rstrip("."))
        except ApiError as error:
            return Settlement(why=error.why.rstrip("."))
        return Settlement(answer.value.astimezone(UTC).date())
