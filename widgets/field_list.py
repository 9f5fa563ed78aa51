"""The fields of a form as one widget: label, value and, beside it, what was understood or what is wrong.

It handles keys one after the other: however fast they arrive, a letter typed after Tab never reaches the
field before. It draws only the visible lines (line API), checks while typing, and shows every text as data,
never as markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.fields import Drawn, Field, FieldEntry, entry_of
from widgets.grid.text import fit

WIDEST_LABEL: Final = 24
GAP: Final = 2
SUBMIT: Final = "enter"
"""The key that submits the form."""
NEXT: Final = "tab"
"""The key that completes what is typed, or goes to the next field."""
RECALLS: Final = {"up": 1, "down": -1}
"""The keys that go back and forth in what was submitted before."""
LIST_STEPS: Final = {"up": -1, "down": 1}
"""The keys that step through what a single field offers."""


class FieldList(ScrollView, can_focus=True):
    """The fields, one line each (two for a wide one); one of them has the focus."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "field--label",
        "field--here",
        "field--value",
        "field--cursor",
        "field--selected",
        "field--chosen",
        "field--ghost",
        "field--error",
        "field--news",
        "field--echo",
        "field--help",
    }

    class Changed(Message):
        """A value changed."""

    class Moved(Message):
        """Another field has the focus."""

    class Submitted(Message):
        """The form was submitted and everything is right; ``values`` are those of that moment."""

        def __init__(self, values: dict[str, str]) -> None:
            super().__init__()
            self.values = values

    def __init__(self, fields: Sequence[Field], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.entries = [entry_of(field) for field in fields]
        self.at = 0
        widest = max((cell_len(field.label) for field in fields), default=0)
        self._label_width = min(widest, WIDEST_LABEL) + GAP
        self._places = [
            (at, line) for at, field in enumerate(fields) for line in range(2 if field.wide else 1)
        ]
        self._drawn_styles: dict[str, Style] = {}

    @property
    def current(self) -> FieldEntry | None:
        """The field that has the focus."""
        return self.entries[self.at] if self.entries else None

    @property
    def lines(self) -> int:
        """How many lines the fields take."""
        return len(self._places)

    @property
    def values(self) -> dict[str, str]:
        """All values by field id."""
        return {entry.field.id: entry.value for entry in self.entries}

    def on_mount(self) -> None:
        """Focus the first field even when it is filled in: a side taken for granted costs money."""
        self.virtual_size = Size(0, len(self._places))
        if self.current is not None:
            self.current.focus()

    def on_key(self, event: events.Key) -> None:
        """Pass a key to the field with the focus, or move between fields."""
        if not self._take(event.key, event.character):
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        """Pass pasted text to the field; a line end in it submits nothing."""
        event.stop()
        if self.current is not None:
            self.current.paste(event.text)
            self._changed()

    def on_click(self, event: events.Click) -> None:
        """Go to the field pointed at."""
        line = event.y + self.scroll_offset.y
        if 0 <= line < len(self._places):
            self.go_to(self._places[line][0])

    def on_resize(self) -> None:
        """Keep the field in sight; what stands beside it may stand below it now, or the other way round."""
        self._reveal()
        self.post_message(self.Moved())

    def on_focus(self) -> None:
        """Show the cursor."""
        self.refresh()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.refresh()

    def go_to(self, at: int) -> None:
        """Focus the field at place ``at``."""
        if self.current is None:
            return
        if at != self.at:
            self.current.blur()
            self._refresh_entry(self.at)
            self.at = at
            self.current.focus()
            self._reveal()
        self._refresh_entry(at)
        self.post_message(self.Moved())

    def revise(self, fields: Sequence[Field], news: Mapping[str, str], *, quietly: bool = False) -> None:
        """Show ``fields`` in place of those with the same ids, and ``news`` of them by id.

        What somebody typed stays; a value that nobody touched becomes the new one. ``quietly`` tells nobody
        that values may have changed.
        """
        for at, field in enumerate(fields):
            entry = self.entries[at]
            if entry.edited or field.value == entry.field.value:
                entry.field = field
            else:
                entry = self.entries[at] = entry_of(field)
                if at == self.at:
                    entry.focus()
            entry.news = news.get(field.id, "")
        self.refresh()
        if not quietly:
            self._changed_values()

    def notify_style_update(self) -> None:
        """Drop the styles of the previous theme."""
        self._drawn_styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        line = y + self.scroll_offset.y
        if line >= len(self._places):
            return Strip.blank(width, self.rich_style)
        at, second = self._places[line]
        pieces = self._message_line(at, width) if second else self._value_line(at, width)
        base = self.rich_style
        segments = [Segment(text, base + self._style(name)) for text, name in pieces if text]
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _take(self, key: str, character: str | None) -> bool:
        entry = self.current
        if key == SUBMIT:
            self._submit()
        elif entry is None:
            return False
        elif self._steps(entry, key):
            self._changed()
        elif key in ("up", "shift+tab"):
            self.go_to((self.at - 1) % len(self.entries))
        elif key == "down" or (key == NEXT and not entry.complete()):
            self.go_to((self.at + 1) % len(self.entries))
        elif key == NEXT or entry.handle_key(key, character):
            self._changed()
        else:
            return False
        return True

    def _steps(self, entry: FieldEntry, key: str) -> bool:
        """Step through what was submitted before, or through what a single field offers."""
        if key in RECALLS and entry.recall(RECALLS[key]):
            return True
        return len(self.entries) == 1 and key in LIST_STEPS and entry.step(LIST_STEPS[key])

    def _submit(self) -> None:
        """Submit the values when all are right, else show what is wrong and go to the first problem."""
        wrong = [at for at, entry in enumerate(self.entries) if entry.problem]
        if not wrong:
            self.post_message(self.Submitted(self.values))
            return
        for entry in self.entries:
            entry.touched = True
        self.refresh()
        self.go_to(wrong[0])

    def _changed(self) -> None:
        if self.current is not None:
            self.current.touched = self.current.edited = True
            self._refresh_entry(self.at)
            self._changed_values()

    def _changed_values(self) -> None:
        self.post_message(self.Changed())

    def _value_line(self, at: int, width: int) -> Drawn:
        entry = self.entries[at]
        here = at == self.at and self.has_focus
        value_width, room = self._rooms(entry.field, width)
        value = _clipped(entry.render(value_width, focused=here), value_width)
        label = fit(entry.field.label, self._label_width - 1) + " "
        pieces = [
            (label, "here" if at == self.at else "label"),
            *((text, name or "value") for text, name in value),
        ]
        if entry.field.wide:
            return pieces
        return [*pieces, (" " * GAP, "help"), self._message(at, room)]

    def _message_line(self, at: int, width: int) -> Drawn:
        _, room = self._rooms(self.entries[at].field, width)
        return [(" " * self._label_width, "label"), self._message(at, room)]

    def _rooms(self, field: Field, width: int) -> tuple[int, int]:
        """Return the cells of the value and those of the message of a field in a list so wide."""
        room = width - self._label_width
        value = room if field.wide else room * 2 // 5
        return value, room if field.wide else room - value - GAP

    def _message(self, at: int, room: int) -> tuple[str, str]:
        """Return a field's message in ``room`` cells; what is said whole below is not said here in part."""
        message, kind = self.entries[at].message()
        below = at == self.at and kind == "error" and cell_len(message) > room
        return "" if below else fit(message, room), kind

    @property
    def says_whole(self) -> bool:
        """Whether what is said of the field with the focus stands at the field, whole."""
        if self.current is None:
            return False
        message, _ = self.current.message()
        _, room = self._rooms(self.current.field, self.scrollable_content_region.width)
        return cell_len(message) <= room

    def _refresh_entry(self, at: int) -> None:
        for line, (place, _) in enumerate(self._places):
            if place == at:
                self.refresh(Region(0, line - self.scroll_offset.y, self.size.width, 1))

    def _reveal(self) -> None:
        lines = [line for line, (at, _) in enumerate(self._places) if at == self.at]
        height = self.scrollable_content_region.height
        if not lines or not height:
            return
        if lines[0] < self.scroll_offset.y:
            self.scroll_to(y=lines[0], animate=False, immediate=True)
        elif lines[-1] >= self.scroll_offset.y + height:
            self.scroll_to(y=lines[-1] - height + 1, animate=False, immediate=True)

    def _style(self, name: str) -> Style:
        style = self._drawn_styles.get(name)
        if style is None:
            style = self.get_component_rich_style(f"field--{name}", partial=True)
            if name in ("cursor", "selected", "chosen", "ghost"):
                style = self._style("value") + style
            self._drawn_styles[name] = style
        return style


def _clipped(pieces: Drawn, width: int) -> Drawn:
    """Return ``pieces`` cut or padded to ``width`` cells."""
    left = width
    clipped: Drawn = []
    for text, name in pieces:
        shown = text if cell_len(text) <= left else fit(text, left)
        clipped.append((shown, name))
        left -= cell_len(shown)
    return [*clipped, (" " * left, "")]
