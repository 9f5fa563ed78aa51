"""LUSID's error codes (contract 2.0) that this server answers, with the titles of their problem documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RATE_LIMITED: Final = 103
DUPLICATE: Final = 144
INVALID_VALUE: Final = 151
CONFLICT: Final = 156
INVALID_REQUEST: Final = 157
ALREADY_EXISTS: Final = 173
ACCESS_DENIED: Final = 186
INVALID_TOKEN: Final = 187
UNPARSABLE_FILTER: Final = 233
UNSUPPORTED_SORT: Final = 681
TOO_MANY_SORTS: Final = 682
INVALID_PAGE_TOKEN: Final = 689
UNLISTED: Final = -1
"""The code of failures that LUSID lists no code for."""

NOT_FOUND: Final[Mapping[str, int]] = {
    "Order": 650,
    "Allocation": 654,
    "Placement": 725,
    "Execution": 726,
    "Block": 727,
}
"""The code of an unknown id, by entity type."""

TITLES: Final[Mapping[int, str]] = {
    RATE_LIMITED: "Too many requests were made.",
    DUPLICATE: "One or more identifiers were repeated in the request.",
    INVALID_VALUE: "One or more values of the request were invalid.",
    CONFLICT: "Another request with the same key is still at work.",
    INVALID_REQUEST: "One or more validation errors occurred.",
    ALREADY_EXISTS: "An entity with that identifier already exists.",
    ACCESS_DENIED: "Access denied.",
    INVALID_TOKEN: "The access token is missing or not valid.",
    UNPARSABLE_FILTER: "The filter could not be parsed.",
    UNSUPPORTED_SORT: "Sorting by this field is not supported.",
    TOO_MANY_SORTS: "Too many sort fields were given.",
    INVALID_PAGE_TOKEN: "The pagination token is not valid.",
    UNLISTED: "The request could not be served.",
    **{code: f"The {name} requested was not found." for name, code in NOT_FOUND.items()},
}
