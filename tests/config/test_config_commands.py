"""`blotter config`: a settings file is found, begun, changed and checked, and every mistake is told."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields, replace

from tui.cli import main
from tui.config.desk_entries import ComplianceEntry, DeskEntries, QuoteEntry
from tui.config.exception_settings import DEFAULT_MINUTES
from tui.config.limit_settings import DEFAULT_TABLE, bound_of
from tui.config.load import load_settings
from tui.config.profiles import SETTINGS
from tui.config.settings import Settings
from tui.config.settings_file import AccessEntries, ProfileEntry, SettingsFile
from tui.config.tape_settings import USUAL
from tui.input_files.strict_model import Written
from tui.service.desk_profile import ComplianceRun, DeskProfile, QuoteSeries

BAD = """\
theme = "lihgt"
them = "x"
refresh_seconds = "2"
home = "my desk"

[keys]
mvoe = "m"
cancel = "f8"
place = 7

[profiles.uat]
kind = "LIVE"
tokenfile = "x"
proxy = 5
"""


class Owner:
    """Somebody at the command line who sets up a desk."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.file = home / "blotter" / "config.toml"
        self._capture = capture

    def writes(self, text: str | bytes) -> Path:
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.file

    def says(self, *arguments: str) -> str:
        """Return what a command prints; all was well."""
        assert main(["config", *arguments]) == 0
        said = self._capture.readouterr()
        assert not said.err
        return said.out

    def is_told(self, *arguments: str) -> list[str]:
        """Return the sentences that a command fails with, without what they all begin with."""
        assert main(["config", *arguments]) == 2
        said = self._capture.readouterr()
        assert not said.out
        return [line.removeprefix("blotter config: ") for line in said.err.splitlines()]


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Owner:
    monkeypatch.delenv("BLOTTER_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return Owner(tmp_path, capsys)


# --- checking --------------------------------------------------------------------------------------


def test_all_mistakes_are_told_at_once_each_with_its_line_and_what_is_allowed(owner: Owner) -> None:
    file = owner.writes(BAD)
    assert owner.is_told("check") == [
        f'{file}, line 1: theme: "lihgt" is not allowed; it must be blotter, classic, east, high-contrast, '
        "light, mono or auto.",
        f"{file}, line 2: them: is not known here; perhaps theme is meant.",
        f'{file}, line 3: refresh_seconds: "2" is not allowed; it must be a whole number from 1 to 3600.',
        f'{file}, line 4: home: "my desk" is not allowed; it must be 1 to 64 letters, digits, hyphens or '
        "underscores.",
        f"{file}, line 7: [keys] mvoe: is not known here; perhaps move is meant.",
        f'{file}, line 8: [keys] cancel: "f8" is not allowed; what writes may not sit on a Ctrl chord or a '
        "function key.",
        f"{file}, line 9: [keys] place: 7 is not allowed; it must be a text in quotes that is not empty.",
        f"{file}, line 11: [profiles.uat] url: is missing; it must be an address such as "
        "https://example.lusid.com/api.",
        f'{file}, line 12: [profiles.uat] kind: "LIVE" is not allowed; it must be TEST or PROD.',
        f"{file}, line 13: [profiles.uat] tokenfile: is not known here; perhaps token_file is meant.",
        f"{file}, line 14: [profiles.uat] proxy: 5 is not allowed; it must be a text in quotes.",
    ]


def test_a_start_is_told_the_same(owner: Owner, capsys: pytest.CaptureFixture[str]) -> None:
    owner.writes(BAD)
    told = owner.is_told("check")
    assert main([]) == 2
    assert capsys.readouterr().err.splitlines() == [f"blotter: {line}" for line in told]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('theme = "mono"\nascii = yes\n', ", line 2 is not TOML: Invalid value."),
        ("theme = \n", ", line 1 is not TOML: Invalid value."),
        ('a = 1\n\n[keys]\nmove = "m"\n[keys]\n', ", line 5 is not TOML: Cannot declare ('keys',) twice."),
        ("theme = '''", ", line 1 is not TOML: Expected \"'''\"."),
        ("x = " + "[" * 5000, " is not TOML: tables stand within tables too deep."),
        (f"refresh_seconds = {'9' * 5000}", " is not TOML: Exceeds the limit (4300 digits) for integer"),
        (b"# fine\nhome = '\xff'\n", ", line 2 is not text in UTF-8."),
        (b"#" * 1_000_001, " is larger than 1,000,000 bytes."),
        (
            "refresh_seconds = 0",
            ", line 1: refresh_seconds: 0 is not allowed; it must be a whole number",
        ),
        (
            "refresh_seconds = 3601",
            ", line 1: refresh_seconds: 3601 is not allowed; it must be a whole",
        ),
        ("refresh_seconds = 1.5", ", line 1: refresh_seconds: 1.5 is not allowed; it must be a whole number"),
        ("refresh_seconds = true", ", line 1: refresh_seconds: true is not allowed; it must be a whole"),
        ("ascii = 1", ", line 1: ascii: 1 is not allowed; it must be true or false."),
        (
            'log_level = "loud"',
            ', line 1: log_level: "loud" is not allowed; it must be debug, info or warning.',
        ),
        ("keys = 1", ", line 1: keys: 1 is not allowed; it must be a table."),
        ("profiles = []", ", line 1: profiles: is not allowed; it must be a table."),
        ("[profiles]\nuat = 'x'", ', line 2: [profiles] uat: "x" is not allowed; it must be a table.'),
        ('[profiles."a b"]', ', line 1: [profiles."a b"] url: is missing;'),
        ('theme = "\\u001b[31m\\u202e"', 'theme: "\\u001b[31m\\u202e" is not allowed;'),
        ('"\\u001b]52" = 1', '"\\u001b]52": is not known here;'),
    ],
)
def test_each_mistake_is_one_sentence_on_one_line(owner: Owner, text: str | bytes, sentence: str) -> None:
    file = owner.writes(text)
    [told] = owner.is_told("check")
    assert told.startswith(f"{file}{sentence}" if sentence[0] in " ," else f"{file}, line 1: {sentence}")
    assert told.isprintable()


def test_a_file_that_cannot_be_read_is_told(owner: Owner, tmp_path: Path) -> None:
    owner.file.mkdir(parents=True)
    assert owner.is_told("check") == [f"{owner.file} cannot be read: Is a directory."]
    [told] = owner.is_told("check", "nowhere.toml")
    assert told == "nowhere.toml cannot be read: No such file or directory."
    inside = tmp_path / "x"
    inside.write_text("")
    assert owner.is_told("check", str(inside / "y")) == [f"{inside / 'y'} cannot be read: Not a directory."]


def test_what_is_right_is_told_with_the_files_that_were_read(owner: Owner, tmp_path: Path) -> None:
    assert owner.says("check") == f"{owner.file} is not there: the defaults hold.\n"
    file = owner.writes("")
    assert owner.says("check") == f"{file}: nothing is wrong.\n"
    other = tmp_path / "other.toml"
    other.write_text('\ufefftheme = "mono"\r\n[keys]\r\nhistory = "H"\r\n')
    assert owner.says("check", str(other)) == f"{other}: nothing is wrong.\n"


def test_the_secrets_files_that_profiles_name_are_checked_too_and_never_shown(
    owner: Owner, tmp_path: Path
) -> None:
    secrets = tmp_path / "uat.json"
    secrets.write_text('{"api": {"pasword": "hush-hush", "clientSecret": ["hush-hush"]}}')
    secrets.chmod(0o644)
    file = owner.writes(f'[profiles.uat]\nurl = "https://x.lusid.com/api"\nsecrets_file = "{secrets}"\n')
    assert owner.is_told("check") == [
        f"Others can read {secrets}. Make it yours alone: chmod 600 {secrets}",
    ]
    secrets.chmod(0o600)
    assert owner.is_told("check") == [
        f"{secrets}: api.clientSecret: is not allowed; it must be a text in quotes or a whole number.",
        f"{secrets}: api.pasword: is not known here; perhaps password is meant.",
    ]
    secrets.write_text('{"api": {"password": "hush-hush"}}')
    assert owner.says("check") == f"{file}: nothing is wrong.\n{secrets}: nothing is wrong.\n"


def test_addresses_that_nothing_is_sent_to_are_told_beside_the_other_mistakes(
    owner: Owner, tmp_path: Path
) -> None:
    missing = tmp_path / "none.json"
    file = owner.writes(
        '[profiles.a]\nurl = "https://me:hush-hush@x.lusid.com/api"\n'
        f'[profiles.b]\nurl = "http://x.lusid.com/api"\nproxy = "x"\nsecrets_file = "{missing}"\n'
    )
    assert owner.is_told("check") == [
        f"{file}, line 2: [profiles.a] url: an address carries no user and no password; they are settings of "
        "their own.",
        f"{file}, line 4: [profiles.b] url: plain http is only for this machine; use https.",
        f"{file}, line 5: [profiles.b] proxy: 'x' is not an address: it does not start with http:// or "
        "https://.",
        f"The secrets file {missing} cannot be read: No such file or directory.",
    ]
    owner.writes('[profiles.a]\nurl = "https://x.lusid.com/api"\n')
    assert owner.is_told("set", "profiles.a.url", "x.lusid.com") == [
        f"{file}, line 2: [profiles.a] url: 'x.lusid.com' is not an address: it does not start with http:// "
        "or https://.",
        f"{file} stays as it is.",
    ]


def test_a_secret_written_where_none_belongs_is_not_shown(owner: Owner) -> None:
    file = owner.writes('[profiles.uat]\nurl = "https://x.lusid.com/api"\npassword = "hush-hush"\n')
    assert owner.is_told("check") == [
        f"{file}, line 3: [profiles.uat] password: is not known here; there are url, kind, token_file, "
        "secrets_file, proxy, ca_file, generation, colour, read_only, refresh_seconds, home, scopes, "
        "portfolios, filter, days, brokers, broker_list, shared_views, side_sources, compliance, quotes "
        "and limits."
    ]


# --- finding and beginning -------------------------------------------------------------------------


def test_the_path_is_the_file_of_the_variable_or_of_the_configuration_directory(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert owner.says("path") == f"{owner.file}\n"
    monkeypatch.setenv("BLOTTER_CONFIG", "/else/where.toml")
    assert owner.says("path") == "/else/where.toml\n"


def test_the_file_is_begun_with_everything_as_a_comment_and_private(owner: Owner) -> None:
    assert owner.says("init") == f"{owner.file} is written.\n"
    assert owner.file.stat().st_mode & 0o777 == 0o600
    assert owner.file.parent.stat().st_mode & 0o777 == 0o700
    assert tomllib.loads(owner.file.read_text()) == {}
    assert load_settings(owner.file) == Settings()


def test_what_is_there_is_not_overwritten(owner: Owner) -> None:
    owner.writes('theme = "mono"\n')
    assert owner.is_told("init") == [f"{owner.file} is there already, and stays as it is."]
    assert owner.file.read_text() == 'theme = "mono"\n'


def test_with_the_comment_signs_taken_away_it_is_right_and_names_every_setting(owner: Owner) -> None:
    owner.says("init")
    file = owner.writes(re.sub(r"(?m)^#(?=[a-z\[])", "", owner.file.read_text()))
    found = tomllib.loads(file.read_text())
    assert found.keys() == SettingsFile.model_fields.keys()
    assert found["profiles"]["uat"].keys() == ProfileEntry.model_fields.keys()
    settings = load_settings(file)
    plain = {
        name: getattr(settings, name)
        for name in Settings.__struct_fields__
        if name not in ("keys", "profiles", "limits", "tape", "exceptions")
    }
    assert plain == {name: getattr(Settings(), name) for name in plain}, "each at its default"
    limits = {name: bound_of(settings.limits, name).value for name in DEFAULT_TABLE.values}
    assert limits == DEFAULT_TABLE.values, "each at its default"
    usual = replace(Settings().tape, news=USUAL)
    assert replace(settings.tape, portfolios={}) == usual, "each at its default"
    assert settings.exceptions == DEFAULT_MINUTES, "each at its default"


# --- changing --------------------------------------------------------------------------------------


def test_settings_and_profiles_have_the_same_names_wherever_they_are_declared() -> None:
    assert set(SettingsFile.model_fields) == set(Settings.__struct_fields__)
    of_signing_on = {setting.entry for setting in SETTINGS if setting.entry}
    assert set(AccessEntries.model_fields) == of_signing_on | {"kind", "secrets_file"}
    of_the_desk = (set(DeskProfile.__struct_fields__) - {"refresh_s", "compliance_run"}) | {"refresh_seconds"}
    assert set(DeskEntries.model_fields) == of_the_desk | {"read_only"}
    own = set(ProfileEntry.model_fields) - set(AccessEntries.model_fields) - set(DeskEntries.model_fields)
    assert own == {"limits"}


@pytest.mark.parametrize(
    ("entries", "struct"),
    [
        (DeskEntries, DeskProfile),
        (QuoteEntry, QuoteSeries),
        (ComplianceEntry, ComplianceRun),
    ],
)
def test_the_table_of_settings_tells_the_defaults_that_hold(
    entries: type[Written], struct: type[Struct]
) -> None:
    defaults = {each.name: each.default for each in fields(struct) if each.default is not NODEFAULT}
    told = {
        name: entry.default
        for name, entry in entries.model_fields.items()
        if name in defaults and entry.default not in (None, "", [])
    }
    assert told
    assert told == {name: defaults[name] for name in told}


def test_a_setting_is_changed_beneath_its_comment_and_the_comments_stay(owner: Owner) -> None:
    owner.says("init")
    begun = owner.file.read_text()
    assert owner.says("set", "theme", "light") == f'{owner.file}: theme = "light"\n'
    line = '#theme = "blotter"\n'
    assert owner.file.read_text() == begun.replace(line, f'{line}theme = "light"\n')
    owner.says("set", "theme", "mono")
    owner.says("set", "refresh_seconds", "5")
    owner.says("set", "plain_output", "true")
    owner.says("set", "keys.history", "H")
    owner.says("set", "profiles.uat.url", "https://x.lusid.com/api")
    owner.says("set", "profiles.uat.generation", "2.1")
    settings = load_settings(owner.file)
    assert (settings.theme, settings.refresh_seconds, settings.plain_output) == ("mono", 5, True)
    assert settings.keys == {"history": "H"}
    assert settings.profiles["uat"].entries == {"url": "https://x.lusid.com/api", "generation": "2.1"}
    rest = iter(owner.file.read_text().splitlines())
    assert all(line in rest for line in begun.splitlines()), "every line of before, in its order"
    assert owner.file.stat().st_mode & 0o777 == 0o600


def test_without_a_file_one_is_begun(owner: Owner) -> None:
    owner.says("set", "ascii", "true")
    assert load_settings(owner.file) == Settings(ascii=True)
    assert "# Draw with ASCII characters only." in owner.file.read_text()


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("theme", "lihgt", 'theme: "lihgt" is not allowed; it must be'),
        ("them", "mono", "them: is not known here; perhaps theme is meant."),
        ("refresh_seconds", "often", 'refresh_seconds: "often" is not allowed; it must be a whole number'),
        ("ascii", "yes", 'ascii: "yes" is not allowed; it must be true or false.'),
        ("keys.place", "ctrl+p", '[keys] place: "ctrl+p" is not allowed;'),
        ("profiles.uat.kind", "TEST", "[profiles.uat] url: is missing;"),
    ],
)
def test_what_may_not_be_set_changes_nothing(owner: Owner, name: str, value: str, sentence: str) -> None:
    file = owner.writes("# mine\n")
    first, last = owner.is_told("set", name, value)
    assert sentence in first
    assert last == f"{file} stays as it is."
    assert file.read_text() == "# mine\n"


@pytest.mark.parametrize("name", ["", "a b", "theme =", "x = 1\ny", "a..b", "'"])
def test_a_name_that_can_be_none_is_told(owner: Owner, name: str) -> None:
    [told] = owner.is_told("set", name, "x")
    assert told.startswith(f"NAME: {json.dumps(name)} is not allowed; it must be a setting such as theme")


def test_bytes_that_are_no_text_are_told(owner: Owner) -> None:
    owner.says("set", "profiles.uat.url", "https://x.lusid.com/api")
    assert owner.is_told("set", "profiles.uat.ca_file", "\udcff") == ['"\\udcff" is no text in UTF-8.']


def test_what_stands_in_one_line_with_others_is_left_to_its_owner(owner: Owner) -> None:
    file = owner.writes('keys = {history = "H"}\n')
    assert owner.is_told("set", "keys.move", "M") == [
        f"{file}: [keys] move: cannot be set beside what is there; change the file by hand."
    ]


def test_a_link_stays_a_link_and_who_may_read_the_file_stays(owner: Owner, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    real.write_text('theme = "mono"\n')
    real.chmod(0o640)
    owner.file.parent.mkdir()
    owner.file.symlink_to(real)
    owner.says("set", "theme", "light")
    assert owner.file.is_symlink()
    assert real.read_text() == 'theme = "light"\n'
    assert real.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()].count("dotfiles.toml") == 1
    assert not list(tmp_path.glob(".*"))


# --- the schema ------------------------------------------------------------------------------------

GOOD: Mapping[str, Any] = {
    "theme": "mono",
    "refresh_seconds": 3,
    "keys": {"history": "H"},
    "profiles": {"uat": {"url": "https://x", "kind": "TEST", "generation": "2.1"}},
}


def test_the_schema_names_every_setting_with_what_it_means(owner: Owner) -> None:
    schema = json.loads(owner.says("schema"))
    assert schema["properties"].keys() == SettingsFile.model_fields.keys()
    profile = schema["$defs"]["ProfileEntry"]["properties"]
    assert profile.keys() == ProfileEntry.model_fields.keys()
    assert all(each["description"] for each in (*schema["properties"].values(), *profile.values()))


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, ""),
        ({"them": "x"}, "them"),
        ({"theme": "lihgt"}, "theme"),
        ({"refresh_seconds": 0}, "refresh_seconds"),
        ({"refresh_seconds": 3600}, ""),
        ({"refresh_seconds": 3601}, "refresh_seconds"),
        ({"ascii": "yes"}, "ascii"),
        ({"home": "my desk"}, "home"),
        ({"keys": {"mvoe": "m"}}, "keys"),
        ({"keys": {"move": ""}}, "move"),
        ({"profiles": {"uat": {"kind": "LIVE"}}}, "kind"),
        ({"profiles": {"uat": {"tokenfile": "x"}}}, "tokenfile"),
    ],
)
def test_the_schema_takes_what_is_right_and_finds_what_is_wrong(
    owner: Owner, change: Mapping[str, Any], wrong: str
) -> None:
    schema = json.loads(owner.says("schema"))
    assert list(faults(schema, schema, {**GOOD, **change}, "file")) == ([wrong] if wrong else [])


TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict}
NOTES = {"$schema", "$defs", "title", "description", "default", "examples"}


def faults(root: Mapping[str, Any], schema: Mapping[str, Any], value: Any, name: str) -> list[str]:
    """Check ``value`` as JSON schema says, with the keywords that are used here; any other fails."""
    found: list[str] = []
    for keyword, said in schema.items():
        match keyword:
            case "type":
                found += [name] if type(value) is not TYPES[said] else []
            case "enum":
                found += [name] if value not in said else []
            case "minimum":
                found += [name] if value < said else []
            case "maximum":
                found += [name] if value > said else []
            case "minLength":
                found += [name] if len(value) < said else []
            case "pattern":
                found += [name] if not re.search(said, value) else []
            case "properties":
                for key in said.keys() & value.keys():
                    found += faults(root, said[key], value[key], key)
            case "additionalProperties":
                for key in value.keys() - schema.get("properties", {}).keys():
                    found += faults(root, said, value[key], key) if said else [key]
            case "propertyNames":
                found += [name for key in value if faults(root, said, key, key)]
            case "$ref":
                found += faults(root, root["$defs"][said.rpartition("/")[2]], value, name)
            case _:
                assert keyword in NOTES, f"{keyword} is not checked here"
    return found
