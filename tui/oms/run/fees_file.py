"""The table of fees of ``serve --fees``: a TOML file, read once and checked to the last line (B5).

::

    [[fee]]
    code = "COMM"        # becomes the property Transaction/fee/COMM
    rate = 0.0005        # of the consideration
    broker = "BRK-A"     # only for this counterparty; any if not said
    currency = "USD"     # only for money of this currency; any if not said
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from tui.oms.rules.fees import Fee

_MEMBERS: Final = ("code", "rate", "broker", "currency")
_CODE: Final = r"[A-Za-z0-9_-]{1,64}"


class FeesError(ValueError):
    """A file of fees that cannot be used; the message says where and why."""


def read_fees(path: Path) -> tuple[Fee, ...]:
    """Read the fees of a TOML file.

    Raises:
        FeesError: it cannot be read, or something in it is not right.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise FeesError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FeesError(f"{path} is not TOML: {error}.") from error
    entries = table.get("fee", [])
    if set(table) - {"fee"} or not isinstance(entries, list):
        raise FeesError(f"{path}: a file of fees has [[fee]] entries and nothing else.")
    return tuple(_fee(f"{path}, fee {number}", entry) for number, entry in enumerate(entries, 1))


def _fee(where: str, entry: Any) -> Fee:
    if not isinstance(entry, dict) or not {"code", "rate"} <= set(entry) <= set(_MEMBERS):
        raise FeesError(f"{where}: a fee has a code and a rate, and perhaps a broker and a currency.")
    for name in set(entry) - {"rate"}:
        if not isinstance(entry[name], str) or not entry[name]:
            raise FeesError(f"{where}: {name} must be a text.")
    if not re.fullmatch(_CODE, entry["code"]):
        raise FeesError(f"{where}: the code must be 1 to 64 letters, digits, hyphens or underscores.")
    given = entry["rate"]
    if isinstance(given, bool) or not isinstance(given, int | Decimal):
        raise FeesError(f"{where}: the rate must be a number, such as 0.0005.")
    rate = Decimal(given)
    if not rate.is_finite() or not 0 < rate < 1:
        raise FeesError(f"{where}: the rate must be above 0 and below 1; it is {given}.")
    return Fee(entry["code"], rate, entry.get("broker"), entry.get("currency"))
