from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.oms.rules.rules_client import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An empty desk behind a server of its own."""
    with Desk() as made:
        yield made
