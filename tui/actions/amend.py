"""Forms and verbs that move, change and cancel orders and placements."""

from __future__ import annotations

from collections.abc import Sequence

from tui.actions.action import WARNING, Form, Scope, Values
from tui.actions.blocks_typed import NEW_BLOCK, block_in_words, block_problem, block_typed_in_words, is_new
from tui.actions.eligibility import (
    heads,
    live_orders,
    live_placements,
)
from tui.actions.form_fields import text
from tui.api.base import ResourceId
from tui.api.models import Order
from tui.api.requests import (
    CancelOrdersAndMoveRemainingRequest,
)
from tui.service.fitting_blocks import fitting_blocks, misfit
from tui.service.id_lookup import IdLookup, block_lookup
from tui.service.numbers import counted
from tui.service.row_phrases import phrase_of, rows_in_words
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs import (
    CancelAndMove,
    CancelOrders,
    CancelPlacements,
    MoveOrders,
    Verb,
)
from widgets.fields import Offer


def move_form(scope: Scope) -> Form:
    """Return the form that asks to which block orders go."""
    ids = live_orders(scope)
    blocks = block_lookup(scope.snapshot, scope.home)
    orders = [scope.snapshot.orders[id] for id in ids]
    offered = _Destinations(scope, blocks, orders)
    return Form(
        f"Move {counted(len(ids), 'order')}",
        (
            text(
                "block",
                "To block",
                NEW_BLOCK,
                choices=lambda typed: [offer.value for offer in offered.matching(typed)],
                offers=offered.matching,
                required=True,
                check=block_problem(scope.snapshot, blocks),
                echo=lambda typed: _in_words(scope, blocks, typed),
            ),
        ),
        intro=rows_in_words(scope.snapshot, EntityKind.ORDERS, ids),
        live=lambda values: _destination_in_words(scope, blocks, orders, values["block"]),
    )


class _Destinations:
    """What orders can be moved to, in a list: a new block, and the open ones that they fit."""

    def __init__(self, scope: Scope, blocks: IdLookup, orders: Sequence[Order]) -> None:
        homes = {scope.snapshot.block_of_order(order.id) for order in orders}
        without = homes if len(homes) == 1 else ()
        self._scope, self._blocks = scope, blocks
        self._fitting = fitting_blocks(scope.snapshot, orders, without=filter(None, without))
        self._offers: list[Offer] | None = None

    def matching(self, typed: str) -> Sequence[Offer]:
        """Return the offers in which each of the words typed stands; ``new`` stands for itself."""
        if self._offers is None:  # said only once a form shows them
            new = Offer(NEW_BLOCK, _in_words(self._scope, self._blocks, NEW_BLOCK))
            self._offers = [new, *map(self._offer, self._fitting)]
        words = typed.casefold().split()
        return [
            offer
            for offer in self._offers
            if all(word in f"{offer.value} {offer.words}".casefold() for word in words)
        ]

    def _offer(self, id: ResourceId) -> Offer:
        return Offer(self._blocks.write(id), block_in_words(self._scope.snapshot, id))


def _in_words(scope: Scope, blocks: IdLookup, typed: str) -> str:
    return block_typed_in_words(scope, blocks, typed, _new_block_scope(scope))


def _destination_in_words(scope: Scope, blocks: IdLookup, orders: Sequence[Order], typed: str) -> str:
    """Return the block that is typed as a trade in words, and why it does not fit; empty for a new one."""
    try:
        id = blocks.read(typed)
    except ValueError:
        return ""
    said = phrase_of(scope.snapshot, Ref(EntityKind.BLOCKS, id))
    why = misfit(scope.snapshot, orders, scope.snapshot.blocks[id]) if said else ""
    return f"{said}\n{WARNING}It does not fit: {why}." if why else said


def _destination(scope: Scope, typed: str) -> ResourceId:
    if is_new(typed):
        return scope.new_id(EntityKind.BLOCKS, _new_block_scope(scope))
    return block_lookup(scope.snapshot, scope.home).read(typed)


def _new_block_scope(scope: Scope) -> str:
    """Return the scope of the orders in focus for their new block, the desk's own when they have several."""
    scopes = {id.scope for id in live_orders(scope)}
    return scopes.pop() if len(scopes) == 1 else scope.home


def move_verb(scope: Scope, values: Values) -> Verb:
    """Return the move of the orders to the block that was chosen."""
    return MoveOrders(live_orders(scope), _destination(scope, values["block"]))


def cancel_verb(scope: Scope, values: Values) -> Verb:
    """Return the cancelling of the orders or placements of ``scope``."""
    if scope.kind is EntityKind.PLACEMENTS:
        return CancelPlacements(heads(scope, live_placements(scope)))
    return CancelOrders(live_orders(scope))


def cancel_and_move_form(scope: Scope) -> Form:
    """Return the form that asks to which block the unplaced rest of orders goes."""
    form = move_form(scope)
    return Form(
        f"Cancel {counted(len(live_orders(scope)), 'order')} and move what is not placed",
        form.fields,
        intro=f"{form.intro}\nThe placed part stays; the rest moves to new orders.",
        live=form.live,
    )


def cancel_and_move_verb(scope: Scope, values: Values) -> Verb:
    """Return the cancelling of orders, with new orders for what of them is not placed."""
    destination = _destination(scope, values["block"])
    return CancelAndMove(
        tuple(
            CancelOrdersAndMoveRemainingRequest(
                cancel_order_id=id,
                move_remaining_to_order_id=scope.new_id(EntityKind.ORDERS, id.scope),
                move_remaining_to_block_id=destination,
            )
            for id in live_orders(scope)
        )
    )
