"""One line: a left and a right part, or a row of pieces; it repaints only a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Literal

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from widgets.whole_numbers import shortened

SHORTEST_CUT: Final = 6
"""Cells that are left of a piece at least; with fewer it is left out."""

MORE: Final = " …"
"""Stands behind the last piece shown of a series."""


class TextLine(Widget):
    """A line of two parts, shown as data, never markup; where both do not fit, ``keeps`` stays whole."""

    keeps: ClassVar[Literal["left", "right"]] = "right"

    DEFAULT_CSS = """
    TextLine { height: 1; }
    """

    def __init__(self, left: Content | str = "", right: Content | str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left, self._right = Content(""), Content("")
        self.show(left, right)

    @property
    def text(self) -> str:
        """The text of the line, its parts separated by two spaces."""
        return f"{self._left.plain}  {self._right.plain}".rstrip()

    def show(self, left: Content | str, right: Content | str = "") -> None:
        """Show these parts; repaint only a change."""
        parts = tuple(Content(part) if isinstance(part, str) else part for part in (left, right))
        if all(same(new, old) for new, old in zip(parts, (self._left, self._right), strict=True)):
            return
        self._left, self._right = parts
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        left, right = self._left, self._right
        if self.keeps == "left":
            right = shortened(right, max(0, width - left.cell_length - 1))
        else:
            right = shortened(right, width)
        room = max(0, width - right.cell_length - (1 if right.cell_length else 0))
        left = shortened(left, room)
        gap = max(0, width - left.cell_length - right.cell_length)
        return Content.assemble(left, " " * gap, right)


def same(one: Content, other: Content) -> bool:
    """Return whether two contents have the same text and styles."""
    return one.plain == other.plain and one.spans == other.spans


class Pieces(Widget):
    """A line of pieces: where there is no room for all, the least important are left out, none is cut.

    ``more`` stands at the end when some are missing; ``gap`` between two. The last piece may stand at the
    right edge.
    """

    DEFAULT_CSS = """
    Pieces { height: 1; }
    """

    class Pressed(Message):
        """A click on piece ``index``."""

        def __init__(self, pieces: Pieces, index: int) -> None:
            super().__init__()
            self.pieces, self.index = pieces, index

        @property
        def control(self) -> Pieces:
            """The line that was clicked."""
            return self.pieces

    def __init__(self, *, gap: str = "  ", more: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._gap, self._more = gap, more
        self._ends: list[tuple[int, int, int]] = []
        """The pieces shown but a last one at the right edge: where each begins and ends, and its number."""
        self._pieces: tuple[Content, ...] = ()
        self._ranks: tuple[int, ...] = ()
        self._spread = False
        self._cut: int | None = None
        self._series: int | None = None

    @property
    def text(self) -> str:
        """The text of all pieces, also of those there is no room for."""
        return self._gap.join(piece.plain for piece in self._pieces)

    def show(
        self,
        pieces: Sequence[Content | str],
        ranks: Sequence[int] = (),
        *,
        spread: bool = False,
        cut: int | None = None,
        series: int | None = None,
    ) -> None:
        """Show ``pieces``; those of the highest rank are left out first, among equals the last.

        With ``spread`` the last of all stands at the right edge. Piece ``cut`` is cut to the room there is
        where it does not fit whole. Pieces of rank ``series`` belong together: where only some of them are
        shown, the last one says that there are more. Repaint only a change.
        """
        made = tuple(Content(piece) if isinstance(piece, str) else piece for piece in pieces)
        ranks = tuple(ranks) or (0,) * len(made)
        if len(made) == len(self._pieces) and ranks == self._ranks and all(map(same, made, self._pieces)):
            return
        self._pieces, self._ranks, self._spread, self._cut = made, tuple(ranks), spread, cut
        self._series = series
        self.refresh()

    def render(self) -> Content:
        room = self.content_size.width - 1
        pieces = list(self._pieces)
        kept = sorted(range(len(pieces)), key=lambda at: (self._ranks[at], at))
        more = ""
        while kept and self._width(pieces, kept) + (len(more) and len(self._gap) + len(more)) > room:
            last = kept.pop()
            left = room - self._width(pieces, kept) - len(self._gap)
            if last == self._cut and left >= SHORTEST_CUT:
                pieces[last] = shortened(pieces[last], left)
                kept.append(last)
                break
            more = self._more
        self._say_more(pieces, kept, room)
        shown = [pieces[at] for at in sorted(kept)] + ([Content(more)] if more else [])
        self._ends = []
        for at, each in enumerate(sorted(kept)):
            end = 1 + self._width(pieces, sorted(kept)[: at + 1])
            self._ends.append((end - pieces[each].cell_length, end, each))
        spare = room - self._width(pieces, kept) - len(self._gap)
        if self._spread and spare >= 0 and len(pieces) - 1 in kept and len(kept) > 1:
            shown[-1:] = [Content(" " * spare), shown[-1]]
            self._ends.pop()
        return Content(" ") + Content(self._gap).join(shown)

    def _say_more(self, pieces: list[Content], kept: list[int], room: int) -> None:
        """Say behind the last piece of the series that there are more, where some of it are left out."""
        series = {at for at, rank in enumerate(self._ranks) if rank == self._series}
        if not series.difference(kept):
            return
        while shown := series.intersection(kept):
            last = max(shown)
            if self._width(pieces, kept) + len(MORE) <= room:
                pieces[last] = Content.assemble(pieces[last], MORE)
                return
            kept.remove(last)

    def on_click(self, event: events.Click) -> None:
        """Tell which piece was clicked; none when that was between two."""
        for start, end, index in self._ends:
            if start <= event.x < end:
                self.post_message(self.Pressed(self, index))

    def _width(self, pieces: Sequence[Content], kept: Sequence[int]) -> int:
        return sum(pieces[at].cell_length for at in kept) + len(self._gap) * max(0, len(kept) - 1)
