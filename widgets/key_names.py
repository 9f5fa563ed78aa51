"""Keys as they are written for people: ``question_mark`` is ``?``, ``ctrl+p`` is ``Ctrl-P``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_SPELT: Final = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "asterisk": "*",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "comma": ",",
    "full_stop": ".",
    "plus": "+",
    "minus": "-",
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "backspace": "Backspace",
    "tab": "Tab",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "home": "Home",
    "end": "End",
}


def key_words(key: str) -> str:
    """Return a key as it stands on the keyboard.

    >>> key_words("question_mark"), key_words("ctrl+p"), key_words("f1"), key_words("p")
    ('?', 'Ctrl-P', 'F1', 'p')
    """
    if key in _SPELT:
        return _SPELT[key]
    if key.startswith("shift+"):
        return f"Shift-{key_words(key[6:])}"
    if key.startswith("ctrl+"):
        return f"Ctrl-{_SPELT.get(key[5:], key[5:].upper())}"
    return key.upper() if key[:1] == "f" and key[1:].isdigit() else key


def key_list(keys: Iterable[str], between: str = "/") -> str:
    """Return several keys as they stand on the keyboard.

    >>> key_list(("up", "down"))
    'Up/Down'
    """
    return between.join(map(key_words, keys))
