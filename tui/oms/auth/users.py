"""The users who may sign on to ``serve``, with digests of their secrets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from tui.secret import Secret

TOKEN_LIFETIME_S: Final = 3600
REFRESH_LIFETIME_S: Final = 8 * 3600


class User(Struct, frozen=True):
    """Somebody who may sign on: with a password, with a fixed token, or with either. Both are digests.

    Without a ``role`` they may do everything; ``read_only`` is the role of a reader.
    """

    name: str
    password: bytes | None = None
    token: bytes | None = None
    read_only: bool = False
    role: str = ""


class Users(Struct, frozen=True):
    """Everybody who may sign on, and how long what they are granted lasts (seconds).

    ``clients`` are the digests of client secrets by client id; None takes any client.
    """

    by_name: Mapping[str, User]
    clients: Mapping[str, bytes] | None = None
    token_lifetime: int = TOKEN_LIFETIME_S
    refresh_lifetime: int = REFRESH_LIFETIME_S


def digest(secret: str) -> bytes:
    """Return what is kept of a secret: enough to know it again, and all of one length to compare."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def one_user(name: str, token: str) -> Users:
    """Return the users of a server without a file of them: one, whose token is also the password."""
    return Users({name: User(name, password=digest(token), token=digest(token))})


def token_fault(token: str) -> str | None:
    """Return why ``token`` cannot be sent in a header, None when it can."""
    return None if Secret(token).fits_a_header else "must be printable ASCII without spaces"
