"""The table of fees of ``serve --fees``: what it may say, and the sentence when it says anything else."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tui.oms.rules.fees import Fee
from tui.oms.run.fees_file import FeesError, read_fees
from tui.oms.run.serve import USAGE_ERROR, run


def written(folder: Path, text: str) -> Path:
    file = folder / "fees.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_fees_are_read_to_the_digit(tmp_path: Path) -> None:
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
        ("[[fee]", "is not TOML"),
        ("[fees]", "has [[fee]] entries and nothing else"),
        ("fee = 1", "has [[fee]] entries and nothing else"),
        ("fee = [1]", "fee 1: a fee has a code and a rate"),
        ("[[fee]]\ncode='A'", "fee 1: a fee has a code and a rate"),
        ("[[fee]]\ncode='A'\nrate=0.1\nrates=1", "a fee has a code and a rate"),
        ("[[fee]]\ncode='A/B'\nrate=0.1", "the code must be"),
        ("[[fee]]\ncode='A'\nrate='0.1'", "the rate must be a number"),
        ("[[fee]]\ncode='A'\nrate=true", "the rate must be a number"),
        ("[[fee]]\ncode='A'\nrate=5", "above 0 and below 1; it is 5"),
        ("[[fee]]\ncode='A'\nrate=nan", "above 0 and below 1"),
        ("[[fee]]\ncode='A'\nrate=0.1\nbroker=''", "broker must be a text"),
        ("[[fee]]\ncode='A'\nrate=0.1\ncurrency=1", "currency must be a text"),
    ],
)
def test_anything_else_is_refused_with_where_and_why(tmp_path: Path, text: str, why: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(FeesError) as caught:
        read_fees(file)
    assert str(file) in str(caught.value)
    assert why in str(caught.value)


def test_serve_does_not_start_on_fees_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.toml"
    assert run(port=0, token="t", fees=missing) == USAGE_ERROR
    assert f"{missing} cannot be read" in capsys.readouterr().err
