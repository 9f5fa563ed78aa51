"""One example of each verb, with texts and numbers that are easily spoilt on their way."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from tests.service.dealer import fill, moving_on, new_orders, placing, rid
from tests.service.sample_rows import label, placement
from tests.service.sample_rows import order as sample_order
from tui.api.requests import (
    OrderUpdateRequest,
    PlacementUpdateRequest,
    PortfolioWeight,
)
from tui.service.desk_profile import ComplianceRun
from tui.service.verbs import (
    Allocate,
    AllocateWeighted,
    BookTransactions,
    CancelOrders,
    CancelPlacements,
    MoveOrders,
    PlaceBlocks,
    RecordFills,
    ReplaceOrders,
    ReplacePlacements,
    RunCompliance,
    SweepBlocks,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.verbs.replacing import order_request, placement_request

EXAMPLES: Final[tuple[Verb, ...]] = (
    new_orders("BLK_9", ORD_9=7),
    MoveOrders((rid("ORD-4"),), rid("BLK-2")),
    UpdateOrders(
        (
            OrderUpdateRequest(
                id=rid("ORD-3"), quantity=Decimal("12.50"), properties=label("Order/a/b", 'it\'s 株é "x" $1')
            ),
        )
    ),
    ReplaceOrders(
        (order_request(sample_order("ORD-4", "10"), time_in_force="GoodTilCancel"),),
        made_from=(sample_order("ORD-4", "10"),),
    ),
    CancelOrders((rid("ORD-4"), rid("ORD-404"))),
    moving_on("ORD-3", "BLK-9"),
    PlaceBlocks((placing("PLC-9", "BLK-2", 10),)),
    UpdatePlacements((PlacementUpdateRequest(id=rid("PLC-1"), counterparty="a b+c%"),)),
    ReplacePlacements(
        (placement_request(placement("PLC-1", "BLK-1"), time_in_force="GoodTilCancel"),),
        made_from=(placement("PLC-1", "BLK-1"),),
    ),
    CancelPlacements((rid("PLC-1"),)),
    RecordFills((fill("EXE-9", "PLC-1", 5),)),
    Allocate((rid("PLC-1"),), "RR-FIFO"),
    AllocateWeighted((rid("PLC-1"),), (PortfolioWeight(portfolio_id=rid("GROWTH"), weight=Decimal("0.1")),)),
    BookTransactions((rid("PLC-1-ORD-1"),), apply_fees=False, properties=label("Transaction/a/b", "x")),
    SweepBlocks((rid("BLK-1"),), "2026-11-20NLDN_Close"),
    RunCompliance((ComplianceRun("Desk", "Rules", rid("default")),), "dealer"),
)
