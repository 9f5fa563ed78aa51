"""The log keeps no secret, however it is written."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from errno import ENOSPC
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from tui.api.errors import Refused
from tui.config import logs
from tui.config.logs import numbered, redacted, start_log, start_words_log
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
        "password = 'it does not end and says hush-hush",
        r'the answer was "{\"client_secret\": \"with \\\"quotes\\\" and hush-hush\"}"',
        r'{"password": "a \" and hush-hush", "user": "u"}',
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


def test_a_secret_this_program_holds_is_not_kept_however_it_is_written() -> None:
    value = 'pass" \\ wörd/&+'
    secret = Secret(value)
    in_json = json.dumps({"answer": value})
    written = (
        value,
        in_json,
        json.dumps(in_json),
        repr([value]),
        repr(value.encode()),
        quote(value, safe=""),
        urlencode({"x": value}),
    )
    for text in written:
        said = redacted(f"it sent {text}")
        assert "***" in said
        assert "rd/" not in said
        assert "rd%2F" not in said
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


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


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


def test_a_line_says_when_how_grave_who_what_and_which_request(tmp_path: Path, root: logging.Logger) -> None:
    path = start_log(tmp_path / "blotter.log", "info")
    root.getChild("desk").warning("read failed: %s", Refused("No such filter.", request_id="0HM:0001"))
    root.info("%s", "POST place_blocks: 200", extra={"request": "0HM:0002"})
    refused, placed = lines(path)
    assert datetime.fromisoformat(refused.pop("time")).utcoffset() == timedelta(0)
    assert refused == {
        "level": "warning",
        "logger": "desk",
        "message": "read failed: No such filter.",
        "request": "0HM:0001",
    }
    assert placed["request"] == "0HM:0002"


def test_text_of_a_server_is_inert_in_the_log_and_on_standard_error(
    tmp_path: Path, root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "\x1b]52;c;eA==\x07\nforged line\x9b2J\u202e\ud800\x7f" + "x" * 10_000_000
    root.handlers.clear()  # those of the test's own report, which takes no half characters
    path = start_log(tmp_path / "blotter.log", "info")
    start_words_log("info")
    root.warning("it said %s", hostile, extra={"request": "0HM:\x1b[2J"})
    root.warning("values %d do not fit", hostile)
    text = path.read_bytes()
    assert len(text) < 50_000
    assert len(text.splitlines()) == len(lines(path)) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 2
    for written in (text.decode("ascii"), said):
        assert all(" " <= each <= "~" for line in written.splitlines() for each in line)


def test_a_full_log_makes_room_and_few_are_kept(
    tmp_path: Path, root: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LOG_BYTES", 2_000)
    path = start_log(tmp_path / "blotter.log", "info")
    start_log(path, "info")  # as a second blotter does
    for number in range(200):
        root.info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 1 + logs.OLDER_LOGS
    assert all(file.stat().st_size < 2_200 for file in files)
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    kept = [
        line["message"] for number in range(logs.OLDER_LOGS, 0, -1) for line in lines(numbered(path, number))
    ]
    kept += [line["message"] for line in lines(path)]
    expected = [f"line {number}" for number in range(200) for _ in range(2)]
    assert kept == expected[-len(kept) :], "each line once by each of the two, in order"


def test_what_could_not_be_written_is_counted_and_the_program_goes_on(
    tmp_path: Path, root: logging.Logger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = start_log(tmp_path / "blotter.log", "info")

    def full(*_: object) -> int:
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as while_full:
        while_full.setattr(os, "write", full)
        root.info("lost")
        root.info("lost too")
    root.info("there is room again")
    assert [line["message"] for line in lines(path)] == [
        "2 lines of the log could not be written",
        "there is room again",
    ]
    assert capsys.readouterr() == ("", "")
