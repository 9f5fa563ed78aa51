"""How an exception is mended, in words: on which row, and which keys do it for this reader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from tui.actions.action import Action, Scope
from tui.service.exceptions.open_exceptions import OpenException
from tui.service.row_phrases import short_id
from tui.service.snapshot.snapshot import Snapshot
from tui.session import DeskSession
from widgets.key_names import key_words

OPENS: Final = key_words("enter")
"""The key that opens a row of a list."""


class Mending:
    """Says which keys of a reader mend an exception; ``scope`` returns what actions act on now."""

    def __init__(self, session: DeskSession, scope: Callable[[], Scope]) -> None:
        self._session = session
        self._scope = scope
        self._actions = {action.id: action for action in session.actions}
        self._made: Scope | None = None

    def with_keys(self, sentence: str) -> str:
        """Return a sentence with this reader's keys in the place of actions' ids in braces."""
        return self._session.with_keys(sentence)

    def key(self, found: OpenException) -> str:
        """Return the key of the action that usually mends it; that of the palette where it has none."""
        return self._session.key_of(self._first(found)) or self.with_keys("{palette}")

    def key_and_label(self, found: OpenException) -> str:
        """Return that key, and what it does; empty where it may not be used, as in the past."""
        action = self._first(found)
        return "" if action.forbidden(self._desk_scope()) else f"{self.key(found)} {action.label.lower()}"

    def keys(self, found: OpenException) -> str:
        """Return all keys that mend it now: ``press c (cancel) or u (update)``; else why there are none."""
        scope, ref = self._scope(), found.mended_on
        ids = (ref.id,) if ref in scope.snapshot else ()
        scope = replace(scope, kind=ref.kind, ids=ids, cursor=ref.id if ids else None, selected=False)
        refusals = {id: self._actions[id].refusal(scope) for id in found.kind.actions}
        possible = [self._named(self._actions[id]) for id, refusal in refusals.items() if not refusal]
        if possible:
            return f"press {' or '.join(possible)}"
        if not ids:
            return "nothing can be done about it here"
        return f"nothing can be done about it now ({(refusals[found.kind.actions[0]] or '').rstrip('.')})"

    def advice(self, snapshot: Snapshot, found: OpenException) -> str:
        """Return where to go and what to press there."""
        if found.mended_on not in snapshot:
            return f"It is not on the desk: {self.keys(found)}."
        row = f"{found.mended_on.kind.singular} {short_id(snapshot, found.mended_on)}"
        return f"{OPENS} goes to {row}: {self.keys(found)}."

    def _desk_scope(self) -> Scope:
        """Return the scope of the desk, made once a snapshot: a list asks for it in every line."""
        if self._made is None or self._made.snapshot is not self._session.snapshot:
            self._made = self._scope()
        return self._made

    def _first(self, found: OpenException) -> Action:
        return self._actions[found.kind.actions[0]]

    def _named(self, action: Action) -> str:
        key, label = self._session.key_of(action), action.label.lower()
        return f"{key} ({label})" if key else f"{self.with_keys('{palette}')} and choose '{label}'"
