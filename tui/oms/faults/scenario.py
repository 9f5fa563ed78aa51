"""Faults on request, for people who test their own clients: which there are, when they strike, on what.

Off unless asked for, and never silent: ``serve`` names them on stderr as it starts, and every answer in
its headers. What is done is in :mod:`tui.oms.http.fault_middleware`.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Struct

from tui.api.endpoints import ENDPOINTS, MARKET_STATUS, SET_MARKET, TOKEN, WHO_AM_I, Endpoint

T = TypeVar("T")

SERVED: Final = (*ENDPOINTS, TOKEN, WHO_AM_I, MARKET_STATUS, SET_MARKET)

LONGEST_S: Final = 3600

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Status = Annotated[int, msgspec.Meta(ge=500, le=599)]


class FaultsError(ValueError):
    """Faults that cannot be injected; the message says what is wrong with the request for them."""


class FaultKind(Struct, frozen=True):
    """One kind of fault: what the client sees, and whether the call is carried out all the same."""

    name: str
    effect: str
    done: bool
    takes: tuple[str, ...] = ()


KINDS: Final = (
    FaultKind("rate-limited", "429 with `Retry-After`", False, ("retry_after",)),
    FaultKind("signed-off", "401, as of a token that has expired", False),
    FaultKind("denied", "403", False),
    FaultKind("failed-before", "500, or another `status` of 5xx", False, ("status", "retry_after")),
    FaultKind("failed-after", "500, or another `status` of 5xx", True, ("status", "retry_after")),
    FaultKind("delayed", "the call begins `seconds` later", True, ("seconds",)),
    FaultKind("delayed-after", "the answer comes `seconds` later", True, ("seconds",)),
    FaultKind("cut-before", "the connection ends without an answer", False),
    FaultKind("cut-after", "the connection ends without an answer", True),
    FaultKind("cut-inside", "the connection ends in the middle of the answer", True),
    FaultKind("truncated", "half of the JSON, as if it were all", True),
    FaultKind("html", "a page of HTML with the status of success", True),
)
"""Every kind of fault; the table of FIDELITY.md is made from it."""


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault: what it is, which calls it is for, and which of them it strikes.

    ``on`` is the name of an endpoint, a pattern such as ``list_*``, or ``reads`` or ``writes``. Of the calls
    it is for it lets the first ``after`` pass; of the others it strikes the first ``first``, every
    ``every``-th, or each with a ``chance``; without any of these, all.
    """

    fault: str
    on: str = "*"
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    first: Count | None = None
    every: Count | None = None
    chance: Decimal | None = None
    retry_after: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_S)] | None = None
    status: Status | None = None
    seconds: Decimal | None = None

    def __str__(self) -> str:
        said = [
            f"{name}={getattr(self, name)}"
            for name in ("after", "first", "every", "chance", "retry_after", "status", "seconds")
            if getattr(self, name)
        ]
        return " ".join((self.fault, self.on, *said))

    def is_for(self, endpoint: Endpoint) -> bool:
        """Tell whether it is for calls of ``endpoint``."""
        return self.on == endpoint.effect or fnmatchcase(endpoint.name, self.on)


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The faults of a TOML file, and what their chances derive from."""

    seed: int = 7
    faults: tuple[Fault, ...] = ()


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

    def strike(self, endpoint: Endpoint) -> Fault | None:
        """Give the fault that strikes this call of ``endpoint``, None when none does."""
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


def read_faults(inject: Sequence[str], file: Path | None) -> Faults | None:
    """Read the faults of the command line and of a TOML file; None when there are none.

    Raises:
        FaultsError: one of them cannot be understood; says which and why.
    """
    scenario = _read_file(file) if file is not None else Scenario()
    faults = (*scenario.faults, *(_read_words(text) for text in inject))
    _check(faults)
    return Faults(Scenario(seed=scenario.seed, faults=faults)) if faults else None


def _read_file(path: Path) -> Scenario:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise FaultsError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FaultsError(f"{path} is not TOML: {error}.") from error
    return _converted(found, Scenario, str(path), strict=True)


_WHOLE: Final = ("after", "first", "every", "status", "retry_after")


def _read_words(text: str) -> Fault:
    """Read ``FAULT [ENDPOINT] [NAME=VALUE ...]``, as the command line has it."""
    words = text.split()
    plain = [word for word in words if "=" not in word]
    if not plain or len(plain) > 2 or words[: len(plain)] != plain:
        raise FaultsError(f"'{text}' is not FAULT [ENDPOINT] [NAME=VALUE ...].")
    members = dict(word.split("=", 1) for word in words[len(plain) :])
    for name in _WHOLE:
        if not members.get(name, "0").isdecimal():
            raise FaultsError(f"'{text}': {name} is a whole number, not '{members[name]}'.")
    found = {**members, **dict(zip(("fault", "on"), plain, strict=False))}
    return _converted(found, Fault, f"'{text}'", strict=False)


def _converted(found: Any, kind: type[T], where: str, *, strict: bool) -> T:
    try:
        made: T = msgspec.convert(found, kind, strict=strict)
        return made
    except msgspec.ValidationError as error:
        raise FaultsError(f"{where}: {error}.") from error


def _check(faults: Iterable[Fault]) -> None:
    for fault in faults:
        kind = next((kind for kind in KINDS if kind.name == fault.fault), None)
        if kind is None:
            names = ", ".join(kind.name for kind in KINDS)
            raise FaultsError(f"There is no fault '{fault.fault}'; there are {names}.")
        if not any(fault.is_for(endpoint) for endpoint in SERVED):
            names = ", ".join(endpoint.name for endpoint in SERVED)
            raise FaultsError(f"'{fault}': no endpoint is called '{fault.on}'. There are {names}.")
        for name in ("retry_after", "status", "seconds"):
            if getattr(fault, name) is not None and name not in kind.takes:
                raise FaultsError(f"'{fault}': {fault.fault} takes no {name}.")
        if fault.chance is not None and not _within(fault.chance, 1):
            raise FaultsError(f"'{fault}': a chance is more than 0 and at most 1.")
        if fault.seconds is not None and not _within(fault.seconds, LONGEST_S):
            raise FaultsError(f"'{fault}': seconds are more than 0 and at most {LONGEST_S}.")
        if "seconds" in kind.takes and fault.seconds is None:
            raise FaultsError(f"'{fault}': {fault.fault} needs seconds=N.")


def _within(number: Decimal, most: int) -> bool:
    return number.is_finite() and 0 < number <= most
