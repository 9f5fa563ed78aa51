"""Forms and verbs that move, change and cancel orders and placements."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tui.actions.action import Form, Scope, Values
from tui.actions.eligibility import (
    counterparties,
    currency_of,
    heads,
    live_orders,
    live_placements,
    named,
    systems,
)
from tui.actions.form_fields import (
    NEW_BLOCK,
    amount,
    block_choices,
    id_check,
    id_echo,
    money_or_none,
    pick,
    size,
    text,
)
from tui.actions.place import ENTRY_TYPES
from tui.api.base import CurrencyAndAmount, PerpetualProperty, PropertyValue, ResourceId
from tui.api.models import Order, Placement
from tui.api.requests import (
    CancelOrdersAndMoveRemainingRequest,
    OrderUpdateRequest,
    PlacementUpdateRequest,
)
from tui.service.id_lookup import IdLookup, block_lookup, portfolio_lookup
from tui.service.ids import new_code
from tui.service.numbers import counted, parse_price, parse_quantity
from tui.service.snapshot.sizing import Size, size_of
from tui.service.snapshot.snapshot import EntityKind
from tui.service.verbs import (
    CancelAndMove,
    CancelOrders,
    CancelPlacements,
    MoveOrders,
    UpdateOrders,
    UpdatePlacements,
    Verb,
)
from tui.service.wire_words import in_words


def move_form(scope: Scope) -> Form:
    ids = live_orders(scope)
    blocks = block_lookup(scope.snapshot, scope.home)
    return Form(
        f"Move {counted(len(ids), 'order')}",
        (
            text(
                "block",
                "To block",
                NEW_BLOCK,
                choices=block_choices(scope, blocks),
                required=True,
                help="An existing block, or 'new' for a new one",
                check=id_check(blocks),
                echo=lambda typed: _describe_block(scope, blocks, typed),
            ),
        ),
        intro=named(ids, 4),
    )


def _describe_block(scope: Scope, blocks: IdLookup, typed: str) -> str:
    if typed.strip().lower() == NEW_BLOCK or not typed.strip():
        home = _new_block_scope(scope)
        return "a new block is created" + ("" if home == scope.home else f" in {home}")
    try:
        id = blocks.read(typed)
    except ValueError:
        return ""
    graph = scope.snapshot.blocks.get(id)
    if graph is None:
        return f"not on this desk: it is created as {id}"
    block = graph.block
    limit = f" at {block.limit_price}" if block.limit_price else ""
    orders = counted(len(block.order_ids), "order")
    where = f"{blocks.write(id)}: " if blocks.write(id) != id.code else ""
    return f"{where}{in_words(block.side)} {size_of(block)} {in_words(block.type)}{limit}, {orders}"


def _destination(scope: Scope, typed: str) -> ResourceId:
    if typed.strip().lower() == NEW_BLOCK:
        return ResourceId(_new_block_scope(scope), new_code("BLK"))
    return block_lookup(scope.snapshot, scope.home).read(typed)


def _new_block_scope(scope: Scope) -> str:
    """Return the scope of the orders in focus for their new block, the desk's own when they have several."""
    scopes = {id.scope for id in live_orders(scope)}
    return scopes.pop() if len(scopes) == 1 else scope.home


def move_verb(scope: Scope, values: Values) -> Verb:
    return MoveOrders(live_orders(scope), _destination(scope, values["block"]))


def update_form(scope: Scope) -> Form:
    if scope.kind is EntityKind.PLACEMENTS:
        return _update_placements_form(scope)
    orders = [scope.snapshot.orders[id] for id in live_orders(scope)]
    one = orders[0] if len(orders) == 1 else None
    portfolios = portfolio_lookup(scope.snapshot, scope.home)
    return Form(
        f"Update {one.id.code if one else counted(len(orders), 'order')}",
        (
            size("quantity", common_size(orders), required=False),
            amount("limit", "Limit", one.limit_price.amount if one and one.limit_price else None),
            amount("stop", "Stop", one.stop_price.amount if one and one.stop_price else None),
            text(
                "portfolio",
                "Portfolio",
                portfolios.write(one.portfolio_id) if one and one.portfolio_id else "",
                choices=portfolios.names(),
                check=id_check(portfolios),
                echo=id_echo(portfolios),
            ),
            text("note", "Note", help="Kept as the order's Note property"),
        ),
        intro="Only changes are sent; an empty field stays unchanged.",
        check=lambda values: [] if _changed(scope, values) else ["Nothing is changed yet."],
    )


def common_size(rows: Sequence[Order | Placement]) -> Size:
    """Return the size of the one row; of several none, but the currency they are all sized in."""
    sizes = [size_of(row) for row in rows]
    if len(sizes) == 1:
        return sizes[0]
    currencies = {size.currency for size in sizes}
    return Size(None, currencies.pop() if len(currencies) == 1 else "")


def resized(row: Order | Placement, typed: str) -> tuple[Decimal | None, CurrencyAndAmount | None]:
    """Return the quantity or the amount a row is changed to, in its own measure; neither where it stays."""
    held = size_of(row)
    asked = parse_quantity(typed) if typed.strip() else held.value
    if asked is None or asked == held.value:
        return None, None
    if not held.currency:
        return asked, None
    return None, CurrencyAndAmount(amount=asked, currency=held.currency)


def _changed(scope: Scope, values: Values) -> bool:
    verb = update_verb(scope, values)
    assert isinstance(verb, (UpdateOrders, UpdatePlacements))
    return any(len(_sent(update)) > 1 for update in verb.updates)


def _sent(update: OrderUpdateRequest | PlacementUpdateRequest) -> list[str]:
    return [name for name in update.__struct_fields__ if getattr(update, name) is not None]


def _price_or_same(
    typed: str, now: CurrencyAndAmount | None, currency: str | None
) -> CurrencyAndAmount | None:
    asked = money_or_none(typed, currency)
    return None if asked is None or (now and asked.amount == now.amount) else asked


def update_verb(scope: Scope, values: Values) -> Verb:
    if scope.kind is EntityKind.PLACEMENTS:
        return _update_placements(scope, values)
    portfolios = portfolio_lookup(scope.snapshot, scope.home)
    updates = []
    for id in live_orders(scope):
        order = scope.snapshot.orders[id]
        currency = currency_of(order, scope.snapshot)
        quantity, amount = resized(order, values["quantity"])
        portfolio = portfolios.read(values["portfolio"]) if values["portfolio"].strip() else None
        key = f"Order/{id.scope}/Note"
        note = PerpetualProperty(key=key, value=PropertyValue(label_value=values["note"]))
        updates.append(
            OrderUpdateRequest(
                id=id,
                quantity=quantity,
                amount=amount,
                limit_price=_price_or_same(values["limit"], order.limit_price, currency),
                stop_price=_price_or_same(values["stop"], order.stop_price, currency),
                portfolio_id=None if portfolio == order.portfolio_id else portfolio,
                properties={key: note} if values["note"].strip() else None,
            )
        )
    return UpdateOrders(tuple(updates))


def _update_placements_form(scope: Scope) -> Form:
    rows = [scope.snapshot.placements[id] for id in live_placements(scope)]
    one = rows[0] if len(rows) == 1 else None
    fields = [
        size("quantity", common_size(rows), required=False),
        text(
            "counterparty",
            "Broker",
            (one.counterparty or "") if one else "",
            choices=counterparties(scope.snapshot),
        ),
        text(
            "system", "System", (one.execution_system or "") if one else "", choices=systems(scope.snapshot)
        ),
        pick("entry", "Entry", ("", *ENTRY_TYPES), (one.entry_type or "") if one else ""),
        amount("limit", "Limit", one.limit_price.amount if one and one.limit_price else None),
        amount("stop", "Stop", one.stop_price.amount if one and one.stop_price else None),
    ]
    return Form(
        f"Update {one.id.code if one else counted(len(rows), 'placement')}",
        tuple(fields),
        intro="Only changes are sent; an empty field stays unchanged.",
        check=lambda values: [] if _changed(scope, values) else ["Nothing is changed yet."],
    )


def _update_placements(scope: Scope, values: Values) -> Verb:
    def text_or_same(name: str, now: str | None) -> str | None:
        typed = values[name].strip(" ")
        return None if not typed or typed == now else typed

    def price_or_same(name: str, now: CurrencyAndAmount | None) -> Decimal | None:
        typed = values[name].strip()
        asked = parse_price(typed) if typed else None
        return None if now and asked == now.amount else asked

    updates = []
    for id in live_placements(scope):
        row = scope.snapshot.placements[id]
        quantity, amount = resized(row, values["quantity"])
        limit, stop = price_or_same("limit", row.limit_price), price_or_same("stop", row.stop_price)
        priced = limit is not None or stop is not None
        updates.append(
            PlacementUpdateRequest(
                id=id,
                quantity=quantity,
                amount=amount,
                counterparty=text_or_same("counterparty", row.counterparty),
                execution_system=text_or_same("system", row.execution_system),
                entry_type=text_or_same("entry", row.entry_type),
                limit_price=limit,
                stop_price=stop,
                currency=currency_of(row, scope.snapshot) if priced and not row.limit_price else None,
            )
        )
    return UpdatePlacements(tuple(updates))


def cancel_verb(scope: Scope, values: Values) -> Verb:
    if scope.kind is EntityKind.PLACEMENTS:
        return CancelPlacements(heads(scope, live_placements(scope)))
    return CancelOrders(live_orders(scope))


def cancel_and_move_form(scope: Scope) -> Form:
    form = move_form(scope)
    return Form(
        f"Cancel {counted(len(live_orders(scope)), 'order')} and move what is not placed",
        form.fields,
        intro=f"{form.intro}. The placed part stays; the rest moves to new orders.",
    )


def cancel_and_move_verb(scope: Scope, values: Values) -> Verb:
    destination = _destination(scope, values["block"])
    return CancelAndMove(
        tuple(
            CancelOrdersAndMoveRemainingRequest(
                cancel_order_id=id,
                move_remaining_to_order_id=ResourceId(id.scope, new_code("ORD")),
                move_remaining_to_block_id=destination,
            )
            for id in live_orders(scope)
        )
    )
