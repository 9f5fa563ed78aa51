"""Cleans text that came from elsewhere, so that it cannot style, move or break what shows it.

Control, bidirectional, zero-width and tag characters act on a terminal. Each is replaced by U+FFFD, never
dropped, so that a text that was tampered with is seen to be.
"""

from __future__ import annotations

import re
from typing import Final

_REPLACEMENT: Final = "\ufffd"

# Patterns are kept as texts: re compiles one when it is first used, and most starts never need it.
_HOSTILE: Final = (
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_SURROGATE: Final = "[\ud800-\udfff]"
_HOSTILE_UTF_8: Final = (
    rb"\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]"
    rb"|\xef\xbb\xbf|\xf3\xa0|[\xed\xff]"
)
_ASCII: Final = bytes(range(0x80))


def clean(text: str) -> str:
    """Return ``text`` with every character that could act on a terminal replaced by U+FFFD."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_HOSTILE, _REPLACEMENT, text)


def escaped(text: str) -> str:
    """Return JSON ``text`` with such characters as JSON's own escapes: programs read the same value.

    >>> escaped('"\u202eid"') == '"' + chr(92) + 'u202eid"'
    True
    """
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_HOSTILE, lambda found: "".join(map(_escape, _utf_16(found[0]))), text)


def _utf_16(character: str) -> tuple[int, ...]:
    coded = character.encode("utf-16-be", "surrogatepass")
    return tuple(int.from_bytes(coded[at : at + 2], "big") for at in range(0, len(coded), 2))


def _escape(unit: int) -> str:
    return f"\\u{unit:04x}"


def replace_surrogates(text: str) -> str:
    """Return ``text`` with only halves of characters replaced, which no encoding can write back."""
    return re.sub(_SURROGATE, _REPLACEMENT, text)


def may_be_unclean(raw: bytes) -> bool:
    """Return whether JSON without escapes may hold text to clean, apart from line breaks between values.

    It may be wrong with yes, never with no. Only the few bytes that are not ASCII are searched, which takes a
    twentieth of the time.
    """
    if b"\x7f" in raw:
        return True
    return not raw.isascii() and re.search(_HOSTILE_UTF_8, raw.translate(None, _ASCII)) is not None
