"""Page tokens for keyset pagination: the position in a list, and the query it belongs to.

A token is the Base64 of a JSON object of at most 500 characters: ``o`` (the version after which the page
starts), ``f`` (filter), ``s`` (sort) and ``a`` (the asAt at which every page is read). With an asAt in the
future, new rows could appear between pages, so they are read at the newest change and the token also holds
the asAt asked for (``t``).

A longer query is replaced by its SHA-256 (``k``). A client that repeats the query, as the SDK does, is
answered by any server on this database, also after a restart; one that omits it, while this server remembers
it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tui.oms.domain.error_codes import INVALID_PAGE_TOKEN
from tui.oms.domain.refusals import Refusal
from tui.oms.domain.times import to_micros

MAX_TOKEN_LENGTH: Final = 500
"""Characters of a page token (section 2.0)."""
MAX_LONG_QUERIES: Final = 1_000
"""Long queries remembered in memory, up to 16 KB each."""
EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


_SHORT_NAMES: Final = {
    "after_seq": "o",
    "read_as_at": "a",
    "filter": "f",
    "sort": "s",
    "digest": "k",
    "asked_as_at": "t",
}
"""The JSON names of the members, short because a token has at most 500 characters."""


class PageToken(msgspec.Struct, frozen=True, omit_defaults=True, rename=_SHORT_NAMES):
    """The content of a page token."""

    after_seq: Annotated[int, Meta(ge=0, le=2**62)]
    read_as_at: Annotated[int, Meta(ge=to_micros(EARLIEST), le=to_micros(LATEST))]
    filter: str = ""
    sort: tuple[str, ...] = ()
    digest: str = ""
    asked_as_at: int = 0

    @property
    def requested_as_at(self) -> int:
        """The asAt the client asked for."""
        return self.asked_as_at or self.read_as_at


_LONG_QUERIES: OrderedDict[str, tuple[str, tuple[str, ...]]] = OrderedDict()
"""The latest long queries by digest, for clients that omit them on the next page."""


def encode(token: PageToken) -> str:
    """Return ``token`` as text.

    A query too long for a token is remembered and replaced by its digest.
    """
    text = base64.b64encode(msgspec.json.encode(token)).decode()
    if len(text) <= MAX_TOKEN_LENGTH:
        return text
    name = _digest(token.filter, token.sort)
    _LONG_QUERIES[name] = (token.filter, token.sort)
    _LONG_QUERIES.move_to_end(name)
    while len(_LONG_QUERIES) > MAX_LONG_QUERIES:
        _LONG_QUERIES.popitem(last=False)
    return base64.b64encode(
        msgspec.json.encode(
            PageToken(token.after_seq, token.read_as_at, digest=name, asked_as_at=token.asked_as_at)
        )
    ).decode()


def decode(text: str, filter: str, sort: tuple[str, ...]) -> PageToken:
    """Decode a token sent with ``filter`` and ``sort``, each repeated or omitted.

    Raises:
        Refusal: it is not a token of this server, or belongs to another query (code 689).
    """
    try:
        token = msgspec.json.decode(base64.b64decode(text, validate=True), type=PageToken)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise invalid_page_token("The page token is not one this server gave.") from error
    if token.digest:
        token = _with_query(token, filter, sort)
    for now, then, name in ((filter, token.filter, "filter"), (sort, token.sort, "sortBy")):
        if now and now != then:
            raise invalid_page_token(f"The page token was given for another {name}.")
    return token


def _with_query(token: PageToken, filter: str, sort: tuple[str, ...]) -> PageToken:
    """Return a token with the query of its digest: the one sent with it, or the remembered one."""
    if _digest(filter, sort) == token.digest:
        return PageToken(token.after_seq, token.read_as_at, filter, sort, asked_as_at=token.asked_as_at)
    if token.digest not in _LONG_QUERIES:
        raise invalid_page_token(
            "This page token needs its filter and sortBy: repeat them unchanged, or start over."
        )
    return PageToken(
        token.after_seq, token.read_as_at, *_LONG_QUERIES[token.digest], asked_as_at=token.asked_as_at
    )


def _digest(filter: str, sort: tuple[str, ...]) -> str:
    return hashlib.sha256(msgspec.json.encode((filter, sort))).hexdigest()


def invalid_page_token(detail: str) -> Refusal:
    """Return the refusal of a page token (code 689)."""
    return Refusal("InvalidPaginationToken", detail, code=INVALID_PAGE_TOKEN)
