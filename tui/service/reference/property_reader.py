"""Reads the definitions of properties: their display names, and what type their values are of (R53)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Final

from tui.api.reference_operations import GET_PROPERTY_DEFINITIONS
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.snapshot.records import PropertyFacts, display_name

AT_ONCE: Final = 20
"""The most keys of one call: they stand in its address, which may have 2,048 characters."""


class PropertyReader:
    """Reads property definitions with ``calls``; ``now`` is this machine's clock, aware UTC."""

    def __init__(self, calls: OptionalCalls, now: Callable[[], datetime]) -> None:
        self._calls = calls
        self._now = now

    async def read(self, keys: Collection[str]) -> Sequence[PropertyFacts]:
        """Return the definitions of these keys; one without a definition is returned without a name.

        Raises:
            ApiError: they could not be read.
        """
        wanted = sorted(keys)
        found: dict[str, PropertyFacts] = {}
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            answer = await self._calls.ask(GET_PROPERTY_DEFINITIONS, query={"propertyKeys": some})
            now = self._now()
            found.update((key, PropertyFacts(key, now)) for key in some)
            for each in answer.values:
                found[each.key] = PropertyFacts(
                    each.key, now, name=display_name(each.display_name), value_type=each.value_type or ""
                )
        return tuple(found.values())
