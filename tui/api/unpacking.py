"""Reads the body of an answer as it arrives, unpacks it, and stops at a ceiling."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from typing import Final

from tui.api.errors import MalformedReply

PACKINGS: Final = "gzip"
"""The encodings of a body that a server is told it may use."""
_STEP: Final = 256 * 1024
"""The bytes unpacked in one turn of the event loop: they take 1 ms."""
_ANY_HEADER: Final = 32 + zlib.MAX_WBITS


async def read_up_to(parts: AsyncIterator[bytes], packing: str, most: int) -> bytes | None:
    """Return a body unpacked; None for one of more than ``most`` bytes, of which no more is read.

    Raises:
        MalformedReply: it is packed in another way than it says, or in one that nobody asked for.
    """
    if packing not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise MalformedReply(f"The answer is packed as {packing[:40]!r}, which was not asked for.")
    unpack = _plainly if packing in ("", "identity") else _unpacked
    kept, left = [], most
    async for part in unpack(parts):
        kept.append(part)
        left -= len(part)
        if left < 0:
            return None
    return kept[0] if len(kept) == 1 else b"".join(kept)


async def _plainly(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for part in parts:
        yield part


async def _unpacked(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Unpack a step at a time: a few bytes may stand for a thousand times as many."""
    unpacker = zlib.decompressobj(_ANY_HEADER)
    try:
        async for part in parts:
            while part:
                yield unpacker.decompress(part, _STEP)
                part = unpacker.unconsumed_tail
                if part:
                    await asyncio.sleep(0)
    except zlib.error as error:
        raise MalformedReply(f"The answer cannot be unpacked: {error}.") from error
    if not unpacker.eof:
        raise MalformedReply("The answer ends in the middle of what it packs.")
