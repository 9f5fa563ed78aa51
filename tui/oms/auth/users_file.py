"""The file of users of ``serve``, read once and checked to the last line.

A file that others can read, or that says anything it should not, is refused: a server that guesses whom to
let in is worse than one that does not start. Passwords and tokens are turned into digests as soon as the file
is checked, and never shown. Loading this loads pydantic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from tui.input_files.mistakes import Mistake
from tui.input_files.read_file import read_toml
from tui.input_files.strict_model import HeldSecret, HeldToken, Words, Written, check
from tui.oms.auth.rights import Role
from tui.oms.auth.users import REFRESH_LIFETIME_S, TOKEN_LIFETIME_S, User, Users, digest
from tui.secret import Secret

LONGEST_S: Final = 365 * 24 * 3600
MAX_NAME: Final = 128


def _name(value: str) -> str:
    if not value.strip() or not value.isprintable() or len(value) > MAX_NAME:
        raise ValueError
    return value


Name = Annotated[str, AfterValidator(_name), Words(f"1 to {MAX_NAME} printable characters")]
Seconds = Annotated[int, Field(ge=1, le=LONGEST_S)]


class UserEntry(Written):
    """One ``[users.NAME]``."""

    password: HeldSecret | None = None
    token: HeldToken | None = None
    read_only: bool = False
    role: Role | None = None


class UsersFile(Written):
    """The whole file; lifetimes are in seconds."""

    token_lifetime: Seconds = TOKEN_LIFETIME_S
    refresh_lifetime: Seconds = REFRESH_LIFETIME_S
    users: dict[Name, UserEntry] = Field(default_factory=dict)
    clients: dict[str, HeldSecret] | None = None


def read_users(path: Path) -> Users:
    """Read the users of a TOML file that only its owner can read.

    Raises:
        CheckError: it cannot be read, others can read it too, or not all in it is right; says all faults.
    """
    document = read_toml(path, private="file of users")
    file = check(UsersFile, document, _more(document.found))
    return Users(
        {
            name: User(name, _kept(entry.password), _kept(entry.token), entry.read_only, entry.role or "")
            for name, entry in file.users.items()
        },
        clients=None if file.clients is None else _digests(file.clients),
        token_lifetime=file.token_lifetime,
        refresh_lifetime=file.refresh_lifetime,
    )


def _digests(secrets: Mapping[str, Secret]) -> dict[str, bytes]:
    return {name: digest(secret.reveal()) for name, secret in secrets.items()}


def _kept(secret: Secret | None) -> bytes | None:
    return None if secret is None else digest(secret.reveal())


def _more(found: Mapping[str, Any]) -> Iterator[Mistake]:
    """Yield what is wrong with users taken together, or with a user as a whole."""
    users = found.get("users", {})
    if users == {}:
        yield Mistake((), 'it names no user; write one as [users."NAME"] with a password or a token')
    owners: dict[str, str] = {}
    for name, entry in users.items() if isinstance(users, dict) else ():
        if not isinstance(entry, dict):
            continue
        if "password" not in entry and "token" not in entry:
            yield Mistake(
                ("users", name), "has neither a password nor a token; without one nobody could sign on"
            )
        if entry.get("read_only") is True and entry.get("role") not in (None, "reader"):
            yield Mistake(("users", name, "role"), "has rights that a user with read_only has not")
        token = entry.get("token")
        if isinstance(token, str) and owners.setdefault(token, name) != name:
            yield Mistake(
                ("users", name, "token"), f"is the token of {owners[token]} too; each user has their own"
            )
