"""Idempotency keys: a write that is sent again gets the first answer, and is not done twice.

A key is its caller's own. Its answer is kept for 24 hours, in the same transaction as what was done, so
that the two cannot part. A call that was refused as a whole changed nothing and its answer is not kept:
to ask again is then safe, and what stood in the way may be gone. The partial answer of a call that was
refused in parts is kept like any other.
"""

from __future__ import annotations

import hashlib
from typing import Final

from starlette.requests import Request

from tui.oms.domain.error_codes import CONFLICT
from tui.oms.domain.refusals import Refusal
from tui.oms.http.call import Call
from tui.oms.http.problems import invalid

HEADER: Final = "idempotency-key"
SUPPORTED: Final = "idempotency-key-supported"
"""The header of every answer that tells a client it may rely on its keys."""
MAX_KEY: Final = 255


def key_of(call: Call) -> str | None:
    """Give the call's key, which is its caller's own; None when it has none.

    Raises:
        Refusal: it is too long (157).
    """
    key = call.request.headers.get(HEADER)
    if not key:
        return None
    if len(key) > MAX_KEY:
        raise invalid({"Idempotency-Key": (f"The key must have at most {MAX_KEY} characters.",)})
    return f"{call.caller.user}\n{key}"


def digest_of(request: Request, raw: bytes) -> bytes:
    """Give the digest of all that a write asks for: its method, address and body."""
    line = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(line.encode() + raw).digest()


class InFlightKeys:
    """The keys whose first request is still at work."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def begin(self, key: str | None) -> _HeldKey:
        """Hold ``key`` until its request is done.

        Raises:
            Refusal: it is held already (409).
        """
        if key in self._keys:
            detail = "The first request with this Idempotency-Key is still at work. Ask again in a moment."
            raise Refusal("ConcurrencyConflictFailure", detail, code=CONFLICT, status=409)
        return _HeldKey(self._keys, key)


class _HeldKey:
    def __init__(self, keys: set[str], key: str | None) -> None:
        self._keys, self._key = keys, key

    def __enter__(self) -> None:
        if self._key:
            self._keys.add(self._key)

    def __exit__(self, *error: object) -> None:
        self._keys.discard(self._key or "")
