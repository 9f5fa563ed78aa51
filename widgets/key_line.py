"""The line of a screen that names its keys; a click on one does what the key does."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from textual.binding import BindingType
from textual.content import Content

from widgets.key_bar import first_key, shown_bindings
from widgets.text_line import Pieces


class KeyLine(Pieces):
    """The keys of ``bindings``; where there is no room for all, those of the actions that ``stay`` do."""

    def __init__(
        self, bindings: Sequence[BindingType], stay: Collection[str], *, id: str | None = None
    ) -> None:
        super().__init__(more="…", id=id)
        self._keys_of_screen = shown_bindings(bindings)
        self._stay = stay
        self.say({})

    def say(self, words: Mapping[str, str], without: Collection[str] = ()) -> None:
        """Name the keys, some actions by other ``words``, and ``without`` those that do nothing here."""
        self._named = [each for each in self._keys_of_screen if each.action not in without]
        said = [words.get(each.action, each.description) for each in self._named]
        hints = [
            Content.assemble((first_key(each), "bold"), f" {does[:1].lower()}{does[1:]}")
            for each, does in zip(self._named, said, strict=True)
        ]
        self.show(hints, [int(each.action not in self._stay) for each in self._named])

    async def on_pieces_pressed(self, event: Pieces.Pressed) -> None:
        """Do what the key does that was clicked."""
        event.stop()
        if event.index < len(self._named):
            await self.app.run_action(self._named[event.index].action, self.screen)
