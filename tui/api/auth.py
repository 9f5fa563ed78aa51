"""Signing on: where the bearer token of a request comes from, and how it is renewed.

There is no lock in here. Whoever needs a new token waits for the one task that asks for it, which nobody's
cancelling ends; when it fails, everybody who waited is told, and the next one to need a token asks again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from msgspec import Struct

from tui.api.codec import Malformed, decode
from tui.api.errors import ApiError, NoAnswer, NotSent, RateLimited, Refused, Unauthenticated
from tui.api.requests import GrantedToken
from tui.secret import Secret, SecretError

SCOPE: Final = "openid client groups offline_access"
EARLY_S: Final = 60
"""How long before its end a token is renewed; one that lives shorter than twice this, half way through."""
LIFETIME_S: Final = 3600
"""How long a token lives when its grant does not say."""
REREAD_S: Final = 120
"""How often a file with a token is read again."""
RATE_LIMITED_TRIES: Final = 5
HOLD_S: Final = 10
"""How long after a refusal nobody is asked again: identity providers lock accounts that try too often."""
LONGEST_LIFETIME_S: Final = 365 * 24 * 3600

UNREACHABLE: Final = "Check the token URL, the network and the proxy; it is tried again by itself."
REFUSED: Final = (
    "Check user name, password, client id, client secret and token URL, then start again; r tries once more."
)
_REFRESH_IS_OVER: Final = "refresh token is invalid or expired"

log = logging.getLogger(__name__)


class FixedToken:
    """A token that was given once and for all, such as a personal access token."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token.reveal()

    async def renewed(self, refused: str) -> None:
        """There is no other."""


class TokenFile:
    """A token that others keep fresh in a file: read again every two minutes, and when it is refused.

    Args:
        read: reads the file; raises SecretError when it cannot be used.
        now: seconds that only go forward.
    """

    def __init__(self, read: Callable[[], Secret], *, now: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._now = now
        self._token: Secret | None = None
        self._until = 0.0

    async def token(self) -> str:
        """Give the token as it was in the file at most two minutes ago.

        A file that cannot be read in between leaves the one before in use.

        Raises:
            Unauthenticated: it never could be read.
        """
        if self._token is None or self._now() >= self._until:
            try:
                return await self._again()
            except Unauthenticated as error:
                if self._token is None:
                    raise
                log.warning("%s", error.why)
                self._until = self._now() + REREAD_S
        return self._token.reveal()

    async def renewed(self, refused: str) -> str | None:
        """Give what is in the file now, None when that is the token that was refused.

        Raises:
            Unauthenticated: it cannot be read.
        """
        token = await self._again()
        return token if token != refused else None

    async def _again(self) -> str:
        try:
            self._token = await asyncio.to_thread(self._read)
        except SecretError as error:
            refusal = Unauthenticated(str(error))
            refusal.advice = "Put a token into the file, then press r."
            raise refusal from error
        self._until = self._now() + REREAD_S
        return self._token.reveal()


class Credentials(Struct, frozen=True):
    """Who signs on, and where."""

    url: str
    username: str
    password: Secret
    client_id: str
    client_secret: Secret


Post = Callable[..., Awaitable[bytes]]
"""Sends a form to a token endpoint, as :func:`tui.api.http.post_form` does."""


class PasswordGrant:
    """Signs on with a user's name and password, and stays signed on (contract section 6).

    A token is renewed before it ends, by its refresh token while there is one, else by the password.

    Args:
        credentials: who signs on, and where.
        post: sends a form and gives the successful answer.
        now: seconds that only go forward.
        pause: how to wait.
    """

    def __init__(
        self,
        credentials: Credentials,
        post: Post,
        *,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._as = credentials
        self._post = post
        self._now = now
        self._pause = pause
        self._token: Secret | None = None
        self._refresh: Secret | None = None
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._asking: asyncio.Task[str] | None = None
        self._refused: Refused | None = None
        self._held_until = 0.0

    async def token(self) -> str:
        """Give a token that is good for a while.

        Raises:
            Unauthenticated: the token endpoint said no; it is asked again after :data:`HOLD_S`.
            NotSent: it could not be asked.
        """
        if self._token is not None and self._now() < self._renew_at:
            return self._token.reveal()
        try:
            return await self._single_flight()
        except ApiError:
            if self._token is None or self._now() >= self._ends_at:
                raise
            self._renew_at = min(self._now() + HOLD_S, self._ends_at)
            return self._token.reveal()

    async def renewed(self, refused: str) -> str:
        """Give another token than ``refused``, asking for one unless somebody already did.

        Raises:
            Unauthenticated: the token endpoint said no.
            NotSent: it could not be asked.
        """
        if self._token is not None and self._token.reveal() == refused:
            self._token = None
        return await self.token()

    async def close(self) -> None:
        """End what is being asked."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    async def _single_flight(self) -> str:
        """Wait for the one request there is, or start it."""
        if self._asking is None or self._asking.done():
            if self._refused is not None and self._now() < self._held_until:
                raise _refusal(self._refused)
            self._asking = asyncio.create_task(self._sign_on())
            self._asking.add_done_callback(_tell)
        return await asyncio.shield(self._asking)

    async def _sign_on(self) -> str:
        try:
            grant = _read(await self._ask())
        except (NoAnswer, NotSent) as error:
            raise NotSent(f"Signing on did not work: {error.why}", advice=UNREACHABLE) from error
        except Refused as error:
            self._refused = error
            self._held_until = self._now() + HOLD_S
            raise _refusal(error) from error
        self._token, self._refused = Secret(grant.access_token), None
        self._refresh = Secret(grant.refresh_token) if grant.refresh_token else None
        lifetime = min(max(grant.expires_in, 1), LONGEST_LIFETIME_S)
        self._ends_at = self._now() + lifetime
        self._renew_at = self._ends_at - min(EARLY_S, lifetime / 2)
        log.info("signed on for %s s", lifetime)
        return grant.access_token

    async def _ask(self) -> bytes:
        """Ask with the refresh token if there is one, else with the password."""
        refresh, self._refresh = self._refresh, None
        if refresh is not None:
            form: dict[str, str | Secret] = {
                "grant_type": "refresh_token",
                "scope": SCOPE,
                "refresh_token": refresh,
            }
            try:
                return await self._patiently(form, basic=(self._as.client_id, self._as.client_secret))
            except (NoAnswer, NotSent):
                self._refresh = refresh
                raise
            except Refused as error:
                if not _refresh_is_over(error):
                    raise
                log.info("the refresh token is over; signing on with the password")
        return await self._patiently(
            {
                "grant_type": "password",
                "username": self._as.username,
                "password": self._as.password,
                "scope": SCOPE,
                "client_id": self._as.client_id,
                "client_secret": self._as.client_secret,
            }
        )

    async def _patiently(
        self, form: Mapping[str, str | Secret], *, basic: tuple[str, Secret] | None = None
    ) -> bytes:
        """Ask, and when there were too many requests wait as told and ask again, at most five times."""
        tries = 1
        while True:
            try:
                return await self._post(self._as.url, form, basic=basic)
            except RateLimited as error:
                if tries == RATE_LIMITED_TRIES:
                    raise
                await self._pause(2**tries if error.retry_after is None else error.retry_after)
                tries += 1


def _read(answer: bytes) -> GrantedToken:
    """Read what a token endpoint granted; the answer itself is in no error."""
    try:
        grant = decode(GrantedToken, answer)
    except Malformed:
        raise Refused("the answer of the token endpoint is not a token") from None
    if not Secret(grant.access_token).fits_a_header:
        raise Refused("the token endpoint gave a token with characters no token can have")
    return grant


def _refresh_is_over(error: Refused) -> bool:
    """Tell whether only the refresh token is refused, so that the password may still do."""
    said = f"{error.why} {error.problem.name or ''}".lower()
    return error.status == 400 and (_REFRESH_IS_OVER in said or "invalid_grant" in said)


def _refusal(error: Refused) -> ApiError:
    """Say what a refused sign-on means for the request that waits for it."""
    why = error.why.rstrip(".")
    if isinstance(error, RateLimited):
        return NotSent(f"Signing on did not work: {why}.", advice="Wait a minute, then try again.")
    refusal = Unauthenticated(f"Signing on was refused: {why}.", status=error.status)
    refusal.advice = REFUSED
    return refusal


def _tell(asking: asyncio.Task[str]) -> None:
    """Log how signing on failed, also when nobody waits for it any more."""
    if not asking.cancelled() and isinstance(error := asking.exception(), ApiError):
        log.warning("%s", error.why)
