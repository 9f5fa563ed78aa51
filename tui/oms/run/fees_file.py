"""The table of fees of ``serve --fees``: a TOML file, read once and checked to the last line (B5).

::

    [[fee]]
    code = "COMM"        # becomes the property Transaction/fee/COMM
    rate = 0.0005        # of the consideration
    broker = "BRK-A"     # only for this counterparty; any if not said
    currency = "USD"     # only for money of this currency; any if not said

Loading this loads pydantic.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from tui.input_files.read_file import read_toml
from tui.input_files.strict_model import Code, Filled, Number, Written, check
from tui.oms.rules.fees import Fee


class FeeEntry(Written):
    """One ``[[fee]]``."""

    code: Code
    rate: Annotated[Number, Field(gt=0, lt=1)]
    broker: Filled | None = None
    currency: Filled | None = None


class FeesFile(Written):
    """The whole file."""

    fee: list[FeeEntry] = Field(default_factory=list)


def read_fees(path: Path) -> tuple[Fee, ...]:
    """Read the fees of a TOML file.

    Raises:
        CheckError: it cannot be read, or something in it is not right; says all of it.
    """
    file = check(FeesFile, read_toml(path))
    return tuple(Fee(entry.code, entry.rate, entry.broker, entry.currency) for entry in file.fee)
