"""Key hints: the keys that work here, each with one word, on one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from textual.binding import Binding, BindingType
from textual.content import Content

from widgets.key_names import key_words

Hints = Iterable[tuple[str, str]]
"""Pairs of a key as it is written on the keyboard and what it does, in one or two words."""


def key_hints(hints: Hints) -> Content:
    """Return ``hints`` as one line: keys bold, what they do beside them."""
    shown = [Content.assemble((key, "bold"), f" {does}") for key, does in hints]
    return Content("  ").join(shown)


def hints_of(bindings: Sequence[BindingType]) -> list[tuple[str, str]]:
    """Return the bindings of a screen that are to be shown: the first key of each, and what it does."""
    return [
        (first_key(binding), binding.description[:1].lower() + binding.description[1:])
        for binding in shown_bindings(bindings)
    ]


def shown_bindings(bindings: Sequence[BindingType]) -> list[Binding]:
    """Return the bindings of a screen that are to be shown."""
    return [each for each in bindings if isinstance(each, Binding) and each.show]


def with_own_keys(bindings: Sequence[BindingType], own: Mapping[str, str]) -> list[BindingType]:
    """Return the bindings of a screen as they are with a reader's ``own`` keys, by the id of a binding.

    As Textual does it, these take the place of whatever had the key on this screen.
    """
    plain = [(each, own.get(each.id or "")) for each in bindings if isinstance(each, Binding)]
    taken = {key for _, keys in plain if keys for key in keys.split(",")}
    found: list[BindingType] = []
    for each, keys in plain:
        left = keys or ",".join(key for key in each.key.split(",") if key not in taken)
        if left:
            found.append(replace(each, key=left))
    return found


def key_for(bindings: Sequence[BindingType], action: str) -> str:
    """Return the first key that a screen has for ``action``, as it stands on the keyboard."""
    return next(
        first_key(binding)
        for binding in bindings
        if isinstance(binding, Binding) and binding.action == action
    )


def first_key(binding: Binding) -> str:
    """Return the first key of a binding, as it stands on the keyboard."""
    return key_words(binding.key.partition(",")[0])
