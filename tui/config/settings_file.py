"""``config.toml``: what may stand in it, and how it is read and checked.

Loading this loads pydantic. The defaults are those of :class:`tui.config.settings.Settings`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_origin

from pydantic import Field

from tui.config.settings import ENV, Kind, LogLevel, Profile, Settings, Vocabulary
from tui.input_files.mistakes import Document, Mistake
from tui.input_files.read_file import read_toml
from tui.input_files.strict_model import Code, Filled, Written, check, kind_at

DEFAULTS: Final = Settings()
MAX_REFRESH_S: Final = 3600
"""The longest time between two refreshes, in seconds: rows an hour old are no desk any more."""
EXAMPLE_URL: Final = "https://example.lusid.com/api"


def _without_null(schema: dict[str, Any]) -> None:
    """Take the null out of a schema: TOML has none."""
    schema.update(schema.pop("anyOf")[0])
    del schema["default"]


class ProfileEntry(Written):
    """One ``[profiles.NAME]``."""

    url: str = Field("", description="Address of the API.", examples=[EXAMPLE_URL])
    kind: Kind | None = Field(
        None,
        description="What is at stake, TEST or PROD: how the status bar looks and how careful "
        "confirmations are. TEST on this machine and PROD anywhere else if not said.",
        examples=["TEST"],
        json_schema_extra=_without_null,
    )
    token_file: str = Field(
        "",
        description="File that holds the access token, yours alone: chmod 600.",
        examples=["~/.config/blotter/uat.token"],
    )
    secrets_file: str = Field(
        "",
        description="File that holds user, password and client as the SDK's secrets.json does, yours alone.",
        examples=["~/.config/blotter/uat.json"],
    )
    proxy: str = Field(
        "", description="Proxy that other machines are reached through.", examples=["http://proxy:8080"]
    )
    ca_file: str = Field(
        "", description="Authorities to trust beside the public ones, as PEM.", examples=["~/ca.pem"]
    )
    generation: Literal["latest", "2.1", "1.0"] = Field(
        "latest", description="Shapes of the API that the server speaks: latest, 2.1 or 1.0."
    )


class SettingsFile(Written):
    """The whole file."""

    theme: str = Field(DEFAULTS.theme, description="Name of the colour theme.")
    ascii: bool = Field(DEFAULTS.ascii, description="Draw with ASCII characters only.")
    plain_output: bool = Field(
        DEFAULTS.plain_output, description="Send the terminal all that is drawn, not only what differs."
    )
    refresh_seconds: int = Field(
        DEFAULTS.refresh_seconds,
        ge=1,
        le=MAX_REFRESH_S,
        description="How often the desk asks the server what changed, in seconds.",
    )
    home: Code = Field(DEFAULTS.home, description="Scope of the ids that this desk makes.")
    log_level: LogLevel = Field(
        DEFAULTS.log_level,
        description="How much the log says: debug, info or warning. No secret is logged at any of them.",
    )
    keys: dict[str, Filled] = Field(
        default_factory=dict,
        description="Keys of actions by the name of the action, over the usual ones.",
        examples=[{"history": "H"}],
    )
    profiles: dict[str, ProfileEntry] = Field(
        default_factory=dict,
        description="LUSID environments by name; blotter --profile NAME reaches one.",
        examples=[{"uat": {}}],
    )


def read_settings(path: Path, vocabulary: Vocabulary | None = None) -> Settings:
    """Read and check the settings file.

    Raises:
        CheckError: it cannot be read, is not TOML, or something in it is not right; says all of it.
    """
    return check_settings(read_toml(path), vocabulary)


def check_settings(document: Document, vocabulary: Vocabulary | None = None) -> Settings:
    """Return the settings of a document; without a ``vocabulary`` any theme and action may be named.

    Raises:
        CheckError: something in it is not right; says all of it.
    """
    more = [*_without_address(document.found), *(vocabulary.mistakes(document.found) if vocabulary else ())]
    file = check(SettingsFile, document, more)
    return Settings(
        theme=file.theme,
        ascii=file.ascii,
        plain_output=file.plain_output,
        refresh_seconds=file.refresh_seconds,
        home=file.home,
        log_level=file.log_level,
        keys=file.keys,
        profiles={name: _profile(name, entry) for name, entry in file.profiles.items()},
    )


def _without_address(found: Mapping[str, Any]) -> Iterator[Mistake]:
    profiles = found.get("profiles")
    for name, entry in profiles.items() if isinstance(profiles, dict) else ():
        if name != ENV and isinstance(entry, dict) and entry.get("url", "") == "":
            words = f"is missing; it must be an address such as {EXAMPLE_URL}"
            yield Mistake(("profiles", name, "url"), words)


def _profile(name: str, entry: ProfileEntry) -> Profile:
    said = {each: getattr(entry, each) for each in sorted(entry.model_fields_set - {"kind", "secrets_file"})}
    secrets_file = Path(entry.secrets_file).expanduser() if entry.secrets_file else None
    return Profile(name, entry.kind, secrets_file, said)


def value_of(place: Sequence[str], words: str) -> str | int | bool:
    """Return what ``words`` mean as the value of a setting: a text where texts stand, else what TOML says."""
    kind = kind_at(SettingsFile, tuple(place))[0]
    if kind is not str and get_origin(kind) is not Literal:
        try:
            value = tomllib.loads(f"value = {words}")["value"]
        except (ValueError, KeyError, RecursionError):
            return words
        if isinstance(value, bool | int):
            return value
    return words
