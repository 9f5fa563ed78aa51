from __future__ import annotations

from collections.abc import Mapping

from tui.api.requests import PlaceBlocksRequest, PlacementUpdateRequest
from tui.api.shapes import ResourceId
from tui.oms.book import Answer, Book


def place_blocks(book: Book, request: PlaceBlocksRequest) -> Answer:
    raise NotImplementedError


def update_placements(book: Book, request: Mapping[str, PlacementUpdateRequest]) -> Answer:
    raise NotImplementedError


def cancel_placements(book: Book, request: Mapping[str, ResourceId]) -> Answer:
    raise NotImplementedError
