"""One line of text: something at the left, something at the right, repainted only when it changes."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.content import Content
from textual.widget import Widget


class Line(Widget):
    """A line of two parts, whose text is data, never markup; where both do not fit, ``keeps`` stays whole."""

    keeps: ClassVar[Literal["left", "right"]] = "right"

    DEFAULT_CSS = """
    Line { height: 1; }
    """

    def __init__(self, left: Content | str = "", right: Content | str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left, self._right = Content(""), Content("")
        self.show(left, right)

    @property
    def text(self) -> str:
        """What the line says, its parts set apart by two spaces."""
        return f"{self._left.plain}  {self._right.plain}".rstrip()

    def show(self, left: Content | str, right: Content | str = "") -> None:
        """Show these parts; nothing is repainted when they are shown already."""
        parts = tuple(Content(part) if isinstance(part, str) else part for part in (left, right))
        if all(same(new, old) for new, old in zip(parts, (self._left, self._right), strict=True)):
            return
        self._left, self._right = parts
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        left, right = self._left, self._right
        if self.keeps == "left":
            right = right.truncate(max(0, width - left.cell_length - 1), ellipsis=True)
        else:
            right = right.truncate(width, ellipsis=True)
        room = max(0, width - right.cell_length - (1 if right.cell_length else 0))
        left = left.truncate(room, ellipsis=True)
        gap = max(0, width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)


def same(one: Content, other: Content) -> bool:
    """Tell whether two contents read and look the same."""
    return one.plain == other.plain and one.spans == other.spans
