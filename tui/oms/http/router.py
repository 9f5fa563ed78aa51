"""The routes: the declared operations as a tree of path segments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from msgspec import Struct
from starlette.responses import Response

from tui.api.operation import Operation
from tui.oms.http.call import Call

Handler = Callable[[Call], Awaitable[bytes | Response]]


class Route(Struct, frozen=True):
    """The handler of an operation; an ``open`` one needs no token.

    What a ``fixed`` one tells cannot be changed over the API.
    """

    operation: Operation[Any, Any]
    handler: Handler
    open: bool = False
    fixed: bool = False


class Routes:
    """A tree of operations by path segment; letter case is ignored except in ids."""

    def __init__(self) -> None:
        self._children: dict[str, Routes] = {}
        self._parameter: tuple[str, Routes] | None = None
        self._methods: dict[str, Route] = {}

    def add(
        self, operation: Operation[Any, Any], handler: Handler, *, open: bool = False, fixed: bool = False
    ) -> None:
        """Add ``operation``, served by ``handler``."""
        node = self
        for segment in operation.path.strip("/").split("/"):
            if segment.startswith("{"):
                node._parameter = node._parameter or (segment.strip("{}"), Routes())
                node = node._parameter[1]
            else:
                node = node._children.setdefault(segment.lower(), Routes())
        node._methods[operation.method] = Route(operation, handler, open, fixed)

    def find(self, path: str) -> tuple[Mapping[str, Route], dict[str, str]]:
        """Return the routes at ``path`` by method, none for an unknown path, and the path's parameters.

        The path is percent-encoded as it was sent; the parameters are decoded.
        """
        segments = [unquote(segment) for segment in path.strip("/").split("/")]
        if [segment.lower() for segment in segments[:2]] == ["api", "api"]:
            del segments[0]
        node: Routes = self
        parts = {}
        for segment in segments:
            known = node._children.get(segment.lower())
            if known is None:
                if node._parameter is None or not segment:
                    return {}, {}
                name, known = node._parameter
                parts[name] = segment
            node = known
        return node._methods, parts
