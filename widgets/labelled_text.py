"""Text laid out for the width it gets: labels in a column, values wrapped beside them.

The caller gives a function from a width to lines; the widget calls it again when the width changes. Widths
are cells of the terminal, not characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

Lines = list[Content]
Builder = Callable[[int], Lines]

WIDEST_LABEL: Final = 28
NARROWEST_VALUE: Final = 12


def hanging_indent(label: Content, value: Content, indent: int, width: int) -> Lines:
    """Return ``value`` wrapped at the right of ``label``, with a hanging indent."""
    beside = value.wrap(max(NARROWEST_VALUE, width - indent)) or [Content("")]
    if label.cell_length > indent - 1:
        label = label.truncate(max(1, indent - 1), ellipsis=True)
    first = label.pad_right(indent - label.cell_length) + beside[0]
    return [first, *(line.pad_left(indent) for line in beside[1:])]


def label_width(labels: Iterable[str], width: int) -> int:
    """Return the indent of values beside ``labels``: at most half of ``width``."""
    widest = max((cell_len(label) for label in labels), default=0)
    return max(4, min(widest + 2, WIDEST_LABEL, width // 2))


def pairs(rows: Sequence[tuple[str, str]], width: int, labels: Iterable[str] = ()) -> Lines:
    """Return labels and values in two columns, values wrapped; aligned with ``labels`` elsewhere."""
    indent = label_width((*labels, *(label for label, _ in rows)), width)
    lines: Lines = []
    for label, value in rows:
        lines += hanging_indent(Content.styled(label, "dim"), Content(value), indent, width)
    return lines


class Flow(Widget):
    """Lines made by a function of the width, once for each width; those in sight are drawn, one by one."""

    DEFAULT_CSS = "Flow { width: 1fr; height: auto; }"

    def __init__(self, build: Builder | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._build: Builder = build or (lambda width: [])
        self._kept: dict[int, Lines] = {}

    def show(self, build: Builder) -> None:
        """Show other lines."""
        self._build = build
        self._kept.clear()
        self.clear_cached_dimensions()
        self.refresh(layout=True)

    def lines(self, width: int) -> Lines:
        """Return the lines as they are laid out for ``width`` cells."""
        width = max(1, width)
        if width not in self._kept:
            self._kept[width] = self._build(width)
        return self._kept[width]

    def render(self) -> Content:
        """Return all of it as one text, from which a selection is taken."""
        return Content("\n").join(self.lines(self.size.width))

    def render_line(self, y: int) -> Strip:
        """Draw line ``y``."""
        lines = self.lines(self.size.width)
        line = lines[y] if y < len(lines) else Content("")
        span = None if self.text_selection is None else self.text_selection.get_span(y)
        if span is not None:
            start, end = span
            selected = Style.from_styles(self.screen.get_component_styles("screen--selection"))
            line = line.stylize(selected, start, None if end < 0 else end)
        return Strip(line.render_segments(self.visual_style)).apply_offsets(0, y)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.lines(width))
