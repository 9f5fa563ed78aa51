"""The log keeps no secret, however it is written."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.config.logs import redacted, start_log
from tui.secret import Secret

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hush-hush",
        "authorization: Basic aHVzaC1odXNo",
        "headers [(b'authorization', b'Bearer hush-hush'), (b'host', b'x')]",
        "proxy-authorization: hush-hush and more",
        "sent Bearer hush-hush to x",
        '{"password": "hush-hush", "user": "u"}',
        "{'client_secret': 'hush-hush'}",
        "grant_type=password&password=hush-hush&scope=openid",
        "refresh_token=hush-hush",
        "clientSecret: hush-hush",
        "FBN_ACCESS_TOKEN=hush-hush",
        "password = 'hush-hush with spaces'",
    ],
)
def test_what_is_named_like_a_secret_is_not_kept(text: str) -> None:
    said = redacted(text)
    assert "hush-hush" not in said
    assert "aHVzaC1odXNo" not in said
    assert "***" in said


@pytest.mark.parametrize("token", [JWT, "Kq3xP0aBz9-Lm_27yWvT5hCd8Fs4GnRe"])
def test_what_looks_like_a_token_is_not_kept(token: str) -> None:
    assert redacted(f"gave {token} away") == "gave *** away"


@pytest.mark.parametrize(
    "text",
    [
        "read failed: No connection to http://127.0.0.1:8011/api: refused.",
        "No connection to http://127.0.0.1:8123/oauth2/default/v1/token: All attempts failed.",
        "2026-11-20 21:14:01,123 INFO tui.api.auth signed on for 3600 s",
        "order demo/ORD-01JD5Y0QCJ7H0N4S8V2W6X9ZAB placed",
        "request 7f1b6a52-3c1d-4a0e-9f0b-2f6c1d8e4b7a failed",
        "sha 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert redacted(text) == text


def test_a_secret_this_program_holds_is_not_kept_whatever_stands_around_it() -> None:
    secret = Secret("plain words")
    assert redacted("it said plain words twice: plain words.") == "it said *** twice: ***."
    assert redacted(f"{secret} {secret!r}") == "*** ***"
    del secret


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield root
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def test_a_traceback_in_the_log_keeps_no_secret_and_the_file_is_private(
    tmp_path: Path, root: logging.Logger
) -> None:
    path = start_log(tmp_path / "blotter.log", "debug")
    try:
        raise ValueError("password=hush-hush in " + JWT)
    except ValueError:
        root.debug("failed with %s", {"token": "hush-hush"}, exc_info=True)
    text = path.read_text()
    assert "Traceback" in text
    assert "hush-hush" not in text
    assert JWT not in text
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_log_says_as_much_as_it_is_told_to(tmp_path: Path, root: logging.Logger) -> None:
    path = start_log(tmp_path / "blotter.log", "warning")
    root.info("little")
    root.warning("much")
    assert "little" not in path.read_text()
    assert "much" in path.read_text()
