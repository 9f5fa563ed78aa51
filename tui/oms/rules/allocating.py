from __future__ import annotations

from dataclasses import dataclass

from tui.api.requests import WeightedAllocationServiceRunRequest
from tui.api.shapes import ResourceId
from tui.oms.book import Answer, Book


@dataclass(frozen=True, slots=True)
class Allocate:
    """Run the allocation service over ``placement_ids`` by ``algorithm`` (A1, A14)."""

    placement_ids: tuple[ResourceId, ...]
    algorithm: str = "PR-FIFO"


@dataclass(frozen=True, slots=True)
class AllocateWeighted:
    """Allocate placements of blocks without orders to portfolios by weight (A16)."""

    request: WeightedAllocationServiceRunRequest
    algorithm: str = "PR-LF"


def allocate(book: Book, request: Allocate) -> Answer:
    raise NotImplementedError


def allocate_weighted(book: Book, request: AllocateWeighted) -> Answer:
    raise NotImplementedError
