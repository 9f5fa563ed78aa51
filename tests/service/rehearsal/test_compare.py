"""What comes out otherwise than it was rehearsed is told, and written to the journal."""

from __future__ import annotations

from tests.service.dealer import Dealer, rid
from tui.api.http import AsyncBaseTransport
from tui.oms.engine.engine import Engine
from tui.sandbox import sandboxes_of
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import Allocate, CancelOrders


async def test_a_fill_that_comes_in_between_stands_in_report_and_journal(
    engine: Engine, server: AsyncBaseTransport, colleague: Dealer
) -> None:
    dealer = Dealer.at(server, open_sandbox=sandboxes_of(engine))
    await dealer.desk.load()
    await dealer.trade()
    await dealer.fill("EXE-2", "PLC-1", 10)
    prepared = await dealer.desk.prepare(Allocate((rid("PLC-1"),)))
    await colleague.desk.reload()
    await colleague.fill("EXE-3", "PLC-1", 5)
    report = await dealer.desk.carry_out(prepared)
    placement = Ref(EntityKind.PLACEMENTS, rid("PLC-1"))
    assert [each.text for each in report.differences if each.ref == placement] == [
        "expected 70, allocated 75"
    ]
    assert "expected 70, allocated 75" in report.sentence()
    assert any(b"expected 70, allocated 75" in line for line in dealer.journal._read())
    await dealer.desk.close()


async def test_what_comes_out_as_rehearsed_is_not_told(engine: Engine, server: AsyncBaseTransport) -> None:
    dealer = Dealer.at(server, open_sandbox=sandboxes_of(engine))
    await dealer.desk.load()
    await dealer.trade()
    report = await dealer.desk.carry_out(await dealer.desk.prepare(CancelOrders((rid("ORD-3"),))))
    assert len(report.done) == 1
    assert report.differences == ()
    await dealer.desk.close()
