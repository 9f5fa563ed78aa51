"""Identifiers of instruments as people type them: which kind a text is, by its form and its check digit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import cycle
from typing import Final

from tui.api.base import Identifiers

_ISIN: Final = r"[A-Z]{2}[A-Z0-9]{9}[0-9]"
_FIGI: Final = r"[B-DF-HJ-NP-TV-Z]{2}G[B-DF-HJ-NP-TV-Z0-9]{8}[0-9]"
_LUID: Final = r"LUID_[A-Z0-9]{8}"
UNIVERSAL: Final = ("LusidInstrumentId", "Figi", "Isin")
"""The kinds of identifiers that name one instrument in the whole world, whatever a desk trades."""


def kind_of(text: str) -> str:
    """Return the kind of identifier a text is: ``LusidInstrumentId``, ``Figi``, ``Isin``, else ``Ticker``.

    >>> kind_of("US0378331005"), kind_of("BBG000B9XRY4"), kind_of("LUID_0000AAPL"), kind_of("VOD")
    ('Isin', 'Figi', 'LusidInstrumentId', 'Ticker')
    """
    forms = {"LusidInstrumentId": _LUID, "Figi": _FIGI, "Isin": _ISIN}
    return next((kind for kind, form in forms.items() if re.fullmatch(form, text)), "Ticker")


def wrong_check_digit(text: str) -> str:
    """Return what is wrong with an ISIN or a FIGI whose check digit does not fit; empty for anything else.

    >>> wrong_check_digit("US0378331005"), wrong_check_digit("US0378331006")
    ('', 'US0378331006 is not an ISIN: its last digit should be 5.')
    """
    kind = kind_of(text)
    if kind not in ("Isin", "Figi"):
        return ""
    digit = (_isin_digit if kind == "Isin" else _figi_digit)(text[:-1])
    name = "an ISIN" if kind == "Isin" else "a FIGI"
    return "" if text[-1] == str(digit) else f"{text} is not {name}: its last digit should be {digit}."


def universal(identifiers: Identifiers) -> Mapping[str, str]:
    """Return those of ``identifiers`` that name one instrument anywhere, by kind."""
    kinds = {key.rpartition("/")[2]: value for key, value in identifiers.items() if value}
    return {kind: kinds[kind] for kind in UNIVERSAL if kind in kinds and kind_of(kinds[kind]) == kind}


def _isin_digit(head: str) -> int:
    """Return the check digit of an ISIN (ISO 6166): letters as two digits, every second one doubled."""
    digits = "".join(str(int(char, 36)) for char in head)
    return _check_digit((int(digit) for digit in reversed(digits)), 2, 1)


def _figi_digit(head: str) -> int:
    """Return the check digit of a FIGI (OpenFIGI): letters as numbers, every second one doubled."""
    return _check_digit((int(char, 36) for char in head), 1, 2)


def _check_digit(values: Iterable[int], *factors: int) -> int:
    """Return what brings the digit sum of the values, by turns times the factors, to a multiple of ten."""
    products = (value * factor for value, factor in zip(values, cycle(factors), strict=False))
    return -sum(int(digit) for product in products for digit in str(product)) % 10
