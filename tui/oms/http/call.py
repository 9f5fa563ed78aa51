"""One HTTP call as the handlers see it: its caller, its path and its parsed parameters."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Final, Literal

from msgspec import Struct
from starlette.requests import Request

from tui.api.base import ResourceId
from tui.oms.domain.caller import Caller
from tui.oms.domain.times import time_of, to_micros
from tui.oms.engine.engine import Engine
from tui.oms.http.problems import invalid_value
from tui.oms.query.nodes import MAX_FILTER_LENGTH
from tui.oms.query.queryable_fields import FilterDialect
from tui.oms.reference.source import ReferenceSource

Generation = Literal["latest", "2.1"]

_SPACED_ZONE: Final = r" (\d\d:\d\d)$"
_FLAGS: Final = {"true": True, "false": False}
_IGNORED_FLAGS: Final = ("retryWithoutChangedEntities",)
_IGNORED_TIMES: Final = ("verificationAsAt",)
"""Parameters of the contract that this server checks and ignores."""


class Dialect(Struct, frozen=True):
    """How the server reads addresses and filters, where LUSID does not say how it does or tenants differ.

    ``graph_filters`` is how the order graph spells fields; ``max_filter`` and ``max_url`` are in characters;
    ``ignored`` are query parameters that are ignored in silence, as servers do that are older than they.
    ``quotes_scope`` is one more scope that has the quotes of the demo.
    """

    graph_filters: FilterDialect = "inner"
    max_filter: int = MAX_FILTER_LENGTH
    max_url: int = 2048
    ignored: tuple[str, ...] = ()
    quotes_scope: str | None = None


class Query:
    """The parameters of the query string: names in any case, lists as repeated names."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)

    def many(self, name: str) -> tuple[str, ...]:
        """Return the values of a list parameter."""
        return tuple(value for value in self._values.get(name.lower(), ()) if value.strip())

    def text(self, name: str) -> str | None:
        """Return a parameter's value, or None when it is missing or empty."""
        values = self.many(name)
        return values[-1] if values else None

    def flag(self, name: str, default: bool) -> bool:
        """Return a boolean parameter's value; its letter case is ignored.

        Raises:
            Refusal: it is neither true nor false (151).
        """
        text = self.text(name)
        if text is None:
            return default
        if text.lower() not in _FLAGS:
            raise invalid_value(name, f"'{text}' is neither true nor false.")
        return _FLAGS[text.lower()]

    def number(self, name: str) -> int | None:
        """Return a whole number parameter's value, or None.

        Raises:
            Refusal: it is not a whole number (151).
        """
        text = self.text(name)
        if text is None:
            return None
        if not re.fullmatch(r"-?[0-9]{1,9}", text):
            raise invalid_value(name, f"'{text}' is not a whole number.")
        return int(text)

    def time(self, name: str) -> datetime | None:
        """Return a time parameter's value, or None; without a zone it is UTC.

        Raises:
            Refusal: it is not a date-time (151).
        """
        text = self.text(name)
        if text is None:
            return None
        moment = time_of(re.sub(_SPACED_ZONE, r"+\1", text))
        if moment is None:
            raise invalid_value(name, f"'{text}' is not a date-time.")
        return moment

    def check_ignored_parameters(self) -> None:
        """Check the parameters that are otherwise ignored.

        Raises:
            Refusal: one is not of its type (151).
        """
        for name in _IGNORED_FLAGS:
            self.flag(name, False)
        for name in _IGNORED_TIMES:
            self.time(name)

    def as_at(self, name: str = "asAt") -> int | None:
        """Return a time parameter's value in microseconds since 1970, or None."""
        moment = self.time(name)
        return None if moment is None else to_micros(moment)


class Call(Struct, frozen=True, dict=True):
    """A call that passed the guards: its endpoint's path parts, its caller and its request id.

    ``deadline`` is on the monotonic clock, in seconds. ``ignored_parameters`` are those the call's
    generation does not know, in lower case.
    """

    engine: Engine
    request: Request
    path: Mapping[str, str]
    caller: Caller
    request_id: str
    generation: Generation
    deadline: float
    ignored_parameters: frozenset[str] = frozenset()
    dialect: Dialect = Dialect()
    reference: ReferenceSource = ReferenceSource()

    @property
    def seconds_left(self) -> float:
        """The time the call has left, in seconds."""
        return max(self.deadline - time.monotonic(), 0)

    @cached_property
    def query(self) -> Query:
        pairs = self.request.query_params.multi_items()
        if self.ignored_parameters:
            pairs = [pair for pair in pairs if pair[0].lower() not in self.ignored_parameters]
        return Query(pairs)

    @property
    def id(self) -> ResourceId:
        """The entity named in the path."""
        return ResourceId(self.path["scope"], self.path["code"])

    @property
    def href(self) -> str:
        """The address of this call, as the caller wrote it."""
        return str(self.request.url)
