"""Idempotency keys: a write that is sent again gets the first reply and is not carried out twice.

Each caller has keys of its own. The reply is kept for 24 hours, and is stored in the same transaction as
the changes. A call that was refused as a whole changed nothing, so its response is not kept: sending it
again is safe, and may succeed. A reply with failed items is kept like any other.
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
"""The header of every response that says that the server supports idempotency keys."""
MAX_KEY_CHARS: Final = 255


def key_of(call: Call) -> str | None:
    """Return the call's key, prefixed with its caller; None when it has none.

    Raises:
        Refusal: it is too long (157).
    """
    key = call.request.headers.get(HEADER)
    if not key:
        return None
    if len(key) > MAX_KEY_CHARS:
        raise invalid({"Idempotency-Key": (f"The key must have at most {MAX_KEY_CHARS} characters.",)})
    return f"{call.caller.user}\n{key}"


def digest_of(request: Request, raw: bytes) -> bytes:
    """Return the digest of a write: of its method, address and body."""
    line = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(line.encode() + raw).digest()


class InFlightKeys:
    """The keys whose first request is still in flight."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def begin(self, key: str | None) -> _HeldKey:
        """Return a context manager that holds ``key`` while its request is in flight.

        Raises:
            Refusal: the key is already held (409).
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
