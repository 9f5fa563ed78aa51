"""Makes text that came from elsewhere harmless on every way out: the one gate of screen, files and clipboard.

Control and bidirectional characters act on a terminal. Zero-width, tag and filler characters show as nothing,
so that two ids look like one. On screen each is replaced by U+FFFD, never dropped, so that a text that was
tampered with is seen to be, and is as long as before. In files and copies each is written as JSON escapes it,
so that a line stays a line and what stood there can be told.

Joiners stay inside words of the scripts that join letters with them, variation selectors behind the symbols
and ideographs that have variants.
"""

from __future__ import annotations

import re
from typing import Final

_REPLACEMENT: Final = "\ufffd"

# Patterns are kept as texts: re compiles one when it is first used, and most starts never need it.
_CONTROLS: Final = "\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_BIDIRECTIONAL: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_INVISIBLE: Final = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u2800\u3164\ufdd0-\ufdef\ufeff"
    "\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
_JOINERS: Final = "\u200c\u200d"
_JOINED: Final = "\u0620-\u0669\u066e-\u109f\u1780-\u17b3\u17b6-\u17dd\u1820-\u18aa\ua8e0-\ua8ff\ufb50-\ufdcf"
"""The letters and marks of the scripts that joiners act on: from Arabic to Burmese, Khmer, Mongolian."""
_SELECTORS: Final = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_VARIED: Final = (
    "\u2030-\u205e\u2070-\u27ff\u2801-\u2fff\u3001-\u3163\u3165-\ud7ff\uf900-\ufaff\U0001f000-\U000323af"
)
_MONGOLIAN_SELECTORS: Final = "\u180b-\u180d\u180f"
_HOSTILE: Final = (
    f"[{_CONTROLS}{_BIDIRECTIONAL}{_INVISIBLE}]"
    f"|(?<![{_JOINED}])[{_JOINERS}]|[{_JOINERS}](?![{_JOINED}])"
    f"|(?<![{_VARIED}])[{_SELECTORS}]|(?<![\u1820-\u18aa])[{_MONGOLIAN_SELECTORS}]"
)
_SUSPECT: Final = f"[{_CONTROLS}{_BIDIRECTIONAL}{_INVISIBLE}{_JOINERS}{_SELECTORS}{_MONGOLIAN_SELECTORS}]"
"""All of them: looked for first, which takes a fifth of the time."""
_SURROGATE: Final = "[\ud800-\udfff]"
_HOSTILE_UTF_8: Final = (
    rb"\xc2[\x80-\x9f\xad]|\xcd\x8f|\xd8\x9c|\xe1(?:\x85[\x9f\xa0]|\x9e[\xb4\xb5]|\xa0[\x8b-\x8f])"
    rb"|\xe2(?:\x80[\x8b-\x8f\xa8-\xae]|\x81[\xa0-\xaf]|\xa0\x80)|\xe3\x85\xa4"
    rb"|\xef(?:\xb7[\x90-\xaf]|\xb8[\x80-\x8f]|\xbb\xbf|\xbe\xa0|\xbf[\xb0-\xbb\xbe\xbf])"
    rb"|\xf0(?:\x93\x90[\xb0-\xbf]|\x9b\xb2[\xa0-\xa3]|\x9d\x85[\xb3-\xba])|\xf3\xa0|[\xed\xff]"
)
_ASCII: Final = bytes(range(0x80))
_LAID_OUT: Final = "[^\n\t]+"


def clean(text: str) -> str:
    """Return ``text`` for a screen: U+FFFD in the place of what could act there or show as nothing.

    It is as long as ``text``: a place in the one is the same place in the other.
    """
    return re.sub(_HOSTILE, _REPLACEMENT, text) if _is_suspect(text) else text


def escaped(text: str) -> str:
    """Return ``text`` for a file or a copy, on one line: what :func:`clean` replaces is escaped as in JSON.

    >>> escaped("OR\\u200bD-1\\n")
    'OR\\\\u200bD-1\\\\n'
    """
    return re.sub(_HOSTILE, _escape, text) if _is_suspect(text) else text


def escaped_json(raw: bytes) -> bytes:
    """Return JSON for a file: the same values, with nothing in it that acts on who looks at the file."""
    return escaped(raw.decode()).encode() if may_be_unclean(raw) else raw


def escaped_lines(text: str) -> str:
    """Return a whole copy, as :func:`escaped` does but with its own ends of lines and tabs."""
    return re.sub(_LAID_OUT, lambda found: escaped(found[0]), text)


def _is_suspect(text: str) -> bool:
    return not (text.isascii() and text.isprintable()) and re.search(_SUSPECT, text) is not None


def _escape(found: re.Match[str]) -> str:
    import json

    return json.dumps(found[0])[1:-1]


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
