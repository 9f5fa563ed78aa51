"""The endpoints that control the simulated market, outside the contract: pause, step, speed, halt, lift."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Protocol

import msgspec

from tui.api import codec
from tui.oms.http import bodies
from tui.oms.http.call import Call
from tui.oms.http.problems import invalid


class MarketControl(Protocol):
    """A simulated market, as its endpoints control it."""

    def status(self) -> dict[str, Any]: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def set_speed(self, speed: Decimal) -> None: ...
    def halt(self, instrument: str) -> None: ...
    def lift(self, instrument: str) -> None: ...
    def step(self, n: int = 1) -> int: ...


class MarketCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command to the market; members that are not sent change nothing.

    ``halt`` and ``lift`` name an instrument by its LUID, ticker, ISIN or FIGI.
    """

    running: bool | None = None
    speed: Decimal | None = None
    halt: str | None = None
    lift: str | None = None
    steps: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


def status(market: MarketControl) -> bytes:
    """Return the market's status."""
    return codec.encode(market.status())


async def control(market: MarketControl, call: Call, raw: bytes) -> bytes:
    """Carry out the request, then return the market's status.

    Raises:
        Refusal: the market cannot run at that speed, or does not trade the instrument.
    """
    request = bodies.read(MarketCommand, raw)
    wishes: tuple[tuple[str, Callable[[Any], None], object], ...] = (
        ("Speed", market.set_speed, request.speed),
        ("Halt", market.halt, request.halt),
        ("Lift", market.lift, request.lift),
    )
    for field, do, wish in wishes:
        if wish is not None:
            try:
                do(wish)
            except ValueError as error:
                raise invalid({field: (str(error),)}, str(error)) from error
    if request.running is not None:
        (market.resume if request.running else market.pause)()
    if request.steps is not None:
        await call.engine.run(market.step, request.steps)
    return status(market)
