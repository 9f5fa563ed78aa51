"""Which path leads where: the declared endpoints as a tree of path segments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import unquote

from msgspec import Struct
from starlette.responses import Response

from tui.api.endpoints import Endpoint
from tui.oms.http.call import Call

Handler = Callable[[Call], Awaitable[bytes | Response]]


class Route(Struct, frozen=True):
    """What is done at an endpoint; ``open`` is one that asks for no token."""

    endpoint: Endpoint
    handler: Handler
    open: bool = False


class Routes:
    """The endpoints by their paths, segment by segment; letter case counts only where ids stand."""

    def __init__(self) -> None:
        self._next: dict[str, Routes] = {}
        self._part: tuple[str, Routes] | None = None
        self._methods: dict[str, Route] = {}

    def add(self, endpoint: Endpoint, handler: Handler, *, open: bool = False) -> None:
        """Serve ``endpoint`` by ``handler``."""
        place = self
        for segment in endpoint.path.strip("/").split("/"):
            if segment.startswith("{"):
                place._part = place._part or (segment.strip("{}"), Routes())
                place = place._part[1]
            else:
                place = place._next.setdefault(segment.lower(), Routes())
        place._methods[endpoint.method] = Route(endpoint, handler, open)

    def find(self, path: str) -> tuple[Mapping[str, Route], dict[str, str]]:
        """Give what is served at a ``path`` by method, nothing where nothing is, and the path's parts.

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
