"""Faults on request, for people who test their own clients: their kinds, and the calls they strike.

Off unless asked for, and never silent: ``serve`` names them on stderr as it starts, and every answer in
its headers. :mod:`tui.oms.http.fault_middleware` injects them. Loading this loads pydantic.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import Struct
from pydantic import Field

from tui.api.operation import Operation
from tui.api.operations import BESIDE, BOOK_TRANSACTIONS, OPERATIONS
from tui.api.reference_operations import REFERENCE
from tui.input_files.mistakes import CheckError, Document, Mistake, Place, all_at_once, one_of, shown
from tui.input_files.read_file import read_toml
from tui.input_files.strict_model import Number, Written, check, kind_at

SERVED: Final = (*OPERATIONS, *BESIDE, *REFERENCE)

LONGEST_S: Final = 3600
MOST_CALLS: Final = 1_000_000
Count = Annotated[int, Field(ge=1, le=MOST_CALLS)]


class FaultKind(Struct, frozen=True):
    """One kind of fault: what the client sees, and whether the call is carried out all the same.

    It strikes calls of the endpoint ``only``, or of any.
    """

    name: str
    effect: str
    done: bool
    takes: tuple[str, ...] = ()
    only: str = ""


KINDS: Final = (
    FaultKind("rate-limited", "429 with `Retry-After`", False, ("retry_after",)),
    FaultKind("signed-off", "401, as of a token that has expired", False),
    FaultKind("denied", "403", False),
    FaultKind("absent", "404, as of a server that does not have the endpoint", False),
    FaultKind("failed-before", "500, or another `status` of 5xx", False, ("status", "retry_after")),
    FaultKind("failed-after", "500, or another `status` of 5xx", True, ("status", "retry_after")),
    FaultKind("delayed", "the call begins `seconds` later", True, ("seconds",)),
    FaultKind("delayed-after", "the answer comes `seconds` later", True, ("seconds",)),
    FaultKind("staged", "a booking that waits for somebody's approval", False, only=BOOK_TRANSACTIONS.name),
    FaultKind("cut-before", "the connection ends without an answer", False),
    FaultKind("cut-after", "the connection ends without an answer", True),
    FaultKind("cut-inside", "the connection ends in the middle of the answer", True),
    FaultKind("truncated", "half of the JSON, as if it were all", True),
    FaultKind("html", "a page of HTML with the status of success", True),
)
"""Every kind of fault; the table of FIDELITY.md is made from it."""


class Fault(Written):
    """One fault: what it is, which calls it is for, and which of them it strikes.

    ``on`` is the name of an endpoint, a pattern such as ``list_*``, or ``reads`` or ``writes``. Of the calls
    it is for it lets the first ``after`` pass; of the others it strikes the first ``first``, every
    ``every``-th, or each with a ``chance``; without any of these, all.
    """

    fault: str
    on: str = "*"
    after: Annotated[int, Field(ge=0, le=MOST_CALLS)] = 0
    first: Count | None = None
    every: Count | None = None
    chance: Annotated[Number, Field(gt=0, le=1)] | None = None
    retry_after: Annotated[int, Field(ge=0, le=LONGEST_S)] | None = None
    status: Annotated[int, Field(ge=500, le=599)] | None = None
    seconds: Annotated[Number, Field(gt=0, le=LONGEST_S)] | None = None

    def __str__(self) -> str:
        said = [
            f"{name}={getattr(self, name)}"
            for name in ("after", "first", "every", "chance", "retry_after", "status", "seconds")
            if getattr(self, name)
        ]
        return " ".join((self.fault, self.on, *said))

    def is_for(self, endpoint: Operation[Any, Any]) -> bool:
        """Return whether it is for calls of ``endpoint``."""
        only = next(kind.only for kind in KINDS if kind.name == self.fault)
        return _is_for(self.on, endpoint) and only in ("", endpoint.name)


def _is_for(on: str, endpoint: Operation[Any, Any]) -> bool:
    return on == endpoint.effect or fnmatchcase(endpoint.name, on)


class Scenario(Written):
    """The faults of a TOML file, and what their chances derive from."""

    seed: int = 7
    faults: list[Fault] = Field(default_factory=list)


class Faults:
    """The faults of one server, in the order they were asked for: the first that strikes is the one."""

    def __init__(self, scenario: Scenario) -> None:
        self._faults = [
            (fault, random.Random(f"{scenario.seed} {number} {fault}"))
            for number, fault in enumerate(scenario.faults)
        ]
        self._seen = [0] * len(scenario.faults)

    def __str__(self) -> str:
        return "; ".join(str(fault) for fault, _ in self._faults)

    def strike(self, endpoint: Operation[Any, Any]) -> Fault | None:
        """Return the fault that strikes this call of ``endpoint``, None when none does."""
        striking = None
        for number, (fault, chances) in enumerate(self._faults):
            if fault.is_for(endpoint):
                self._seen[number] += 1
                if _strikes(fault, self._seen[number] - fault.after, chances) and striking is None:
                    striking = fault
        return striking


def _strikes(fault: Fault, count: int, chances: random.Random) -> bool:
    if count < 1 or (fault.first is not None and count > fault.first):
        return False
    if fault.every is not None and count % fault.every:
        return False
    return fault.chance is None or chances.random() < fault.chance


# --- reading them ----------------------------------------------------------------------------------


def read_faults(inject: Sequence[str], file: Path | None) -> Faults | None:
    """Read the faults of the command line and of a TOML file; None when there are none.

    Raises:
        CheckError: one of them cannot be understood; says all that is wrong with any of them.
    """
    scenario, injected = Scenario(), []
    with all_at_once() as part:
        if file is not None:
            with part():
                scenario = _read_file(file)
        for text in inject:
            with part():
                injected.append(_read_words(text))
    faults = [*scenario.faults, *injected]
    return Faults(Scenario(seed=scenario.seed, faults=faults)) if faults else None


def _read_file(path: Path) -> Scenario:
    document = read_toml(path)
    entries = document.found.get("faults")
    more = [
        mistake
        for number, entry in enumerate(entries if isinstance(entries, list) else ())
        if isinstance(entry, dict)
        for mistake in _more(entry, ("faults", number))
    ]
    return check(Scenario, document, more)


def _read_words(text: str) -> Fault:
    """Read ``FAULT [ENDPOINT] [NAME=VALUE ...]``, as the command line has it."""
    words = text.split()
    plain = [word for word in words if "=" not in word]
    if not plain or len(plain) > 2 or words[: len(plain)] != plain:
        raise CheckError(f"--inject '{text}' is not FAULT [ENDPOINT] [NAME=VALUE ...].")
    members = dict(word.split("=", 1) for word in words[len(plain) :])
    found = {
        **{name: _number(name, value) for name, value in members.items()},
        **dict(zip(("fault", "on"), plain, strict=False)),
    }
    return check(Fault, Document(f"--inject '{text}'", found), _more(found, ()))


def _number(name: str, text: str) -> object:
    """Return what ``NAME=VALUE`` says: a number where one belongs, if it is one."""
    kind = kind_at(Fault, (name,))[0]
    if kind is int and text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    if kind is Decimal:
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    return text


def _more(found: Mapping[str, Any], place: Place) -> Iterator[Mistake]:
    """Yield what is wrong with the names in a fault, and with what its kind takes."""
    on = found.get("on")
    if isinstance(on, str) and not any(_is_for(on, endpoint) for endpoint in SERVED):
        names = (endpoint.name for endpoint in SERVED)
        yield Mistake((*place, "on"), f"no endpoint is called {shown(on)}; there are {one_of(names, 'and')}")
    name = found.get("fault")
    if not isinstance(name, str):
        return
    kind = next((kind for kind in KINDS if kind.name == name), None)
    if kind is None:
        names = (kind.name for kind in KINDS)
        yield Mistake((*place, "fault"), f"there is no fault {shown(name)}; there are {one_of(names, 'and')}")
        return
    for taken in ("retry_after", "status", "seconds"):
        if taken in found and taken not in kind.takes:
            yield Mistake((*place, taken), f"{name} takes none; take it away")
    if "seconds" in kind.takes and "seconds" not in found:
        yield Mistake((*place, "seconds"), f"is missing; {name} needs seconds=N")
