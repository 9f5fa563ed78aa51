"""Lists beside a small model: any filter, sort and asAt equals a full scan in Python."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from tests.oms.request_bodies import NINE, an_order, drop, oid, put, usd
from tui.api.base import LabelValueSet, MetricValue, PerpetualProperty, PropertyValue
from tui.api.http import asgi_transport
from tui.api.models import Order
from tui.oms.demo.universe import instrument_table
from tui.oms.engine.engine import Engine
from tui.oms.http.app import Server

KEY = "Order/Desk/Note"
THEN = NINE + timedelta(hours=1)
STATES = ("New", "new", "Filled", "PARTIALLYFILLED", "Überwacht", "überwacht", "ΣΤΟΠ", "it's", None)
SIDES = ("Buy", "sell", "Sell", "SellShort")
NOTES = ("Momentum", "ÉLAN", "élan", "value", Decimal("7.5"), Decimal(-3), ("a", "B"), ("b",), None)


def note(value: Any) -> dict[str, PerpetualProperty]:
    if value is None:
        return {}
    if isinstance(value, str):
        made = PropertyValue(label_value=value)
    elif isinstance(value, Decimal):
        made = PropertyValue(metric_value=MetricValue(value=value))
    else:
        made = PropertyValue(label_value_set=LabelValueSet(values=value))
    return {KEY: PerpetualProperty(key=KEY, value=made)}


def order_of(number: int, twist: int = 0) -> Order:
    """Return one of the orders; ``twist`` selects other values."""
    seed = number * 7 + twist * 13
    return an_order(
        f"{'oRd' if number % 3 else 'ORD'}-{number:02}",
        state=STATES[seed % len(STATES)],
        side=SIDES[seed % len(SIDES)],
        lusid_instrument_id=f"LUID_{seed % 5}",
        portfolio_id=oid(("GROWTH", "growth", "Income")[seed % 3]) if seed % 4 else None,
        quantity=Decimal(seed % 11) / 4,
        date=NINE + timedelta(days=seed % 4, hours=seed % 2),
        limit_price=usd(f"{100 + seed % 6}.5") if seed % 2 else None,
        properties=note(NOTES[seed % len(NOTES)]),
    )


class ModelDesk(Struct):
    """The desk with its server, and the model: the orders at the asAt and now."""

    server: httpx.ASGITransport
    then: list[Order]
    now: list[Order]

    def __repr__(self) -> str:
        return "World()"


@pytest.fixture(scope="module")
def world() -> Iterator[ModelDesk]:
    engine = Engine.open(None, instrument_table)
    then: list[Order] = []
    for number in range(36):
        then += engine.write(put, [order_of(number)], user="u", now=NINE + timedelta(minutes=number))
    after = THEN + timedelta(hours=1)
    now = {order.id: order for order in then}
    for number in range(0, 48, 4):
        changed = engine.write(put, [order_of(number, 1)], user="u", now=after)
        now |= {order.id: order for order in changed}
    for order in then[1:12:5]:
        engine.write(drop, order, user="u", now=after)
        del now[order.id]
    transport = asgi_transport(Server(engine))
    assert isinstance(transport, httpx.ASGITransport)
    yield ModelDesk(transport, then, list(now.values()))
    engine.close()


# -- the model ---------------------------------------------------------------------------------------


def fold(text: str) -> str:
    return "".join(letter.lower() for letter in text)


def price(order: Order) -> Decimal | None:
    return order.limit_price.amount if order.limit_price else None


def noted(order: Order) -> PropertyValue | None:
    found = (order.properties or {}).get(KEY)
    return found.value if found else None


def label(order: Order) -> str | None:
    found = noted(order)
    return found.label_value if found else None


def metric(order: Order) -> Decimal | None:
    found = noted(order)
    return found.metric_value.value if found and found.metric_value else None


def labels(order: Order) -> tuple[str, ...] | None:
    found = noted(order)
    return found.label_value_set.values if found and found.label_value_set else None


TEXTS: dict[str, Callable[[Order], str | None]] = {
    "state": lambda order: order.state,
    "Side": lambda order: order.side,
    "id.code": lambda order: order.id.code,
    "ID.SCOPE": lambda order: order.id.scope,
    "lusidInstrumentId": lambda order: order.lusid_instrument_id,
    "portfolioId.code": lambda order: order.portfolio_id.code if order.portfolio_id else None,
    "limitPrice.currency": lambda order: order.limit_price.currency if order.limit_price else None,
    "instrumentIdentifiers['Instrument/default/Figi']": lambda order: "BBG000B9XRY4",
    "identifiers['Isin']": lambda order: None,
    f"properties[{KEY}]": label,
    f"properties.{KEY}": label,
}
NUMBERS: dict[str, Callable[[Order], Decimal | None]] = {
    "quantity": lambda order: order.quantity,
    "limitPrice.amount": price,
    "version.asAtVersionNumber": lambda order: (
        Decimal(order.version.as_at_version_number or 0) if order.version else None
    ),
    f"properties[Orders/{KEY.removeprefix('Order/')}]": metric,
}
TIMES: dict[str, Callable[[Order], datetime | None]] = {
    "date": lambda order: order.date,
    "version.asAtModified": lambda order: order.version.as_at_modified if order.version else None,
}
EXIST: dict[str, Callable[[Order], Any]] = {
    **TEXTS,
    **NUMBERS,
    **TIMES,
    f"properties[{KEY}]": noted,
    f"properties.{KEY}": noted,
    f"properties[Orders/{KEY.removeprefix('Order/')}]": noted,
    "portfolioId": lambda order: order.portfolio_id,
    "limitPrice": lambda order: order.limit_price,
}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "startswith": lambda a, b: a.startswith(b),
}

Verdict = bool | None


class ModelFilter(Struct):
    """A filter: its text, and its verdict on an order; None is neither true nor false (F1)."""

    text: str
    holds: Callable[[Order], Verdict]


def quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def key_of(value: Any) -> Any:
    return fold(value).encode() if isinstance(value, str) else value


def shown(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else f"{value:f}"


def compare(read: Callable[[Order], Any], op: str, value: Any) -> Callable[[Order], Verdict]:
    def holds(order: Order) -> Verdict:
        found = read(order)
        return None if found is None else COMPARE[op](key_of(found), key_of(value))

    return holds


def is_listed(
    read: Callable[[Order], Any], values: Sequence[Any], wanted: bool
) -> Callable[[Order], Verdict]:
    keys = [key_of(value) for value in values]

    def holds(order: Order) -> Verdict:
        found = read(order)
        return None if found is None else (key_of(found) in keys) is wanted

    return holds


texts = st.sampled_from(
    [*(each for each in STATES if each), *SIDES, "ord-0", "ÜBER", "growth", "É", "LUID_3", "b"]
)
numbers = st.sampled_from([Decimal(text) for text in ("0", "1", "1.25", "2.5", "103.5", "7.5", "-3", "100")])
times = st.sampled_from(
    [NINE, NINE + timedelta(days=1), NINE + timedelta(minutes=20), datetime(2026, 11, 22, tzinfo=UTC)]
)


@st.composite
def comparisons(draw: st.DrawFn) -> ModelFilter:
    kinds: list[tuple[dict[str, Any], st.SearchStrategy[Any], list[str]]] = [
        (TEXTS, texts, list(COMPARE)),
        (NUMBERS, numbers, list(COMPARE)[:-1]),
        (TIMES, times, list(COMPARE)[:-1]),
    ]
    fields, values, ops = draw(st.sampled_from(kinds))
    name = draw(st.sampled_from(sorted(fields)))
    read = fields[name]
    kind = draw(st.sampled_from(["one", "one", "list", "exists", "set"]))
    if kind == "list":
        some = draw(st.lists(values, min_size=1, max_size=4))
        wanted = draw(st.booleans())
        inside = ", ".join(shown(value) for value in some)
        closed = f"({inside})" if draw(st.booleans()) else inside
        return ModelFilter(f"{name} {'in' if wanted else 'NOT IN'} {closed}", is_listed(read, some, wanted))
    if kind == "exists":
        name = draw(st.sampled_from(sorted(EXIST)))
        there, wanted = EXIST[name], draw(st.booleans())
        return ModelFilter(
            f"{name} {'exists' if wanted else 'not exists'}",
            lambda order: (there(order) is not None) is wanted,
        )
    op, value = draw(st.sampled_from(ops)), draw(values)
    if kind == "set" and isinstance(value, str):
        every = draw(st.booleans())

        def of_all(order: Order) -> Verdict:
            found = [COMPARE[op](key_of(each), key_of(value)) for each in labels(order) or ()]
            return bool(found) and (all(found) if every else any(found))

        return ModelFilter(f"properties[{KEY}] {'all' if every else 'any'} (~ {op} {shown(value)})", of_all)
    return ModelFilter(
        f"{name} {op.upper() if draw(st.booleans()) else op} {shown(value)}", compare(read, op, value)
    )


def negated(part: ModelFilter) -> ModelFilter:
    def holds(order: Order) -> Verdict:
        found = part.holds(order)
        return None if found is None else not found

    return ModelFilter(f"not ({part.text})", holds)


def combine(parts: list[ModelFilter], either: bool) -> ModelFilter:
    def holds(order: Order) -> Verdict:
        found = [part.holds(order) for part in parts]
        return either if either in found else None if None in found else not either

    return ModelFilter((" or " if either else " and ").join(f"({part.text})" for part in parts), holds)


questions = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(negated, inner), st.builds(combine, st.lists(inner, min_size=2, max_size=3), st.booleans())
    ),
    max_leaves=6,
)


def property_rank(order: Order) -> Any:
    return metric(order) if metric(order) is not None else label(order)


SORTS: dict[str, Callable[[Order], Any]] = {
    "state": TEXTS["state"],
    "side": TEXTS["Side"],
    "lusidInstrumentId": TEXTS["lusidInstrumentId"],
    "portfolioId.code": TEXTS["portfolioId.code"],
    "id.code": TEXTS["id.code"],
    "quantity": NUMBERS["quantity"],
    "limitPrice.amount": price,
    **TIMES,
    f"properties[{KEY}]": property_rank,
}
sorts = st.lists(st.tuples(st.sampled_from([*sorted(SORTS), "id"]), st.booleans()), max_size=3)


def sorted_codes(rows: list[Order], keys: list[tuple[str, bool]]) -> list[str]:
    names = [name for name, _ in keys]
    at_id = names.index("id") if "id" in names else len(names)
    backwards = at_id < len(keys) and keys[at_id][1]
    rows = sorted(rows, key=lambda order: (order.id.scope, order.id.code), reverse=backwards)
    for name, descending in reversed(keys[:at_id]):
        read = SORTS[name]
        rows.sort(
            key=lambda order: (
                (isinstance(read(order), str), key_of(read(order)) or 0)
                if read(order) is not None
                else (False, 0)
            ),
            reverse=descending,
        )
        rows.sort(key=lambda order: read(order) is None)
    return [order.id.code for order in rows]


@settings(max_examples=150)
@given(
    question=st.one_of(st.none(), questions),
    keys=sorts,
    past=st.booleans(),
    few=st.sampled_from([0, 5_000]),
    much=st.sampled_from([1, 500]),
    walk=st.sampled_from([5, 20_000]),
    limit=st.sampled_from([3, 10, 100]),
)
def test_f1_f2_a_list_equals_a_full_scan_in_python(
    world: ModelDesk,
    question: ModelFilter | None,
    keys: list[tuple[str, bool]],
    past: bool,
    few: int,
    much: int,
    walk: int,
    limit: int,
) -> None:
    rows = [
        order
        for order in (world.then if past else world.now)
        if question is None or question.holds(order) is True
    ]
    asked: dict[str, Any] = {
        "limit": limit,
        "sortBy": [f"-{name}" if descending else f"{name} ASC" for name, descending in keys],
        **({"filter": question.text} if question else {}),
        **({"asAt": THEN.isoformat()} if past else {}),
    }
    with (
        patch("tui.oms.query.planner.SORT_LIMIT_ROWS", few),
        patch("tui.oms.query.pages.MANY_CHANGES", much),
        patch("tui.oms.query.pages.MAX_IDS_SCANNED", walk),
    ):
        assert asyncio.run(listing(world, asked)) == sorted_codes(rows, keys)


async def listing(world: ModelDesk, asked: dict[str, Any]) -> list[str]:
    """Read a list to its end."""
    found: list[str] = []
    token: str | None = None
    async with httpx.AsyncClient(transport=world.server, base_url="http://embedded") as server:
        while True:
            answer = await server.get("/api/orders", params={**asked, **({"page": token} if token else {})})
            assert answer.status_code == 200, answer.text
            found += [row["id"]["code"] for row in answer.json()["values"]]
            token = answer.json()["nextPage"]
            if token is None:
                return found
