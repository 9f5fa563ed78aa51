"""What a log says of an unexpected exception: its type and where it was raised, in one line.

Its message is left out: it may quote what a client sent.
"""

from __future__ import annotations

import traceback
from typing import Final

MOST_FRAMES: Final = 4
"""The innermost calls that are named: enough to find the place, on one line."""


def place_of(error: BaseException) -> str:
    """Return the type of ``error`` and the innermost calls it went through, from where it was raised on."""
    frames = reversed(traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:])
    calls = [f"{_module(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]
    return (
        " < ".join([f"{type(error).__name__} at {calls[0]}", *calls[1:]]) if calls else type(error).__name__
    )


def _module(file: str) -> str:
    """Return the last two parts of a file's path."""
    return "/".join(file.replace("\\", "/").rsplit("/", 2)[-2:])
