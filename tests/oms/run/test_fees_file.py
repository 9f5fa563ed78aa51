"""The file of fees of ``serve --fees``: its entries, and a sentence for every mistake."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tui.input_files.mistakes import CheckError
from tui.oms.rules.fees import Fee
from tui.oms.run.fees_file import read_fees
from tui.oms.run.serve import USAGE_ERROR, run


def written(folder: Path, text: str) -> Path:
    file = folder / "fees.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_fees_are_read_exactly(tmp_path: Path) -> None:
    text = """
[[fee]]
code = "COMM"
rate = 0.00035
broker = "BRK-A"
currency = "USD"

[[fee]]
code = "LEVY"
rate = 0.1
"""
    assert read_fees(written(tmp_path, text)) == (
        Fee("COMM", Decimal("0.00035"), "BRK-A", "USD"),
        Fee("LEVY", Decimal("0.1")),
    )
    assert read_fees(written(tmp_path, "")) == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[fee]", ", line 1 is not TOML"),
        ("[fees]", ", line 1: fees: is not known here; perhaps fee is meant."),
        ("fee = 1", ", line 1: fee: 1 is not allowed; it must be an array of tables."),
        ("fee = [1]", ", line 1: [[fee]] number 1: 1 is not allowed; it must be a table."),
        ("[[fee]]\ncode='A'", ", line 1: [[fee]] number 1, rate: is missing; it must be a number above 0"),
        (
            "[[fee]]\ncode='A'\nrate=0.1\nrates=1",
            ", line 4: [[fee]] number 1, rates: is not known here; perhaps rate is meant.",
        ),
        (
            "[[fee]]\ncode='A/B'\nrate=0.1",
            '[[fee]] number 1, code: "A/B" is not allowed; it must be 1 to 64 letters, digits, hyphens or',
        ),
        (
            "[[fee]]\ncode='A'\nrate='0.1'",
            '[[fee]] number 1, rate: "0.1" is not allowed; it must be a number above 0 and below 1.',
        ),
        (
            "[[fee]]\ncode='A'\nrate=true",
            "rate: true is not allowed; it must be a number above 0 and below 1.",
        ),
        ("[[fee]]\ncode='A'\nrate=5", "rate: 5 is not allowed; it must be a number above 0 and below 1."),
        ("[[fee]]\ncode='A'\nrate=nan", "rate: NaN is not allowed; it must be a number above 0 and below 1."),
        ("[[fee]]\ncode='A'\nrate=0.1\nbroker=''", 'broker: "" is not allowed; it must be a text in quotes'),
        (
            "[[fee]]\ncode='A'\nrate=0.1\ncurrency=1",
            "currency: 1 is not allowed; it must be a text in quotes",
        ),
    ],
)
def test_a_mistake_is_reported_with_place_and_reason(tmp_path: Path, text: str, why: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(CheckError) as caught:
        read_fees(file)
    assert str(file) in str(caught.value)
    assert why in str(caught.value)


def test_all_mistakes_are_reported_at_once_with_their_lines(tmp_path: Path) -> None:
    file = written(
        tmp_path, "[[fee]]\ncode = 'A'\nrate = 2\n\n[[fee]] # the second\nrate = 0.1\nbroker = 3\n"
    )
    with pytest.raises(CheckError) as caught:
        read_fees(file)
    assert str(caught.value).splitlines() == [
        f"{file}, line 3: [[fee]] number 1, rate: 2 is not allowed; it must be a number above 0 and below 1.",
        f"{file}, line 5: [[fee]] number 2, code: is missing; it must be 1 to 64 letters, digits, hyphens or "
        "underscores.",
        f"{file}, line 7: [[fee]] number 2, broker: 3 is not allowed; it must be a text in quotes that "
        "is not empty.",
    ]


def test_serve_does_not_start_with_unreadable_fees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.toml"
    assert run(port=0, token="t", fees=missing) == USAGE_ERROR
    assert f"{missing} cannot be read" in capsys.readouterr().err


def test_serve_reports_the_mistakes_of_all_its_files_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.toml"
    assert run(port=0, users=missing, scenario=missing, inject=["explode"], fees=missing) == USAGE_ERROR
    told = capsys.readouterr().err.splitlines()
    assert [line.removeprefix("blotter serve: ").partition(";")[0] for line in told] == [
        f"The file of users {missing} cannot be read: No such file or directory.",
        f"{missing} cannot be read: No such file or directory.",
        "--inject 'explode': fault: there is no fault \"explode\"",
        f"{missing} cannot be read: No such file or directory.",
    ]
