"""Who may sign on to ``serve``: the file of users, read once and checked to the last line.

A file that others can read, or that says anything it should not, is refused with a sentence: a server
that guesses whom to let in is worse than one that does not start. Passwords and tokens are turned into
digests as they are read and never kept or shown.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from tui.secret import Secret, SecretError, read_private

TOKEN_LIFETIME_S: Final = 3600
REFRESH_LIFETIME_S: Final = 8 * 3600
LONGEST_S: Final = 365 * 24 * 3600
MAX_NAME: Final = 128

_TOP: Final = ("token_lifetime", "refresh_lifetime", "users", "clients")
_OF_USER: Final = ("password", "token", "read_only")


class UsersError(ValueError):
    """A file of users that cannot be used; the message says where and why."""


class User(Struct, frozen=True):
    """Somebody who may sign on: with a password, with a fixed token, or with either. Both are digests."""

    name: str
    password: bytes | None = None
    token: bytes | None = None
    read_only: bool = False


class Users(Struct, frozen=True):
    """Everybody who may sign on, and how long what they are granted lasts (seconds).

    ``clients`` are the digests of client secrets by client id; None takes any client.
    """

    by_name: Mapping[str, User]
    clients: Mapping[str, bytes] | None = None
    token_lifetime: int = TOKEN_LIFETIME_S
    refresh_lifetime: int = REFRESH_LIFETIME_S


def digest(secret: str) -> bytes:
    """Give what is kept of a secret: enough to know it again, and all of one length to compare."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def one_user(name: str, token: str) -> Users:
    """Give the users of a server without a file of them: one, whose token is also the password."""
    return Users({name: User(name, password=digest(token), token=digest(token))})


def read_users(path: Path) -> Users:
    """Read the users of a TOML file that only its owner can read.

    Raises:
        UsersError: it cannot be read, others can read it too, or something in it is not right.
    """
    try:
        return _users(tomllib.loads(read_private(path, "file of users")))
    except SecretError as error:
        raise UsersError(str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise UsersError(f"{path} is not TOML: {error}.") from error
    except UsersError as error:
        raise UsersError(f"{path}: {error}") from None


def token_fault(token: str) -> str | None:
    """Say what keeps ``token`` from being sent in a header, None when nothing does."""
    return None if Secret(token).fits_a_header else "must be printable ASCII without spaces"


def _users(found: dict[str, Any]) -> Users:
    _known(found, _TOP, "")
    users = _table(found, "users")
    if not users:
        raise UsersError('it names no user; write one as [users."NAME"] with a password or a token.')
    by_name = {name: _user(name, _table(users, name, "users.")) for name in users}
    owners: dict[bytes, str] = {}
    for user in by_name.values():
        if user.token is not None and owners.setdefault(user.token, user.name) != user.name:
            raise UsersError(f"{owners[user.token]} and {user.name} have the same token.")
    clients = _table(found, "clients") if "clients" in found else None
    return Users(
        by_name,
        clients=clients and {name: digest(_text(clients, name, "clients.")) for name in clients},
        token_lifetime=_seconds(found, "token_lifetime", TOKEN_LIFETIME_S),
        refresh_lifetime=_seconds(found, "refresh_lifetime", REFRESH_LIFETIME_S),
    )


def _user(name: str, found: dict[str, Any]) -> User:
    where = f"users.{name}."
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        raise UsersError(f"a user's name must be 1 to {MAX_NAME} printable characters; {name[:40]!r} is not.")
    _known(found, _OF_USER, where)
    if "password" not in found and "token" not in found:
        raise UsersError(f"{name} has neither a password nor a token, so nobody could sign on as {name}.")
    read_only = found.get("read_only", False)
    if not isinstance(read_only, bool):
        raise UsersError(f"{where}read_only must be true or false.")
    password = _text(found, "password", where) if "password" in found else None
    token = _text(found, "token", where) if "token" in found else None
    if token is not None and (fault := token_fault(token)):
        raise UsersError(f"{where}token {fault}.")
    return User(
        name,
        password=None if password is None else digest(password),
        token=None if token is None else digest(token),
        read_only=read_only,
    )


def _known(found: dict[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in found:
        if name not in known:
            raise UsersError(f"{where}{name} is not known here; there are {', '.join(known)}.")


def _table(found: dict[str, Any], name: str, where: str = "") -> dict[str, Any]:
    value = found.get(name, {})
    if not isinstance(value, dict):
        raise UsersError(f"{where}{name} must be a table, such as [{where}{name}].")
    return value


def _text(found: dict[str, Any], name: str, where: str) -> str:
    value = found[name]
    if not isinstance(value, str) or not value:
        raise UsersError(f"{where}{name} must be a text that is not empty.")
    return value


def _seconds(found: dict[str, Any], name: str, default: int) -> int:
    value = found.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= LONGEST_S:
        raise UsersError(f"{name} must be a whole number of seconds from 1 to {LONGEST_S}.")
    return value
