"""The caller of a request."""

from __future__ import annotations

from msgspec import Struct


class Caller(Struct, frozen=True):
    """A user with a token: the user id their changes are stored under, and whether they may write."""

    user: str
    may_write: bool = True
