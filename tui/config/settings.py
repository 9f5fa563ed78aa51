"""What a desk can set: its servers, theme, keys and limits, in one TOML file.

Precedence, each over the next: command line, environment, file, default. How a server is signed on to
is gathered in :mod:`tui.config.profiles`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from msgspec import Struct, field

Kind = Literal["TEST", "PROD"]


class SettingsError(ValueError):
    """A settings file that cannot be used; the message names the file and the entry at fault."""


class Profile(Struct, frozen=True):
    """A LUSID environment: how it is marked on screen, and what the configuration says of reaching it."""

    name: str
    kind: Kind | None = None
    """None when nobody said: TEST on this machine, PROD anywhere else."""
    secrets_file: Path | None = None
    entries: Mapping[str, str] = field(default_factory=dict)
    """The rest by its names: see :data:`ENTRIES`."""


class Settings(Struct, frozen=True):
    """Everything a desk can set, with what holds when it says nothing."""

    theme: str = "blotter"
    """Name of the colour theme."""
    ascii: bool = False
    """Draw with ASCII characters only."""
    plain_output: bool = False
    """Send the terminal all that is drawn, not only what differs."""
    refresh_seconds: int = 2
    """How often the desk asks the server what changed, in seconds."""
    home: str = "demo"
    """The scope of the ids this desk makes."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys by action name, over the declared ones."""
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    """LUSID environments by name."""
    log_level: str = "info"
    """How much the log says: one of :data:`LOG_LEVELS`."""


ENTRIES: Final = ("url", "token_file", "ca_file", "proxy", "generation")
"""What a profile may say beside its kind and its secrets file."""
GENERATIONS: Final = ("latest", "2.1", "1.0")
LOG_LEVELS: Final = ("debug", "info", "warning")
_KINDS: Final = ("TEST", "PROD")
_KNOWN: Final = frozenset(Settings.__struct_fields__)


def load(path: Path) -> Settings:
    """Read the settings file; one that does not exist gives the defaults.

    Raises:
        SettingsError: it cannot be read, is not TOML, or has an entry nobody knows or of the wrong kind.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
    import tomllib

    try:
        entries = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from error
    unknown = entries.keys() - _KNOWN
    if unknown:
        raise SettingsError(
            f"{path}: '{min(unknown)}' is not a setting; there are {', '.join(sorted(_KNOWN))}."
        )
    defaults = Settings()
    for name in entries.keys() - {"profiles", "keys"}:
        if type(entries[name]) is not type(getattr(defaults, name)):
            raise SettingsError(f"{path}: '{name}' is {entries[name]!r}, which is the wrong kind of value.")
    if entries.get("refresh_seconds", 1) < 1:
        raise SettingsError(f"{path}: 'refresh_seconds' is at least 1.")
    if entries.get("log_level", "info") not in LOG_LEVELS:
        raise SettingsError(f"{path}: 'log_level' is one of {', '.join(LOG_LEVELS)}.")
    keys = _table(path, entries, "keys")
    if any(not isinstance(key, str) for key in keys.values()):
        raise SettingsError(f'{path}: keys are texts, such as move = "m".')
    profiles = {
        name: _profile(path, name, entry) for name, entry in _table(path, entries, "profiles").items()
    }
    return Settings(**{**entries, "keys": keys, "profiles": profiles})


def _table(path: Path, entries: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = entries.get(name, {})
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: '{name}' is a table: write [{name}].")
    return table


def _profile(path: Path, name: str, entry: Any) -> Profile:
    where = f"{path}: profile '{name}'"
    if not isinstance(entry, dict):
        raise SettingsError(f"{where} is a table: write [profiles.{name}].")
    unknown = entry.keys() - {*ENTRIES, "kind", "secrets_file"}
    if unknown:
        raise SettingsError(f"{where} has no entry '{min(unknown)}'.")
    wrong = [key for key, value in entry.items() if not isinstance(value, str)]
    if wrong:
        raise SettingsError(f"{where}: '{min(wrong)}' is a text.")
    if name != "env" and not entry.get("url"):
        raise SettingsError(f"{where} needs a url.")
    kind = entry.get("kind")
    if kind is not None and kind not in _KINDS:
        raise SettingsError(f"{where} is of kind TEST or PROD, not {kind!r}.")
    if entry.get("generation", "latest") not in GENERATIONS:
        raise SettingsError(f"{where}: 'generation' is one of {', '.join(GENERATIONS)}.")
    secrets = entry.get("secrets_file")
    return Profile(
        name,
        kind,
        Path(secrets).expanduser() if secrets else None,
        {key: entry[key] for key in ENTRIES if key in entry},
    )
