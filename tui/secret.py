"""Passwords and tokens: the files they are read from when those are ours alone, the one wrapper they are held
in, and what hides them wherever text is kept.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from weakref import WeakSet

HIDDEN = "***"
SHORTEST = 4
"""Characters a secret must have to be looked for in other text: shorter ones are part of every word."""
MOST_BYTES = 1_000_000


class SecretError(ValueError):
    """A secret that may not be used; the message says why and what to do."""


class Secret:
    """A token or password: equal to nothing, printed as ``***``, given out only by :meth:`reveal`."""

    __slots__ = ("__weakref__", "_spellings", "_value")
    _alive: ClassVar[WeakSet[Secret]] = WeakSet()

    def __init__(self, value: str) -> None:
        self._value = value
        self._spellings: frozenset[str] | None = None
        self._alive.add(self)

    def reveal(self) -> str:
        """Return the secret itself, for the one place that sends it."""
        return self._value

    @property
    def fits_a_header(self) -> bool:
        """Return whether this is one word of printable ASCII, as every token is."""
        value = self._value
        return bool(value) and value.isascii() and value.isprintable() and " " not in value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    @classmethod
    def hide(cls, text: str) -> str:
        """Return ``text`` with every secret this program holds replaced by ``***``, however it is written."""
        held = [secret for secret in tuple(cls._alive) if len(secret._value) >= SHORTEST]
        for spelling in sorted(
            {each for secret in held for each in secret._written()}, key=len, reverse=True
        ):
            text = text.replace(spelling, HIDDEN)
        return text

    def _written(self) -> frozenset[str]:
        """Return the secret as it is, and as JSON, Python, an address and a form would write it."""
        if self._spellings is None:
            self._spellings = frozenset(_spellings(self._value))
        return self._spellings


def _spellings(value: str) -> Iterator[str]:
    yield value
    if value.isascii() and value.isalnum():
        return
    import json
    from urllib.parse import quote, quote_plus

    for in_json in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield in_json
        yield json.dumps(in_json)[1:-1]  # a document that is quoted in another
    yield repr(value)[1:-1]
    writable = value.encode(errors="replace")
    yield repr(writable)[2:-1]
    yield from (quote(writable), quote(writable, safe=""), quote_plus(writable))


def read_private(path: Path, what: str) -> str:
    """Read a text that only its owner can read; ``what`` is what a message calls the file.

    Raises:
        SecretError: it cannot be read, is not text, is not ours, or others can read it too.
    """
    try:
        with path.open("rb") as file:
            about = os.fstat(file.fileno())
            _check_ours(path, what, about)
            raw = file.read(MOST_BYTES)
    except OSError as error:
        raise SecretError(f"The {what} {path} cannot be read: {error.strerror or error}.") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecretError(f"The {what} {path} is not text.") from None


def _check_ours(path: Path, what: str, about: os.stat_result) -> None:
    if not stat.S_ISREG(about.st_mode):
        raise SecretError(f"The {what} {path} is no file of its own.")
    if os.name != "posix":
        return
    if about.st_uid != os.geteuid():
        raise SecretError(f"The {what} {path} belongs to somebody else. Make a copy of your own: chmod 600.")
    if about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretError(f"Others can read {path}. Make it yours alone: chmod 600 {path}")
