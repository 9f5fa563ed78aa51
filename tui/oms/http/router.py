"""Finds the operation of a path: the declared operations as a tree of path segments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from msgspec import Struct
from starlette.responses import Response

from tui.api.operations import Operation
from tui.oms.http.call import Call

Handler = Callable[[Call], Awaitable[bytes | Response]]


class Route(Struct, frozen=True):
    """What is done for an operation; ``open`` is true for one that asks for no token."""

    operation: Operation[Any, Any]
    handler: Handler
    open: bool = False


class Routes:
    """The operations by their paths, segment by segment; letter case counts only where ids stand."""

    def __init__(self) -> None:
        self._next: dict[str, Routes] = {}
        self._part: tuple[str, Routes] | None = None
        self._methods: dict[str, Route] = {}

    def add(self, operation: Operation[Any, Any], handler: Handler, *, open: bool = False) -> None:
        """Serve ``operation`` by ``handler``."""
        place = self
        for segment in operation.path.strip("/").split("/"):
            if segment.startswith("{"):
                place._part = place._part or (segment.strip("{}"), Routes())
                place = place._part[1]
            else:
                place = place._next.setdefault(segment.lower(), Routes())
        place._methods[operation.method] = Route(operation, handler, open)

    def find(self, path: str) -> tuple[Mapping[str, Route], dict[str, str]]:
        """Return what is served at a ``path`` by method, nothing where nothing is, and the path's parts.

        The path is percent-encoded as it was sent; the parts are not.
        """
        segments = [unquote(segment) for segment in path.strip("/").split("/")]
        if [segment.lower() for segment in segments[:2]] == ["api", "api"]:
            del segments[0]
        place: Routes = self
        parts = {}
        for segment in segments:
            known = place._next.get(segment.lower())
            if known is None:
                if place._part is None or not segment:
                    return {}, {}
                name, known = place._part
                parts[name] = segment
            place = known
        return place._methods, parts
