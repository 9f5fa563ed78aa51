"""``secrets.json`` as LUSID's SDKs read it: which entries it may have, checked and held.

Loading this loads pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import GenericAlias
from typing import Annotated, Any, Final

from msgspec import Struct
from pydantic import BaseModel, PlainValidator, create_model

from tui.input_files.mistakes import CheckError, shown
from tui.input_files.read_file import read_json
from tui.input_files.strict_model import Words, Written, check
from tui.secret import Secret

OTHER_SERVICES: Final = (
    "accessUrl",
    "configurationUrl",
    "driveUrl",
    "horizonUrl",
    "identityUrl",
    "insightsUrl",
    "lumiUrl",
    "notificationsUrl",
    "schedulerUrl",
    "workflowUrl",
)
"""Entries of ``api`` that the SDKs of the platform's other services look for in the same file."""


PROFILES: Final = "profiles"
"""Where the newest SDK's file holds what older files hold in ``api``, by profile, and the proxy of all."""
DEFAULT_PROFILE: Final = "default"
PROXY: Final = "proxy"
_OTHER_NAMES: Final = {"lusidUrl": "baseUrl", "apiUrl": "baseUrl"}
"""What entries of ``api`` are called in a profile, where it is something else."""


class SecretsSaid(Struct, frozen=True):
    """What a secrets file says by key, such as ``api.username``, and what each is called in the file."""

    values: Mapping[str, str | Secret]
    names: Mapping[str, str]


def read_secrets(path: Path, keys: Mapping[str, bool], wanted: Sequence[str] = ()) -> SecretsSaid:
    """Read a secrets file, of the older shape (``api``), of the newest (``profiles``) or of both.

    Args:
        path: the file.
        keys: the keys we use, and whether each is a secret; values of other keys are only checked.
        wanted: the profiles of the file to look for; the first that is there says more than ``api``.
            Without any it is the default one.

    Raises:
        CheckError: it cannot be read, others can read it too, or not all in it is right; says all faults.
    """
    file = check(_model(keys), read_json(path, "secrets file"))
    values: dict[str, str | Secret] = {}
    names: dict[str, str] = {}
    profiles = getattr(file, PROFILES) or {}
    name = next((each for each in wanted or (DEFAULT_PROFILE,) if each in profiles), "")
    there = sorted(profiles.keys() - {PROXY})
    if wanted and there and not name:
        raise CheckError(f"{path} has no profile {shown(wanted[0])}; there are: {', '.join(there)}.")
    for key in keys:
        section, _, entry = key.partition(".")
        own, other = PROXY if section == PROXY else name, _OTHER_NAMES.get(entry, entry)
        for called, holder, member in (
            (f"{PROFILES}.{own}.{other}", profiles.get(own), other),
            (key, getattr(file, section), entry),
        ):
            value = getattr(holder, member, None)
            if value is not None:
                values[key], names[key] = value, called
                break
    return SecretsSaid(values, names)


def _model(keys: Mapping[str, bool]) -> type[BaseModel]:
    """Return the model of the file, made from the keys we use and those of the other services."""
    sections: dict[str, dict[str, Any]] = {}
    in_profiles: dict[str, Any] = {}
    for key, secret in {**keys, **{f"api.{name}": False for name in OTHER_SERVICES}}.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = (_Secret if secret else _Plain, None)
        if key in keys:
            in_profiles[_OTHER_NAMES.get(name, name)] = sections[section][name]
    models: dict[str, Any] = {
        name: (Annotated[create_model(name, __base__=Written, **fields) | None, Words("an object")], None)
        for name, fields in sections.items()
    }
    profile: Any = create_model("profile", __base__=Written, **in_profiles)
    models[PROFILES] = (Annotated[GenericAlias(dict, (str, profile)) | None, Words("an object")], None)
    return create_model("SecretsFile", __base__=Written, **models)


def _plain(value: object) -> str | None:
    """Return a text or a whole number as a text; return None for null and an empty text."""
    if value is None or value == "":
        return None
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError
    return str(value)


def _secret(value: object) -> Secret | None:
    text = _plain(value)
    return None if text is None else Secret(text)


_ALLOWED: Final = Words("a text in quotes or a whole number")
_Plain = Annotated[Any, PlainValidator(_plain), _ALLOWED]
_Secret = Annotated[Any, PlainValidator(_secret), _ALLOWED]
