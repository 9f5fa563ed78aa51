"""Query parameters that go with every call of an operation for as long as the server takes them (R3).

A server older than a parameter refuses it or ignores it in silence: then it is not sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from tui.api.errors import Refused
from tui.api.operation import Operation


class Switch(Struct, frozen=True):
    """A parameter that is set; ``took_effect`` judges by the answer, None where an answer cannot tell."""

    operation: Operation[Any, Any]
    parameter: str
    took_effect: Callable[[Any], bool] | None = None


class Switches:
    """The switches of one server.

    ``on_dropped`` hears of a parameter that is not sent again, and why: refused or ignored.
    """

    def __init__(self) -> None:
        self._set: dict[str, Switch] = {}
        self.on_dropped: Callable[[str, str], None] = lambda parameter, why: None

    def set(self, switch: Switch) -> None:
        """Send a parameter from now on; one for each operation."""
        self._set[switch.operation.name] = switch

    def query(self, operation: Operation[Any, Any]) -> dict[str, bool]:
        """Return the parameter that goes with a call of ``operation``."""
        switch = self._set.get(operation.name)
        return {} if switch is None else {switch.parameter: True}

    def drop_refused(self, operation: Operation[Any, Any], error: Refused) -> bool:
        """Send a parameter no more that a refusal names; return whether it was one of ours."""
        switch = self._set.get(operation.name)
        if switch is None or error.status != 400:
            return False
        said = f"{error.why} {' '.join(error.problem.errors or ())}".casefold()
        if switch.parameter.casefold() not in said:
            return False
        self._drop(switch, "refused")
        return True

    def judge(self, operation: Operation[Any, Any], answer: Any) -> None:
        """Send a parameter no more that had no effect on an answer."""
        switch = self._set.get(operation.name)
        if switch is not None and switch.took_effect is not None and not switch.took_effect(answer):
            self._drop(switch, "ignored")

    def _drop(self, switch: Switch, why: str) -> None:
        del self._set[switch.operation.name]
        self.on_dropped(switch.parameter, why)
