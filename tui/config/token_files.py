"""Tokens in files, and what a token must be to be sent."""

from __future__ import annotations

from pathlib import Path

from tui.secret import Secret, SecretError, read_private


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


__all__ = ["check_token", "read_token"]
