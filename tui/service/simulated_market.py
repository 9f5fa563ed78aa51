"""The simulated market behind the embedded server: how it is doing, and running, pausing or stepping it."""

from __future__ import annotations

from decimal import Decimal

from tui.api import operations
from tui.api.client import Client
from tui.api.errors import ApiError, NotFound, NotServed
from tui.api.requests import MarketRequest, MarketStatus
from tui.service.environment import EnvironmentKind


class SimulatedMarket:
    """The market of one server, if it simulates one; a production environment is never asked."""

    def __init__(self, client: Client, kind: EnvironmentKind) -> None:
        self._client = client
        self._kind = kind

    async def status(self) -> MarketStatus | None:
        """Return how the market is doing; None where there is none, or it does not answer."""
        if self._kind is EnvironmentKind.PROD:
            return None
        try:
            return await self._client.call(operations.MARKET_STATUS)
        except ApiError:
            return None

    async def change(
        self,
        *,
        running: bool | None = None,
        speed: Decimal | None = None,
        steps: int | None = None,
        halt: str | None = None,
        lift: str | None = None,
    ) -> MarketStatus | None:
        """Run or pause the market, set its speed, or move it on by ``steps`` ticks.

        ``halt`` stops trading in an instrument, ``lift`` lets it go on; both take its LUID. Returns how
        the market is doing then, or None where there is none.

        Raises:
            ApiError: it could not be done.
        """
        if self._kind is EnvironmentKind.PROD:
            return None
        try:
            return await self._client.call(
                operations.SET_MARKET,
                MarketRequest(running=running, speed=speed, steps=steps, halt=halt, lift=lift),
            )
        except (NotFound, NotServed):
            return None
