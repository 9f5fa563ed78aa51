"""Text as a field may show it: characters that act on a terminal or show as nothing are marked."""

from __future__ import annotations

from typing import Final

MARK: Final = "\ufffd"
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Characters that Python counts as printable and that show as nothing."""


def visible(text: str) -> str:
    """Return ``text`` with ``MARK`` in the place of every control, bidirectional or invisible character.

    It is as long as ``text``: a place in the one is the same place in the other.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(char if char.isprintable() and char not in _BLANK else MARK for char in text)
