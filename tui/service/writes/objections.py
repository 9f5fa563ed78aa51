"""What a form says of what is typed: what its preview will refuse, or ask the item count for."""

from __future__ import annotations

from typing import Final

from tui.service.snapshot.snapshot import Snapshot
from tui.service.verbs import Verb
from tui.service.verbs.facts import OTHER_CURRENCY
from tui.service.writes.limit_checks import ODD_LOT, PENCE
from tui.service.writes.preview import OVERSALE, Preview
from tui.service.writes.unknown_names import unknown_names

TOLD_OTHERWISE: Final = frozenset({OVERSALE})
"""Kinds of warnings that forms say in their own way: positions stand under them."""


def objections(verb: Verb, preview: Preview, snapshot: Snapshot) -> tuple[str, ...]:
    """Return what a ``preview`` without a rehearsal objects to: a price in pence first, then refusals.

    Names that nobody knows are left out: while they are typed none is known, and their fields say so.
    """
    names = {f"{caution.text}." for caution in unknown_names(verb, snapshot)}
    asked = (
        text
        for warning in preview.soft
        if (warning.typed or warning.kind in (OTHER_CURRENCY, ODD_LOT)) and warning.kind not in TOLD_OTHERWISE
        for text in warning.texts or (warning.text,)
    )
    found = (text for text in (*preview.hard, *asked) if text not in names)
    return tuple(sorted(found, key=lambda text: PENCE not in text))
