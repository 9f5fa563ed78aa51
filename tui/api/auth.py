"""Sources of bearer tokens: fixed, read from a file, or granted for a password and renewed.

Renewal is single-flight, without a lock: whoever needs a new token waits for the one task that requests it.
No cancelled caller ends that task. When it fails, all who waited get the error, and the next caller starts
anew.
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
RENEW_EARLY_S: Final = 60
"""A token is renewed this long before it expires; one that lives less than twice this, at half its life."""
REREAD_INTERVAL_S: Final = 120
"""The interval at which a token file is read again."""
MAX_RATE_LIMITED_TRIES: Final = 5
REFUSAL_BACKOFF_S: Final = 10
"""No sign-on is tried for this long after a refusal: identity providers lock accounts that try too often."""
MAX_LIFETIME_S: Final = 365 * 24 * 3600

UNREACHABLE: Final = "Check the token URL, the network and the proxy. Signing on is retried automatically."
REFUSED: Final = (
    "Check user name, password, client id, client secret and token URL, then start again or press {refresh}."
)
_REFRESH_IS_OVER: Final = "refresh token is invalid or expired"

log = logging.getLogger(__name__)


class FixedToken:
    """A token that never changes, such as a personal access token."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token.reveal()

    async def renew(self, refused: str) -> None:
        """Return None: there is no other token."""


class TokenFile:
    """A token that another program keeps fresh in a file, read every two minutes and when it is refused.

    Args:
        read: reads the file; raises SecretError when it cannot be used.
        advice: what to do when it cannot be used.
        now: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        read: Callable[[], Secret],
        *,
        advice: str = "Put a token into the file, then press {refresh}.",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._advice = advice
        self._now = now
        self._token: Secret | None = None
        self._until = 0.0

    async def token(self) -> str:
        """Return the token as it was in the file at most two minutes ago.

        The last token stays in use while the file cannot be read.

        Raises:
            Unauthenticated: the file never could be read.
        """
        if self._token is None or self._now() >= self._until:
            try:
                return await self._reread()
            except Unauthenticated as error:
                if self._token is None:
                    raise
                log.warning("%s", error)
                self._until = self._now() + REREAD_INTERVAL_S
        return self._token.reveal()

    async def renew(self, refused: str) -> str | None:
        """Return the token in the file now, None when it is the refused one.

        Raises:
            Unauthenticated: the file cannot be read.
        """
        token = await self._reread()
        return token if token != refused else None

    async def _reread(self) -> str:
        try:
            self._token = await asyncio.to_thread(self._read)
        except SecretError as error:
            refusal = Unauthenticated(str(error))
            refusal.advice = self._advice
            raise refusal from error
        self._until = self._now() + REREAD_INTERVAL_S
        return self._token.reveal()


class Credentials(Struct, frozen=True):
    """A user, a client and the token endpoint they sign on at."""

    url: str
    username: str
    password: Secret
    client_id: str
    client_secret: Secret


Post = Callable[..., Awaitable[bytes]]
"""Sends a form to a token endpoint, as :func:`tui.api.http.post_form` does."""


class PasswordGrant:
    """Signs on with a user name and password and stays signed on (contract section 6).

    A token is renewed before it expires, by its refresh token while there is one, else by the password.

    Args:
        credentials: who signs on, and where.
        post: sends a form and returns the body of a success.
        now: a monotonic clock, in seconds.
        pause: sleeps for a number of seconds.
    """

    def __init__(
        self,
        credentials: Credentials,
        post: Post,
        *,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._credentials = credentials
        self._post = post
        self._now = now
        self._pause = pause
        self._token: Secret | None = None
        self._refresh_token: Secret | None = None
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._signing_on: asyncio.Task[str] | None = None
        self._refused: Refused | None = None
        self._held_until = 0.0

    async def token(self) -> str:
        """Return a token that has not expired.

        Raises:
            Unauthenticated: the token endpoint refused; it is asked again after :data:`REFUSAL_BACKOFF_S`.
            NotSent: the token endpoint could not be reached.
        """
        if self._token is not None and self._now() < self._renew_at:
            return self._token.reveal()
        try:
            return await self._single_flight()
        except ApiError:
            if self._token is None or self._now() >= self._ends_at:
                raise
            self._renew_at = min(self._now() + REFUSAL_BACKOFF_S, self._ends_at)
            return self._token.reveal()

    async def renew(self, refused: str) -> str:
        """Return another token than ``refused``, requesting one unless another caller already did.

        Raises:
            Unauthenticated: the token endpoint refused.
            NotSent: the token endpoint could not be reached.
        """
        if self._token is not None and self._token.reveal() == refused:
            self._token = None
        return await self.token()

    async def close(self) -> None:
        """Cancel the sign-on in progress, if any."""
        if self._signing_on is not None:
            self._signing_on.cancel()
            await asyncio.wait([self._signing_on])

    async def _single_flight(self) -> str:
        """Wait for the one sign-on in progress, or start it."""
        if self._signing_on is None or self._signing_on.done():
            if self._refused is not None and self._now() < self._held_until:
                raise _refusal(self._refused)
            self._signing_on = asyncio.create_task(self._sign_on())
            self._signing_on.add_done_callback(_log_failure)
        return await asyncio.shield(self._signing_on)

    async def _sign_on(self) -> str:
        try:
            grant = _read(await self._request_token())
        except (NoAnswer, NotSent) as error:
            raise NotSent(f"Signing on did not work: {error.why}", advice=UNREACHABLE) from error
        except Refused as error:
            self._refused = error
            self._held_until = self._now() + REFUSAL_BACKOFF_S
            raise _refusal(error) from error
        self._token, self._refused = Secret(grant.access_token), None
        self._refresh_token = Secret(grant.refresh_token) if grant.refresh_token else None
        lifetime = min(max(grant.expires_in, 1), MAX_LIFETIME_S)
        self._ends_at = self._now() + lifetime
        self._renew_at = self._ends_at - min(RENEW_EARLY_S, lifetime / 2)
        log.info("signed on for %s s", lifetime)
        return grant.access_token

    async def _request_token(self) -> bytes:
        """Request a token with the refresh token if there is one, else with the password."""
        client = (self._credentials.client_id, self._credentials.client_secret)
        refresh, self._refresh_token = self._refresh_token, None
        if refresh is not None:
            form: dict[str, str | Secret] = {
                "grant_type": "refresh_token",
                "scope": SCOPE,
                "refresh_token": refresh,
            }
            try:
                return await self._post_until_admitted(form, basic=client)
            except (NoAnswer, NotSent):
                self._refresh_token = refresh
                raise
            except Refused as error:
                if not _refresh_token_is_over(error):
                    raise
                log.info("the refresh token has expired; signing on with the password")
        return await self._post_until_admitted(
            {
                "grant_type": "password",
                "username": self._credentials.username,
                "password": self._credentials.password,
                "scope": SCOPE,
                "client_id": self._credentials.client_id,
                "client_secret": self._credentials.client_secret,
            }
        )

    async def _post_until_admitted(
        self, form: Mapping[str, str | Secret], *, basic: tuple[str, Secret] | None = None
    ) -> bytes:
        """Post a form; on 429 wait as ``Retry-After`` says and post it again, at most five times."""
        tries = 1
        while True:
            try:
                return await self._post(self._credentials.url, form, basic=basic)
            except RateLimited as error:
                if tries == MAX_RATE_LIMITED_TRIES:
                    raise
                await self._pause(2**tries if error.retry_after is None else error.retry_after)
                tries += 1


def _read(answer: bytes) -> GrantedToken:
    """Read the grant of a token endpoint; no error holds the answer itself."""
    try:
        grant = decode(GrantedToken, answer)
    except Malformed:
        raise Refused("the answer of the token endpoint is not a token") from None
    if not Secret(grant.access_token).fits_a_header:
        raise Refused("the token endpoint returned a token with characters no token can have")
    return grant


def _refresh_token_is_over(error: Refused) -> bool:
    """Return whether only the refresh token is refused, so that the password may still be accepted."""
    said = f"{error.why} {error.problem.name or ''}".lower()
    return error.status == 400 and (_REFRESH_IS_OVER in said or "invalid_grant" in said)


def _refusal(error: Refused) -> ApiError:
    """Return the error of a request whose sign-on was refused."""
    why = error.why.rstrip(".")
    if isinstance(error, RateLimited):
        return NotSent(f"Signing on did not work: {why}.", advice="Wait a minute, then try again.")
    refusal = Unauthenticated(f"Signing on was refused: {why}.", status=error.status)
    refusal.advice = REFUSED
    return refusal


def _log_failure(asking: asyncio.Task[str]) -> None:
    """Log a failed sign-on, also when no caller waits for it any more."""
    if not asking.cancelled() and isinstance(error := asking.exception(), ApiError):
        log.warning("%s", error)
