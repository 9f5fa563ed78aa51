"""Finds the blocks that hold open orders of the desk, where the desk does not have all blocks.

An order does not say which block it is in (C8). On a desk of active blocks only, or of some scopes, it may be
in one that is not here: shown as in no block it would be blocked and placed a second time. So the server is
asked for the blocks that name it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Final

from tui.api.base import ResourceId
from tui.api.errors import ApiError
from tui.api.models import Block
from tui.api.states import is_final
from tui.service.filter_texts import any_of, quoted
from tui.service.learned import Learned
from tui.service.snapshot.snapshot import EntityKind
from tui.service.sync.id_filters import IdFilters, concerns_the_filter, in_parts
from tui.service.sync.queries import all_of, concerns_one_kind
from tui.service.sync.read_session import AT_ONCE, PAGE, ReadSession
from tui.service.sync.window import Window

_FIELD: Final = "orderIds.code"
_FORM: Final = "blocks.of orders"
"""Under this it is remembered which of the forms the server takes."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)

log = logging.getLogger(__name__)


def _one_of(codes: Sequence[str]) -> str:
    return any_of(_FIELD, codes)


def _each(codes: Sequence[str]) -> str:
    return " or ".join(f"orderIds any (~.code eq {quoted(code)})" for code in codes)


_FORMS: Final[tuple[Callable[[Sequence[str]], str], ...]] = (_one_of, _each)
"""The ways to ask for blocks by the codes of their orders (F3), the best first."""


class BlockFinder:
    """Finds the blocks of orders that may be in one that is not on the desk; ``read`` reads blocks."""

    def __init__(
        self,
        session: ReadSession,
        window: Window,
        learned: Learned,
        filters: IdFilters,
        read: Callable[[Collection[ResourceId]], Awaitable[None]],
    ) -> None:
        self._session = session
        self._window = window
        self._learned = learned
        self._filters = filters
        self._read = read
        self._known: Block | None = None
        self._loose: set[ResourceId] = set()
        self.joined: set[ResourceId] = set()
        """The blocks that are here only because an open order of the desk is in them."""

    def begin(self) -> set[ResourceId]:
        """Forget what is known of orders; return the blocks that stay because an open order is in them."""
        rows = self._session.builder.rows(EntityKind.BLOCKS)
        self.joined = {id for id in self.joined if id in rows and self._has_open_order(rows[id].block)}
        self._loose.clear()
        self._window.elsewhere.clear()
        return self.joined

    def _has_open_order(self, block: Block) -> bool:
        orders = self._session.builder.rows(EntityKind.ORDERS)
        return any(id in orders and not is_final(orders[id].state) for id in block.order_ids)

    def doubt(self, orders: Collection[ResourceId], *, again: bool = False) -> None:
        """Note of orders that are in no block here that they may be in one that is not.

        Of those that were in none before only with ``again``.
        """
        if self._window.lacks_blocks:
            builder = self._session.builder
            if again:
                self._loose.difference_update(orders)
            builder.maybe_blocked.update(
                id for id in orders if id not in self._loose and not builder.blocks_of_order(id)
            )

    async def settle(self) -> None:
        """Find the blocks of orders that may be in one that is not here, and read those of the desk.

        Orders in others, swept ones or of another scope, leave the desk.

        Raises:
            ApiError: something could not be read.
            Superseded: the desk shows another moment by now.
        """
        builder, kind = self._session.builder, EntityKind.ORDERS
        doubtful = frozenset(builder.maybe_blocked)
        if not doubtful:
            return
        blocks = await self._find()
        self._loose |= doubtful - builder.maybe_blocked
        ours = {block.id for block in blocks if self._window.may_keep(block)}
        self.joined |= ours
        await self._read(ours)
        others = {id for block in blocks if block.id not in ours for id in block.order_ids} & doubtful
        self._loose -= others
        held = builder.rows(kind)
        self._window.elsewhere.update((id, held[id].version) for id in others if id in held)
        builder.remove(kind, others)

    async def _find(self) -> list[Block]:
        """Return blocks that hold orders of which that was not known, the newest orders first.

        Of orders that are in none it is known from then on. What one round of calls does not find out is left
        to the next time, and where the server does not tell, it stays unknown.

        Raises:
            ApiError: there is no connection.
            Superseded: the desk shows another moment by now.
        """
        builder = self._session.builder
        builder.maybe_blocked = {
            id
            for id in builder.maybe_blocked
            if id in builder.rows(EntityKind.ORDERS) and not builder.blocks_of_order(id)
        }
        if not builder.maybe_blocked or self._form >= len(_FORMS):
            return []
        found: list[Block] = []
        try:
            await self._find_known()
            parts = self._parts(builder.maybe_blocked)
            if parts and self._learned.get(_FORM) is None:
                found += await self._ask(parts.pop(0))
            for blocks in await all_of(map(self._ask, parts)):
                found += blocks
        except ApiError as error:
            if not concerns_one_kind(error):
                raise
            log.warning("blocks of orders could not be looked for: %s", error)
        return found

    @property
    def _form(self) -> int:
        """The number of the form in use; past the last one where the server takes none."""
        return int(self._learned.get(_FORM) or 0)

    async def _find_known(self) -> None:
        """Find a block with an order, here or elsewhere: only an answer that has it can be believed."""
        rows = self._session.builder.rows(EntityKind.BLOCKS).values()
        known = next((row.block for row in rows if row.block.order_ids), None)
        if known is None and self._known is None:
            page = await self._session.client.blocks.list(limit=PAGE, as_at=self._session.as_at)
            self._session.check()
            known = next((block for block in page.values if block.order_ids), None)
            if not page.values:
                self._session.builder.maybe_blocked.clear()  # there is no block at all
        self._known = known or self._known

    def _parts(self, ids: Collection[ResourceId]) -> list[list[ResourceId]]:
        """Return orders in parts that one filter names, as many as are asked for at once."""
        if self._known is None:
            return []
        orders = self._session.builder.rows(EntityKind.ORDERS)
        newest = sorted(ids, key=lambda id: orders[id].date or _NEVER, reverse=True)
        length = self._filters.length - len(self._known.order_ids[0].code) - len(_FIELD)
        room = length if self._form == 0 else length // 3
        parts, start = [], 0
        for codes in in_parts(_FIELD, [id.code for id in newest], room):
            parts.append(newest[start : start + len(codes)])
            start += len(codes)
        return parts[:AT_ONCE]

    async def _ask(self, ids: Sequence[ResourceId]) -> list[Block]:
        """Return the blocks that hold ``ids``; of the others it is known then that no block does."""
        known = self._known
        assert known is not None
        codes = list(dict.fromkeys([known.order_ids[0].code, *(id.code for id in ids)]))
        for number in range(self._form, len(_FORMS)):
            rows = await self._answered(_FORMS[number](codes), codes)
            if rows is None or known.id not in {row.id for row in rows}:
                continue
            self._learned.put(_FORM, number)
            self._session.builder.maybe_blocked.difference_update(ids)
            wanted = set(ids)
            return [row for row in rows if not wanted.isdisjoint(row.order_ids)]
        self._learned.put(_FORM, len(_FORMS))
        return []

    async def _answered(self, test: str, codes: Collection[str]) -> list[Block] | None:
        """Return the blocks that pass a filter; None where it is refused or ignored."""
        found: list[Block] = []
        try:
            async for page in self._session.pages_of(EntityKind.BLOCKS, test):
                if not all(any(id.code in codes for id in row.order_ids) for row in page.values):
                    return None
                found += page.values
        except ApiError as error:
            if not concerns_the_filter(error):
                raise
            return None
        return found
