"""``[exceptions]`` of ``config.toml``, as it is checked. Loading this loads pydantic."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, PlainValidator, WithJsonSchema

from tui.config.exception_settings import DEFAULT_MINUTES, OFF
from tui.input_files.mistakes import one_of
from tui.input_files.strict_model import Words

LONGEST: Final = 7 * 24 * 60
"""The most minutes that may pass before something is an exception: a week."""


def _name(value: str) -> str:
    if value not in DEFAULT_MINUTES:
        raise ValueError
    return value


def _minutes(value: object) -> int | None:
    if value == OFF:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LONGEST:
        return value
    raise ValueError


ExceptionName = Annotated[str, AfterValidator(_name), Words(one_of(DEFAULT_MINUTES))]
Minutes = Annotated[
    int | None,
    PlainValidator(_minutes),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0, "maximum": LONGEST}, {"const": OFF}]}),
    Words(f'minutes from 0 to {LONGEST:,}, or "{OFF}"'),
]
