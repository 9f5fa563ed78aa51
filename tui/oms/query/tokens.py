"""Page tokens: where a list goes on, and what was asked, so that no page can be read by another question.

A token is the Base64 of a JSON object of ``o`` (the version after which the list goes on), ``f`` (filter),
``s`` (sort) and ``a`` (the asAt that every page of the list is read at), at most 500 characters. A longer
question is kept by the server, and the token then names it (``k``).
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

from tui.oms.refusals import Refusal
from tui.oms.times import micros

MAX_TOKEN: Final = 500
MAX_KEPT: Final = 1_000
FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class Token(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a page token says."""

    o: Annotated[int, Meta(ge=0, le=2**62)]
    a: Annotated[int, Meta(ge=micros(FIRST), le=micros(LAST))]
    f: str = ""
    s: tuple[str, ...] = ()
    k: str = ""


_KEPT: OrderedDict[str, Token] = OrderedDict()


def written(token: Token) -> str:
    """Give ``token`` as text."""
    text = base64.b64encode(msgspec.json.encode(token)).decode()
    if len(text) <= MAX_TOKEN:
        return text
    question = Token(0, token.a, token.f, token.s)
    name = hashlib.sha256(msgspec.json.encode(question)).hexdigest()
    _KEPT[name] = question
    _KEPT.move_to_end(name)
    while len(_KEPT) > MAX_KEPT:
        _KEPT.popitem(last=False)
    return base64.b64encode(msgspec.json.encode(Token(token.o, token.a, k=name))).decode()


def read(text: str) -> Token:
    """Read a token.

    Raises:
        Refusal: it is not one of ours, or too old (code 689).
    """
    try:
        token = msgspec.json.decode(base64.b64decode(text, validate=True), type=Token)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise invalid("The page token is not one this server gave.") from error
    if not token.k:
        return token
    question = _KEPT.get(token.k)
    if question is None:
        raise invalid("The page token is too old. Read the list again from its first page.")
    return Token(token.o, question.a, question.f, question.s)


def invalid(detail: str) -> Refusal:
    """Give the refusal of a page token."""
    return Refusal("InvalidPaginationToken", detail, code=689)
