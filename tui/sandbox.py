"""Opens the sandboxes in which a desk rehearses verbs: embedded servers in memory, and clients on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from tui.api.base import ResourceId
from tui.api.client import Client
from tui.api.generations import Generation
from tui.api.http import Http, asgi_transport
from tui.api.models import Allocation, Execution, Order, OrderGraphBlock, Placement, Transaction
from tui.service.desk_profile import ComplianceEngine
from tui.service.learned import Learned
from tui.service.rehearsal.rehearse import OpenSandbox, Sandbox
from tui.service.snapshot.compliance_states import switches_for
from tui.service.snapshot.instruments import UNRESOLVED
from tui.service.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from tui.oms.domain.instrument_master import Instruments
    from tui.oms.engine.engine import Engine
    from tui.oms.run.sandbox_server import SandboxServer


class EmbeddedSandbox:
    """A sandbox on an embedded server."""

    def __init__(self, server: SandboxServer, generation: Generation, engine: ComplianceEngine) -> None:
        self.client = Client(Http("http://sandbox/api", transport=asgi_transport(server.app)), generation)
        for switch in switches_for(engine, Learned()):
            self.client.switches.set(switch)
        self._server = server

    async def put(
        self,
        blocks: Collection[OrderGraphBlock],
        rows: Collection[Order | Placement | Execution | Allocation],
        transactions: Mapping[ResourceId, Collection[Transaction]],
    ) -> None:
        """Store rows as they are."""
        await self._server.put(blocks, rows, transactions)

    async def close(self) -> None:
        """Close the client and the server."""
        await self.client.close()
        await self._server.close()


def sandboxes_of(source: Engine) -> OpenSandbox:
    """Return what opens sandboxes with the rules, instruments and fees of an engine in this process."""

    async def open_sandbox(snapshot: Snapshot) -> Sandbox:
        from tui.oms.run.sandbox_server import SandboxServer

        return EmbeddedSandbox(await SandboxServer.open(source=source), "latest", snapshot.compliance)

    return open_sandbox


def sandboxes_for(generation: Generation) -> OpenSandbox:
    """Return what opens sandboxes for a server elsewhere: of its generation, with the desk's instruments."""

    async def open_sandbox(snapshot: Snapshot) -> Sandbox:
        from tui.oms.run.sandbox_server import SandboxServer

        server = await SandboxServer.open(
            instruments=lambda: instruments_for(snapshot),
            generation="latest" if generation == "latest" else "2.1",
        )
        return EmbeddedSandbox(server, generation, snapshot.compliance)

    return open_sandbox


def instruments_for(snapshot: Snapshot) -> Instruments:
    """Return the instruments that the desk has met, by all identifiers of the rows that traded them."""
    from tui.oms.domain.instrument_master import InstrumentTable

    known = [each for each in snapshot.instruments.values() if each.luid != UNRESOLVED]
    luids = {(key, value): each.luid for each in known for key, value in each.identifiers.items() if value}
    return InstrumentTable(luids, {each.luid: each.price_unit for each in known})
