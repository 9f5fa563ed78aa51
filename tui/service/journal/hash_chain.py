"""The hash chain: each line carries the SHA-256 over the previous line's hash and its own bytes.

A line is one JSON object. Its first members are the version of its form and its number, its last one is its
hash: ``{"v":1,"n":7,...,"chain":"<64 hexadecimal digits>"}``. The hash is taken over the 64 digits of the
previous line's hash, then the bytes of the line before ``,"chain":``. The line before the first has 64
zeros. A line that carries no hash (of an older version, or damaged) is hashed whole by the next one.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final, NamedTuple

VERSION: Final = 1
"""The version of the form of lines. Lines of older versions had none, which reads as 0."""
_DIGITS: Final = 64
_GENESIS: Final = b"0" * _DIGITS
_NAME: Final = b',"chain":"'
_SEALED: Final = re.compile(rb'\{"v":(\d+),"n":(\d{1,18}),(.*),"chain":"([0-9a-f]{64})"\}', re.DOTALL)


class ChainHead(NamedTuple):
    """The end of a chain: the number of its last line that carries a hash, and the hash, hexadecimal."""

    number: int = 0
    hash: bytes = _GENESIS


def seal(body: bytes, head: ChainHead, version: int = VERSION) -> tuple[bytes, ChainHead]:
    """Return the JSON object ``body`` as the line after ``head``, without a line end, and the new head."""
    text = b'{"v":%d,"n":%d,%b' % (version, head.number + 1, body[1:-1])
    after = ChainHead(head.number + 1, _hash(head.hash, text))
    return b'%b%b%b"}' % (text, _NAME, after.hash), after


def advance(line: bytes, head: ChainHead) -> ChainHead:
    """Return the head after a line that stands in the log, whether it is right or not."""
    if not line:
        return head
    found = _SEALED.fullmatch(line)
    if found is None:
        return ChainHead(head.number, _hash(head.hash, line))
    return ChainHead(int(found[2]), found[4])


def resealed(line: bytes, head: ChainHead) -> tuple[bytes, ChainHead]:
    """Return what a line says as the line after ``head``, and the new head."""
    found = _SEALED.fullmatch(line)
    if found is None:
        return seal(line, head)
    return seal(b"{%b}" % found[3], head, int(found[1]))


def computed(line: bytes, head: ChainHead) -> bytes | None:
    """Return the hash that a line should carry after ``head``; None when it carries none."""
    if _SEALED.fullmatch(line) is None:
        return None
    return _hash(head.hash, line[: -len(_NAME) - _DIGITS - 2])


def _hash(previous: bytes, text: bytes) -> bytes:
    digest = sha256(previous)
    digest.update(text)
    return digest.hexdigest().encode()
