"""A document of a program as a desk understands it: an action, the rows it is about, what is filled in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from tui.actions.action import Scope, Values, WriteAction

if TYPE_CHECKING:
    from tui.service.desk import Desk
    from tui.service.verbs import Verb


class Understood(Struct, frozen=True):
    """What a document asks for, as if somebody had gone to the rows, pressed the key and filled the form.

    ``verb`` is what would be sent, of the desk as it was when it was understood.
    """

    action: WriteAction
    scope: Scope
    values: Values
    verb: Verb


ReadDocuments = Callable[[Sequence[bytes], "Desk"], Awaitable[Sequence[Understood | str]]]
"""Understands documents on a desk as it stands; returns for each why it cannot, as a sentence, if so."""
