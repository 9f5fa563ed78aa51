from __future__ import annotations

import pytest
from rulesdesk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
