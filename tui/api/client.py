"""The client of one server, LUSID or the embedded one: builds requests of operations and reads the answers.

Operations are declared in :mod:`tui.api.operations`. :mod:`tui.api.http` decides what may be repeated,
:mod:`tui.service` what a partial answer means. Members an older server does not know are left out, or refused
before they are sent (:mod:`tui.api.generations`).

All methods raise the errors of :mod:`tui.api.errors`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from tui.api import codec, operations
from tui.api.base import ResourceId
from tui.api.codec import Page
from tui.api.errors import Forbidden, MalformedReply, NotFound, NotSent, NotServed, Refused
from tui.api.generations import absent_in, fitted, may_be_absent
from tui.api.models import HistoryItem
from tui.api.operation import EntityOperations, Generation, Operation
from tui.api.requests import DeletedEntity
from tui.api.responses import Reply
from tui.api.row_marks import BlockMark, RowMark, decode_block_marks, decode_marks
from tui.api.switches import Switches

if TYPE_CHECKING:
    from tui.api.http import Http
    from tui.api.http_request import PathNames, Query, Request
    from tui.api.responses import Reply

T = TypeVar("T")
BodyT = TypeVar("BodyT")
ReplyT = TypeVar("ReplyT")
EntityT = TypeVar("EntityT")
ItemT = TypeVar("ItemT")


@contextmanager
def _malformed_as_ours(reply: Reply) -> Iterator[None]:
    try:
        yield
    except codec.Malformed as error:
        raise MalformedReply(f"The answer could not be read: {error}", request_id=reply.request_id) from error


_AT_A_TIME: Final = 200_000
"""The bytes of a list that are read in one turn of the event loop: they take 3 ms."""


async def _read(decode: Callable[[bytes], T], raw: bytes) -> T:
    """Read an answer: a large one in another thread, for it may take seconds where it needs care.

    Raises:
        Malformed: it is not one of the contract; it holds more values than any is read with.
    """
    if len(raw) <= 2 * _AT_A_TIME:
        return decode(raw)
    codec.check_values(raw)
    return await asyncio.to_thread(decode, raw)


async def _in_parts(kind: type[Page[EntityT]], raw: bytes) -> Page[EntityT]:
    """Decode a page a part at a time, and let the event loop breathe in between."""
    codec.check_values(raw)
    parts, token = codec.split_page(raw, _AT_A_TIME)
    values: list[EntityT] = []
    bad: list[codec.BadRow] = []
    for part in parts:
        await asyncio.sleep(0)
        page = await _read(partial(codec.decode_reply, kind), part)
        values.extend(page.values)
        bad.extend(page.bad)
        token = token or page.next_page
    return Page(tuple(values), token, tuple(bad))


class EntityResource(Generic[EntityT, ItemT]):
    """List, get, upsert and delete of one kind of entity (2.14)."""

    def __init__(self, client: Client, own: EntityOperations[EntityT, ItemT, Any]) -> None:
        self._client = client
        self._own = own

    async def list(
        self,
        *,
        filter: str | None = None,
        sort_by: Sequence[str] = (),
        limit: int | None = None,
        page: str | None = None,
        as_at: datetime | str | None = None,
        property_keys: Sequence[str] = (),
    ) -> Page[EntityT]:
        """Read one page, as :meth:`Client.list` does."""
        return await self._client.list(
            self._own.list,
            filter=filter,
            sort_by=sort_by,
            limit=limit,
            page=page,
            as_at=as_at,
            property_keys=property_keys,
        )

    async def marks(
        self, *, limit: int, page: str | None = None, filter: str | None = None, sort_by: Sequence[str] = ()
    ) -> Page[RowMark]:
        """Read the ids and versions of one page, as :meth:`Client.list_marks` does."""
        return await self._client.list_marks(
            self._own.list, filter=filter, sort_by=sort_by, limit=limit, page=page
        )

    async def get(
        self, id: ResourceId, *, as_at: datetime | None = None, property_keys: Sequence[str] = ()
    ) -> EntityT:
        """Read one entity as it was at ``as_at``; raises NotFound when there was none."""
        query = {"asAt": as_at, "propertyKeys": property_keys}
        return await self._client.call(self._own.get, id=id, query=query)

    async def upsert(self, items: Sequence[ItemT], *, key: str | None = None) -> tuple[EntityT, ...]:
        """Create or replace entities, all or none."""
        body = self._own.envelope(tuple(items))
        return (await self._client.call(self._own.upsert, body, key=key)).values

    async def delete(self, id: ResourceId) -> DeletedEntity:
        """Hide an entity from every later asAt."""
        return await self._client.call(self._own.delete, id=id)


class Client:
    """The Order Management API of one server.

    ``absent`` says why operations cannot be used, by name: those the server's generation does not have, and
    those the server turned out not to have (T10). ``denied`` says why writes were refused to whoever is
    signed on (403), ``foretold`` why the access service says that others would be; it is wrong of writes
    that were ``carried_out``.
    """

    def __init__(self, http: Http, generation: Generation = "latest") -> None:
        self.http = http
        self.generation = generation
        self.absent = absent_in(generation)
        self.denied: dict[str, str] = {}
        self.foretold: dict[str, str] = {}
        self.carried_out: set[str] = set()
        self.switches = Switches()
        self.blocks = EntityResource(self, operations.BLOCKS)
        self.orders = EntityResource(self, operations.ORDERS)
        self.placements = EntityResource(self, operations.PLACEMENTS)
        self.executions = EntityResource(self, operations.EXECUTIONS)
        self.allocations = EntityResource(self, operations.ALLOCATIONS)

    async def close(self) -> None:
        """Close the connections."""
        await self.http.close()

    def build(
        self,
        operation: Operation[BodyT, ReplyT],
        body: BodyT | None = None,
        *,
        id: PathNames | None = None,
        query: Query | None = None,
        key: str | None = None,
    ) -> Request[ReplyT]:
        """Return a request of ``operation`` as the server's generation takes it, without sending it.

        ``id`` is the entity, or what the path names otherwise. ``key`` names a write, so that a server which
        knows idempotency keys does it once.

        Raises:
            NotSent: the server cannot do what is asked, or the request cannot be written exactly.
        """
        if not operation.is_in(self.generation):
            raise NotSent(
                f"A server of generation {self.generation} cannot do this: {operation.summary}.",
                advice=NotServed.advice,
            )
        query = {**self.switches.query(operation), **(query or {})}
        if self.generation != "latest":
            query = {name: value for name, value in query.items() if name not in operation.newer_parameters}
        return self.http.build(operation, id=id, query=query, body=fitted(body, self.generation), key=key)

    async def send(
        self,
        request: Request[ReplyT],
        *,
        beside: bool = False,
        on_answer: Callable[[Reply], None] = lambda _: None,
    ) -> ReplyT:
        """Send a request as it was built, read its answer, and learn what the server does not have.

        ``beside`` is for reads that nobody waits for, as :meth:`Http.send` says. ``on_answer`` hears of a
        success before it is read.
        """
        reply = await self._answer(request, beside=beside)
        on_answer(reply)
        kind: Any = request.operation.reply
        with _malformed_as_ours(reply):
            if request.operation.lists and len(reply.body) > _AT_A_TIME:
                made: Any = await _in_parts(kind, reply.body)
            else:
                made = await _read(partial(codec.decode_reply, kind), reply.body)
        answer: ReplyT = made
        return answer

    async def _answer(self, request: Request[Any], *, beside: bool = False) -> Reply:
        operation = request.operation
        try:
            reply = await self.http.send(request, beside=beside)
        except NotServed as error:
            self.absent[operation.name] = error.why
            raise
        except Forbidden as error:
            if operation.effect == "writes":
                self.denied[operation.name] = error.why
                self.carried_out.discard(operation.name)
            raise
        except NotFound as error:
            if not may_be_absent(operation):
                raise
            self.absent[operation.name] = error.why
            raise NotServed(
                error.why, problem=error.problem, status=error.status, request_id=error.request_id
            ) from error
        if operation.effect == "writes":
            self.carried_out.add(operation.name)
            self.foretold.pop(operation.name, None)
        return reply

    async def call(
        self,
        operation: Operation[BodyT, ReplyT],
        body: BodyT | None = None,
        *,
        id: PathNames | None = None,
        query: Query | None = None,
        key: str | None = None,
        beside: bool = False,
    ) -> ReplyT:
        """Build a request and send it; ``beside`` others, if nobody waits for it.

        An id without scope or code names no row. It is not asked for: its path would be another one, and the
        answer to that would say that the server does not offer the operation.
        """
        if isinstance(id, ResourceId) and not (id.scope and id.code):
            raise NotFound("There is no row whose id has no scope or no code.", status=404)
        try:
            request = self.build(operation, body, id=id, query=query, key=key)
            reply = await self.send(request, beside=beside)
        except Refused as error:
            if not self.switches.drop_refused(operation, error):
                raise
            request = self.build(operation, body, id=id, query=query, key=key)
            reply = await self.send(request, beside=beside)
        self.switches.judge(operation, reply)
        return reply

    async def list(
        self,
        operation: Operation[None, Page[EntityT]],
        *,
        id: PathNames | None = None,
        filter: str | None = None,
        sort_by: Sequence[str] = (),
        limit: int | None = None,
        page: str | None = None,
        as_at: datetime | str | None = None,
        property_keys: Sequence[str] = (),
        query: Query | None = None,
    ) -> Page[EntityT]:
        """Read one page of at most ``limit`` rows (1 to 5000); ``page`` is the token of the one before it.

        ``as_at`` may be the text a server wrote: a time of fewer digits would exclude its last write.
        ``query`` holds the parameters that only this operation has.
        """
        usual: Query = {
            "filter": filter,
            "sortBy": sort_by,
            "limit": limit,
            "asAt": as_at,
            "propertyKeys": property_keys,
            operation.page_parameter: page,
        }
        return await self.call(operation, id=id, query={**usual, **(query or {})})

    async def list_marks(
        self,
        operation: Operation[None, Page[EntityT]],
        *,
        filter: str | None = None,
        sort_by: Sequence[str] = (),
        limit: int,
        page: str | None = None,
    ) -> Page[RowMark]:
        """Read one page as :meth:`list` does, but of its rows only which they are, and in which version."""
        usual: Query = {
            **dict.fromkeys(self.switches.query(operation)),
            "filter": filter,
            "sortBy": sort_by,
            "limit": limit,
            operation.page_parameter: page,
        }
        reply = await self._answer(self.build(operation, query=usual))
        with _malformed_as_ours(reply):
            return await _read(decode_marks, reply.body)

    async def list_block_marks(
        self,
        *,
        filter: str | None = None,
        sort_by: Sequence[str] = (),
        limit: int,
        page: str | None = None,
        query: Query | None = None,
    ) -> Page[BlockMark]:
        """Read one page of the order graph, but of its blocks only versions, and what their totals count."""
        operation = operations.GRAPH_BLOCKS
        usual: Query = {
            **dict.fromkeys(self.switches.query(operation)),
            "filter": filter,
            "sortBy": sort_by,
            "limit": limit,
            operation.page_parameter: page,
        }
        reply = await self._answer(self.build(operation, query={**usual, **(query or {})}))
        with _malformed_as_ours(reply):
            return await _read(decode_block_marks, reply.body)

    async def get_order_history(
        self, id: ResourceId, *, as_at: datetime | None = None
    ) -> tuple[HistoryItem, ...]:
        """Read what happened to an order and its related entities, newest first (2.10).

        An older server ignores ``as_at`` and answers everything: later items are left out here.
        """
        items = (await self.call(operations.ORDER_HISTORY, id=id, query={"asAt": as_at})).values
        if self.generation == "latest" or as_at is None:
            return items
        return tuple(each for each in items if each.as_at_modified is None or each.as_at_modified <= as_at)
