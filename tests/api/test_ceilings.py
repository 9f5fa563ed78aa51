"""A server whose answers have no end: each is left at its ceiling, in a sentence, with little of it held."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from tests.api.faults import Script
from tui.api import operations
from tui.api.base import ResourceId
from tui.api.ceilings import ANSWER, LIST, LONGEST_ID, LONGEST_REASON, MIB, MOST_ROWS, MOST_VALUES
from tui.api.client import Client
from tui.api.connection_settings import Timeouts
from tui.api.errors import ApiError, MalformedReply, NoAnswer, Refused, TooLarge
from tui.api.http import TIMEOUTS, Http, post_form
from tui.api.requests import BookTransactionsRequest

ID = ResourceId("demo", "ORD-1")
ORDER = {"id": {"scope": "demo", "code": "ORD-1"}, "side": "Buy", "instrumentIdentifiers": {}, "quantity": 1}


class Stream(httpx.AsyncByteStream):
    """A body that arrives part by part; it counts what was taken of it and whether it was left."""

    def __init__(self, parts: Iterator[bytes], pause: float = 0) -> None:
        self._parts = parts
        self._pause = pause
        self.taken = 0
        self.left = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            self.taken += len(part)
            await asyncio.sleep(self._pause)
            yield part

    async def aclose(self) -> None:
        self.left = True


def endless(part: bytes) -> Iterator[bytes]:
    while True:
        yield part


def bomb(size: int) -> bytes:
    """Return ``size`` MiB of blanks, packed to a thousandth."""
    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(b" " * MIB) for _ in range(size)) + packer.flush()


def client_of(answer: httpx.Response, timeouts: Timeouts = TIMEOUTS) -> Client:
    return Client(Http("http://desk/api", transport=Script(answer), timeouts=timeouts))


def streamed(stream: Stream, status: int = 200, packing: str = "") -> httpx.Response:
    return httpx.Response(status, headers={"content-encoding": packing} if packing else {}, stream=stream)


async def failure(client: Client, *, lists: bool = True) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await (client.orders.list() if lists else client.get_order_history(ID))
    return caught.value


async def test_a_body_that_unpacks_to_a_thousand_times_its_size_is_left_at_the_ceiling() -> None:
    stream = Stream(iter([bomb(48)]))
    tracemalloc.start()
    error = await failure(client_of(streamed(stream, packing="gzip")))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(error, TooLarge)
    assert error.why == "The server sent more than 32 MiB as one page of a list: the rest was not read."
    assert most < 2.5 * LIST.bytes
    assert stream.left


@pytest.mark.parametrize(("lists", "what"), [(True, "one page of a list"), (False, "one answer")])
async def test_chunks_without_end_are_left_at_the_ceiling_of_their_kind(lists: bool, what: str) -> None:
    stream = Stream(endless(b" " * MIB))
    error = await failure(client_of(streamed(stream)), lists=lists)
    assert isinstance(error, TooLarge)
    assert f"more than 32 MiB as {what}" in error.why
    assert stream.taken <= ANSWER.bytes + MIB
    assert stream.left


async def test_the_outcome_of_a_write_that_is_answered_without_end_is_unknown() -> None:
    client = client_of(streamed(Stream(endless(b" " * MIB))))
    with pytest.raises(NoAnswer):
        await client.call(operations.BOOK_TRANSACTIONS, BookTransactionsRequest(allocation_ids=(ID,)))


async def test_a_token_endpoint_that_answers_without_end_signs_nobody_on() -> None:
    stream = Stream(endless(b" " * MIB))
    with pytest.raises(TooLarge, match="more than 1 MiB as an access token"):
        await post_form("http://desk/token", {"grant_type": "password"}, transport=Script(streamed(stream)))
    assert stream.left


async def test_a_trickle_without_end_is_left_at_the_deadline_of_the_call() -> None:
    stream = Stream(endless(b" "), pause=0.001)
    error = await failure(client_of(streamed(stream), timeouts=Timeouts(call=0.02)))
    assert "did not answer in time" in error.why
    assert stream.left


@pytest.mark.parametrize("status", [400, 503])
async def test_a_refusal_with_reasons_without_end_is_still_what_its_status_says(status: int) -> None:
    script = Script(*[lambda _: streamed(Stream(endless(b'{"detail":"' + b"no " * MIB)), status)] * 4)
    client = Client(Http("http://desk/api", transport=script, pause=lambda _: asyncio.sleep(0)))
    error = await failure(client)
    assert isinstance(error, Refused if status == 400 else NoAnswer)
    assert f"{status}" in error.why
    assert "with over 1 MiB of reasons" in error.why


async def test_reasons_by_the_thousand_are_told_as_far_as_anybody_reads() -> None:
    problem = {"errors": {f"member {number}": ["is wrong"] for number in range(9_000)}}
    error = await failure(client_of(httpx.Response(400, json=problem)))
    assert error.why.startswith("member 0: is wrong member 1: is wrong")
    assert len(error.why) < LONGEST_REASON + 40


def rows_of(*rows: object, **others: object) -> bytes:
    return json.dumps({"values": rows, **others}).encode()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"values":[' + b"{}," * MOST_VALUES + b"{}]}", f"holds more than {MOST_VALUES:,} values"),
        (b'{"values":[' + b"{}," * MOST_ROWS + b"{}]}", f"one page of more than {MOST_ROWS:,} rows"),
        (rows_of(nextPage="x" * MIB), "the name of its next page is longer than 8,192 characters"),
        (rows_of(ORDER, nextPage="é" * MIB), "the name of its next page is longer than 8,192 characters"),
    ],
    ids=["values", "rows", "next page", "next page of a list with care"],
)
async def test_more_than_anybody_asked_for_is_not_read(body: bytes, why: str) -> None:
    error = await failure(client_of(httpx.Response(200, content=body)))
    assert isinstance(error, MalformedReply)
    assert why in error.why


async def test_an_id_of_ten_megabytes_is_a_row_that_cannot_be_read_and_hides_no_other() -> None:
    long = {**ORDER, "id": {"scope": "demo", "code": "X" * 10 * MIB}}
    page = await client_of(httpx.Response(200, content=rows_of(long, ORDER))).orders.list()
    assert [row.id for row in page.values] == [ID]
    [bad] = page.bad
    assert bad.problem == f"Expected `str` of length <= {LONGEST_ID} - at `$.id.code`"
    assert len(bad.text) < 5_000


@pytest.mark.parametrize(
    ("packing", "body", "why"),
    [
        ("br", b"...", "The answer is packed as 'br', which was not asked for."),
        ("gzip", b"nothing packed", "The answer cannot be unpacked"),
        ("gzip", bomb(1)[:-20], "ends in the middle of what it packs"),
    ],
)
async def test_a_body_that_cannot_be_unpacked_is_no_answer(packing: str, body: bytes, why: str) -> None:
    error = await failure(client_of(streamed(Stream(iter([body])), packing=packing)))
    assert isinstance(error, MalformedReply)
    assert why in error.why


@pytest.mark.parametrize("pack", [lambda body: zlib.compress(body, wbits=31), zlib.compress])
async def test_a_packed_list_is_read_as_any_other(pack: Callable[[bytes], bytes]) -> None:
    body = pack(rows_of(ORDER))
    parts = (body[at : at + 7] for at in range(0, len(body), 7))
    packing = "gzip" if body.startswith(b"\x1f\x8b") else "deflate"
    page = await client_of(streamed(Stream(parts), packing=packing)).orders.list()
    assert [row.id for row in page.values] == [ID]
