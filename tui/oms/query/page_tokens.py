"""Page tokens: where a list goes on, and what was asked, so that no page can be read by another question.

A token is the Base64 of a JSON object of ``o`` (the version after which the list goes on), ``f`` (filter),
``s`` (sort) and ``a`` (the asAt that every page of the list is read at), at most 500 characters. An asAt that
is still to come would let new rows in between the pages: they are read at the newest change there is, and the
token also has what was asked for (``t``). Of a longer question the token has the SHA-256 (``k``): whoever
repeats the question, as the SDK does, is answered by any server on this desk, before and after a restart;
whoever leaves it out, as long as it is remembered.
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
from tui.oms.domain.times import micros

MAX_TOKEN: Final = 500
MAX_KEPT: Final = 1_000
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class PageToken(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a page token says."""

    o: Annotated[int, Meta(ge=0, le=2**62)]
    a: Annotated[int, Meta(ge=micros(FIRST), le=micros(LAST))]
    f: str = ""
    s: tuple[str, ...] = ()
    k: str = ""
    t: int = 0

    @property
    def as_at(self) -> int:
        """The asAt that was asked for."""
        return self.t or self.a


_KEPT: OrderedDict[str, tuple[str, tuple[str, ...]]] = OrderedDict()
"""The long questions of late, for those who leave them out on the next page."""


def written(token: PageToken) -> str:
    """Give ``token`` as text."""
    text = base64.b64encode(msgspec.json.encode(token)).decode()
    if len(text) <= MAX_TOKEN:
        return text
    name = _name(token.f, token.s)
    _KEPT[name] = (token.f, token.s)
    _KEPT.move_to_end(name)
    while len(_KEPT) > MAX_KEPT:
        _KEPT.popitem(last=False)
    return base64.b64encode(msgspec.json.encode(PageToken(token.o, token.a, k=name, t=token.t))).decode()


def read(text: str, filter: str, sort: tuple[str, ...]) -> PageToken:
    """Read a token that came with ``filter`` and ``sort``, each repeated or left out.

    Raises:
        Refusal: it is not one of ours, or was given for another question (code 689).
    """
    try:
        token = msgspec.json.decode(base64.b64decode(text, validate=True), type=PageToken)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise invalid("The page token is not one this server gave.") from error
    if token.k:
        token = _whole(token, filter, sort)
    for now, then, name in ((filter, token.f, "filter"), (sort, token.s, "sortBy")):
        if now and now != then:
            raise invalid(f"The page token was given for another {name}.")
    return token


def _whole(token: PageToken, filter: str, sort: tuple[str, ...]) -> PageToken:
    """Give a token with the question it only names: the one that is repeated with it, or the kept one."""
    if _name(filter, sort) == token.k:
        return PageToken(token.o, token.a, filter, sort, t=token.t)
    if token.k not in _KEPT:
        raise invalid("This page token needs its filter and sortBy: repeat them as they were, or read anew.")
    return PageToken(token.o, token.a, *_KEPT[token.k], t=token.t)


def _name(filter: str, sort: tuple[str, ...]) -> str:
    return hashlib.sha256(msgspec.json.encode((filter, sort))).hexdigest()


def invalid(detail: str) -> Refusal:
    """Give the refusal of a page token."""
    return Refusal("InvalidPaginationToken", detail, code=INVALID_PAGE_TOKEN)
