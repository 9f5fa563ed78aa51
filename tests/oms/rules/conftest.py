from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.oms.rules.rules_client import RulesClient


@pytest.fixture
def desk() -> Iterator[RulesClient]:
    """Yield an empty desk with a server of its own."""
    with RulesClient() as made:
        yield made
