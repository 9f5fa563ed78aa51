"""One form of a text for finding it: as people compare words, whatever keyboard, width or accents."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_LATIN_MARKS: Final = r"([a-z])[\u0300-\u036f]+"


def canonical(text: str) -> str:
    """Return ``text`` as it is searched: small letters, of normal width, Latin ones without accents.

    A dealer's keyboard may have no accents, and names are spelt with and without them, so both find both.
    Marks on other letters make another letter (Й, が) and stay.

    >>> canonical("Nestlé"), canonical("ＶＯＤ"), canonical("Straße"), canonical("Й") == canonical("й")
    ('nestle', 'vod', 'strasse', True)
    """
    return text.lower() if text.isascii() else _folded(text)


@lru_cache(maxsize=10_000)
def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", re.sub(_LATIN_MARKS, r"\1", apart))
