"""The file of users: its settings, and a sentence for every mistake."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from tui.input_files.mistakes import CheckError
from tui.oms.auth.users import digest
from tui.oms.auth.users_file import UserEntry, read_users

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


def test_omitted_settings_have_defaults(tmp_path: Path) -> None:
    users = read_users(written(tmp_path, '[users.a]\ntoken = "t"'))
    assert (users.token_lifetime, users.clients) == (3600, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", 'it names no user; write one as [users."NAME"] with a password or a token.'),
        ("users = 7", ", line 1: users: is not allowed; it must be a table."),
        ("[users]\na = 1", ", line 2: [users] a: is not allowed; it must be a table."),
        (
            "[users.a]",
            ", line 1: [users] a: has neither a password nor a token; without one nobody could sign on.",
        ),
        (
            '[users.a]\npasword = "x"\ntoken = "t"',
            ", line 2: [users.a] pasword: is not known here; perhaps password is meant.",
        ),
        (
            '[users.a]\nwhatever = "x"\ntoken = "t"',
            "[users.a] whatever: is not known here; there are password, token, read_only and role.",
        ),
        (
            '[users.a]\npassword = ""',
            ", line 2: [users.a] password: is not allowed; it must be a text in quotes that is not empty.",
        ),
        ("[users.a]\npassword = 7", "[users.a] password: is not allowed; it must be a text in quotes that"),
        (
            '[users.a]\ntoken = "two words"',
            "[users.a] token: is not allowed; it must be a text of printable ASCII without spaces.",
        ),
        (
            '[users.a]\ntoken = "Zürich"',
            "[users.a] token: is not allowed; it must be a text of printable ASCII without spaces.",
        ),
        (
            '[users.a]\ntoken = "t"\nread_only = "no"',
            ", line 3: [users.a] read_only: is not allowed; it must be true or false.",
        ),
        (
            '[users.a]\ntoken = "t"\n[users.b]\ntoken = "t"',
            ", line 4: [users.b] token: is the token of a too; each user has their own.",
        ),
        (
            '[users.a]\ntoken = "t"\nrole = "boss"',
            "[users.a] role: is not allowed; it must be dealer, pm, mo, compliance or reader.",
        ),
        (
            '[users.a]\ntoken = "t"\nread_only = true\nrole = "dealer"',
            ", line 4: [users.a] role: has rights that a user with read_only has not.",
        ),
        (
            '[users.""]\ntoken = "t"',
            '[users] "": is not allowed as a name; it must be 1 to 128 printable characters.',
        ),
        (
            '[users."a\\nb"]\ntoken = "t"',
            '[users] "a\\nb": is not allowed as a name; it must be 1 to 128 printable characters.',
        ),
        ("token_lifetime = 0", "it names no user"),
        (
            'token_lifetime = 0\n[users.a]\ntoken="t"',
            ", line 1: token_lifetime: is not allowed; it must be a whole number from 1 to 31536000.",
        ),
        ('token_lifetime = 1.5\n[users.a]\ntoken="t"', "token_lifetime: is not allowed; it must be a whole"),
        ('refresh_lifetime = true\n[users.a]\ntoken="t"', "refresh_lifetime: is not allowed; it must be a"),
        ('lifetime = 5\n[users.a]\ntoken="t"', "lifetime: is not known here; perhaps "),
        (
            '[users.a]\ntoken="t"\n[clients]\nx = 1',
            ", line 4: [clients] x: is not allowed; it must be a text in quotes that is not empty.",
        ),
        ("[users", ", line 1 is not TOML: "),
        (b"\xff", "is not text."),
    ],
)
def test_every_mistake_is_reported(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(CheckError) as refused:
        read_users(path)
    assert str(path) in str(refused.value)
    assert sentence in str(refused.value)


def test_all_mistakes_are_reported_at_once_in_file_order_and_without_secrets(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """token_lifetime = "hush-1"
[users.a]
token = "hush 2"
passwort = "hush-3"
[users.b]
read_only = "hush-4"
password = ["hush-5"]
""",
    )
    with pytest.raises(CheckError) as refused:
        read_users(path)
    assert str(refused.value).splitlines() == [
        f"{path}, line 1: token_lifetime: is not allowed; it must be a whole number from 1 to 31536000.",
        f"{path}, line 3: [users.a] token: is not allowed; it must be a text of printable ASCII without "
        "spaces.",
        f"{path}, line 4: [users.a] passwort: is not known here; perhaps password is meant.",
        f"{path}, line 6: [users.b] read_only: is not allowed; it must be true or false.",
        f"{path}, line 7: [users.b] password: is not allowed; it must be a text in quotes that is not empty.",
    ]
    assert "hush" not in "".join(traceback.format_exception(refused.value))


def test_no_secret_is_shown_by_the_users_read(tmp_path: Path) -> None:
    entry = UserEntry.model_validate({"password": "hush-1", "token": "hush-2"})
    assert "hush" not in f"{entry!r} {entry} {entry.model_dump()}"
    assert read_users(written(tmp_path, GOOD)).by_name["auditor"].password is None


def test_a_file_of_another_owner_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, GOOD)
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with pytest.raises(CheckError, match="belongs to somebody else"):
        read_users(path)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    path.chmod(0o640)
    with pytest.raises(CheckError, match=r"Others can read .*\. Make it yours alone: chmod 600"):
        read_users(path)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CheckError, match="cannot be read: No such file"):
        read_users(tmp_path / "none.toml")
    with pytest.raises(CheckError, match="cannot be read: Is a directory"):
        read_users(tmp_path)
