"""The client's log of intents: each call about to be sent, and its outcome.

JSON lines, only appended, each flushed to disk before the request is sent, in a file only its owner can
read. An intent without a conclusive outcome is open: after a crash it is read back, never resent.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tui.api import codec
from tui.service.outcomes import Outcome, Status
from tui.service.snapshot.snapshot import Ref

if TYPE_CHECKING:
    from tui.api.http_request import Request
    from tui.service.verbs import Verb

_MODE: Final = 0o600


class Intent(Struct, frozen=True):
    """A call to be sent: ``id`` is also its Idempotency-Key, ``versions`` those of its rows before.

    ``unknown`` are the items of an answered call that have no outcome, None when no item has one.
    """

    id: str
    at: datetime
    server: str
    verb: Verb
    versions: Mapping[Ref, int]
    unknown: frozenset[Ref] | None = None


class _IntentLine(msgspec.Struct, frozen=True, tag_field="kind", tag="intent"):
    """``body`` is what was sent, byte for byte; ``fields`` is the verb itself, to judge its outcome later."""

    id: str
    at: datetime
    server: str
    verb: str
    label: str
    endpoint: str
    body: msgspec.Raw
    fields: msgspec.Raw
    versions: tuple[tuple[Ref, int], ...]


class _OutcomeLine(msgspec.Struct, frozen=True, tag_field="kind", tag="outcome"):
    id: str
    at: datetime
    items: tuple[tuple[Ref, Status, str], ...]


class Journal:
    """The intents of this machine. ``path`` None keeps them in memory only.

    Raises:
        OSError: the file cannot be made, read or written; nothing may be sent then.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._memory: list[bytes] = []
        self._descriptor: int | None = None
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_APPEND | os.O_CREAT | os.O_RDWR, _MODE)
            os.fchmod(self._descriptor, _MODE)
            _end_torn_line(self._descriptor)

    def intend(self, intent: Intent, request: Request[Any]) -> None:
        """Write an intent and the request that carries it out; when this returns it is on disk."""
        self._append(
            _IntentLine(
                id=intent.id,
                at=intent.at,
                server=intent.server,
                verb=intent.verb.name,
                label=intent.verb.label,
                endpoint=f"{request.operation.method} {request.target}",
                body=msgspec.Raw(request.content),
                fields=msgspec.Raw(codec.encode(intent.verb)),
                versions=tuple(intent.versions.items()),
            )
        )

    def conclude(self, id: str, at: datetime, outcomes: Iterable[Outcome]) -> None:
        """Write the outcome of an intent; it stays open while any of its items is unknown."""
        items = tuple((each.ref, each.status, each.reason or each.note) for each in outcomes)
        self._append(_OutcomeLine(id=id, at=at, items=items))

    def open_intents(self, server: str | None = None) -> tuple[Intent, ...]:
        """Return the intents of unknown outcome, oldest first; of one ``server`` if it is named.

        Lines that cannot be read (one torn by a crash, a verb of another version) are left out.
        """
        found: dict[str, Intent] = {}
        for text in self._read():
            line = _line(text)
            if isinstance(line, _IntentLine):
                intent = _intent(line)
                if intent is not None and server in (None, intent.server):
                    found[intent.id] = intent
            elif line is not None and line.id in found:
                unknown = frozenset(ref for ref, status, _ in line.items if status is Status.UNKNOWN)
                if unknown:
                    found[line.id] = replace(found[line.id], unknown=unknown)
                else:
                    del found[line.id]
        return tuple(found.values())

    def close(self) -> None:
        """Close the file; nothing can be written afterwards."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: _IntentLine | _OutcomeLine) -> None:
        text = codec.encode(line) + b"\n"
        with self._lock:
            if self.path is None:
                self._memory.append(text)
                return
            if self._descriptor is None:
                raise OSError("it is closed")
            if os.write(self._descriptor, text) != len(text):
                raise OSError("the disk is full")
            os.fsync(self._descriptor)

    def _read(self) -> Iterable[bytes]:
        return tuple(self._memory) if self.path is None else self.path.read_bytes().splitlines()


_DECODER: Final = msgspec.json.Decoder(_IntentLine | _OutcomeLine)


def _line(text: bytes) -> _IntentLine | _OutcomeLine | None:
    try:
        line: _IntentLine | _OutcomeLine = _DECODER.decode(text)
        return line
    except msgspec.DecodeError:
        return None


def _intent(line: _IntentLine) -> Intent | None:
    """Return the intent of a line, or None when its verb is unknown to this version."""
    from tui.service.verbs import VERBS

    kind = VERBS.get(line.verb)
    if kind is None:
        return None
    try:
        verb = msgspec.json.decode(line.fields, type=kind)
    except msgspec.DecodeError:
        return None
    return Intent(line.id, line.at, line.server, verb, dict(line.versions))


def _end_torn_line(descriptor: int) -> None:
    """Begin a new line when a crash cut off the last one."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")
