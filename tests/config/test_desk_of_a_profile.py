"""What a profile says of its desk is checked where it is written, and arrives at the desk as it was meant."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.paths import ROOT
from tui.api.base import ResourceId
from tui.cli import main
from tui.config.load import load_settings
from tui.input_files.mistakes import CheckError
from tui.service.desk_profile import ComplianceRun, DeskProfile, QuoteSeries
from tui.signon import desk_profile
from tui.start import vocabulary

EVERYTHING = """
home = "Everywhere"
refresh_seconds = 7

[profiles.uat]
url = "https://x.lusid.com/api"
colour = "teal"
read_only = true
refresh_seconds = 5
home = "Desk"
scopes = ["Desk", "Sleeves"]
portfolios = ["Desk/GROWTH", "Sleeves/GROWTH"]
filter = "side eq 'Buy'"
days = 10
brokers = ["ALBN", "KEYS & Co"]
broker_list = "Desk/BROKERS"
side_sources = ["alt1"]

[profiles.uat.compliance]
engine = "legacy"
run_scope = "Desk"
rule_scope = "Rules"
recipe = "Desk/default"

[profiles.uat.quotes]
scope = "Prices"
provider = "DataScope"
field = "close"
id_type = "Isin"
max_age = "PT15M"

[profiles.plain]
url = "https://y.lusid.com/api"
"""


def desk_of(folder: Path, name: str, text: str = EVERYTHING) -> DeskProfile:
    """Return what the desk is told of the profile ``name``."""
    file = folder / "config.toml"
    file.write_text(text)
    settings = load_settings(file, vocabulary)
    return desk_profile(settings, settings.profiles[name].desk)


@pytest.fixture(scope="module")
def program() -> str:
    """Return the text of the client's modules."""
    files = (path for path in (ROOT / "tui").rglob("*.py") if "oms" not in path.parts)
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def mistakes(folder: Path, text: str) -> list[str]:
    """Return what is wrong in the profile ``uat`` that says ``text``."""
    with pytest.raises(CheckError) as caught:
        desk_of(folder, "uat", f'[profiles.uat]\nurl = "https://x.lusid.com/api"\n{text}')
    return [line.partition(": ")[2] for line in str(caught.value).splitlines()]


def test_a_desk_is_told_all_that_its_profile_says(tmp_path: Path) -> None:
    assert desk_of(tmp_path, "uat") == DeskProfile(
        home="Desk",
        scopes=("Desk", "Sleeves"),
        portfolios=(ResourceId("Desk", "GROWTH"), ResourceId("Sleeves", "GROWTH")),
        filter="side eq 'Buy'",
        days=10,
        compliance="legacy",
        compliance_run=ComplianceRun("Desk", "Rules", ResourceId("Desk", "default")),
        quotes=QuoteSeries("Prices", "DataScope", "close", "Isin", max_age=timedelta(minutes=15)),
        brokers=("ALBN", "KEYS & Co"),
        broker_list=ResourceId("Desk", "BROKERS"),
        side_sources=("alt1",),
        refresh_s=5,
        colour="teal",
    )


def test_what_a_profile_does_not_say_is_said_for_all_or_is_the_default(tmp_path: Path) -> None:
    assert desk_of(tmp_path, "plain") == DeskProfile(home="Everywhere", refresh_s=7)


@pytest.mark.parametrize("member", DeskProfile.__struct_fields__)
def test_whatever_a_profile_says_is_looked_at_by_the_program(member: str, program: str) -> None:
    assert re.search(rf"\bprofile\.{member}\b", program), f"{member} has no effect"


def test_only_the_profile_that_says_so_is_read_only(tmp_path: Path) -> None:
    desk_of(tmp_path, "uat")
    profiles = load_settings(tmp_path / "config.toml").profiles
    assert (profiles["uat"].read_only, profiles["plain"].read_only) == (True, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'scopes = "Desk"',
            '[profiles.uat] scopes: "Desk" is not allowed; it must be a list such as ["Desk"].',
        ),
        ('scopes = ["my desk"]', '"my desk" is not allowed; it must be 1 to 64 letters'),
        (
            'portfolios = ["GROWTH"]',
            '"GROWTH" is not allowed; it must be a scope and a code, such as Desk/GROWTH',
        ),
        ("days = 0", "days: 0 is not allowed; it must be a whole number from 1 to 3650."),
        ('broker_list = "BROKERS"', "broker_list: "),
        ('colour = "greenish"', 'colour: "greenish" is not allowed; it must be red, orange,'),
        ('colour = "#12345"', 'colour: "#12345" is not allowed;'),
        (
            "refresh_seconds = 0",
            "refresh_seconds: 0 is not allowed; it must be a whole number from 1 to 3600.",
        ),
        ("read_only = 1", "read_only: 1 is not allowed; it must be true or false."),
        ('compliance = {engine = "v3"}', 'engine: "v3" is not allowed; it must be v2, legacy or off.'),
        ('quotes = {provider = "Lusid"}', "[profiles.uat.quotes] scope: is missing;"),
        (
            'quotes = {scope = "p", max_age = "1 day"}',
            'max_age: "1 day" is not allowed; it must be a time as ISO',
        ),
        ('quotes = {scope = "p", max_age = "-P1D"}', 'max_age: "-P1D" is not allowed;'),
        ('portfolio = ["A/B"]', "portfolio: is not known here; perhaps portfolios is meant."),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    [mistake] = mistakes(tmp_path, text)
    assert said in mistake


def test_a_compliance_run_of_which_half_is_said_is_told(tmp_path: Path) -> None:
    told = mistakes(tmp_path, 'compliance = {rule_scope = "Rules"}')
    assert sorted(told) == [
        "[profiles.uat.compliance] recipe: is missing; rule_scope needs it.",
        "[profiles.uat.compliance] run_scope: is missing; rule_scope needs it.",
    ]


def test_lists_and_times_are_set_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLOTTER_CONFIG", str(tmp_path / "config.toml"))
    for name, value in (
        ("url", "https://x.lusid.com/api"),
        ("scopes", '["Desk"]'),
        ("scopes", '["Desk", "Sleeves"]'),
        ("quotes.scope", "Prices"),
        ("quotes.max_age", "P2D"),
    ):
        assert main(["config", "set", f"profiles.uat.{name}", value]) == 0, capsys.readouterr().err
    desk = desk_of(tmp_path, "uat", (tmp_path / "config.toml").read_text())
    assert desk.scopes == ("Desk", "Sleeves")
    assert desk.quotes == QuoteSeries("Prices", max_age=timedelta(days=2))
