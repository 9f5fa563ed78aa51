"""The short code of a plan: it stands for exactly what would be sent, where, by whom, and on which rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

from tui.api import codec
from tui.api.errors import NotSent
from tui.headless.planned_write import PlannedWrite
from tui.service.desk import Desk
from tui.service.snapshot.snapshot import Ref

LETTERS: Final = "2345679ACDEFGHJKMNPQRTVWXY"
"""Digits and capital letters of which none is taken for another."""
LENGTH: Final = 8


def codes_of(writes: Sequence[PlannedWrite], desk: Desk) -> Iterator[str]:
    """Yield the codes that a plan may have, in order: a code that was used once gives way to the next.

    They are the same for the same documents, environment, user, requests, row versions and rehearsal.
    """
    environment = desk.environment
    digest = sha256()
    for part in (environment.url, environment.database, environment.name, desk.user):
        digest.update(codec.encode(part))
    for write in writes:
        digest.update(write.document.planned_digest.encode())
        for line in _requests(write, desk):
            digest.update(line)
        versions = sorted(write.versions.items(), key=lambda pair: _order(pair[0]))
        digest.update(codec.encode([(*_order(ref), version) for ref, version in versions]))
        digest.update(repr(write.prepared.preview.asked).encode("utf-8", "surrogatepass"))
    used = 0
    while True:
        whole = int.from_bytes(sha256(digest.digest() + str(used).encode()).digest())
        yield "".join(LETTERS[whole // len(LETTERS) ** place % len(LETTERS)] for place in range(LENGTH))
        used += 1


def _requests(write: PlannedWrite, desk: Desk) -> Iterator[bytes]:
    verb = write.prepared.verb
    yield codec.encode(verb.name)
    for part in verb.split():
        try:
            request = part.build(desk.client)
        except NotSent as error:
            yield error.why.encode()
        else:
            yield codec.encode((request.operation.method, request.target))
            yield request.content


def _order(ref: Ref) -> tuple[str, str, str]:
    return (ref.kind.value, ref.id.scope, ref.id.code)
