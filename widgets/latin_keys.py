"""Keys are Latin letters: what a letter or a digit of another script is answered with."""

from __future__ import annotations

import unicodedata
from typing import Final

from tui.api.sanitize import clean

NOT_LATIN: Final = "Keys are Latin letters, and {} is none: switch the keyboard to Latin."


def not_latin(character: str | None) -> str:
    """Return that no key is a letter or a digit of another script, as a sentence; empty for any other.

    >>> not_latin("q"), not_latin("7"), not_latin(None), not_latin("\u043d")[-29:]
    ('', '', '', 'switch the keyboard to Latin.')
    """
    if not character or not character.isalnum() or character.isascii():
        return ""
    is_latin = unicodedata.name(character[0], "").startswith("LATIN ")
    return "" if is_latin else NOT_LATIN.format(clean(character))
