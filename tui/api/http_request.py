"""An HTTP request as a value, before it is sent: previews, curl, the journal and sending share the object.

So what was shown is byte for byte what is sent. Only the token is missing: :mod:`tui.api.http` adds it when
the request leaves, and it is never shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode

from msgspec import Struct

from tui.api import codec
from tui.api.base import ResourceId
from tui.api.operation import Operation
from tui.api.sanitize import escaped
from tui.api.urls import without_credentials

QueryValue = str | int | datetime | Sequence[str] | None
Query = Mapping[str, QueryValue]
"""Query parameters by name; a list is sent as a repeated name, None and empty lists are not sent."""
PathNames = ResourceId | Mapping[str, str]
"""What a path names: an entity, or each of its parts by the name that stands in braces."""

ReplyT = TypeVar("ReplyT")

REDACTED: Final = "Bearer ***"


class Request(Struct, Generic[ReplyT], frozen=True):
    """A request of ``operation``; ``target`` is its path and query below ``base_url``, as they are sent."""

    operation: Operation[Any, ReplyT]
    base_url: str
    target: str
    headers: Mapping[str, str]
    content: bytes = b""

    @property
    def url(self) -> str:
        """The complete address."""
        return self.base_url + self.target

    def curl(self, *, token: str = "") -> str:
        """Return the request as a curl command, the token redacted or in the shell's variable ``token``.

        Its body has no character that acts on a terminal: JSON means the same where they are escaped.
        """
        import shlex

        headers = {"Authorization": REDACTED, **self.headers}
        words = [
            *("curl", "-X", self.operation.method, without_credentials(self.url)),
            *(word for name, value in headers.items() for word in ("-H", f"{name}: {value}")),
            *(("--data-raw", escaped(self.content.decode())) if self.content else ()),
        ]
        command = shlex.join(words)
        if not token:
            return command
        return command.replace(shlex.quote(f"Authorization: {REDACTED}"), f'"Authorization: Bearer ${token}"')


def build(
    operation: Operation[Any, ReplyT],
    base_url: str,
    headers: Mapping[str, str],
    *,
    id: PathNames | None = None,
    query: Query | None = None,
    body: object = None,
) -> Request[ReplyT]:
    """Return a request of ``operation`` about the entity ``id``, or whatever its path names.

    Raises:
        Unsendable: the body holds something that cannot be written exactly.
        UnicodeError: the id or the query holds half a character.
    """
    names = {"scope": id.scope, "code": id.code} if isinstance(id, ResourceId) else id or {}
    parts = {name: _segment(text) for name, text in names.items()}
    written = [(name, _text(value)) for name, value in (query or {}).items() if value not in (None, (), [])]
    target = operation.path.format(**parts)
    if written:
        target += "?" + urlencode(written, doseq=True, quote_via=quote)
    content = b"" if body is None else codec.encode_request(body)
    return Request(
        operation,
        base_url.removesuffix("/api") if operation.outside else base_url,
        target,
        {**headers, "Content-Type": "application/json"} if content else headers,
        content,
    )


def _text(value: QueryValue) -> str | Sequence[str]:
    """Return a query parameter as it is written: times in UTC, flags in lower case."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, int):
        return str(value).lower()
    return value or ""


def _segment(text: str) -> str:
    """Quote ``text`` as one segment of a path; dots alone would mean the folder above."""
    return quote(text, safe="") if text.strip(".") else text.replace(".", "%2E")
