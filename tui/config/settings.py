"""What a desk can set: its servers, theme, keys and limits, in one TOML file.

Precedence, each over the next: command line, environment, file, default.
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
    """A LUSID environment: where it is, how it is marked on screen, where its token comes from."""

    name: str
    url: str
    kind: Kind = "PROD"
    token_file: Path | None = None


class Settings(Struct, frozen=True):
    """Everything a desk can set, with what holds when it says nothing."""

    theme: str = "blotter"
    """Name of the colour theme."""
    ascii: bool = False
    """Draw with ASCII characters only."""
    refresh_seconds: int = 2
    """How often the desk asks the server what changed, in seconds."""
    home: str = "demo"
    """The scope of the ids this desk makes."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys by action name, over the declared ones."""
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    """LUSID environments by name."""


_KNOWN: Final = frozenset({"theme", "ascii", "refresh_seconds", "home", "keys", "profiles"})


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
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise SettingsError(f"{path}: profile '{name}' needs a url.")
    unknown = entry.keys() - {"url", "kind", "token_file"}
    if unknown:
        raise SettingsError(f"{path}: profile '{name}' has no entry '{min(unknown)}'.")
    kind = entry.get("kind", "PROD")
    if kind not in ("TEST", "PROD"):
        raise SettingsError(f"{path}: profile '{name}' is of kind TEST or PROD, not {kind!r}.")
    token = entry.get("token_file")
    return Profile(name, entry["url"], kind, Path(token).expanduser() if token else None)
