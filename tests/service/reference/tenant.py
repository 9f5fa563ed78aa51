"""A tenant's reference data in front of the real server, as far as a test is about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.api.faults import json_answer
from tests.service.dealer import Dealer
from tui.api.http import AsyncBaseTransport

INSTRUMENTS = "/api/api/instruments/$get"
PORTFOLIOS = "/api/api/portfolios"
TYPES = "/api/api/transactionconfiguration/types"
DEFINITIONS = "/api/api/propertydefinitions"
LISTED = "/api/api/instruments"
Answer = Callable[[httpx.Request], httpx.Response]


class Tenant(AsyncBaseTransport):
    """Passes requests on to ``server``; those to some paths are answered by ``answers``, and noted."""

    def __init__(self, server: AsyncBaseTransport) -> None:
        self.server = server
        self.answers: dict[str, Answer] = {}
        self.asked: list[httpx.Request] = []

    def knows(self, *instruments: Mapping[str, Any], scope: str = "default") -> None:
        """Let the instrument master know these, and no others."""
        held = {each["lusidInstrumentId"]: each for each in instruments}

        def answer(request: httpx.Request) -> httpx.Response:
            wanted = json.loads(request.content)
            here = request.url.params.get("scope", "default") == scope
            found = {luid: held[luid] for luid in wanted if here and luid in held}
            failed = {
                luid: {"id": luid, "type": "InstrumentNotFound"} for luid in wanted if luid not in found
            }
            return json_answer(200, {"values": found, "failed": failed})

        self.answers[INSTRUMENTS] = answer

    def lists(self, path: str, *rows: Mapping[str, Any]) -> None:
        """Let a path answer these rows on one page."""
        self.answers[path] = lambda request: json_answer(200, {"values": list(rows)})

    def fails(self, answer: Answer, *paths: str) -> None:
        """Let paths, by default all of reference data, answer as told."""
        for path in paths or (INSTRUMENTS, PORTFOLIOS, TYPES, DEFINITIONS, LISTED):
            self.answers[path] = answer

    def count(self, path: str = "") -> int:
        """Return how many requests were made to a path, by default to all that are answered here."""
        return sum(request.url.path == path or not path for request in self.asked)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.answers.get(request.url.path)
        if answer is None:
            return await self.server.handle_async_request(request)
        await request.aread()
        self.asked.append(request)
        return answer(request)


class Days:
    """A clock that stands until somebody lets time pass."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.moment

    def pass_(self, **time: float) -> None:
        self.moment += timedelta(**time)


def instrument(luid: str, name: str = "", **members: Any) -> dict[str, Any]:
    return {
        "lusidInstrumentId": luid,
        "name": name,
        "identifiers": {"LusidInstrumentId": luid, **members.pop("identifiers", {})},
        "state": "Active",
        "scope": "default",
        "version": {},
        **members,
    }


def names(dealer: Dealer, luids: Iterable[str]) -> list[str]:
    """Return what the desk calls these instruments."""
    known = dealer.desk.snapshot.instruments
    return [known[luid].name if luid in known else "" for luid in luids]
