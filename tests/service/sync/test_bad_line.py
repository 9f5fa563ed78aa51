"""Three of ten requests go wrong, three thousand times: no order and no placement is made twice or lost."""

from __future__ import annotations

import pytest

from tests.promises.lost_replies import FAULTS, lose_replies
from tui.api.http import AsyncBaseTransport

INTENTS = 3000


@pytest.mark.long
@pytest.mark.parametrize("seed", [7])
async def test_three_thousand_intents_on_a_line_that_loses_three_of_ten(
    server: AsyncBaseTransport, seed: int
) -> None:
    figures = await lose_replies(server, INTENTS, seed)
    assert figures.cases == INTENTS
    assert figures.faults > INTENTS * FAULTS * 0.9, "the line was bad"
    assert figures.duplicates == 0, "nothing was carried out twice"
    assert figures.unresolved == 0
    assert figures.lost == 0, "nothing is missing"
