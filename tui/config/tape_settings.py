"""What a desk sets for its tape: which kinds of news it shows, and which of them may ring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from msgspec import Struct, field

Loudness = Literal["off", "silent", "on"]
"""News is not told at all; shown; or shown, and rung for while nobody looks at the terminal."""
LOUDNESS: Final[tuple[Loudness, ...]] = ("off", "silent", "on")
"""From the least to the most."""
Notification = Literal["off", "osc9", "osc777"]
"""How a terminal is asked for a notification of the desktop: not at all, or by one of two sequences."""


class NewsSetting(Struct, frozen=True):
    """The setting of one kind of news: its name, what one of them is called, and how loud it is usually."""

    id: str
    noun: str
    usual: Loudness
    help: str

    @property
    def several(self) -> str:
        """What several of them are called."""
        return f"{self.noun}{'es' if self.noun.endswith('h') else 's'}"


NEWS: Final = (
    NewsSetting("fills", "fill", "on", "Fills; those of one placement are one line."),
    NewsSetting("busts", "bust", "on", "Fills that are voided or corrected."),
    NewsSetting("rejects", "reject", "on", "Placements and orders that are rejected."),
    NewsSetting("breaches", "breach", "on", "Orders that fail compliance or whose approval is rejected."),
    NewsSetting("cancels", "cancel", "silent", "Cancelled and expired orders and placements, by others too."),
    NewsSetting("outcomes", "outcome", "silent", "What came of your own decisions."),
)
"""Every kind of news that can be set."""
USUAL: Final[Mapping[str, Loudness]] = {each.id: each.usual for each in NEWS}


class TapeSettings(Struct, frozen=True):
    """What is said of the tape: ``news`` by kind, ``portfolios`` the same for the news of one portfolio.

    A portfolio is named by its code, or by scope and code.
    """

    bell: bool = True
    notification: Notification = "off"
    news: Mapping[str, Loudness] = field(default_factory=dict)
    portfolios: Mapping[str, Mapping[str, Loudness]] = field(default_factory=dict)

    def loudness(self, kind: str, portfolios: Iterable[tuple[str, str]] = ()) -> Loudness:
        """Return how loud news of a kind is; of several portfolios, by scope and code, the loudest holds.

        >>> quiet = TapeSettings(news={"fills": "silent"}, portfolios={"LDI-GILT": {"fills": "off"}})
        >>> quiet.loudness("fills"), quiet.loudness("fills", [("demo", "LDI-GILT")])
        ('silent', 'off')
        >>> quiet.loudness("fills", [("demo", "LDI-GILT"), ("demo", "BAL-60")]), quiet.loudness("rejects")
        ('silent', 'on')
        """
        general = self.news.get(kind, USUAL.get(kind, "silent"))
        said = [
            self.portfolios.get(f"{scope}/{code}", self.portfolios.get(code, {})).get(kind, general)
            for scope, code in portfolios
        ]
        return max(said, key=LOUDNESS.index, default=general)
