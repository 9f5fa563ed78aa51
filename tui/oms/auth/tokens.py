"""The tokens of all users: fixed ones, and those the token endpoint grants for a time.

A granted token is looked up by its digest, so neither timing nor this process's memory reveals it. Tokens
are kept in memory only: after a restart everybody signs on again.

A refresh does not rotate the refresh token: it stays valid until it has not been used for
``refresh_lifetime``. If it were rotated, a client whose response was lost would be signed off.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from msgspec import Struct

from tui.oms.auth.attempts import Attempts
from tui.oms.auth.users import User, Users, digest
from tui.oms.domain.caller import Caller
from tui.oms.domain.error_codes import INVALID_TOKEN
from tui.oms.domain.refusals import Refusal

MAX_SIGN_ONS: Final = 100
"""The sign-ons kept of one user, at most; a new one replaces the oldest."""
MAX_ACCESS_TOKENS: Final = 100
"""The access tokens kept of one sign-on, at most."""

NANOSECONDS_PER_S: Final = 1_000_000_000

_NOBODY: Final = digest("")


class GrantRefused(Exception):
    """A refused grant: an OAuth error code, a sentence and the HTTP status."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class Grant(Struct, frozen=True):
    """The tokens of a sign-on: an access token valid for ``seconds``, and a refresh token."""

    access: str
    seconds: int
    refresh: str


class _SignOn(Struct, eq=False):
    """One sign-on: its user and client, its refresh token with its expiry, and its access tokens."""

    user: User
    client: str
    refresh: bytes
    expires_at: int
    access: list[bytes]


class Tokens:
    """The tokens of all users.

    ``now`` returns monotonic nanoseconds; tests pass a clock of their own.
    """

    def __init__(self, users: Users, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._users = users
        self._now = now
        self._attempts = Attempts(now)
        self._seen: set[bytes] = set()
        """The fixed tokens and client secrets that were right before: they are no guesses any more."""
        self._fixed = {user.token: _caller(user) for user in users.by_name.values() if user.token is not None}
        self._granted: dict[bytes, tuple[_SignOn, int]] = {}
        self._refreshes: dict[bytes, _SignOn] = {}
        self._by_user: dict[str, list[_SignOn]] = {}

    def caller(self, token: str, origin: str = "") -> Caller:
        """Return the caller ``token`` belongs to; ``origin`` is the address it came from.

        Nobody can guess a token that was granted; a fixed one that is new is a guess.

        Raises:
            Refusal: the token is unknown or has expired (401, code 187).
            TooManyAttempts: others of this address were wrong, and it is not looked at.
        """
        given = digest(token)
        sign_on, expires_at = self._granted.get(given, (None, 0))
        if sign_on is not None:
            if expires_at <= self._now():
                raise not_signed_on("The access token has expired. Sign on again.")
            return _caller(sign_on.user)
        if token and given not in self._seen and not self._attempts.was_wrong("token", token):
            self._attempts.check(origin)
        if (fixed := self._fixed.get(given)) is not None:
            self._seen.add(given)
            return fixed
        if token:
            self._attempts.failed("token", origin, "token", token)
        raise not_signed_on("The access token is missing or not valid. Sign on again.")

    def sign_on(self, name: str, password: str, client: str, origin: str = "") -> Grant:
        """Grant tokens for a password, which came from the address ``origin``.

        Raises:
            GrantRefused: the user or the password is wrong; the error does not say which.
            TooManyAttempts: others of this address or for this user were wrong, and it is not looked at.
        """
        if not self._attempts.was_wrong("password", name, password):
            self._attempts.check(origin, name)
        user = self._users.by_name.get(name)
        kept = user.password if user is not None else None
        if not compare_digest(digest(password), kept or _NOBODY) or user is None or kept is None:
            known = user is not None
            self._attempts.failed("password", origin, "password", name, password, name=name, known=known)
            raise GrantRefused("invalid_grant", "The credentials provided were invalid.")
        refresh = secrets.token_urlsafe(32)
        sign_on = _SignOn(user, self._client_of(client), digest(refresh), 0, [])
        mine = self._by_user.setdefault(name, [])
        if len(mine) >= MAX_SIGN_ONS:
            self._remove(mine[0])
        mine.append(sign_on)
        self._refreshes[sign_on.refresh] = sign_on
        return self._grant(sign_on, refresh)

    def refresh(self, refresh: str, client: str) -> Grant:
        """Grant a new access token for a refresh token; earlier ones stay valid until they expire.

        Raises:
            GrantRefused: the token is unknown, another client's, or has expired.
        """
        sign_on = self._refreshes.get(digest(refresh))
        if sign_on is not None and sign_on.expires_at <= self._now():
            self._remove(sign_on)
            sign_on = None
        if sign_on is None or sign_on.client != self._client_of(client):
            raise GrantRefused("invalid_grant", "The refresh token is invalid or expired.")
        return self._grant(sign_on, refresh)

    def check_client(self, client: str, secret: str, origin: str = "") -> None:
        """Check a client's secret, if the file of users names clients; it came from the address ``origin``.

        Raises:
            GrantRefused: the client or the secret is wrong (401).
            TooManyAttempts: others of this address were wrong, and it is not looked at.
        """
        clients = self._users.clients
        if clients is None:
            return
        given = digest(f"{client}\n{secret}")
        if given not in self._seen and not self._attempts.was_wrong("client", client, secret):
            self._attempts.check(origin)
        if not compare_digest(digest(secret), clients.get(client, _NOBODY)) or client not in clients:
            self._attempts.failed("client secret", origin, "client", client, secret)
            raise GrantRefused("invalid_client", "The client id or client secret is not valid.", 401)
        self._seen.add(given)

    def _grant(self, sign_on: _SignOn, refresh: str) -> Grant:
        access, seconds = secrets.token_urlsafe(32), self._users.token_lifetime
        now = self._now()
        sign_on.expires_at = now + self._users.refresh_lifetime * NANOSECONDS_PER_S
        sign_on.access.append(digest(access))
        self._granted[sign_on.access[-1]] = (sign_on, now + seconds * NANOSECONDS_PER_S)
        if len(sign_on.access) > MAX_ACCESS_TOKENS:
            del self._granted[sign_on.access.pop(0)]
        return Grant(access, seconds, refresh)

    def _client_of(self, client: str) -> str:
        """Return the client a sign-on belongs to, the empty text if the file of users names no clients."""
        return "" if self._users.clients is None else client

    def _remove(self, sign_on: _SignOn) -> None:
        del self._refreshes[sign_on.refresh]
        self._by_user[sign_on.user.name].remove(sign_on)
        for access in sign_on.access:
            del self._granted[access]


def not_signed_on(detail: str) -> Refusal:
    """Return the refusal of a call without a valid token."""
    return Refusal("InvalidIdentityToken", detail, code=INVALID_TOKEN, status=401)


def _caller(user: User) -> Caller:
    return Caller(user.name, "reader" if user.read_only else user.role)
