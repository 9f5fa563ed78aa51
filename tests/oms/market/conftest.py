"""An engine without a database file for every test of the market."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine.open(None, instrument_table)
    yield engine
    engine.close()
