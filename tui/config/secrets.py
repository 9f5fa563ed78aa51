"""Secrets are held in one wrapper that never shows them."""

from __future__ import annotations

import os
import stat
from pathlib import Path


class SecretError(ValueError):
    """A secret that may not be used; the message says why and what to do."""


class Secret:
    """A token or password: equal to nothing, printed as ``***``, given out only by :meth:`reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the secret itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__


def read_token(path: Path) -> Secret:
    """Read a token from a file that only its owner can read.

    Raises:
        SecretError: it cannot be read, is empty, or others can read it too.
    """
    try:
        mode = path.stat().st_mode
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SecretError(f"The token file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SecretError(f"The token file {path} is not text.") from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretError(f"Others can read {path}. Make it yours alone: chmod 600 {path}")
    if not value:
        raise SecretError(f"The token file {path} is empty.")
    if not value.isascii() or not value.isprintable():
        raise SecretError(f"The token file {path} holds more than one line or odd characters.")
    return Secret(value)
