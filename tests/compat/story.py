"""The desk of the contract's worked scenario (section 8), brought to a stage in a scope of its own."""

from __future__ import annotations

from typing import Any

from tests.compat.sdk import SdkDesk, got, keyed, lusid, request, sent


class ScenarioSteps:
    """The calls of the worked scenario in one scope, so that a test can begin at any stage."""

    def __init__(self, desk: SdkDesk, scope: str) -> None:
        self.desk, self.scope = desk, scope

    def id(self, code: str) -> Any:
        """Return an id in the scenario's scope."""
        return lusid.ResourceId(scope=self.scope, code=code)

    async def create(self) -> Any:
        """Create BLK-1 of ORD-1 100, ORD-2 55 and ORD-3 47; BLK-2 of ORD-4 30 and ORD-5 20."""
        body = request(lusid.BlockAndOrdersCreateRequest, "01_create_orders", self.scope)
        return await got(self.desk.manage.create_orders(body))

    def placements(self, **changes: Any) -> Any:
        """Return a request for PLC-1, 227 of BLK-1, with ``changes``, and PLC-2, 20 of BLK-2."""
        body = sent("04_place_blocks", self.scope)
        body["requests"][0] |= changes
        return lusid.PlaceBlocksRequest.from_dict(body)

    async def place(self) -> Any:
        """Create, move ORD-4 to BLK-1, trim ORD-2 to 50, place PLC-1 and PLC-2."""
        await self.create()
        body = request(lusid.MoveOrdersToDifferentBlocksRequest, "02_move_orders", self.scope)
        await got(self.desk.manage.move_orders(body))
        updates = keyed(lusid.OrderUpdateRequest, "03_update_orders", self.scope)
        await got(self.desk.manage.update_orders(updates))
        return await got(self.desk.manage.place_blocks(self.placements()))

    async def fill(self) -> Any:
        """Place, then EXE-1 of 100 and EXE-2 of 60 on PLC-1."""
        await self.place()
        body = request(lusid.ExecutionSetRequest, "08_upsert_executions", self.scope)
        return await got(self.desk.executions.upsert_executions(body))

    async def allocate(self) -> Any:
        """Fill, then allocate PLC-1."""
        await self.fill()
        return await got(self.desk.manage.run_allocation_service([self.id("PLC-1")]))

    async def fill_unsolicited(self) -> Any:
        """Place and fill PLC-9 of 100 on BLK-7 that no order is behind."""
        blocks = request(lusid.BlockSetRequest, "20_upsert_blocks", self.scope)
        blocks.requests[0].quantity = 100
        await got(self.desk.blocks.upsert_blocks(blocks))
        place = sent("04_place_blocks", self.scope)["requests"][0]
        own = {"scope": self.scope, "code": "PLC-9"}
        block = {"scope": self.scope, "code": "BLK-7"}
        place |= {"id": own, "blockIds": [block], "quantity": 100, "type": "Market", "limitPrice": None}
        await got(self.desk.manage.place_blocks(lusid.PlaceBlocksRequest.from_dict({"requests": [place]})))
        fill = sent("08_upsert_executions", self.scope)["requests"][0] | {
            "placementId": own,
            "type": "Market",
        }
        body = lusid.ExecutionSetRequest.from_dict({"requests": [fill]})
        return await got(self.desk.executions.upsert_executions(body))
