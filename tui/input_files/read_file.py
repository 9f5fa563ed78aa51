"""Reading what people write: a text of a file, and the TOML or JSON in it."""

from __future__ import annotations

import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tui.input_files.mistakes import CheckError, Document
from tui.secret import SecretError, read_private

MOST_BYTES: Final = 1_000_000
_AT: Final = r" \(at (?:line (\d+), column \d+|end of document)\)$"
"""The standard library's words for the position where a text is no TOML."""


def read_toml(path: Path, *, private: str = "") -> Document:
    """Read a TOML file; ``private`` is what a message calls one that only its owner may read.

    Raises:
        CheckError: it cannot be read, is not text, is not TOML, or others can read it too.
    """
    text = _private(path, private) if private else read_text(path)
    return parse_toml(text, str(path), private=bool(private))


def parse_toml(text: str, name: str, *, private: bool = False) -> Document:
    """Return the TOML of ``text``, which sentences call ``name``; numbers keep their digits.

    Raises:
        CheckError: it is not TOML; says in which line and why.
    """
    try:
        return Document(name, tomllib.loads(text, parse_float=Decimal), toml=text, private=private)
    except (ValueError, RecursionError, ArithmeticError) as error:
        why = "tables stand within tables too deep" if isinstance(error, RecursionError) else str(error)
        at = re.search(_AT, why)
        line = f", line {at[1] or text.count(chr(10)) + 1}" if at else ""
        said = re.sub(_AT, "", why).rstrip(".")
        raise CheckError(f"{name}{line} is not TOML: {said}.") from None


def read_json(path: Path, private: str) -> Document:
    """Read a JSON object from a file that only its owner may read; ``private`` is what messages call it.

    Raises:
        CheckError: it cannot be read, is not text, is not a JSON object, or others can read it too.
    """
    text = _private(path, private)
    try:
        found: Any = json.loads(text)
    except json.JSONDecodeError as error:
        # The error would quote the text around the fault, which may be a secret.
        raise CheckError(f"{path}, line {error.lineno} is not JSON.") from None
    except (ValueError, RecursionError):
        raise CheckError(f"{path} is not JSON.") from None
    if not isinstance(found, dict):
        raise CheckError(f"{path} is no JSON object, such as {{}}.")
    return Document(str(path), found, private=True)


def read_text(path: Path) -> str:
    """Read a text that everybody may read.

    Raises:
        CheckError: it cannot be read, is too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise CheckError(f"{path} cannot be read: {why or error}.") from error
    if len(raw) > MOST_BYTES:
        raise CheckError(f"{path} is larger than {MOST_BYTES:,} bytes.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CheckError(f"{path}, line {line} is not text in UTF-8.") from None


def is_text(text: str) -> bool:
    """Return whether a text can be written to a file; undecodable bytes of a command line cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _private(path: Path, what: str) -> str:
    try:
        return read_private(path, what)
    except SecretError as error:
        raise CheckError(str(error)) from None
