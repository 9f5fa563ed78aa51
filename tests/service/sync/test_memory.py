"""Reading the desk again and again takes no more memory than reading it once."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from decimal import Decimal

import httpx
from msgspec.structs import replace

from tests.bench.simulated_tenant import SimulatedTenant
from tests.seeded_server import seeded_server
from tests.service.dealer import Dealer
from tests.service.sync.test_window import desk_at
from tui.api import codec
from tui.api.http import AsyncBaseTransport, asgi_transport
from tui.api.models import Placement
from tui.service.snapshot.snapshot import EntityKind
from tui.service.sync.shared_values import SharedValues


class Remembering(AsyncBaseTransport):
    """Passes requests on and knows which answers are still in memory, and how large they were."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self._server = server
        self._answers: list[weakref.ref[httpx.Response]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._server.handle_async_request(request)
        self._answers.append(weakref.ref(answer))
        return answer

    @property
    def given(self) -> int:
        return len(self._answers)

    @property
    def bytes_kept(self) -> int:
        """The bytes of all answers that nobody could free."""
        gc.collect()
        alive = (ref() for ref in self._answers)
        return sum(len(answer.content) for answer in alive if answer is not None)


async def test_no_answer_stays_in_memory_after_reloads() -> None:
    embedded = await seeded_server()
    line = Remembering(asgi_transport(embedded.app))
    dealer = Dealer.at(line)
    for _ in range(4):
        assert await dealer.desk.reload()
    assert line.given > 40
    assert line.bytes_kept == 0
    await dealer.desk.client.close()
    await embedded.close()


async def test_a_row_takes_two_kilobytes_at_most_and_reading_again_takes_no_more() -> None:
    desk, _ = desk_at(SimulatedTenant(blocks=400, live=120, booked=60, portfolios=3))
    tracemalloc.start()
    try:
        await desk.load()
        first = _in_use()
        rows = sum(len(desk.snapshot.rows(kind)) for kind in EntityKind)
        assert first / rows <= 2048 + 400_000 / rows, "but for what is loaded once"
        for _ in range(4):
            await desk.reload()
        assert _in_use() <= first * 1.05
    finally:
        tracemalloc.stop()
    await desk.client.close()


def test_a_row_that_a_poll_reads_again_is_not_looked_through() -> None:
    told = SimulatedTenant(blocks=3, live=3)._placement(1)
    first, again, changed = (codec.decode(Placement, codec.encode(row)) for row in (told, told, told))
    changed = replace(changed, quantity=Decimal(7))
    shared = SharedValues()
    shared.share([first])
    held = {first.id: first}
    shared.share([again, changed], held)
    assert again == first
    assert again.id is not first.id
    assert changed.id is first.id, "one that differs will be kept, and shares"


def _in_use() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
