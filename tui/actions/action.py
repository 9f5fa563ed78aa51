"""What an action is, and what it may look at.

An action knows its key, its words, whether it is possible now and why not, its form, and the verb it
builds. Screens, footer, palette, help, the README and the tests read these; none of them repeats one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct

from tui.api.base import ResourceId
from tui.service.snapshot.relations import related
from tui.service.snapshot.snapshot import EntityKind, Ref, Snapshot

if TYPE_CHECKING:
    from tui.service.environment import Environment
    from tui.service.verbs import Verb
    from widgets.fields import Field

Group = Literal["Trade", "Inspect", "Panes", "Rows", "Desk"]
Values = Mapping[str, str]


class Scope(Struct, frozen=True):
    """What an action acts on: the rows in focus, the desk as it stands, and who is asking."""

    snapshot: Snapshot
    family: EntityKind
    ids: tuple[ResourceId, ...]
    environment: Environment
    now: datetime
    read_only: bool = False
    home: str = "demo"
    absent: Mapping[str, str] = {}
    denied: Mapping[str, str] = {}
    """The endpoints this server does not have, by name, and why (T10)."""

    @property
    def rows(self) -> tuple[Any, ...]:
        """The entities in focus, in the order shown; rows that are gone are left out."""
        rows = self.snapshot.rows(self.family)
        return tuple(rows[id] for id in self.ids if id in rows)

    def orders(self) -> tuple[ResourceId, ...]:
        """The orders in focus, or those of the focused rows."""
        return self._follow(EntityKind.ORDERS)

    def blocks(self) -> tuple[ResourceId, ...]:
        """The blocks in focus, or those of the focused rows."""
        return self._follow(EntityKind.BLOCKS)

    def placements(self) -> tuple[ResourceId, ...]:
        """The placements in focus, or those of the focused rows."""
        return self._follow(EntityKind.PLACEMENTS)

    def allocations(self) -> tuple[ResourceId, ...]:
        """The allocations in focus, or those of the focused rows."""
        return self._follow(EntityKind.ALLOCATIONS)

    def _follow(self, family: EntityKind) -> tuple[ResourceId, ...]:
        if self.family is family:
            return self.ids
        found = (
            id for own in self.ids for id in related(self.snapshot, Ref(self.family, own)).get(family, ())
        )
        return tuple(dict.fromkeys(found))


class Form(Struct, frozen=True):
    """What has to be asked before a verb can be built.

    ``check`` gives sentences about the values taken together; ``live`` says in full words what the
    values mean, with quantity and notional, while they are typed.
    """

    title: str
    fields: tuple[Field, ...]
    intro: str = ""
    check: Callable[[Values], Sequence[str]] | None = None
    live: Callable[[Values], str] | None = None


def always(scope: Scope) -> str | None:
    """Say that nothing stands against it."""
    return None


class Action(Struct, frozen=True):
    """One thing a key can do.

    ``why_not`` gives the reason it is impossible now, as a sentence, or None. An action that sends names
    in ``how`` the module of this package that knows its form and its verb; the module is loaded when the
    action is first used. ``calls`` are the endpoints it sends to, by name: where the server has none of
    them, the action is not possible. ``typed`` ones are confirmed by typing the count, however few they are.
    """

    id: str
    key: str
    label: str
    help: str
    group: Group = "Trade"
    module: str = ""
    disabled_reason: Callable[[Scope], str | None] = always
    footer: bool = False
    confirm_by_count: bool = False
    aliases: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()

    @property
    def writes(self) -> bool:
        """Tell whether it changes anything on a server."""
        return bool(self.module)

    def form(self, scope: Scope) -> Form | None:
        """Give what has to be asked first, or None when nothing has."""
        make: Callable[[Scope], Form] | None = getattr(self._module(), f"{self.id}_form", None)
        return make(scope) if make else None

    def verb(self, scope: Scope, values: Values) -> Verb:
        """Give what is to be sent, by the answers to the form."""
        make: Callable[[Scope, Values], Verb] = getattr(self._module(), f"{self.id}_verb")
        return make(scope, values)

    def _module(self) -> ModuleType:
        return import_module(f"tui.actions.{self.module}")

    def refusal(self, scope: Scope) -> str | None:
        """Say why it is not possible now, or None when it is."""
        if self.writes and scope.read_only:
            return "This desk is read-only: nothing can be written from it."
        if self.writes and scope.snapshot.as_at is not None:
            return "You are looking at the past: go back to now before you change anything."
        denied = [scope.denied[name] for name in self.endpoints if name in scope.denied]
        if denied and len(denied) == len(self.endpoints):
            return f"You may not do this here: {denied[0].rstrip('.')}. After a refresh it is tried again."
        missing = [scope.absent[name] for name in self.endpoints if name in scope.absent]
        if missing and len(missing) == len(self.endpoints):
            return f"This server does not offer it: {missing[0].rstrip('.')}."
        return self.disabled_reason(scope)


_SPELT: Final = {
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "asterisk": "*",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "space": "Space",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "shift+tab": "Shift-Tab",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "home": "Home",
    "end": "End",
}


def key_words(key: str) -> str:
    """Give a key as a reader knows it: ``question_mark`` is ``?``, ``ctrl+p`` is ``Ctrl-P``."""
    if key in _SPELT:
        return _SPELT[key]
    if key.startswith("ctrl+"):
        return f"Ctrl-{key[5:].upper()}"
    return key.upper() if key[:1] == "f" and key[1:].isdigit() else key


def only(families: Iterable[EntityKind], otherwise: str) -> Callable[[Scope], str | None]:
    """Give a ``why_not`` that lets through rows of ``families`` and answers ``otherwise`` for others."""
    allowed = frozenset(families)
    return lambda scope: None if scope.family in allowed and scope.ids else otherwise


def first_reason(*reasons: Callable[[Scope], str | None]) -> Callable[[Scope], str | None]:
    """Give a ``why_not`` that answers the first reason any of ``reasons`` has."""

    def disabled_reason(scope: Scope) -> str | None:
        told: Iterator[str | None] = (reason(scope) for reason in reasons)
        return next((reason for reason in told if reason), None)

    return disabled_reason
