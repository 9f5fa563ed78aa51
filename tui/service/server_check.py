"""Checks a server before a desk is opened on it: who signs on, may they trade, and which API it speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from tui.api import operations
from tui.api.client import Client
from tui.api.connection_settings import ClockSkew, Notice
from tui.api.errors import ApiError, Forbidden, NotServed, Refused, Unauthenticated
from tui.api.operation import Operation
from tui.api.reference_operations import EVALUATE_ACCESS, LATEST_AS_AT
from tui.api.retries import RetryNotice
from tui.service.permissions import GRANTED, question_of, why_denied

WRITES: Final[Mapping[str, Operation[Any, Any]]] = {
    "create": operations.CREATE_ORDERS,
    "place": operations.PLACE_BLOCKS,
    "cancel": operations.CANCEL_ORDERS,
    "allocate": operations.ALLOCATE,
    "book": operations.BOOK_TRANSACTIONS,
}
"""What a dealer does, and the operation the access service is asked about."""
READ: Final = operations.BLOCKS.list
"""What the check itself has just done: an access service that denies it does not know the question."""
OLDER: Final = "before latest"

Answer = Literal["yes", "no", "unknown"]


class ServerCheck(Struct, frozen=True):
    """What a check found.

    Attributes:
        reached: something that speaks the API answered.
        signed_on: it knows who asks.
        why: what is wrong, in one sentence; empty when nothing is.
        user: who asks, by the server's word; empty when it does not say.
        may_write: whether they may trade, ``unknown`` where the server does not tell.
        rights: the same in words, with what is refused.
        clock_ahead_s: how far this machine's clock is ahead; None while they agree within two seconds.
        latency_ms: how long a small read took, on a connection that was open.
        generation: ``latest``, :data:`OLDER`, or empty when it was not found out.
    """

    reached: bool = False
    signed_on: bool = False
    why: str = ""
    user: str = ""
    may_write: Answer = "unknown"
    rights: str = ""
    clock_ahead_s: float | None = None
    latency_ms: int | None = None
    generation: str = ""


async def check_server(
    client: Client, *, seconds: float, clock: Callable[[], float] = monotonic
) -> ServerCheck:
    """Check the server of ``client`` within ``seconds``; nothing is written to it, and no error is raised."""
    notices: list[Notice] = []
    client.http.listen(notices.append)
    try:
        async with asyncio.timeout(seconds):
            checked = await _checked(client, clock)
    except TimeoutError:
        waited = [each.why for each in notices if isinstance(each, RetryNotice)]
        return ServerCheck(why=" ".join([f"It did not answer in {seconds:g} s.", *waited[-1:]]))
    except Refused as error:
        return ServerCheck(reached=error.status is not None, why=error.why)
    except ApiError as error:
        return ServerCheck(why=error.why)
    skews = [each.seconds for each in notices if isinstance(each, ClockSkew)]
    return replace(checked, clock_ahead_s=skews[0] if skews else None)


async def _checked(client: Client, clock: Callable[[], float]) -> ServerCheck:
    why = ""
    try:
        await client.blocks.list(limit=1)
    except Forbidden as error:
        why = f"Blocks may not be read: {error.why}"
    began = clock()
    user = await _user(client)
    latency = round((clock() - began) * 1000)
    may_write, rights = await _rights(client)
    return ServerCheck(
        reached=True,
        signed_on=True,
        why=why,
        user=user,
        may_write=may_write,
        rights=rights,
        latency_ms=latency,
        generation=await _generation(client),
    )


async def _user(client: Client) -> str:
    try:
        user = await client.call(operations.WHO_AM_I)
    except Unauthenticated:
        raise
    except ApiError:
        return ""
    return user.email_address or user.id


async def _rights(client: Client) -> tuple[Answer, str]:
    """Ask the access service; its questions are not documented, so that only a plain answer counts (R65)."""
    questions = {verb: question_of(each.feature) for verb, each in {**WRITES, "read": READ}.items()}
    try:
        answers = await client.call(EVALUATE_ACCESS, questions, query={"applications": ("LUSID",)})
    except ApiError as error:
        return "unknown", f"not known: {error.why.rstrip('.')}"
    granted = {verb for verb, each in answers.items() if each.result.casefold() == GRANTED}
    denied = {verb: why_denied(answers[verb]) for verb in WRITES if verb in answers and verb not in granted}
    if granted & WRITES.keys():
        words = ", ".join(f"{verb} ({why.rstrip('.')})" for verb, why in denied.items())
        return "yes", f"yes, but not {words}" if denied else "yes"
    if denied and "read" in granted:
        return "no", f"no, {next(iter(denied.values())).rstrip('.')}"
    return "unknown", "not known: the server denies even what it has just allowed"


async def _generation(client: Client) -> str:
    """Return whether the server has what only the latest generation has."""
    if not LATEST_AS_AT.is_in(client.generation):
        return ""
    try:
        await client.call(LATEST_AS_AT)
    except NotServed:
        return OLDER
    except Forbidden:
        pass
    except ApiError:
        return ""
    return "latest"
