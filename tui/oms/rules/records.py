from __future__ import annotations

from tui.api.requests import (
    AllocationSetRequest,
    BlockSetRequest,
    ExecutionSetRequest,
    OrderSetRequest,
    PlacementSetRequest,
)
from tui.api.shapes import ResourceId
from tui.oms.book import Answer, Book


def upsert_blocks(book: Book, request: BlockSetRequest) -> Answer:
    raise NotImplementedError


def upsert_orders(book: Book, request: OrderSetRequest) -> Answer:
    raise NotImplementedError


def upsert_placements(book: Book, request: PlacementSetRequest) -> Answer:
    raise NotImplementedError


def upsert_executions(book: Book, request: ExecutionSetRequest) -> Answer:
    raise NotImplementedError


def upsert_allocations(book: Book, request: AllocationSetRequest) -> Answer:
    raise NotImplementedError


def delete_block(book: Book, request: ResourceId) -> Answer:
    raise NotImplementedError


def delete_order(book: Book, request: ResourceId) -> Answer:
    raise NotImplementedError


def delete_placement(book: Book, request: ResourceId) -> Answer:
    raise NotImplementedError


def delete_execution(book: Book, request: ResourceId) -> Answer:
    raise NotImplementedError


def delete_allocation(book: Book, request: ResourceId) -> Answer:
    raise NotImplementedError
