"""The access tokens that ``blotter login`` keeps, one for each profile.

They are kept in the keyring of the system where the extra ``keyring`` is installed and has one, else in a
file that only its owner can read. A token is kept with the address it was given for, and sent to no other.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote

import msgspec

from tui.atomic_file import write_atomically
from tui.config import paths
from tui.config.token_files import check_token
from tui.secret import Secret, SecretError, read_private

SERVICE: Final = "blotter"
"""The name the tokens have in a keyring; the profile is the user."""
KEYRING: Final = "the system's keyring"

log = logging.getLogger(__name__)


class KeptToken(msgspec.Struct, frozen=True):
    """A token, the address it is for, and where it is kept."""

    url: str
    token: Secret
    place: str


class _Written(msgspec.Struct, frozen=True):
    url: str
    token: str


class _Keyring(Protocol):
    """What is used of the package ``keyring``."""

    def get_password(self, service: str, user: str, /) -> str | None: ...

    def set_password(self, service: str, user: str, password: str, /) -> None: ...

    def delete_password(self, service: str, user: str, /) -> None: ...


def find_token(profile: str) -> KeptToken | None:
    """Return the token that is kept for a profile, None when none is.

    Raises:
        SecretError: its file cannot be used.
    """
    path = _file(profile)
    if path.exists():
        return _read(read_private(path, "token file"), str(path))
    for keyring, failures in _keyrings():
        try:
            text = keyring.get_password(SERVICE, profile)
        except failures as error:
            raise SecretError(f"{KEYRING.capitalize()} cannot be read: {type(error).__name__}.") from None
        if text is not None:
            return _read(text, KEYRING)
    return None


def read_kept(profile: str, url: str) -> Secret:
    """Return the token kept for a profile and its address.

    Raises:
        SecretError: none is kept, it is for another address, or it cannot be read.
    """
    kept = find_token(profile)
    if kept is None or kept.url != url:
        raise SecretError(f"No token is kept for profile {profile} at {url}.")
    return kept.token


def keep_token(profile: str, url: str, token: Secret) -> str:
    """Keep a token for a profile and return where.

    Raises:
        OSError: it cannot be written.
    """
    content = msgspec.json.encode(_Written(url, token.reveal()))
    path = _file(profile)
    for keyring, failures in _keyrings():
        try:
            keyring.set_password(SERVICE, profile, content.decode())
        except failures as error:
            log.warning("the keyring took no token: %s", type(error).__name__)
        else:
            path.unlink(missing_ok=True)
            return KEYRING
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(path, content, durable=True)
    return str(path)


def forget_token(profile: str) -> tuple[str, ...]:
    """Forget the token of a profile, wherever it is kept; return the places it was in.

    Raises:
        OSError: its file cannot be removed.
        SecretError: the keyring cannot be used.
    """
    places = []
    path = _file(profile)
    if path.exists():
        path.unlink()
        places.append(str(path))
    for keyring, failures in _keyrings():
        try:
            if keyring.get_password(SERVICE, profile) is not None:
                keyring.delete_password(SERVICE, profile)
                places.append(KEYRING)
        except failures as error:
            raise SecretError(f"{KEYRING.capitalize()} cannot be used: {type(error).__name__}.") from None
    return tuple(places)


def _file(profile: str) -> Path:
    return paths.token_folder() / f"{quote(profile, safe='')}.json"


def _read(text: str, place: str) -> KeptToken:
    try:
        written = msgspec.json.decode(text, type=_Written)
    except msgspec.DecodeError:
        raise SecretError(f"What {place} holds is no token of the blotter.") from None
    token = Secret(written.token)
    check_token(token, f"The token in {place}")
    return KeptToken(written.url, token, place)


def _keyrings() -> Iterator[tuple[_Keyring, type[Exception]]]:
    """Yield the keyring of the system and the class of its errors; nothing without the extra or a keyring."""
    try:
        keyring: Any = import_module("keyring")
        failures: Any = import_module("keyring.errors")
    except ImportError:
        return
    if keyring.get_keyring().priority > 0:
        yield keyring, failures.KeyringError
