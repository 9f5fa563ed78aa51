"""The limits of a desk: said in the file, for a profile or an asset class, and named where they are wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tui.cli import main
from tui.config.limit_settings import bound_of
from tui.config.load import load_settings
from tui.config.settings import Settings
from tui.input_files.mistakes import CheckError
from tui.service.writes.limits import Limits


def settings_of(folder: Path, text: str) -> Settings:
    file = folder / "config.toml"
    file.write_text(text)
    return load_settings(file)


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(CheckError) as told:
        settings_of(folder, text)
    return [line.removeprefix(f"{folder / 'config.toml'}, ") for line in str(told.value).splitlines()]


DESK = """\
[limits]
notional_soft = 8_000_000
price_soft = 0.03
items_hard = "none"
[limits.rates]
GBP = 1.31
[limits.asset_class.Bond]
price_soft = 0.005

[profiles.live]
url = "https://x.lusid.com/api"
[profiles.live.limits]
prod_items = 2
notional_soft = 1_000_000
[profiles.live.limits.asset_class.fx]
notional_soft = "none"
"""


@pytest.mark.parametrize(
    ("profile", "name", "asset_class", "value", "origin"),
    [
        ("", "notional_soft", "", "8000000", "config.toml [limits]"),
        ("", "notional_hard", "", "25000000", "default"),
        ("", "price_soft", "Equity", "0.03", "config.toml [limits]"),
        ("", "price_soft", "Gilt", "0.005", "config.toml [limits], asset class bond"),
        ("", "price_hard", "bond", "0.05", "default, asset class bond"),
        ("", "items_hard", "", None, "config.toml [limits]"),
        ("live", "notional_soft", "", "1000000", "profile live"),
        ("live", "notional_soft", "FX", None, "profile live, asset class fx"),
        ("live", "prod_items", "", "2", "profile live"),
        ("live", "price_soft", "Bond", "0.005", "config.toml [limits], asset class bond"),
    ],
)
def test_a_limit_is_the_profiles_then_the_files_then_the_default(
    tmp_path: Path, profile: str, name: str, asset_class: str, value: str | None, origin: str
) -> None:
    settings = settings_of(tmp_path, DESK)
    limits = Limits(settings.profiles[profile].limits if profile else settings.limits)
    bound = limits.bound(name, asset_class)
    assert (bound.value, bound.origin) == (None if value is None else Decimal(value), origin)


def test_rates_are_said_in_the_file_and_the_others_follow_the_base(tmp_path: Path) -> None:
    limits = Limits(settings_of(tmp_path, DESK).limits)
    rates = {currency: limits.rate_of(currency) for currency in ("USD", "GBP", "gbp", "GBp", "EUR", "XXX")}
    assert rates == {
        "USD": 1,
        "GBP": Decimal("1.31"),
        "gbp": Decimal("1.31"),
        "GBp": Decimal("0.0131"),
        "EUR": Decimal("1.1"),
        "XXX": None,
    }
    euros = (
        '[limits]\nbase = "eur"\n[limits.rates]\nGBP = 1.2\n[profiles.us]\nurl = "https://x.lusid.com/api"\n'
    )
    settings = settings_of(tmp_path, euros + '[profiles.us.limits]\nbase = "USD"\n')
    limits = Limits(settings.limits)
    assert [limits.rate_of(currency) for currency in ("EUR", "GBP", "USD")] == [
        1,
        Decimal("1.2"),
        Decimal("0.9091"),
    ]
    assert Limits(settings.profiles["us"].limits).rate_of("GBP") == Decimal("1.25"), "a rate in euros is none"


def test_what_is_wrong_with_limits_is_told_with_its_place(tmp_path: Path) -> None:
    text = (
        '[limits]\nnotional_soft = "5m"\nvolume_hard = -0.5\nnotional = 5\nbase = "dollars"\n'
        "items_soft = true\n[limits.rates]\nGBP = 0\nsterling = 1.2\n"
        "[limits.asset_class.bond]\nitems_soft = 5\nprice_soft = nan\n"
        '[profiles.live]\nurl = "https://x.lusid.com/api"\nlimits = 3\n'
    )
    allowed = 'a number of at least 0, or "none"'
    assert mistakes(tmp_path, text) == [
        f'line 2: [limits] notional_soft: "5m" is not allowed; it must be {allowed}.',
        f"line 3: [limits] volume_hard: -0.5 is not allowed; it must be {allowed}.",
        "line 4: [limits] notional: is not known here; perhaps prod_notional is meant.",
        'line 5: [limits] base: "dollars" is not allowed; it must be a currency such as USD.',
        f"line 6: [limits] items_soft: true is not allowed; it must be {allowed}.",
        "line 8: [limits.rates] GBP: 0 is not allowed; it must be a number above 0.",
        "line 9: [limits.rates] sterling: is not allowed as a name; it must be a currency such as USD.",
        "line 11: [limits.asset_class.bond] items_soft: is not known here; perhaps price_soft is meant.",
        f"line 12: [limits.asset_class.bond] price_soft: NaN is not allowed; it must be {allowed}.",
        "line 15: [profiles.live] limits: 3 is not allowed; it must be a table.",
    ]


def test_a_soft_limit_above_its_hard_one_is_told_wherever_either_is_said(tmp_path: Path) -> None:
    text = (
        "[limits]\nnotional_soft = 30_000_000\n[limits.asset_class.bond]\nprice_hard = 0.001\n"
        '[profiles.live]\nurl = "https://x.lusid.com/api"\n[profiles.live.limits]\nitems_hard = 10\n'
    )
    assert mistakes(tmp_path, text) == [
        "line 2: [limits] notional_soft: does not fit: the soft limit 30,000,000 (config.toml [limits]) is "
        "above the hard limit 25,000,000 (default).",
        "line 4: [limits.asset_class.bond] price_hard: does not fit: the soft limit 0.01 (default, asset "
        "class bond) is above the hard limit 0.001 (config.toml [limits], asset class bond).",
        "line 8: [profiles.live.limits] items_hard: does not fit: the soft limit 25 (default) is above "
        "the hard limit 10 (profile live).",
    ]
    assert not bound_of(
        settings_of(tmp_path, '[limits]\nnotional_hard = "none"\n').limits, "notional_hard"
    ).value


def test_a_limit_is_set_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    monkeypatch.setenv("BLOTTER_CONFIG", str(file))
    for name, words in (
        ("limits.volume_soft", "0.15"),
        ("limits.notional_hard", "none"),
        ("limits.rates.GBP", "1.27"),
        ("limits.asset_class.bond.size_hard", "80"),
    ):
        assert main(["config", "set", name, words]) == 0
    tables = load_settings(file).limits
    assert bound_of(tables, "volume_soft").value == Decimal("0.15")
    assert bound_of(tables, "notional_hard").value is None
    assert bound_of(tables, "size_hard", "bond").value == 80
    assert Limits(tables).rate_of("GBP") == Decimal("1.27")
    capsys.readouterr()
    assert main(["config", "set", "limits.items_soft", "many"]) == 2
    assert 'it must be a number of at least 0, or "none"' in capsys.readouterr().err


NO_STATES = """\
[limits]
approval = "none"
[profiles.live]
url = "https://x.lusid.com/api"
[profiles.live.limits]
compliance = "none"
approval = "given"
"""


@pytest.mark.parametrize(
    ("profile", "subject", "given", "origin"),
    [
        ("", "compliance", True, "default"),
        ("", "approval", False, "config.toml [limits]"),
        ("live", "compliance", False, "profile live"),
        ("live", "approval", True, "profile live"),
    ],
)
def test_a_profile_says_whether_its_server_gives_states(
    tmp_path: Path, profile: str, subject: str, given: bool, origin: str
) -> None:
    settings = settings_of(tmp_path, NO_STATES)
    tables = settings.profiles[profile].limits if profile else settings.limits
    assert Limits(tables).gives_states(subject) == (given, origin)


def test_any_other_word_for_the_states_is_refused_with_what_is_allowed(tmp_path: Path) -> None:
    assert mistakes(tmp_path, '[limits]\ncompliance = "off"\n') == [
        'line 2: [limits] compliance: "off" is not allowed; it must be given or none.'
    ]
