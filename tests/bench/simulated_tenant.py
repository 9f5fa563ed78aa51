"""A tenant with a long history behind the API, for measuring and testing how it is read.

Its rows are computed from their numbers when they are asked for: a million blocks take no memory.
Nearly all blocks are three years of history: booked and swept. The newest ones are live: placed, and
filled while the tenant is asked. What servers are known to differ in can be set.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from urllib.parse import parse_qs

from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from tui.oms.domain.refusals import Refusal
from tui.oms.query.grammar import parse_filter
from tui.oms.query.nodes import BooleanOp, Comparison, Exists, FilterNode, ListCondition, Not

HISTORY: Final = timedelta(days=3 * 365)
ORDERS: Final = 3
"""Orders of a block, and allocations of one that is booked."""
UNITS: Final = 300
"""Units of a block."""
FILL: Final = 10
"""Units of a fill of a live block."""
USER: Final = "00u91lo2d7X42sfse2p7"

Json = dict[str, Any]
Dialect = Literal["inner", "nested", "none"]
"""How rows of the order graph are filtered: by ``id``, by ``block.id``, not at all."""


class _Refused(Exception):
    def __init__(self, status: int, code: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code = status, code


@dataclass
class SimulatedTenant:
    """An ASGI application that answers as one tenant.

    Attributes:
        blocks: how many blocks there are, of which the newest ``live`` are neither booked nor swept.
        scopes: the scopes that blocks and their rows are spread over, ``desk00`` and so on.
        orders_of_one_scope: whether orders are all of the first scope, whatever that of their block.
        portfolios: the portfolios that orders belong to.
        others: transactions of other kinds in each portfolio.
        sweeps: whether history is swept; without, only its age tells it from what is live.
        booked: so many of the live blocks are booked all the same.
        marks_swept: whether blocks say that they are swept.
        knows_switch: whether ``includeSwept`` has an effect.
        tells_moment: whether the moment of the last write can be asked for.
        dialect: how the order graph is filtered.
        longest_filter: the characters a filter may have.
        unknown: parts of filters that are refused as unknown: names of fields, or words such as `` or ``.
        ignored: parts of filters that make the tenant answer as if there was none.
        unfinished: blocks of history whose orders are open all the same.
        activity_counts_orders: whether a change of an order is activity of its block.
        loose: codes and portfolios of open orders that are in no block, as young as the newest one.
        marks: whether rows that are booked say so; without, orders stay new and allocations allocated.
        closes_orders: whether filters of open orders find those of live blocks only.
        refuses: parts of paths that are answered with this status.
        delay_s: how long each answer takes.
        fills_per_s: how many placements are filled each second while a server runs this.
    """

    blocks: int = 3000
    live: int = 400
    scopes: int = 1
    orders_of_one_scope: bool = False
    portfolios: int = 100
    others: int = 0
    sweeps: bool = True
    booked: int = 0
    marks_swept: bool = True
    knows_switch: bool = True
    tells_moment: bool = True
    dialect: Dialect = "inner"
    longest_filter: int = 16_384
    unknown: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    unfinished: tuple[int, ...] = ()
    activity_counts_orders: bool = True
    loose: tuple[tuple[str, str], ...] = ()
    marks: bool = True
    closes_orders: bool = True
    refuses: dict[str, int] = field(default_factory=dict)
    delay_s: float = 0.0
    fills_per_s: float = 0.0
    opened: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=2))
    calls: Counter[str] = field(default_factory=Counter)
    """Calls by the last part of their path and what they ask for, such as ``blocks by id``."""
    rows: int = 0
    """Rows that were answered."""
    fills: dict[int, list[datetime]] = field(default_factory=dict)
    changed: dict[str, dict[int, tuple[datetime, int]]] = field(default_factory=dict)
    """When rows changed after they were made, and into which version, by kind."""
    fails: int = 0
    """So many of the next calls are answered with 503."""

    def __post_init__(self) -> None:
        self._random = random.Random(4)

    # --- what happens ---------------------------------------------------------------------------------

    def fill(self, count: int = 1) -> None:
        """Fill placements of live blocks, ten units each, of blocks as far apart as can be."""
        working = range(self.first_live, self.blocks - self.booked)
        for number in self._random.sample(working, min(count, len(working))):
            self.fills.setdefault(number, []).append(datetime.now(UTC))
            self.change("placements", number)

    def change(self, kind: str, number: int) -> None:
        """Let somebody change a row."""
        rows = self.changed.setdefault(kind, {})
        rows[number] = (datetime.now(UTC), rows.get(number, (None, 1))[1] + 1)

    @property
    def first_live(self) -> int:
        return self.blocks - self.live

    @property
    def requests(self) -> int:
        """The calls since the counts were cleared."""
        return self.calls.total()

    def clear(self) -> None:
        """Clear the counts."""
        self.calls.clear()
        self.rows = 0

    def latest(self) -> datetime:
        """Return when anything was last written."""
        changes = [at for rows in self.changed.values() for at, _ in rows.values()]
        return max([self._made(self.blocks - 1), *changes])

    # --- rows -----------------------------------------------------------------------------------------

    def _made(self, number: int) -> datetime:
        if number >= self.first_live:
            return self.opened + timedelta(seconds=number - self.first_live)
        return self.opened - HISTORY + HISTORY * (number / self.first_live)

    def _is_booked(self, number: int) -> bool:
        return number < self.first_live or number >= self.blocks - self.booked

    def _says_booked(self, number: int) -> bool:
        return self.marks and self._is_booked(number) and number not in self.unfinished

    def _is_swept(self, number: int) -> bool:
        return self.sweeps and number < self.first_live

    def _id(self, kind: str, number: int, part: int | None = None) -> Json:
        code = f"{kind}-{number:07d}" + ("" if part is None else f"-{part}")
        scope = 0 if kind == "ORD" and self.orders_of_one_scope else number % self.scopes
        return {"scope": f"desk{scope:02d}", "code": code}

    def _portfolio(self, number: int, part: int) -> Json:
        return {"scope": "Portfolios", "code": f"PF-{(number * ORDERS + part) % self.portfolios:03d}"}

    def _version(self, kind: str, number: int, made: datetime) -> Json:
        at, version = self.changed.get(kind, {}).get(number, (made, 1))
        return {
            "effectiveFrom": "0001-01-01T00:00:00.0000000+00:00",
            "asAtDate": _time(at),
            "asAtCreated": _time(made),
            "userIdCreated": USER,
            "requestIdCreated": f"0HN8:{number:08d}",
            "asAtModified": _time(at),
            "userIdModified": USER,
            "requestIdModified": f"0HN8:{number:08d}",
            "asAtVersionNumber": version,
            "entityUniqueId": f"966e2eb5-3334-84c2-{len(kind):04d}-{number:012d}",
        }

    def _common(self, number: int) -> Json:
        luid = f"LUID_{number % 500:08d}"
        return {
            "properties": {},
            "instrumentIdentifiers": {"Instrument/default/LusidInstrumentId": luid},
            "lusidInstrumentId": luid,
            "side": "Buy",
            "type": "Limit",
            "links": [],
        }

    def _price(self, number: int, above: int = 0) -> Json:
        return {"amount": 100 + number % 50 + above, "currency": "USD"}

    def _block(self, number: int) -> Json:
        made = self._made(number)
        return self._common(number) | {
            "id": self._id("BLK", number),
            "orderIds": [self._id("ORD", number, part) for part in range(ORDERS)],
            "quantity": UNITS,
            "timeInForce": "Day",
            "createdDate": _time(made),
            "limitPrice": self._price(number, 1),
            **({"isSwept": self._is_swept(number)} if self.marks_swept else {}),
            "version": self._version("blocks", number, made),
        }

    def _executions_of(self, number: int) -> Sequence[datetime]:
        return [self._made(number)] if self._is_booked(number) else self.fills.get(number, [])

    def _graph(self, number: int) -> Json:
        booked, fills = self._is_booked(number), self._executions_of(number)
        units = UNITS if booked else FILL * len(fills)
        parts = range(ORDERS)
        done = range(ORDERS if booked else 0)
        times = [at for kind in ("blocks", "placements") for at, _ in self._changes(kind, number)]
        if self.activity_counts_orders:
            times += [at for part in parts for at, _ in self._changes("orders", number * ORDERS + part)]
        return {
            "block": self._block(number),
            "ordered": {
                "quantity": UNITS,
                "quantityByState": {"Booked" if booked else "New": UNITS},
                "details": [
                    {
                        "id": self._id("ORD", number, part),
                        "complianceState": "Passed",
                        "approvalState": "Approved",
                        "portfolioId": self._portfolio(number, part),
                        "portfolioName": f"Portfolio {part}",
                    }
                    for part in parts
                ],
            },
            "placed": {"quantity": UNITS, "details": [{"id": self._id("PLA", number)}]},
            "executed": {
                "quantity": units,
                "amount": units * (100 + number % 50),
                "details": [{"id": self._id("EXE", number, part)} for part in range(len(fills))],
            },
            "allocated": {
                "quantity": UNITS if booked else 0,
                "details": [
                    {
                        "id": self._id("ALL", number, part),
                        "allocatedOrderId": self._id("ORD", number, part),
                        "quantity": UNITS // ORDERS,
                    }
                    for part in done
                ],
            },
            "booked": {
                "quantity": UNITS if booked else 0,
                "details": [{"id": f"TXN-{number:07d}-{part}"} for part in done],
            },
            "derivedState": "Booked" if booked else "Partially executed",
            "derivedComplianceState": "Passed",
            "derivedApprovalState": "Placed",
            "derivedDirection": 1,
            "latestActivityDate": _time(max([self._made(number), *times])),
        }

    def _changes(self, kind: str, number: int) -> Iterator[tuple[datetime, int]]:
        found = self.changed.get(kind, {}).get(number)
        if found is not None:
            yield found

    def _order(self, number: int, part: int) -> Json:
        made = self._made(number)
        return self._common(number) | {
            "id": self._id("ORD", number, part),
            "portfolioId": self._portfolio(number, part),
            "quantity": UNITS // ORDERS,
            "instrumentScope": "default",
            "state": "Booked" if self._says_booked(number) else "New",
            "timeInForce": "Day",
            "date": _time(made),
            "limitPrice": self._price(number, 1),
            "version": self._version("orders", number * ORDERS + part, made),
        }

    def _loose_orders(self) -> Iterator[Json]:
        for code, portfolio in self.loose:
            yield self._order(self.blocks - 1, 0) | {
                "id": {"scope": "desk00", "code": code},
                "portfolioId": {"scope": "Portfolios", "code": portfolio},
            }

    def _placement(self, number: int) -> Json:
        made = self._made(number)
        return self._common(number) | {
            "id": self._id("PLA", number),
            "blockIds": [self._id("BLK", number)],
            "quantity": UNITS,
            "state": "Allocated" if self._is_booked(number) else "PartiallyFilled",
            "timeInForce": "Day",
            "createdDate": _time(made),
            "limitPrice": self._price(number, 1),
            "counterparty": "BRK-A",
            "entryType": "Manual",
            "version": self._version("placements", number, made),
        }

    def _execution(self, number: int, part: int) -> Json:
        made = self._executions_of(number)[part]
        return self._common(number) | {
            "id": self._id("EXE", number, part),
            "placementId": self._id("PLA", number),
            "quantity": UNITS if self._is_booked(number) else FILL,
            "state": "Filled",
            "createdDate": _time(made),
            "settlementDate": _time(made + timedelta(days=2)),
            "price": self._price(number),
            "settlementCurrency": "USD",
            "settlementCurrencyFxRate": 1,
            "counterparty": "BRK-A",
            "version": self._version(f"executions {part}", number, made),
        }

    def _allocation(self, number: int, part: int) -> Json:
        made = self._made(number)
        return self._common(number) | {
            "id": self._id("ALL", number, part),
            "allocatedOrderId": self._id("ORD", number, part),
            "portfolioId": self._portfolio(number, part),
            "quantity": UNITS // ORDERS,
            "placementIds": [self._id("PLA", number)],
            "executionIds": [self._id("EXE", number, 0)],
            "state": "Booked" if self.marks else "Allocated",
            "date": _time(made),
            "settlementDate": _time(made + timedelta(days=2)),
            "price": self._price(number),
            "settlementCurrency": "USD",
            "counterparty": "BRK-A",
            "version": self._version("allocations", number * ORDERS + part, made),
        }

    def _transaction(self, number: int, part: int) -> Json:
        made = self._made(number)
        return {
            "transactionId": f"TXN-{number:07d}-{part}",
            "type": "Buy",
            "instrumentIdentifiers": {},
            "instrumentUid": f"LUID_{number % 500:08d}",
            "transactionDate": _time(made),
            "settlementDate": _time(made + timedelta(days=2)),
            "units": UNITS // ORDERS,
            "totalConsideration": {"amount": 100 * (100 + number % 50), "currency": "USD"},
            "transactionStatus": "Active",
            "orderId": self._id("ORD", number, part),
            "allocationId": self._id("ALL", number, part),
        }

    # --- lists ----------------------------------------------------------------------------------------

    def _of_block(self, kind: str, number: int) -> Iterator[Json]:
        """Yield the rows of a kind that belong to a block."""
        if kind == "graph":
            yield self._graph(number)
        elif kind == "blocks":
            yield self._block(number)
        elif kind == "placements":
            yield self._placement(number)
        elif kind == "orders":
            yield from (self._order(number, part) for part in range(ORDERS))
            yield from self._loose_orders() if number == self.blocks - 1 else ()
        elif kind == "executions":
            yield from (self._execution(number, part) for part in range(len(self._executions_of(number))))
        elif kind == "allocations" and self._is_booked(number):
            yield from (self._allocation(number, part) for part in range(ORDERS))

    def _candidates(self, kind: str, test: FilterNode | None, unswept: bool) -> Iterable[int]:
        """Return the numbers of the blocks among whose rows those of a filter are, in their order."""
        first = self.first_live if self.sweeps and unswept else 0
        if test is None:
            return range(first, self.blocks)
        named = [each for each in _comparisons(test) if isinstance(each, Comparison)]
        about = ("id.code", "orderIds.code")
        codes = [str(code) for each in named if each.field.endswith(about) for code in each.values]
        if codes and not any(each.field.startswith("portfolioId") for each in named):
            return sorted({int(code.split("-")[1]) for code in codes if not code.startswith("LOO")})
        for each in _conjuncts(test):
            swept = isinstance(each, Comparison) and each.field.endswith("isSwept") and each.values == (True,)
            if swept and not self.sweeps:
                return ()
            if isinstance(each, Comparison) and isinstance(each.values[0], datetime):
                first = max(first, self._first_since(each.values[0]))
                if each.field in ("version.asAtModified", "latestActivityDate"):
                    changed = {
                        n // (ORDERS if k in ("orders", "allocations") else 1)
                        for k, rows in self.changed.items()
                        for n in rows
                    }
                    return sorted(changed | set(range(self._first_since(each.values[0]), self.blocks)))
            about_life = self.sweeps and (self.closes_orders or kind != "orders")
            if about_life and any(_is_about_life(one) for one in _comparisons(each)):
                first = max(first, self.first_live)
        return range(first, self.blocks)

    def _first_since(self, moment: datetime) -> int:
        """Return the number of the first block made since a moment."""
        low, high = 0, self.blocks
        while low < high:
            middle = (low + high) // 2
            if self._made(middle) < moment:
                low = middle + 1
            else:
                high = middle
        return low

    def _page(self, kind: str, query: Mapping[str, str]) -> Json:
        text, limit = query.get("filter", ""), int(query.get("limit", "100"))
        start = int(base64.b64decode(query.get("page") or query.get("paginationToken") or b"MA=="))
        test = None if any(part in text for part in self.ignored) else self._parsed(kind, text)
        unswept = kind == "graph" and self.knows_switch and query.get("includeSwept") == "false"
        candidates = self._candidates(kind, test, unswept)
        rows: list[Json] = []
        at = 0
        if "sortBy" in query:
            candidates = sorted(candidates, key=self._made, reverse="DESC" in query["sortBy"])
        for number in candidates:
            for row in self._of_block(kind, number):
                if test is not None and not _passes(test, row, self.dialect if kind == "graph" else "inner"):
                    continue
                if at >= start:
                    rows.append(row)
                at += 1
            if len(rows) > limit:
                break
        more = len(rows) > limit
        self.rows += len(rows[:limit])
        token = base64.b64encode(str(start + limit).encode()).decode() if more else None
        return {"nextPage": token, "previousPage": None, "values": rows[:limit], "links": []}

    def _parsed(self, kind: str, text: str) -> FilterNode | None:
        if len(text) > self.longest_filter:
            raise _Refused(400, 151, "The filter is too long.")
        for part in self.unknown:
            if part in text:
                raise _Refused(400, 233 if part.isspace() else 151, f"'{part.strip()}' cannot be used here.")
        if kind == "graph" and self.dialect == "none":
            return None  # filters are ignored
        try:
            test = parse_filter(text)
        except Refusal as error:
            raise _Refused(400, 233, str(error)) from error
        fields = {each.field for each in _comparisons(test)} if test is not None else set()
        if kind == "graph" and test is not None:
            nested = {name for name in fields if name.startswith("block.")}
            plain = {name for name in fields - nested if name != "latestActivityDate"}
            if (self.dialect == "inner" and nested) or (self.dialect == "nested" and plain):
                raise _Refused(400, 151, "There is no such field.")
        return test

    def _transactions(self, portfolio: str, query: Mapping[str, str]) -> Json:
        """Return a page of a portfolio: what is booked into it, and whatever else happened in it."""
        own = int(portfolio.split("-")[1])
        since = (
            datetime.fromisoformat(query["fromTransactionDate"]) if "fromTransactionDate" in query else None
        )
        first = self._first_since(since) if since else 0
        test = self._parsed("transactions", query.get("filter", ""))
        named = [str(id) for each in _comparisons(test) for id in getattr(each, "values", ())] if test else []
        numbers = sorted({int(id.split("-")[1]) for id in named}) if named else range(first, self.blocks)
        booked = (
            (number, part)
            for number in numbers
            if self._is_booked(number)
            for part in range(ORDERS)
            if (number * ORDERS + part) % self.portfolios == own
        )
        rows = [self._transaction(*each) for each in booked]
        rows += [
            {
                "transactionId": f"CA-{number}",
                "type": "Dividend",
                "transactionDate": _time(self.opened),
                "settlementDate": _time(self.opened),
                "units": 1,
                "totalConsideration": {"amount": 1, "currency": "USD"},
            }
            for number in range(self.others)
        ]
        rows = [row for row in rows if test is None or _passes(test, row, "inner")]
        start, limit = int(base64.b64decode(query.get("page", "MA=="))), int(query.get("limit", "100"))
        more = len(rows) > start + limit
        token = base64.b64encode(str(start + limit).encode()).decode() if more else None
        self.rows += len(rows[start : start + limit])
        return {"nextPage": token, "values": rows[start : start + limit], "links": []}

    # --- HTTP -----------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or fill while the server that runs this is up."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        query = {name: values[-1] for name, values in parse_qs(scope["query_string"].decode()).items()}
        path = str(scope["path"]).removeprefix("/api").removeprefix("/api")
        if not path.startswith("/bench"):
            self.calls[_called(path, query)] += 1
        await asyncio.sleep(self.delay_s)
        try:
            status, body = 200, self._answer(path, query)
        except _Refused as error:
            status, body = error.status, {"name": "Refused", "code": error.code, "detail": str(error)}
        if self.fails:
            self.fails -= 1
            status, body = 503, {}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    async def _live(self, receive: Receive, send: Send) -> None:
        """Fill so many placements a second until the server stops."""
        await receive()
        await send({"type": "lifespan.startup.complete"})
        filling = asyncio.create_task(self._keep_filling())
        await receive()
        filling.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _keep_filling(self) -> None:
        while self.fills_per_s:
            await asyncio.sleep(1 / self.fills_per_s)
            self.fill()

    def _answer(self, path: str, query: Mapping[str, str]) -> Json:
        for part, status in self.refuses.items():
            if part in path:
                raise _Refused(status, 0, f"'{part}' is not for you.")
        match path.strip("/").split("/"):
            case ["bench", "counts"]:
                return {"requests": self.requests, "rows": self.rows}
            case ["ordergraph", "blocks"]:
                return self._page("graph", query)
            case [("blocks" | "orders" | "placements" | "executions" | "allocations") as kind]:
                return self._page(kind, query)
            case [("blocks" | "orders" | "placements" | "executions" | "allocations") as kind, _, code]:
                rows = self._of_block(kind, int(code.split("-")[1]))
                found = next((row for row in rows if row["id"]["code"] == code), None)
                if found is None:
                    raise _Refused(404, 102, "There is no such row.")
                return found
            case ["transactionportfolios", _, code, "transactions"]:
                return self._transactions(code, query)
            case ["metadata", "asat"] if self.tells_moment:
                return {"asAt": _time(self.latest()), "links": []}
            case _:
                raise _Refused(404, 0, "Nothing is there.")


def _called(path: str, query: Mapping[str, str]) -> str:
    """Return what a call is counted under."""
    test = query.get("filter", "")
    name = "/".join(part for part in path.strip("/").split("/")[:2])
    if "id.code" in test:
        return f"{name} by id"
    if "asAtModified" in test:
        return f"{name} changed"
    return name


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}0+00:00"


def _comparisons(node: FilterNode) -> Iterator[Comparison | Exists]:
    if isinstance(node, BooleanOp):
        for part in node.parts:
            yield from _comparisons(part)
    elif isinstance(node, Not):
        yield from _comparisons(node.part)
    elif isinstance(node, ListCondition):
        yield replace(node.test, field=f"{node.field}.{node.test.field}")
    elif isinstance(node, (Comparison, Exists)):
        yield node


def _is_about_life(each: Comparison | Exists) -> bool:
    """Return whether only rows that are live can pass."""
    swept = isinstance(each, Comparison) and each.values == (True,)
    return each.field.lower().endswith(("isswept", "state")) and not swept


def _conjuncts(node: FilterNode) -> Iterable[FilterNode]:
    if isinstance(node, BooleanOp) and not node.is_or:
        return [each for part in node.parts for each in _conjuncts(part)]
    return (node,)


def _passes(node: FilterNode, row: Json, dialect: Dialect) -> bool:
    if isinstance(node, BooleanOp):
        found = (_passes(part, row, dialect) for part in node.parts)
        return any(found) if node.is_or else all(found)
    if isinstance(node, Not):
        return not _passes(node.part, row, dialect)
    if isinstance(node, ListCondition):
        return any(_passes(node.test, each, dialect) for each in row[node.field])
    if not isinstance(node, (Comparison, Exists)):
        raise _Refused(400, 233, "This cannot be filtered by.")
    value: Any = row if "block" not in row or node.field == "latestActivityDate" else row["block"]
    for part in node.field.removeprefix("block.").split("."):
        value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, list):
            return any(_passes(replace(node, field="code"), each, dialect) for each in value)
    if isinstance(node, Exists):
        return (value is not None) == node.expected
    if value is None:
        return False
    wanted: Sequence[Any] = node.values
    if isinstance(wanted[0], datetime):
        value = datetime.fromisoformat(value)
    compared = {
        "eq": value == wanted[0],
        "neq": value != wanted[0],
        "in": value in wanted,
        "not in": value not in wanted,
    }
    if node.op in compared:
        return bool(compared[node.op])
    ordered = {
        "gt": value > wanted[0],
        "gte": value >= wanted[0],
        "lt": value < wanted[0],
        "lte": value <= wanted[0],
    }
    return bool(ordered[node.op])
