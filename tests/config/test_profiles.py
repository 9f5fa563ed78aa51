"""Profiles: each setting's sources in their order, and the refusals before anything is sent."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tui.cli import main

SECRETS: Mapping[str, Any] = {
    "api": {
        "tokenUrl": "https://desk.okta.com/oauth2/abc/v1/token",
        "lusidUrl": "https://file.lusid.com/api",
        "username": "file-user",
        "password": "file-password",
        "clientId": "file-client",
        "clientSecret": "file-client-secret",
        "applicationName": "file-app",
        "totalTimeoutMs": 1800000,
        "connectTimeoutMs": 0,
        "rateLimitRetries": 2,
        "driveUrl": "https://file.lusid.com/drive",
    },
    "proxy": {"address": "http://proxy:8080", "username": "pu", "password": "file-proxy-password"},
}
ALL_SECRETS = ("file-password", "file-client-secret", "file-proxy-password", "the-token", "env-password")


class Shell:
    """A user at the command line, in a directory and with variables of their own."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._patch = patch
        self._capture = capture
        patch.chdir(home)
        for name in tuple(os.environ):
            if name.startswith(("FBN_", "BLOTTER_")):
                patch.delenv(name)
        patch.setenv("BLOTTER_CONFIG", str(home / "config.toml"))
        patch.setenv("XDG_DATA_HOME", str(home))

    def sets(self, **variables: str) -> None:
        for name, value in variables.items():
            self._patch.setenv(name, value)

    def writes(self, name: str, text: str | Mapping[str, Any], mode: int = 0o600) -> Path:
        path = self.home / name
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        path.chmod(mode)
        return path

    def shows(self, *arguments: str) -> dict[str, str]:
        """Return the output of ``--show`` by setting; check that it succeeded."""
        assert main([*arguments, "--show"]) == 0, self._capture.readouterr().err
        return self._table()

    def fails(self, *arguments: str) -> str:
        """Return the sentence that a start ends with."""
        [sentence] = self.faults(*arguments)
        return sentence

    def faults(self, *arguments: str) -> list[str]:
        """Return the sentences that a start ends with."""
        assert main([*arguments, "--show"]) == 2
        said = self._capture.readouterr()
        assert not [secret for secret in ALL_SECRETS if secret in said.out + said.err]
        return [line.removeprefix("blotter: ").strip() for line in said.err.splitlines()]

    def _table(self) -> dict[str, str]:
        said = self._capture.readouterr().out
        assert not [secret for secret in ALL_SECRETS if secret in said]
        return {line.split()[0]: " ".join(line.split()[1:]) for line in said.splitlines()}


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, monkeypatch, capsys)


# --- where things are taken from -------------------------------------------------------------------


def test_every_key_of_a_secrets_file_is_read(shell: Shell) -> None:
    shell.writes("secrets.json", SECRETS)
    shown = shell.shows("--profile", "env")
    assert shown["url"] == "https://file.lusid.com/api (secrets.json: api.lusidUrl)"
    assert shown["token_url"] == f"{SECRETS['api']['tokenUrl']} (secrets.json: api.tokenUrl)"
    assert shown["username"] == "file-user (secrets.json: api.username)"
    assert shown["password"] == "*** (secrets.json: api.password)"
    assert shown["client_id"] == "file-client (secrets.json: api.clientId)"
    assert shown["client_secret"] == "*** (secrets.json: api.clientSecret)"
    assert shown["app_name"] == "file-app (secrets.json: api.applicationName)"
    assert shown["proxy"] == "http://proxy:8080 (secrets.json: proxy.address)"
    assert shown["proxy_password"] == "*** (secrets.json: proxy.password)"
    assert shown["total_timeout_ms"] == "1800000 (secrets.json: api.totalTimeoutMs)"
    assert shown["rate_limit_retries"] == "2 (secrets.json: api.rateLimitRetries)"


def test_the_other_name_of_the_address_is_read_too(shell: Shell) -> None:
    shell.writes("secrets.json", {"api": {"apiUrl": "https://x.lusid.com/api", "accessToken": "the-token"}})
    assert shell.shows("--profile", "env")["url"] == "https://x.lusid.com/api (secrets.json: api.apiUrl)"


def test_every_variable_is_read(shell: Shell) -> None:
    shell.writes("ca.pem", "")
    variables = {
        "FBN_LUSID_URL": ("url", "https://env.lusid.com/api"),
        "FBN_TOKEN_URL": ("token_url", "https://env.okta.com/oauth2/abc"),
        "FBN_USERNAME": ("username", "env-user"),
        "FBN_PASSWORD": ("password", "env-password"),
        "FBN_CLIENT_ID": ("client_id", "env-client"),
        "FBN_CLIENT_SECRET": ("client_secret", "env-client-secret"),
        "FBN_APP_NAME": ("app_name", "env-app"),
        "FBN_CORRELATION_ID": ("correlation_id", "env-correlation"),
        "FBN_CLIENT_CERTIFICATE": ("ca_file", "ca.pem"),
        "FBN_PROXY_ADDRESS": ("proxy", "http://env-proxy:8080"),
        "FBN_PROXY_USERNAME": ("proxy_username", "pu"),
        "FBN_PROXY_PASSWORD": ("proxy_password", "env-proxy-password"),
        "FBN_TOTAL_TIMEOUT_MS": ("total_timeout_ms", "90000"),
        "FBN_CONNECT_TIMEOUT_MS": ("connect_timeout_ms", "0"),
        "FBN_READ_TIMEOUT_MS": ("read_timeout_ms", "30000"),
        "FBN_RATE_LIMIT_RETRIES": ("rate_limit_retries", "2"),
    }
    shell.sets(**{name: value for name, (_, value) in variables.items()})
    shown = shell.shows("--profile", "env")
    for variable, (setting, value) in variables.items():
        hidden = "PASSWORD" in variable or "SECRET" in variable
        assert shown[setting] == f"{'***' if hidden else value} ({variable})"


def test_the_older_name_of_the_address_is_the_second_choice(shell: Shell) -> None:
    shell.sets(FBN_LUSID_API_URL="https://old.lusid.com/api", FBN_ACCESS_TOKEN="the-token")
    assert shell.shows("--profile", "env")["url"] == "https://old.lusid.com/api (FBN_LUSID_API_URL)"
    shell.sets(FBN_LUSID_URL="https://new.lusid.com/api")
    assert shell.shows("--profile", "env")["url"] == "https://new.lusid.com/api (FBN_LUSID_URL)"


@pytest.mark.parametrize(
    ("said", "used"),
    [
        ("https://x.lusid.com", "https://x.lusid.com/api"),
        ("https://x.lusid.com/", "https://x.lusid.com/api"),
        ("https://x.lusid.com/api/", "https://x.lusid.com/api"),
        ("https://x.lusid.com/api//", "https://x.lusid.com/api"),
        ("https://x.lusid.com/api/swagger/index.html", "https://x.lusid.com/api"),
        (" https://x.lusid.com/app/home?tab=1#top ", "https://x.lusid.com/api"),
        ("http://127.0.0.1:8011", "http://127.0.0.1:8011/api"),
        ("https://gateway.example.com/lusid/", "https://gateway.example.com/lusid"),
        ("https://gateway.example.com/apis", "https://gateway.example.com/apis"),
    ],
)
def test_an_address_is_understood_as_people_have_it_at_hand(shell: Shell, said: str, used: str) -> None:
    shell.sets(FBN_BASE_URL=said, FBN_ACCESS_TOKEN="the-token")
    assert shell.shows("--profile", "env")["url"] == f"{used} (FBN_BASE_URL)"
    shell.writes("config.toml", f"[profiles.uat]\nurl = {json.dumps(said)}\n")
    shell.writes("token", "the-token")
    assert shell.shows("--profile", "uat", "--token-file", "token")["url"] == f"{used} (profile uat: url)"
    assert shell.shows("--url", said)["url"] == f"{used} (--url)"


def test_the_newest_name_of_the_address_is_the_first_choice(shell: Shell) -> None:
    shell.sets(FBN_BASE_URL="https://newest.lusid.com", FBN_LUSID_URL="https://new.lusid.com/api")
    shell.sets(FBN_ACCESS_TOKEN="the-token")
    assert shell.shows("--profile", "env")["url"] == "https://newest.lusid.com/api (FBN_BASE_URL)"


# --- the newest shape of secrets.json --------------------------------------------------------------

NEWEST: Mapping[str, Any] = {
    "profiles": {
        "default": {"baseUrl": "https://demo.lusid.com", "accessToken": "the-token", "rateLimitRetries": 2},
        "uat": {
            "baseUrl": "https://demo-uat.lusid.com/",
            "tokenUrl": "https://demo.okta.com/oauth2/abc/v1/token",
            "username": "svc",
            "password": "file-password",
            "clientId": "the-client",
            "clientSecret": "file-client-secret",
        },
        "proxy": {"address": "http://proxy:8080", "username": "pu", "password": "file-proxy-password"},
    }
}


def test_the_default_profile_of_the_newest_secrets_file_is_read(shell: Shell) -> None:
    shell.writes("secrets.json", NEWEST)
    shown = shell.shows("--profile", "env")
    assert shown["url"] == "https://demo.lusid.com/api (secrets.json: profiles.default.baseUrl)"
    assert shown["access_token"] == "*** (secrets.json: profiles.default.accessToken)"
    assert shown["proxy"] == "http://proxy:8080 (secrets.json: profiles.proxy.address)"
    assert shown["proxy_password"] == "*** (secrets.json: profiles.proxy.password)"
    assert "username" not in shown, "a profile is read alone"


def test_another_profile_of_it_is_chosen_by_the_sdks_variable(shell: Shell) -> None:
    shell.writes("secrets.json", NEWEST)
    shell.sets(FBN_PROFILE="uat")
    shown = shell.shows("--profile", "env")
    assert shown["url"] == "https://demo-uat.lusid.com/api (secrets.json: profiles.uat.baseUrl)"
    assert shown["username"] == "svc (secrets.json: profiles.uat.username)"
    assert shown["client_secret"] == "*** (secrets.json: profiles.uat.clientSecret)"
    assert shown["proxy"] == "http://proxy:8080 (secrets.json: profiles.proxy.address)"
    assert "access_token" not in shown
    shell.sets(FBN_PROFILE="prod")
    assert shell.fails("--profile", "env") == 'secrets.json has no profile "prod"; there are: default, uat.'


def test_a_profile_of_ours_takes_the_one_of_its_name_from_the_file_else_the_default(shell: Shell) -> None:
    shell.writes("keys.json", NEWEST)
    said = 'secrets_file = "keys.json"\nurl = "https://{}.lusid.com/api"\n'
    shell.writes(
        "config.toml", f"[profiles.uat]\n{said.format('demo-uat')}[profiles.x]\n{said.format('demo')}"
    )
    shell.sets(FBN_PROFILE="nobody", FBN_BASE_URL="https://nowhere.lusid.com")
    assert shell.shows("--profile", "uat")["username"] == "svc (keys.json: profiles.uat.username)"
    assert shell.shows("--profile", "x")["access_token"] == "*** (keys.json: profiles.default.accessToken)"


def test_a_file_of_both_shapes_says_more_in_the_newest(shell: Shell) -> None:
    shell.writes("secrets.json", {**SECRETS, "profiles": {"default": {"username": "newest-user"}}})
    shown = shell.shows("--profile", "env")
    assert shown["username"] == "newest-user (secrets.json: profiles.default.username)"
    assert shown["url"] == "https://file.lusid.com/api (secrets.json: api.lusidUrl)"


def test_the_secrets_of_a_newest_file_are_not_sent_to_another_server_than_its_own(shell: Shell) -> None:
    shell.writes("secrets.json", NEWEST)
    shell.sets(FBN_BASE_URL="https://demo.lusid.com/api")
    assert shell.shows("--profile", "env")["url"] == "https://demo.lusid.com/api (FBN_BASE_URL)"
    shell.sets(FBN_BASE_URL="https://other.lusid.com")
    said = shell.fails("--profile", "env")
    assert said.startswith("FBN_BASE_URL is not the address that secrets.json: profiles.default.baseUrl is")


def test_what_nobody_knows_in_a_profile_of_the_newest_file_is_told_and_no_value(shell: Shell) -> None:
    shell.writes("secrets.json", {"profiles": {"default": {"acessToken": "the-token", "baseURL": "x"}}})
    assert shell.faults("--profile", "env") == [
        "secrets.json: profiles.default.acessToken: is not known here; perhaps accessToken is meant.",
        "secrets.json: profiles.default.baseURL: is not known here; perhaps baseUrl is meant.",
    ]


def test_the_environment_goes_before_the_file_and_an_empty_variable_says_nothing(shell: Shell) -> None:
    shell.writes("secrets.json", SECRETS)
    shell.sets(FBN_USERNAME="env-user", FBN_APP_NAME="")
    shown = shell.shows("--profile", "env")
    assert shown["username"] == "env-user (FBN_USERNAME)"
    assert shown["app_name"] == "file-app (secrets.json: api.applicationName)"


def test_the_command_line_goes_before_the_environment(shell: Shell) -> None:
    token, ours = shell.writes("token", "the-token"), shell.writes("ours.pem", "")
    shell.sets(
        FBN_LUSID_URL="https://x.lusid.com/api",
        FBN_ACCESS_TOKEN="env-token",
        FBN_CLIENT_CERTIFICATE="theirs.pem",
        FBN_PROXY_ADDRESS="http://theirs:1",
    )
    shown = shell.shows(
        "--profile", "env", "--token-file", str(token), "--ca-file", str(ours), "--proxy", "http://ours:1"
    )
    assert shown["token_file"] == f"{token} (--token-file)"
    assert "access_token" not in shown
    assert shown["ca_file"] == f"{ours} (--ca-file)"
    assert shown["proxy"] == "http://ours:1 (--proxy)"


@pytest.mark.parametrize(
    ("variables", "taken"),
    [
        ({"FBN_ACCESS_TOKEN": "one"}, "access_token"),
        ({"FBN_ACCESS_TOKEN_FILE": "token"}, "token_file"),
        ({"FBN_ACCESS_TOKEN": "one", "FBN_ACCESS_TOKEN_FILE": "token"}, "token_file"),
    ],
)
def test_a_token_of_the_environment_goes_before_the_files_and_a_file_before_a_variable(
    shell: Shell, variables: dict[str, str], taken: str
) -> None:
    shell.writes("token", "the-token")
    shell.writes("secrets.json", {"api": {"accessToken": "from-the-file"}})
    shell.sets(FBN_LUSID_URL="https://x.lusid.com/api", **variables)
    shown = shell.shows("--profile", "env")
    assert {"access_token", "token_file"} & shown.keys() == {taken}
    assert "FBN_" in shown[taken]


def test_only_the_profile_env_looks_at_the_environment_and_at_secrets_json(shell: Shell) -> None:
    shell.writes("secrets.json", SECRETS)
    shell.sets(FBN_LUSID_URL="https://env.lusid.com/api", FBN_ACCESS_TOKEN="the-token")
    shell.writes("uat.token", "the-token")
    shell.writes("config.toml", '[profiles.uat]\nurl = "https://uat.lusid.com/api"\ntoken_file = "uat.token"')
    shown = shell.shows("--profile", "uat")
    assert shown == {
        "kind": "PROD",
        "url": "https://uat.lusid.com/api (profile uat: url)",
        "token_file": "uat.token (profile uat: token_file)",
    }
    assert shell.shows("--url", "https://other.example/api").keys() == {"kind", "url"}


def test_a_profile_may_name_a_secrets_file_and_says_what_is_at_stake(shell: Shell) -> None:
    shell.writes("uat.json", SECRETS)
    shell.writes("ours.pem", "")
    shell.writes(
        "config.toml",
        '[profiles.uat]\nurl = "https://file.lusid.com/api/"\nkind = "TEST"\nsecrets_file = "uat.json"\n'
        'generation = "2.1"\nca_file = "ours.pem"',
    )
    shown = shell.shows("--profile", "uat")
    assert shown["kind"] == "TEST"
    assert shown["password"] == "*** (uat.json: api.password)"
    assert shown["generation"] == "2.1 (profile uat: generation)"
    assert shown["ca_file"] == "ours.pem (profile uat: ca_file)"


def test_the_profile_env_may_say_what_is_at_stake(shell: Shell) -> None:
    shell.writes("config.toml", '[profiles.env]\nkind = "TEST"')
    shell.sets(FBN_LUSID_URL="https://x.lusid.com/api", FBN_ACCESS_TOKEN="the-token")
    assert shell.shows("--profile", "env")["kind"] == "TEST"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://x.lusid.com/api", "PROD"),
        ("http://127.0.0.1:8011/api", "TEST"),
        ("http://localhost:8011/api", "TEST"),
    ],
)
def test_what_nobody_marked_is_real_money_anywhere_but_on_this_machine(
    shell: Shell, url: str, kind: str
) -> None:
    assert shell.shows("--url", url)["kind"] == kind


# --- what is refused -------------------------------------------------------------------------------


def test_missing_parts_are_named_with_what_to_set(shell: Shell) -> None:
    assert shell.fails("--profile", "env") == "--profile env needs FBN_BASE_URL."
    shell.sets(FBN_LUSID_URL="https://x.lusid.com/api")
    assert shell.fails("--profile", "env") == (
        "--profile env needs FBN_TOKEN_URL, FBN_USERNAME, FBN_PASSWORD, FBN_CLIENT_ID and "
        "FBN_CLIENT_SECRET, or FBN_ACCESS_TOKEN."
    )
    shell.sets(FBN_USERNAME="u", FBN_PASSWORD="env-password", FBN_CLIENT_ID="c", FBN_CLIENT_SECRET="s")
    assert shell.fails("--profile", "env") == "--profile env needs FBN_TOKEN_URL, or FBN_ACCESS_TOKEN."


def test_a_profile_without_a_token_is_refused(shell: Shell) -> None:
    shell.writes("config.toml", '[profiles.uat]\nurl = "https://uat.lusid.com/api"')
    said = shell.fails("--profile", "uat")
    assert said.startswith("--profile uat needs a token: blotter login --profile uat asks for one.")
    assert said.endswith("A token file or a secrets file does as well.")


def test_a_profile_nobody_knows_is_told_with_those_there_are(shell: Shell) -> None:
    shell.writes("config.toml", '[profiles.uat]\nurl = "https://uat.lusid.com/api"')
    assert shell.fails("--profile", "prod").endswith("there are: env, uat.")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
@pytest.mark.parametrize("which", ["secrets.json", "token"])
def test_a_file_with_secrets_that_others_can_read_is_refused(shell: Shell, which: str, mode: int) -> None:
    shell.writes("secrets.json", SECRETS, mode if which == "secrets.json" else 0o600)
    token = shell.writes("token", "the-token", mode if which == "token" else 0o600)
    said = shell.fails("--profile", "env", "--token-file", str(token))
    assert "Others can read" in said
    assert said.endswith(f"chmod 600 {token if which == 'token' else which}")


def test_a_file_with_secrets_of_somebody_else_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.writes("secrets.json", SECRETS)
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    assert "belongs to somebody else" in shell.fails("--profile", "env")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"api": {"password": "file-password",,}}', "is not JSON"),
        (
            '{"api": {"password": ["file-password"]}}',
            "api.password: is not allowed; it must be a text in quotes or a whole number",
        ),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_broken_secrets_file_is_told_without_showing_it(shell: Shell, text: str, said: str) -> None:
    shell.writes("secrets.json", text)
    assert said in shell.fails("--profile", "env")


def test_a_secrets_file_of_other_shapes_is_told_part_by_part(shell: Shell) -> None:
    shell.writes("secrets.json", '{"api": "https://x", "proxy": [1]}')
    assert shell.faults("--profile", "env") == [
        "secrets.json: api: is not allowed; it must be an object.",
        "secrets.json: proxy: is not allowed; it must be an object.",
    ]
    shell.writes("secrets.json", "[1]")
    assert shell.fails("--profile", "env") == "secrets.json is no JSON object, such as {}."


def test_entries_nobody_knows_are_told_with_the_one_that_was_meant_and_no_value(shell: Shell) -> None:
    api = {"lusidURL": "file-password", "clientId": ["the-token"], "acessToken": "the-token", "driveUrl": "x"}
    shell.writes("secrets.json", {"api": api, "proxies": {}, "proxy": {"address": None, "username": ""}})
    assert shell.faults("--profile", "env") == [
        "secrets.json: api.acessToken: is not known here; perhaps accessToken is meant.",
        "secrets.json: api.clientId: is not allowed; it must be a text in quotes or a whole number.",
        "secrets.json: api.lusidURL: is not known here; perhaps lusidUrl is meant.",
        "secrets.json: proxies: is not known here; perhaps profiles is meant.",
    ]


def test_what_is_null_or_empty_says_nothing(shell: Shell) -> None:
    api = {
        "lusidUrl": "https://x.lusid.com/api",
        "accessToken": "the-token",
        "username": None,
        "password": "",
    }
    shell.writes("secrets.json", {"api": api, "proxy": None})
    assert shell.shows("--profile", "env").keys() == {"kind", "url", "access_token"}


def test_a_secrets_file_that_is_no_text_or_a_directory_is_told(shell: Shell) -> None:
    (shell.home / "there").mkdir(mode=0o700)
    assert shell.fails("--url", "https://x.lusid.com/api", "--secrets-file", "there").endswith(
        "The secrets file there cannot be read: Is a directory."
    )
    path = shell.writes("secrets.json", "")
    path.write_bytes(b'{"api": "\xff"}')
    assert shell.fails("--profile", "env") == "The secrets file secrets.json is not text."
    path.write_bytes(b"")
    assert shell.fails("--profile", "env") == "secrets.json, line 1 is not JSON."


@pytest.mark.parametrize("name", ["--token-file", "--secrets-file"])
def test_a_file_that_is_not_there_is_told(shell: Shell, name: str) -> None:
    said = shell.fails("--url", "https://x.lusid.com/api", name, "nowhere")
    assert said.endswith("nowhere cannot be read: No such file or directory.")


def test_authorities_that_are_not_there_are_told(shell: Shell) -> None:
    said = shell.fails("--url", "https://x.lusid.com/api", "--ca-file", "nowhere.pem")
    assert said == "--ca-file: there is no file nowhere.pem."


@pytest.mark.parametrize("text", ["", "two words", "tab\there", "ünicode"])
def test_a_token_that_can_be_none_is_told_without_showing_it(shell: Shell, text: str) -> None:
    token = shell.writes("token", text)
    said = shell.fails("--url", "https://x.lusid.com/api", "--token-file", str(token))
    assert not text or text not in said
    shell.sets(FBN_LUSID_URL="https://x.lusid.com/api", FBN_ACCESS_TOKEN=text or "also two")
    assert "FBN_ACCESS_TOKEN holds more than one word" in shell.fails("--profile", "env")


@pytest.mark.parametrize("variable", ["FBN_LUSID_URL", "FBN_TOKEN_URL"])
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://x.lusid.com/api", "plain http is only for this machine"),
        ("ftp://x.lusid.com", "does not start with http"),
        ("x.lusid.com", "is not an address"),
        ("https://u:env-password@x.lusid.com/api", "carries no user and no password"),
        ("https://u:env-password@x.lusid.com:99999/api", "carries no user and no password"),
        ("https://u:/env-password@x.lusid.com/api", "carries no user and no password"),
        ("u:env-password@x.lusid.com/api", "carries no user and no password"),
        ("https://x.lusid.com:99999/api", "its port"),
    ],
)
def test_an_address_nothing_may_be_sent_to_is_refused(
    shell: Shell, variable: str, address: str, said: str
) -> None:
    shell.sets(FBN_LUSID_URL="https://x.lusid.com/api", FBN_ACCESS_TOKEN="the-token")
    shell.sets(**{variable: address})
    failed = shell.fails("--profile", "env")
    assert failed.startswith(variable)
    assert said in failed


def test_a_proxy_with_a_password_in_its_address_is_refused(shell: Shell) -> None:
    said = shell.fails("--url", "https://x.lusid.com/api", "--proxy", "http://u:env-password@proxy:8080")
    assert said == "--proxy: an address carries no user and no password; they are settings of their own."


@pytest.mark.parametrize("value", ["soon", "-1", "1.5", "99999999999", "٣"])
def test_a_number_that_is_none_is_told(shell: Shell, value: str) -> None:
    shell.sets(
        FBN_LUSID_URL="https://x.lusid.com/api", FBN_ACCESS_TOKEN="the-token", FBN_READ_TIMEOUT_MS=value
    )
    assert shell.fails("--profile", "env").startswith("FBN_READ_TIMEOUT_MS is ")


@pytest.mark.parametrize(
    ("variable", "address", "key"),
    [
        ("FBN_LUSID_URL", "https://other.lusid.com/api", "lusidUrl"),
        ("FBN_TOKEN_URL", "https://other.okta.com/oauth2/abc", "tokenUrl"),
        ("FBN_PROXY_ADDRESS", "http://other:8080", "address"),
    ],
)
def test_the_secrets_of_a_file_are_not_sent_to_another_server_than_its_own(
    shell: Shell, variable: str, address: str, key: str
) -> None:
    shell.writes("secrets.json", SECRETS)
    shell.sets(**{variable: address})
    said = shell.fails("--profile", "env")
    assert said.startswith(variable)
    assert key in said


@pytest.mark.parametrize(
    "option", ["--token-file=x", "--secrets-file=x", "--ca-file=x", "--proxy=x", "--show"]
)
def test_options_of_a_remote_server_need_one(
    shell: Shell, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([option]) == 2
    assert capsys.readouterr().err.endswith("goes with --profile or --url.\n")
