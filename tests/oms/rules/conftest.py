from __future__ import annotations

from collections.abc import Iterator

import pytest
from rulesdesk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An empty desk behind a server of its own."""
    with Desk() as made:
        yield made
