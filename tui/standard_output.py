"""Writes what a command says to standard output, and tells in a sentence when nobody can read it."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from tui.input_files.mistakes import CheckError


class OutputError(CheckError):
    """Standard output is closed or full; the message is a sentence."""


class OutputClosed(OutputError):
    """Nobody reads standard output any more, as when ``head`` has seen enough."""


def write_out(text: str) -> None:
    """Write ``text`` and a line end to standard output at once.

    Raises:
        OutputError: it is closed, or there is no room behind it. What was not written is dropped, so that
            Python does not try again when it ends.
    """
    if sys.stdout is None:
        raise OutputError("Nothing can be said: standard output is closed.")
    _write_any_letter()
    try:
        print(text, flush=True)
    except OSError as error:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        kind = OutputClosed if isinstance(error, BrokenPipeError) else OutputError
        raise kind(f"Nothing can be said on standard output: {error.strerror}.") from error


def _write_any_letter() -> None:
    """Write UTF-8 to files and programs, whatever the locale; to a terminal, ? for a letter it lacks."""
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.encoding.lower().replace("-", "") != "utf8":
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="replace")
        else:
            sys.stdout.reconfigure(encoding="utf-8")
