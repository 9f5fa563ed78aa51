"""``blotter doctor``: says what looks wrong, and writes a file that tells nothing of anybody."""

from __future__ import annotations

import base64
import json
import logging
import os
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui import start
from tui.cli import main
from tui.config import paths
from tui.config.logs import start_log
from tui.headless.doctor.bundle import checked
from tui.headless.doctor.unsayable import Unsayable
from tui.secret import Secret

NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("STATE", "DATA", "CONFIG", "CACHE"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))
    for name in ("BLOTTER_CONFIG", *(each for each in os.environ if each.startswith("FBN_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(start, "opened_log", lambda level: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """The program's log, as a run before this one has written it."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    start_log(paths.log_file(), "info")
    yield root
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def bundle(folder: Path) -> dict[str, Any]:
    """Return the documents of the one bundle in a folder."""
    [path] = folder.glob("blotter-doctor-*.zip")
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as file:
        return {name: json.loads(file.read(name)) for name in file.namelist()}


def configure(home: Path, text: str) -> None:
    path = home / "config" / "blotter" / "config.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)


def token(ends: datetime) -> str:
    claims = json.dumps({"exp": int(ends.timestamp()), "sub": "somebody"}).encode()
    return f"eyJhbGciOiJub25lIn0.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"


def test_the_file_tells_nothing_of_the_desk_and_all_of_the_program(
    home: Path, log: logging.Logger, capfd: pytest.CaptureFixture[str]
) -> None:
    database = str(home / "desk.db")
    assert main(["report", "day", "--db", database, "--json"]) == 0
    desk = json.loads(capfd.readouterr().out)["lines"]
    names = {line["name"] for line in desk if line["of"] in ("portfolio", "broker", "user")}
    secret = Secret("Sw0rdfish&%20 +/=")
    log.info("nothing came for uk equity growth")
    log.info("read failed: UKEQ-GROW of dlr.okafor has 40,000 VOD with ALBN, order demo/ORD-00012")
    log.info(
        'Portfolio %s sent "%s" and 12345.67 to https://acme.lusid.com/api', "UKEQ-GROW", "Vodafone Group"
    )
    log.warning(
        "%s %s: %d in %d ms", "POST", "place_blocks", 200, 12, extra={"request": "0HMRIE84F6H4T:00000026"}
    )
    try:
        raise ValueError("no room for BAL-60: 25000 of AAPL")
    except ValueError:
        log.exception("a fault with %s for mo.lindqvist", secret, extra={"request": "BAL-60"})
    assert main(["doctor", "--db", database, "--to", str(home / "sent")]) == 0
    said = capfd.readouterr().out
    assert "Nothing looks wrong." in said
    assert "log.json" in said
    assert "can be sent: it holds no secret, name, id or position." in said
    found = bundle(home / "sent")
    text = json.dumps([found["log.json"], found["faults.json"], found["server.json"], found["findings.json"]])
    for word in (
        *(name for name in names if len(name) > 2 and " " not in name),
        *(
            "ORD-00012",
            "40,000",
            "12345",
            "25000",
            "VOD",
            "Vodafone",
            "UK Equity Growth",
            "AAPL",
            "acme",
            "Sw0rdfish",
            "lindqvist",
        ),
    ):
        assert word.casefold() not in text.casefold(), word
    placed, fault = found["faults.json"]
    assert placed["message"] == "POST place_blocks: 200 in 12 ms"
    assert placed["request"] == "0HMRIE84F6H4T:00000026"
    assert "request" not in fault, "what is no request id may be a name"
    assert fault["trace"][-1] == "ValueError"
    assert "test_doctor.py" in fault["trace"][0]
    assert found["server.json"]["rows"]["orders"] > 10
    assert found["files.json"]["database"]["layout"] == found["files.json"]["database"]["newestLayout"]
    assert set(found["versions.json"]["packages"]) >= {"textual", "httpx", "msgspec"}


def test_what_looks_wrong_is_said_with_what_to_do(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    kept = home / "token.txt"
    kept.write_text(token(NOW + timedelta(hours=5)))
    kept.chmod(0o600)
    configure(
        home,
        f"[profiles.acmefund]\nurl = 'http://127.0.0.1:9/api'\nkind = 'TEST'\ntoken_file = '{kept}'\n",
    )
    journal = paths.state_dir() / "journal-0123456789ab.jsonl"
    journal.write_bytes(b'{"rubbish": \xff\n')
    journal.chmod(0o644)
    assert main(["doctor", "--profile", "acmefund", "--to", str(home / "sent")]) == 1
    said = capfd.readouterr().out
    assert "This looks wrong:" in said
    assert "The token of acmefund ends on" in said
    assert "blotter login --profile acmefund asks for a new one." in said
    assert f"Others can read the journal {journal.name}" in said
    assert "chmod 600" in said
    assert f"The journal {journal} is damaged in 1 place" in said
    assert "The desk was not read: No connection to http://127.0.0.1:9/api" in said
    found = bundle(home / "sent")
    assert found["settings.json"]["profileKinds"][0]["kind"] == "TEST"
    assert found["server.json"]["reached"] is False
    assert found["journal.json"][0]["isWhole"] is False
    assert [each["isHarmless"] for each in found["findings.json"]].count(False) >= 4
    text = json.dumps(found)
    assert "acmefund" not in text
    assert "eyJ" not in text
    assert str(home) not in text


def test_settings_that_cannot_be_read_are_told_and_the_rest_is_examined(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    configure(home, "theme = 'pink'\n")
    assert main(["doctor", "--to", str(home / "sent")]) == 1
    said = capfd.readouterr().out
    assert "The settings cannot be used:" in said
    assert "'blotter config check' says what is wrong." in said
    assert bundle(home / "sent")["settings.json"]["fault"]


def test_a_file_that_cannot_be_written_leaves_the_diagnosis(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (home / "taken").touch()
    assert main(["doctor", "--to", str(home / "taken")]) == 1
    assert "The file for others cannot be written" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("read failed: 404 in 12 ms", "read failed: 404 in 12 ms"),
        ("order ORD-01JD5Y0QCJ placed", "order *** placed"),
        ("sold 12,500 at 0.82", "sold *** at ***"),
        ("Ann Other asked", "*** asked"),
        ("by ann@acme.com", "by ***"),
        ("GROWTH has none, Growth: neither, scope/GROWTH", "*** has none, ***: neither, ***"),
        ("file /home/ann/x.db is 'theirs'", "file *** is ***"),
    ],
)
def test_what_is_or_looks_like_somebodys_is_taken_out(text: str, kept: str) -> None:
    known = Unsayable()
    known.add("names", "Ann Other")
    known.add("names", "growth")
    assert known.strip(text) == kept


def test_what_is_known_is_taken_out_wherever_it_stands_and_what_cannot_be_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = Unsayable()
    known.add_all("rows", {"quantity": 40000, "portfolioId": {"code": "GROWTH"}, "state": "New"})
    documents = {"a.json": {"deep": ["of Growth", {"more": "40,000"}]}, "b.json": {"state": "New"}}
    safe, left_out = checked(documents, known)
    assert json.loads(safe["a.json"]) == {"deep": ["of ***", {"more": "***"}]}
    assert json.loads(safe["b.json"]) == {"state": "New"}, "words of the API say nothing"
    assert not left_out
    monkeypatch.setattr(known, "strip_known", lambda text: text)
    safe, left_out = checked(documents, known)
    assert left_out == ("a.json",)
    assert list(safe) == ["b.json"]
