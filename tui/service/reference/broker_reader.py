"""Reads the brokers that a profile names: its own list, and the reference list it names (R67)."""

from __future__ import annotations

from typing import Final

from tui.api.reference_operations import GET_REFERENCE_LIST
from tui.service.desk_profile import DeskProfile
from tui.service.reference.optional_calls import OptionalCalls
from tui.service.snapshot.records import LONGEST_NAME

MOST: Final = 1_000
"""The most brokers that are taken from a list: more complete nothing."""


class BrokerReader:
    """Reads the brokers of a ``profile`` with ``calls``."""

    def __init__(self, calls: OptionalCalls, profile: DeskProfile) -> None:
        self._calls = calls
        self.named = profile.brokers
        self._list = profile.broker_list

    @property
    def has_list(self) -> bool:
        """Whether there is a list to be asked for, and it is worth asking now."""
        return self._list is not None and self._calls.may(GET_REFERENCE_LIST)

    async def read(self) -> tuple[str, ...]:
        """Return the brokers of the profile, then those of its list; what is no text is no broker.

        Raises:
            ApiError: the list could not be read.
        """
        answer = await self._calls.ask(GET_REFERENCE_LIST, id=self._list)
        values = (answer.reference_list.values or ()) if answer.reference_list else ()
        listed = (each.strip() for each in values[:MOST] if isinstance(each, str))
        codes = (each for each in listed if 0 < len(each) <= LONGEST_NAME)
        return tuple(dict.fromkeys((*self.named, *codes)))
