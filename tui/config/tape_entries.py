"""``[tape]`` of ``config.toml``, as it is checked. Loading this loads pydantic."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from tui.config.tape_settings import NEWS, Loudness, Notification, TapeSettings
from tui.input_files.mistakes import one_of
from tui.input_files.strict_model import Filled, Words, Written

DEFAULTS: Final = TapeSettings()


def _kind(name: str) -> str:
    if not any(each.id == name for each in NEWS):
        raise ValueError
    return name


Kind = Annotated[str, AfterValidator(_kind), Words(one_of(each.id for each in NEWS))]
Loud = dict[Kind, Loudness]


class TapeEntries(Written):
    """``[tape]``; the tables stand last, as TOML wants them."""

    bell: bool = Field(DEFAULTS.bell, description="Ring the bell for news that is on.")
    notification: Notification = Field(
        DEFAULTS.notification,
        description="Ask the terminal for a notification of the desktop: off, osc9 or osc777.",
    )
    news: Loud = Field(
        default_factory=dict,
        description="How loud each kind is: on (shown, and rung for while the terminal is not looked at), "
        "silent (shown) or off.",
        examples=[{each.id: each.usual for each in NEWS}],
    )
    portfolios: dict[Filled, Loud] = Field(
        default_factory=dict,
        description="The same for the news of one portfolio, by its code or as scope/code.",
        examples=[{"LDI-GILT": {"fills": "off"}}],
    )


def said_of_the_tape(entries: TapeEntries | None) -> TapeSettings:
    """Return what is said of the tape, else what is usual."""
    if entries is None:
        return DEFAULTS
    return TapeSettings(entries.bell, entries.notification, entries.news, entries.portfolios)
