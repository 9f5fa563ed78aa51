"""``secrets.json`` as LUSID's SDKs read it: which entries it may have, checked and held.

Loading this loads pydantic.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, PlainValidator, create_model

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


def read_secrets(path: Path, keys: Mapping[str, bool]) -> dict[str, str | Secret]:
    """Read a secrets file and return what it says by key, such as ``api.username``.

    Args:
        path: the file.
        keys: the keys we use, and whether each is a secret; values of other keys are only checked.

    Raises:
        CheckError: it cannot be read, others can read it too, or not all in it is right; says all faults.
    """
    file = check(_model(keys), read_json(path, "secrets file"))
    said = {}
    for key in keys:
        section, _, name = key.partition(".")
        value = getattr(getattr(file, section), name, None) if getattr(file, section) else None
        if value is not None:
            said[key] = value
    return said


def _model(keys: Mapping[str, bool]) -> type[BaseModel]:
    """Return the model of the file, made from the keys we use and those of the other services."""
    sections: dict[str, dict[str, Any]] = {}
    for key, secret in {**keys, **{f"api.{name}": False for name in OTHER_SERVICES}}.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = (_Secret if secret else _Plain, None)
    models: dict[str, Any] = {
        name: (Annotated[create_model(name, __base__=Written, **fields) | None, Words("an object")], None)
        for name, fields in sections.items()
    }
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
