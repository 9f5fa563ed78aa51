"""The file of users: what it may say, and that every mistake is told in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.oms.auth.users_file import UsersError, digest, read_users

GOOD = """
token_lifetime = 90

[users."dlr.okafor"]
password = "pw"
token = "own-token"

[users.auditor]
token = "look"
read_only = true

[clients]
blotter = "secret"
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "users.toml"
    path.touch(mode=0o600)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_users_and_clients_are_read(tmp_path: Path) -> None:
    users = read_users(written(tmp_path, GOOD))
    assert users.by_name.keys() == {"dlr.okafor", "auditor"}
    okafor, auditor = users.by_name["dlr.okafor"], users.by_name["auditor"]
    assert (okafor.password, okafor.token, okafor.read_only) == (digest("pw"), digest("own-token"), False)
    assert (auditor.password, auditor.token, auditor.read_only) == (None, digest("look"), True)
    assert (users.token_lifetime, users.refresh_lifetime) == (90, 28_800)
    assert users.clients == {"blotter": digest("secret")}
    for secret in ("pw", "own-token", "look", "secret"):
        assert f"'{secret}'" not in repr(users)


def test_what_is_not_said_is_usual(tmp_path: Path) -> None:
    users = read_users(written(tmp_path, '[users.a]\ntoken = "t"'))
    assert (users.token_lifetime, users.clients) == (3600, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", 'it names no user; write one as [users."NAME"] with a password or a token.'),
        ("users = 7", "users must be a table, such as [users]."),
        ("[users]\na = 1", "users.a must be a table, such as [users.a]."),
        ("[users.a]", "a has neither a password nor a token, so nobody could sign on as a."),
        (
            '[users.a]\npasword = "x"',
            "users.a.pasword is not known here; there are password, token, read_only.",
        ),
        ('[users.a]\npassword = ""', "users.a.password must be a text that is not empty."),
        ("[users.a]\npassword = 7", "users.a.password must be a text that is not empty."),
        ('[users.a]\ntoken = "two words"', "users.a.token must be printable ASCII without spaces."),
        ('[users.a]\ntoken = "Zürich"', "users.a.token must be printable ASCII without spaces."),
        ('[users.a]\ntoken = "t"\nread_only = "no"', "users.a.read_only must be true or false."),
        ('[users.a]\ntoken = "t"\n[users.b]\ntoken = "t"', "a and b have the same token."),
        ('[users.""]\ntoken = "t"', "a user's name must be 1 to 128 printable characters; '' is not."),
        (
            '[users."a\\nb"]\ntoken = "t"',
            "a user's name must be 1 to 128 printable characters; 'a\\nb' is not.",
        ),
        ("token_lifetime = 0", "it names no user"),
        (
            'token_lifetime = 0\n[users.a]\ntoken="t"',
            "token_lifetime must be a whole number of seconds from 1",
        ),
        ('token_lifetime = 1.5\n[users.a]\ntoken="t"', "token_lifetime must be a whole number of seconds"),
        ('refresh_lifetime = true\n[users.a]\ntoken="t"', "refresh_lifetime must be a whole number"),
        ('lifetime = 5\n[users.a]\ntoken="t"', "lifetime is not known here; there are token_lifetime"),
        ('[users.a]\ntoken="t"\n[clients]\nx = 1', "clients.x must be a text that is not empty."),
        ("[users", "is not TOML: "),
        (b"\xff", "is not text."),
    ],
)
def test_every_mistake_is_told(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsersError) as refused:
        read_users(path)
    assert str(path) in str(refused.value)
    assert sentence in str(refused.value)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    path.chmod(0o640)
    with pytest.raises(UsersError, match=r"Others can read .*\. Make it yours alone: chmod 600"):
        read_users(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsersError, match="cannot be read: No such file"):
        read_users(tmp_path / "none.toml")
    with pytest.raises(UsersError, match="cannot be read: Is a directory"):
        read_users(tmp_path)
