"""The one wrapper that passwords and tokens are held in, and what hides them wherever text is kept."""

from __future__ import annotations

from typing import ClassVar
from weakref import WeakSet

HIDDEN = "***"
SHORTEST = 4
"""Characters a secret must have to be looked for in other text: shorter ones are part of every word."""


class SecretError(ValueError):
    """A secret that may not be used; the message says why and what to do."""


class Secret:
    """A token or password: equal to nothing, printed as ``***``, given out only by :meth:`reveal`."""

    __slots__ = ("__weakref__", "_value")
    _alive: ClassVar[WeakSet[Secret]] = WeakSet()

    def __init__(self, value: str) -> None:
        self._value = value
        self._alive.add(self)

    def reveal(self) -> str:
        """Give the secret itself, for the one place that sends it."""
        return self._value

    @property
    def fits_a_header(self) -> bool:
        """Tell whether this is one word of printable ASCII, as every token is."""
        value = self._value
        return bool(value) and value.isascii() and value.isprintable() and " " not in value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    @classmethod
    def hide(cls, text: str) -> str:
        """Give ``text`` with every secret this program holds replaced by ``***``."""
        values = {secret._value for secret in tuple(cls._alive) if len(secret._value) >= SHORTEST}
        for value in sorted(values, key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return text
