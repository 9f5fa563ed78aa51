"""Case folding of any alphabet, letter by letter; no other letter becomes an ASCII one.

So SQLite's own NOCASE, which is much faster, gives the same result for ASCII texts; :func:`fold` is only
needed for others.
"""

from __future__ import annotations

from typing import overload


@overload
def fold(text: str) -> str: ...
@overload
def fold(text: str | None) -> str | None: ...
def fold(text: str | None) -> str | None:
    """Return ``text`` in lower case, letter by letter.

    >>> fold("GRÖẞE ΣΑΣ")
    'größe σασ'
    """
    if text is None or text.isascii():
        return text and text.lower()
    return "".join(_LETTERS.get(letter) or _letter(letter) for letter in text)


_LETTERS: dict[str, str] = {}


def _letter(letter: str) -> str:
    lower = letter.lower()
    if not letter.isascii() and (len(lower) != 1 or lower.isascii()):
        lower = letter
    return _LETTERS.setdefault(letter, lower)
