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
_END: Final = len(_NAME) + _DIGITS + 2
"""The bytes of a line from its hash on."""
_BEGIN: Final = re.compile(rb'\{"v":(\d{1,9}),"n":(\d{1,18}),')
_HASH: Final = re.compile(rb',"chain":"([0-9a-f]{64})"\}')


class _Sealed(NamedTuple):
    """The parts of a line that carries a hash."""

    version: int
    number: int
    body: slice
    hash: bytes


def _sealed(line: bytes) -> _Sealed | None:
    """Return the parts of a line, None when it carries no hash."""
    begin = _BEGIN.match(line)
    end = _HASH.fullmatch(line, max(len(line) - _END, 0)) if begin else None
    if begin is None or end is None or begin.end() > end.start():
        return None
    return _Sealed(int(begin[1]), int(begin[2]), slice(begin.end(), end.start()), end[1])


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
    found = _sealed(line)
    if found is None:
        return ChainHead(head.number, _hash(head.hash, line))
    return ChainHead(found.number, found.hash)


def resealed(line: bytes, head: ChainHead) -> tuple[bytes, ChainHead]:
    """Return what a line says as the line after ``head``, and the new head."""
    found = _sealed(line)
    if found is None:
        return seal(line, head)
    return seal(b"{%b}" % line[found.body], head, found.version)


def computed(line: bytes, head: ChainHead) -> bytes | None:
    """Return the hash that a line should carry after ``head``; None when it carries none."""
    return None if _sealed(line) is None else _hash(head.hash, line[:-_END])


def _hash(previous: bytes, text: bytes) -> bytes:
    digest = sha256(previous)
    digest.update(text)
    return digest.hexdigest().encode()
