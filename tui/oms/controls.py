"""The controls of the simulated market, beside the contract's paths: pause it, step it, set its speed."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Protocol

import msgspec

from tui.api import gate
from tui.oms import bodies
from tui.oms.calls import Call
from tui.oms.problems import invalid


class MarketControl(Protocol):
    """What can be done to a simulated market."""

    def status(self) -> dict[str, Any]: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def set_speed(self, speed: Decimal) -> None: ...
    def step(self, n: int = 1) -> int: ...


class MarketRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do to the market; what is not sent stays as it is."""

    running: bool | None = None
    speed: Decimal | None = None
    steps: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None


def status(market: MarketControl) -> bytes:
    """Give how the market is doing."""
    return gate.encode(market.status())


async def control(market: MarketControl, call: Call, raw: bytes) -> bytes:
    """Do what the request says, then give how the market is doing.

    Raises:
        Refusal: the market cannot go at that speed.
    """
    request = bodies.read(MarketRequest, raw)
    if request.speed is not None:
        try:
            market.set_speed(request.speed)
        except ValueError as error:
            raise invalid({"Speed": (str(error),)}, str(error)) from error
    if request.running is not None:
        (market.resume if request.running else market.pause)()
    if request.steps is not None:
        await call.engine.run(market.step, request.steps)
    return status(market)
