"""A desk whose server is reached."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from tui.service.desk import Desk


class Connection(Struct, frozen=True):
    """A desk whose server is reached, and the function that closes the connection."""

    desk: Desk
    close: Callable[[], Awaitable[None]]


Connect = Callable[[], Awaitable[Connection]]
