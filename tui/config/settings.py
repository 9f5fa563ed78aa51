"""The settings of a desk: servers, theme, keys and limits, with their defaults.

Precedence, each over the next: command line, environment, file, default. The file is read and checked in
:mod:`tui.config.settings_file`. The settings of signing on are resolved in :mod:`tui.config.profiles`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct, field

from tui.config.exception_settings import ExceptionMinutes, FirstScreen
from tui.config.limit_settings import LimitTable
from tui.config.proposal_settings import ProposalSettings
from tui.config.tape_settings import TapeSettings
from tui.input_files.mistakes import CheckError, Mistake, not_allowed, one_of, shown

ENV: Final = "env"
"""The profile that reads the variables of the LUSID SDK, and its secrets.json."""
Kind = Literal["TEST", "PROD"]
HEX_COLOUR: Final = "#[0-9A-Fa-f]{6}"
LogLevel = Literal["debug", "info", "warning"]


class SettingsError(CheckError):
    """Settings that do not go together, or miss something; the message says which and where they are from."""


class Profile(Struct, frozen=True):
    """A LUSID environment: how it is marked on screen, and what the configuration says of reaching it."""

    name: str
    kind: Kind | None = None
    """None when nobody said: TEST on this machine, PROD anywhere else."""
    secrets_file: Path | None = None
    entries: Mapping[str, str] = field(default_factory=dict)
    """The rest, by the names of :class:`tui.config.settings_file.ProfileEntry`."""
    limits: tuple[LimitTable, ...] = ()
    """What it says about limits, before what is said for all profiles."""
    desk: Mapping[str, Any] = field(default_factory=dict)
    """What it says of the desk, in names and shapes of :class:`tui.service.desk_profile.DeskProfile`."""
    read_only: bool = False


class JournalSettings(Struct, frozen=True):
    """What is said of journals: for how many days they are kept."""

    keep_days: int = 365


class Settings(Struct, frozen=True):
    """Everything a desk can set; :class:`tui.config.settings_file.SettingsFile` says what each means."""

    theme: str = "blotter"
    transparent: bool = False
    zone: str = ""
    ascii: bool = False
    plain_output: bool = False
    refresh_seconds: int = 2
    home: str = "demo"
    shared_views: str = ""
    restore: bool = True
    log_level: LogLevel = "info"
    keys: Mapping[str, str] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    limits: tuple[LimitTable, ...] = ()
    """What the file says about limits for every server."""
    tape: TapeSettings = TapeSettings()
    exceptions: ExceptionMinutes = field(default_factory=dict)
    """When rows are exceptions, over what is usual."""
    first_screen: FirstScreen = "desk"
    journal: JournalSettings = JournalSettings()
    proposal_minutes: int = ProposalSettings().expires
    longest_proposal_minutes: int = ProposalSettings().longest

    @property
    def proposals(self) -> ProposalSettings:
        """How long proposals of programs stand."""
        return ProposalSettings(self.proposal_minutes, self.longest_proposal_minutes)


class Vocabulary(Struct, frozen=True):
    """The names that may stand in a settings file and are declared in the rooms above."""

    themes: Sequence[str]
    actions: Sequence[str]
    colours: Sequence[str]
    """The names of colours a profile may have; any other is written as ``#RRGGBB``."""
    key_mistakes: Callable[[Mapping[str, str]], Mapping[str, str]]
    """Return the mistakes in keys given by action name, for each action that has one."""

    def mistakes(self, found: Mapping[str, Any]) -> Iterator[Mistake]:
        """Yield what is wrong with the names in a settings file."""
        theme, keys = found.get("theme"), found.get("keys")
        if isinstance(theme, str) and theme not in self.themes:
            yield Mistake(("theme",), not_allowed(shown(theme), one_of(self.themes)))
        if isinstance(keys, dict):
            texts = {name: key for name, key in keys.items() if isinstance(key, str)}
            for name, words in self.key_mistakes(texts).items():
                yield Mistake(("keys", name), words)
        profiles = found.get("profiles")
        for name, entry in profiles.items() if isinstance(profiles, dict) else ():
            colour = entry.get("colour") if isinstance(entry, dict) else None
            if (
                isinstance(colour, str)
                and colour not in self.colours
                and not re.fullmatch(HEX_COLOUR, colour)
            ):
                words = not_allowed(shown(colour), one_of((*self.colours, "a colour such as #2E7D32")))
                yield Mistake(("profiles", name, "colour"), words)
