"""Who a token belongs to: fixed tokens, and those granted by the token endpoint for a while.

A granted token is looked up by its digest, so neither the time it takes nor this process's memory tells
anything about it. Tokens live in memory only: after a restart everybody signs on again.

A refresh does not replace the refresh token: the same one is answered until it has not been used for
``refresh_lifetime``. Were it replaced, a client whose answer was lost on the way would be signed off.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from msgspec import Struct

from tui.oms.auth.users import User, Users, digest
from tui.oms.domain.caller import Caller
from tui.oms.domain.error_codes import INVALID_TOKEN
from tui.oms.domain.refusals import Refusal

MAX_SIGN_ONS: Final = 100
"""How many sign-ons of one user are remembered; the oldest gives way to a new one."""
MAX_ACCESS: Final = 100
"""How many access tokens of one sign-on are remembered."""

SECOND: Final = 1_000_000_000

_NOBODY: Final = digest("")


class GrantRefused(Exception):
    """The token endpoint says no: an OAuth error code, its sentence, and the status."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
        self.status = status


class Grant(Struct, frozen=True):
    """What signing on gave: an access token good for ``seconds``, and one to refresh it with."""

    access: str
    seconds: int
    refresh: str


class _SignOn(Struct, eq=False):
    """One sign-on: whose, by which client, its refresh token's end and its access tokens."""

    user: User
    client: str
    refresh: bytes
    until: int
    access: list[bytes]


class Tokens:
    """Everybody's tokens.

    ``now`` tells nanoseconds that never go back; tests put their own clock here.
    """

    def __init__(self, users: Users, now: Callable[[], int] = time.monotonic_ns) -> None:
        self._users = users
        self._now = now
        self._fixed = {user.token: _caller(user) for user in users.by_name.values() if user.token is not None}
        self._granted: dict[bytes, tuple[_SignOn, int]] = {}
        self._refreshes: dict[bytes, _SignOn] = {}
        self._by_user: dict[str, list[_SignOn]] = {}

    def caller(self, token: str) -> Caller:
        """Give who ``token`` belongs to.

        Raises:
            Refusal: it is none of ours, or its time is over (401, code 187).
        """
        given = digest(token)
        fixed = self._fixed.get(given)
        if fixed is not None:
            return fixed
        sign_on, until = self._granted.get(given, (None, 0))
        if sign_on is None:
            raise not_signed_on("The access token is missing or not valid. Sign on again.")
        if until <= self._now():
            raise not_signed_on("The access token has expired. Sign on again.")
        return _caller(sign_on.user)

    def sign_on(self, name: str, password: str, client: str) -> Grant:
        """Grant tokens for a password.

        Raises:
            GrantRefused: there is no such user, or it is not that user's password (which is not told).
        """
        user = self._users.by_name.get(name)
        kept = user.password if user is not None else None
        if not compare_digest(digest(password), kept or _NOBODY) or user is None or kept is None:
            raise GrantRefused("invalid_grant", "The credentials provided were invalid.")
        refresh = secrets.token_urlsafe(32)
        sign_on = _SignOn(user, self._known(client), digest(refresh), 0, [])
        mine = self._by_user.setdefault(name, [])
        if len(mine) >= MAX_SIGN_ONS:
            self._forget(mine[0])
        mine.append(sign_on)
        self._refreshes[sign_on.refresh] = sign_on
        return self._grant(sign_on, refresh)

    def refresh(self, refresh: str, client: str) -> Grant:
        """Grant a new access token for a refresh token; earlier ones live on until their time is over.

        Raises:
            GrantRefused: it is none of ours, not this client's, or was not used for too long.
        """
        sign_on = self._refreshes.get(digest(refresh))
        if sign_on is not None and sign_on.until <= self._now():
            self._forget(sign_on)
            sign_on = None
        if sign_on is None or sign_on.client != self._known(client):
            raise GrantRefused("invalid_grant", "The refresh token is invalid or expired.")
        return self._grant(sign_on, refresh)

    def check_client(self, client: str, secret: str) -> None:
        """Check a client's secret, where the file of users names clients.

        Raises:
            GrantRefused: there is no such client, or it is not its secret (401).
        """
        clients = self._users.clients
        if clients is None:
            return
        if not compare_digest(digest(secret), clients.get(client, _NOBODY)) or client not in clients:
            raise GrantRefused("invalid_client", "The client id or client secret is not valid.", 401)

    def _grant(self, sign_on: _SignOn, refresh: str) -> Grant:
        access, seconds = secrets.token_urlsafe(32), self._users.token_lifetime
        now = self._now()
        sign_on.until = now + self._users.refresh_lifetime * SECOND
        sign_on.access.append(digest(access))
        self._granted[sign_on.access[-1]] = (sign_on, now + seconds * SECOND)
        if len(sign_on.access) > MAX_ACCESS:
            del self._granted[sign_on.access.pop(0)]
        return Grant(access, seconds, refresh)

    def _known(self, client: str) -> str:
        """Give the client a sign-on belongs to: where no clients are named, one is like another."""
        return "" if self._users.clients is None else client

    def _forget(self, sign_on: _SignOn) -> None:
        del self._refreshes[sign_on.refresh]
        self._by_user[sign_on.user.name].remove(sign_on)
        for access in sign_on.access:
            del self._granted[access]


def not_signed_on(detail: str) -> Refusal:
    """Give the refusal of a call without a good token."""
    return Refusal("InvalidIdentityToken", detail, code=INVALID_TOKEN, status=401)


def _caller(user: User) -> Caller:
    return Caller(user.name, not user.read_only)
