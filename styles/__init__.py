"""The looks of the blotter: one style sheet per screen or widget family, and the themes."""

from __future__ import annotations

from pathlib import Path


def sheet(name: str) -> Path:
    """Return the style sheet of this name.

    Textual reads it as a file, so it is reached as one: importlib.resources would find the same place,
    and load zip archives for it at every start.
    """
    return Path(__file__).with_name(f"{name}.tcss")
