"""Files that hold secrets: read only when they are ours alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from tui.secret import Secret, SecretError

MOST_BYTES = 1_000_000


def read_token(path: Path) -> Secret:
    """Read a token from a file that only its owner can read.

    Raises:
        SecretError: it cannot be read, is empty, is not ours, or others can read it too.
    """
    token = Secret(read_private(path, "token file").strip())
    check_token(token, f"The token file {path}")
    return token


def check_token(token: Secret, where: str) -> None:
    """Refuse what no header can carry; ``where`` is what a message calls the place it is from.

    Raises:
        SecretError: it is empty, more than one word, or has characters that no token has.
    """
    if not token.reveal():
        raise SecretError(f"{where} is empty.")
    if not token.fits_a_header:
        raise SecretError(f"{where} holds more than one word or odd characters.")


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


__all__ = ["Secret", "SecretError", "check_token", "read_private", "read_token"]
