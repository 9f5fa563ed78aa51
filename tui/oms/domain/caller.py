"""The caller of a request."""

from __future__ import annotations

from msgspec import Struct


class Caller(Struct, frozen=True):
    """A user with a token: the user id their changes are stored under, and what they may do.

    A caller without a ``role`` may do everything (:mod:`tui.oms.auth.rights`).
    """

    user: str
    role: str = ""
