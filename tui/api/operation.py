"""What an operation of the API is, in the sense of OpenAPI: one method on one path.

Which ones there are is declared in :mod:`tui.api.operations` and :mod:`tui.api.reference_operations`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin

from msgspec import Struct
from msgspec.structs import replace

from tui.api.ceilings import ANSWER, LIST, Ceiling
from tui.api.codec import Page
from tui.api.requests import DeletedEntity, ResourceList

Method = Literal["GET", "POST", "DELETE"]
Effect = Literal["reads", "writes"]
Generation = Literal["1.0", "2.1", "latest"]
"""The generations of the API a server may be of, oldest first (contract, section 7)."""
GENERATIONS: Final[tuple[Generation, ...]] = get_args(Generation)

MAX_ITEMS: Final = 100
"""The most items of one call, where the contract names no other number (2.0)."""

BodyT = TypeVar("BodyT")
ReplyT = TypeVar("ReplyT")
EntityT = TypeVar("EntityT")
ItemT = TypeVar("ItemT")


class Operation(Struct, Generic[BodyT, ReplyT], frozen=True):
    """One method on one path: what it takes, what it answers and since when there is one.

    ``name`` is that of the SDK's method and ``status`` that of success. ``limit`` is how many items a call
    may carry. ``newer_parameters`` are the query parameters only the latest generation knows, and
    ``page_parameter`` the one that asks for the next page. ``outside`` is true for what is offered beside
    the contract, above the address that ends in /api. ``asks`` is true for a POST whose body is a question,
    ``slow`` for a call that may take minutes.
    """

    name: str
    method: Method
    path: str
    summary: str
    reply: type[ReplyT]
    body: type[BodyT] | None = None
    status: int = 200
    since: Generation = "1.0"
    limit: int = MAX_ITEMS
    newer_parameters: tuple[str, ...] = ()
    page_parameter: str = "page"
    outside: bool = False
    asks: bool = False
    slow: bool = False

    @property
    def lists(self) -> bool:
        """Whether it answers a page of many rows, which may take a server longer."""
        return get_origin(self.reply) is Page

    @property
    def ceiling(self) -> Ceiling:
        """The most that its answer may hold."""
        return LIST if self.lists else ANSWER

    @property
    def effect(self) -> Effect:
        """Whether a call changes anything, which decides what may be repeated."""
        return "reads" if self.method == "GET" or self.asks else "writes"

    @property
    def feature(self) -> str:
        """The code under which policies name it, the id of the operation: ``PlaceBlocks``."""
        return "".join(part[:1].upper() + part[1:] for part in self.name.split("_"))

    @property
    def partial(self) -> bool:
        """Whether each item succeeds or fails for itself; otherwise a call is done whole or not at all."""
        return "failed" in getattr(get_origin(self.reply) or self.reply, "__struct_fields__", ())

    @property
    def short_path(self) -> str:
        """The path without what all operations of order management share, such as ``cancelorders``."""
        return self.path.removeprefix("/api/").removeprefix("ordermanagement/")

    def with_body(self, body: type[ItemT]) -> Operation[ItemT, ReplyT]:
        """Return the same operation with another form of its body."""
        same: Any = self
        other: Operation[ItemT, ReplyT] = replace(same, body=body)
        return other

    def is_in(self, generation: Generation) -> bool:
        """Return whether servers of ``generation`` have it."""
        return GENERATIONS.index(self.since) <= GENERATIONS.index(generation)


class EntityOperations(Struct, Generic[EntityT, ItemT, BodyT], frozen=True):
    """List, get, upsert and delete of one of the five kinds of entities (2.14).

    ``item`` is the type of one item of an upsert; ``envelope`` puts items into its body.
    """

    singular: str
    plural: str
    entity: type[EntityT]
    item: type[ItemT]
    envelope: Callable[[tuple[ItemT, ...]], BodyT]
    list: Operation[None, Page[EntityT]]
    get: Operation[None, EntityT]
    upsert: Operation[BodyT, ResourceList[EntityT]]
    delete: Operation[None, DeletedEntity]

    def all(self) -> tuple[Operation[Any, Any], ...]:
        """Return its four operations."""
        return (self.list, self.get, self.upsert, self.delete)


def declared_in(names: Mapping[str, object]) -> tuple[Operation[Any, Any], ...]:
    """Return the operations of a module in its order, each once whatever forms its body has."""
    found: dict[str, Operation[Any, Any]] = {}
    for row in list(names.values()):
        for each in row.all() if isinstance(row, EntityOperations) else (row,):
            if isinstance(each, Operation):
                found.setdefault(each.name, each)
    return tuple(found.values())
