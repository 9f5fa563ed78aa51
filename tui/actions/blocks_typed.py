"""The block that somebody types: by its code, and offered by what it trades."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from msgspec.structs import replace

from tui.actions.action import Scope
from tui.actions.instruments_typed import called
from tui.api.base import ResourceId
from tui.service.fitting_blocks import open_blocks_of
from tui.service.id_lookup import IdLookup
from tui.service.numbers import counted
from tui.service.row_phrases import trade_of
from tui.service.snapshot.instruments import luid_of
from tui.service.snapshot.sizing import block_unplaced
from tui.service.snapshot.snapshot import Snapshot
from widgets.fields import MOST_MATCHES

MOST_LOOKED_AT: Final = 200
"""Known ids that are looked at to complete what is typed: of another scope one is written in full."""
NEW_BLOCK: Final = "new"
"""The word typed for a block that does not exist yet."""
MOST_NAMED: Final = 2
"""Blocks that are named where an instrument was typed."""


def is_new(typed: str) -> bool:
    """Return whether a new block is typed: the word for it, or nothing."""
    return typed.strip().lower() in (NEW_BLOCK, "")


def block_choices(scope: Scope, lookup: IdLookup) -> Callable[[str], list[str]]:
    """Return what completes the name of a block that orders can join: ``new``, or one that is not swept.

    A block is found by its code, or by what it trades and then any word of it: ``vod 0.82``.
    """
    snapshot = scope.snapshot

    def matching(typed: str) -> list[str]:
        folded = typed.casefold()
        first = islice(snapshot.open_block_codes.beginning(folded), MOST_LOOKED_AT)
        named = [name for id in first if (name := lookup.write(id)).casefold().startswith(folded)]
        new = [NEW_BLOCK] if NEW_BLOCK.startswith(folded) else []
        traded = () if named else map(lookup.write, blocks_trading(snapshot, typed))
        return list(islice(dict.fromkeys((*new, *named, *traded)), MOST_MATCHES))

    return matching


def blocks_trading(snapshot: Snapshot, typed: str) -> Iterator[ResourceId]:
    """Yield the open blocks of the instrument that is typed, the newest first; more words narrow them."""
    name, *words = typed.casefold().split() or [""]
    for known in snapshot.find_instruments(name) or called(snapshot, name):
        for id in islice(open_blocks_of(snapshot, known.luid), MOST_LOOKED_AT):
            if not words or all(word in block_in_words(snapshot, id).casefold() for word in words):
                yield id


def block_problem(snapshot: Snapshot, lookup: IdLookup) -> Callable[[str], str | None]:
    """Return the check of a field for a block: a code, known or not, but no instrument's name."""

    def check(typed: str) -> str | None:
        said = None
        try:
            if is_new(typed) or lookup.is_known(lookup.read(typed)):
                return None
        except ValueError as error:
            said = str(error)
        found = list(islice(blocks_trading(snapshot, typed), MOST_NAMED + 1))
        if not found:
            return said
        named = [f"{lookup.write(id)} ({block_in_words(snapshot, id)})" for id in found[:MOST_NAMED]]
        more = " and more" if len(found) > MOST_NAMED else ""
        return f"'{typed.strip()}' is no block: there is {', '.join(named)}{more}."

    return check


def block_in_words(snapshot: Snapshot, id: ResourceId) -> str:
    """Return the trade of a block and what of it is left to place."""
    graph = snapshot.blocks[id]
    known, trade = snapshot.instruments.get(luid_of(graph)), trade_of(snapshot, graph)
    short = trade if trade is None or known is None else replace(trade, instrument=known.label)
    return f"{short} · {block_unplaced(snapshot, graph)} left"


def block_typed_in_words(scope: Scope, lookup: IdLookup, typed: str, new_in: str) -> str:
    """Return which block is typed and what is in it; a new one is of the scope ``new_in``."""
    if is_new(typed):
        return "a new block is created" + ("" if new_in == scope.home else f" in {new_in}")
    try:
        id = lookup.read(typed)
    except ValueError:
        return ""
    graph = scope.snapshot.blocks.get(id)
    if graph is None:
        return f"not on this desk: it is created as {id}"
    where = f"{lookup.write(id)}: " if lookup.write(id) != id.code else ""
    return f"{where}{counted(len(graph.block.order_ids), 'order')}"
