"""Emulated terminals, to compare two streams of bytes cell by cell.

:class:`Emulator` is pyte's screen made strict: it reads sequences whole, knows the attributes, hyperlinks and
widths pyte does not, and keeps everything that is no drawing - bells, titles, clipboard, modes, queries, and
any sequence it does not know - as a list of events, so that nothing a program sends is invisible to a
comparison. :class:`PlainEmulator` is pyte as it comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, Protocol
from unicodedata import east_asian_width

import pyte
from pyte.screens import Char, Margins
from rich.cells import split_graphemes
from wcwidth import wcwidth

from tests.thinwire.cells import EmulatedCell, after_sgr


class TerminalKind(NamedTuple):
    """The points in which real terminals differ, so that nothing may depend on them."""

    joined: bool
    """Whether characters that Unicode joins are as wide as the first of them, or each has its own width."""
    erases_in_colour: bool
    """Whether erased cells take the background of the current style."""
    plain_halves: bool
    """Whether the remaining half of a wide character loses its colours with its text."""
    eastern: bool = False
    """Whether characters of ambiguous width are wide."""


XTERM: Final = TerminalKind(joined=False, erases_in_colour=True, plain_halves=False)
MODERN: Final = TerminalKind(joined=True, erases_in_colour=True, plain_halves=False)
SPARE: Final = TerminalKind(joined=False, erases_in_colour=False, plain_halves=True)
EASTERN: Final = XTERM._replace(eastern=True)
KINDS: Final = (XTERM, MODERN, SPARE)
"""The kinds that the thin wire handles without being told."""

_TOKEN: Final = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[(?P<parameters>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~])"
    r"|\x1b\](?P<command>[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b[PX^_][^\x1b]*\x1b\\"
    r"|\x1b(?:[ -/]*[0-OQ-WYZ\\`-~])"
    r"|(?:[\x00-\x1a\x1c-\x1f\x7f-\x9f])"
)
_MOVES: Final[dict[str, str]] = {
    "@": "insert_characters",
    "A": "cursor_up",
    "B": "cursor_down",
    "C": "cursor_forward",
    "D": "cursor_back",
    "E": "cursor_down1",
    "F": "cursor_up1",
    "G": "cursor_to_column",
    "H": "cursor_position",
    "J": "erase_in_display",
    "K": "erase_in_line",
    "L": "insert_lines",
    "M": "delete_lines",
    "P": "delete_characters",
    "S": "scroll_up",
    "T": "scroll_down",
    "X": "erase_characters",
    "d": "cursor_to_line",
    "f": "cursor_position",
    "r": "set_margins",
}
_PLAIN: Final[dict[str, str]] = {
    "\x1b7": "save_cursor",
    "\x1b8": "restore_cursor",
    "\x1bD": "index",
    "\x1bE": "next_line",
    "\x1bM": "reverse_index",
    "\x1bc": "reset",
    "\b": "backspace",
    "\t": "tab",
    "\n": "linefeed",
    "\v": "linefeed",
    "\f": "linefeed",
    "\r": "carriage_return",
}
SYNCHRONISED: Final = ("?2026h", "?2026l")


class _StyledCells(dict[str, EmulatedCell]):
    """The cells that one style draws, made on first use: equal cells are one object."""

    def __init__(self, cell: EmulatedCell) -> None:
        super().__init__()
        self._cell = cell

    def __missing__(self, data: str) -> EmulatedCell:
        made = self[data] = self._cell._replace(data=data)
        return made


@lru_cache(maxsize=4096)
def _cells_of(cell: EmulatedCell) -> _StyledCells:
    return _StyledCells(cell)


def _numeric(parameters: str) -> bool:
    return not parameters.strip("0123456789;")


class Characters(NamedTuple):
    """The characters of a text with their widths in cells; ``single``: each is one code point in one cell."""

    each: tuple[tuple[str, int], ...]
    single: bool


def _characters(each: Iterable[tuple[str, int]]) -> Characters:
    kept = tuple(each)
    return Characters(kept, all(width == 1 and len(letters) == 1 for letters, width in kept))


@lru_cache(maxsize=4096)
def _alone(text: str) -> Characters:
    """Return the characters of a text, each with its own width."""
    return _characters((letter, max(0, wcwidth(letter))) for letter in text)


@lru_cache(maxsize=4096)
def _eastern(text: str) -> Characters:
    """Return the characters of a text, with ambiguous ones wide."""
    return _characters(
        (letter, 2 if width == 1 and east_asian_width(letter) == "A" else width)
        for letter, width in _alone(text).each
    )


@lru_cache(maxsize=4096)
def _joined(text: str) -> Characters:
    """Return the grapheme clusters of a text."""
    spans, _ = split_graphemes(text)
    return _characters((text[start:end], width) for start, end, width in spans)


class ComparableTerminal(Protocol):
    """The interface of an emulator that a comparison needs."""

    columns: int
    lines: int
    dirty: set[int]
    events: list[str]
    """Everything received that is no drawing, in order."""

    def feed(self, data: str) -> None:
        """Process output of a program."""

    def resize(self, lines: int, columns: int) -> None:
        """Resize."""

    def row(self, y: int) -> Sequence[EmulatedCell]:
        """Return the cells of a row."""

    def state(self) -> dict[str, object]:
        """Return everything but the cells, by name."""


class Emulator(pyte.Screen):
    """A strict terminal of a :class:`TerminalKind`."""

    columns: int
    lines: int

    def __init__(self, columns: int, lines: int, kind: TerminalKind = XTERM) -> None:
        self.kind = kind
        self.events: list[str] = []
        self._first: dict[int, dict[int, EmulatedCell]] = {}
        self._partial = ""
        self._split = _joined if kind.joined else _eastern if kind.eastern else _alone
        super().__init__(columns, lines)

    @property
    def default_char(self) -> EmulatedCell:
        return _DEFAULT

    def reset(self) -> None:
        super().reset()
        self.cursor.attrs = _DEFAULT

    # --- parsing -------------------------------------------------------------------------------

    def feed(self, data: str) -> None:
        """Process output of a program; half a sequence at its end waits for the rest."""
        data = self._partial + data
        at = 0
        while at < len(data):
            token = _TOKEN.match(data, at)
            if token is None:
                break
            at = token.end()
            self._take(token)
        self._partial = data[at:]

    def _take(self, token: re.Match[str]) -> None:
        kind, whole = token.lastgroup, token[0]
        if kind == "text":
            self.draw(whole)
        elif kind == "final":
            self._sequence(token["parameters"], token["between"], token["final"], whole)
        elif kind == "command" and token["command"].startswith("8;"):
            link = token["command"][2:]
            self.cursor.attrs = self.cursor.attrs._replace(link="" if link == ";" else link)
        elif name := _PLAIN.get(whole):
            getattr(self, name)()
        else:
            self._told(whole)

    def _sequence(self, parameters: str, between: str, final: str, whole: str) -> None:
        if final == "m" and not between:
            self.cursor.attrs, unknown = after_sgr(self.cursor.attrs, parameters)
            self.events += [whole] if unknown else []
        elif final in "hl" and not between:
            self._switch(parameters, final == "h", whole)
        elif final in _MOVES and not between and _numeric(parameters):
            numbers = [int(number or 0) for number in parameters.split(";")] if parameters else []
            getattr(self, _MOVES[final])(*numbers)
        else:
            self._told(whole)

    def _told(self, sequence: str) -> None:
        """Record a sequence that draws nothing; titles also go where pyte keeps them."""
        if sequence.startswith(("\x1b]0;", "\x1b]2;")):
            self.title = sequence[4:].rstrip("\x07\x1b\\")
        self.events.append(sequence)

    def _switch(self, parameters: str, on: bool, whole: str) -> None:
        if f"{parameters}{'h' if on else 'l'}" in SYNCHRONISED:
            return
        self.events.append(whole)
        private = parameters.startswith("?")
        modes = [int(mode) for mode in parameters.lstrip("?").split(";") if mode.isdigit()]
        (self.set_mode if on else self.reset_mode)(*modes, private=private)
        if private and 1049 in modes:
            self._turn(on)

    def _turn(self, on: bool) -> None:
        """Switch to the alternate screen, which is blank then, or back to the first as it was."""
        if on:
            self.save_cursor()
            self._first = {y: line.copy() for y, line in self.buffer.items()}
            self._fresh(range(self.lines))
        else:
            for y in range(self.lines):
                self._clear(y)
                self.buffer[y].update(self._first.get(y, {}))
            self.restore_cursor()

    # --- drawing -------------------------------------------------------------------------------

    def draw(self, data: str) -> None:
        style, x, y = _cells_of(self.cursor.attrs), self.cursor.x, self.cursor.y
        fits = x + len(data) <= self.columns and pyte.modes.IRM not in self.mode
        if fits and (data.isascii() or self._split(data).single):
            self._halve(x, x + len(data))
            self.buffer[y].update(zip(range(x, x + len(data)), map(style.__getitem__, data), strict=False))
            self.dirty.add(y)
            self.cursor.x += len(data)
            return
        for character, width in self._split(data).each:
            if width:
                self._put(character, width, style)
            else:
                self._join(character)

    def _put(self, character: str, width: int, style: _StyledCells) -> None:
        if self.cursor.x + width > self.columns:
            if pyte.modes.DECAWM in self.mode:
                self.carriage_return()
                self.linefeed()
            elif self.cursor.x == self.columns and width == 1:
                self.cursor.x -= 1
            else:
                return
        if pyte.modes.IRM in self.mode:
            self.insert_characters(width)
        x, line = self.cursor.x, self.buffer[self.cursor.y]
        self._halve(x, x + width)
        line[x] = style[character]
        for tail in range(x + 1, x + width):
            line[tail] = style[""]
        self.dirty.add(self.cursor.y)
        self.cursor.x += width

    def _join(self, mark: str) -> None:
        """Add a combining mark to the character before the cursor."""
        line, x = self.buffer[self.cursor.y], self.cursor.x - 1
        while x > 0 and line[x].data == "":
            x -= 1
        if x >= 0:
            line[x] = _cells_of(line[x])[line[x].data + mark]
            self.dirty.add(self.cursor.y)

    def _halve(self, start: int, end: int) -> None:
        """Blank the remaining halves of wide characters that are drawn over in part."""
        line = self.buffer[self.cursor.y]
        if start < self.columns and line[start].data == "":
            while start > 0 and line[start].data == "":
                start -= 1
                self._blank(line, start)
        while end < self.columns and line[end].data == "":
            self._blank(line, end)
            end += 1

    def _blank(self, line: dict[int, EmulatedCell], x: int) -> None:
        line[x] = _cells_of(_DEFAULT if self.kind.plain_halves else line[x])[" "]

    # --- erasing and scrolling -----------------------------------------------------------------

    @property
    def _erased(self) -> EmulatedCell:
        return _cells_of(
            _DEFAULT._replace(bg=self.cursor.attrs.bg) if self.kind.erases_in_colour else _DEFAULT
        )[" "]

    def _as_erased(self, erase: Callable[..., None], *how: int) -> None:
        """Let pyte erase with the background alone: it would use the whole style."""
        style, self.cursor.attrs = self.cursor.attrs, self._erased
        erase(*how)
        self.cursor.attrs = style

    def erase_characters(self, count: int | None = None) -> None:
        self._halve(self.cursor.x, min(self.columns, self.cursor.x + (count or 1)))
        self._as_erased(super().erase_characters, count or 1)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        start, end = ((self.cursor.x, self.columns), (0, self.cursor.x + 1), (0, self.columns))[how]
        self._halve(start, end)
        self._as_erased(super().erase_in_line, how)

    def erase_in_display(self, how: int = 0, *args: Any, **kwargs: Any) -> None:
        kept = {0: range(self.cursor.y), 1: range(self.cursor.y + 1, self.lines)}.get(how, range(0))
        for y in range(self.lines):
            if y not in kept and y != self.cursor.y:
                self._clear(y)
        if how in (0, 1):
            self.erase_in_line(how)
        else:
            self._clear(self.cursor.y)

    def _clear(self, y: int) -> None:
        self.buffer.pop(y, None)
        self.buffer[y].update(dict.fromkeys(range(self.columns), self._erased))
        self.dirty.add(y)

    def _fresh(self, rows: Iterator[int] | range) -> None:
        for y in rows:
            self._clear(y)

    def restore_cursor(self) -> None:
        """Restore the cursor and its style, but not wrapping: terminals of today do not."""
        wraps = pyte.modes.DECAWM in self.mode
        super().restore_cursor()
        (self.mode.add if wraps else self.mode.discard)(pyte.modes.DECAWM)

    @property
    def _region(self) -> Margins:
        return self.margins or Margins(0, self.lines - 1)

    def delete_lines(self, count: int | None = None) -> None:
        top, bottom = self._region
        super().delete_lines(count)
        if top <= self.cursor.y <= bottom:
            self._fresh(range(max(self.cursor.y, bottom + 1 - (count or 1)), bottom + 1))

    def insert_lines(self, count: int | None = None) -> None:
        top, bottom = self._region
        super().insert_lines(count)
        if top <= self.cursor.y <= bottom:
            self._fresh(range(self.cursor.y, min(bottom + 1, self.cursor.y + (count or 1))))

    def index(self) -> None:
        fresh = self.cursor.y == self._region.bottom
        super().index()
        if fresh:
            self._fresh(range(self.cursor.y, self.cursor.y + 1))

    def reverse_index(self) -> None:
        fresh = self.cursor.y == self._region.top
        super().reverse_index()
        if fresh:
            self._fresh(range(self.cursor.y, self.cursor.y + 1))

    def next_line(self) -> None:
        """Move to the start of the next line."""
        self.carriage_return()
        self.index()

    def scroll_up(self, count: int = 1) -> None:
        """Move the rows between the margins up."""
        self._scroll(self.delete_lines, count)

    def scroll_down(self, count: int = 1) -> None:
        """Move the rows between the margins down."""
        self._scroll(self.insert_lines, count)

    def _scroll(self, move: Callable[[int], None], count: int) -> None:
        x, y = self.cursor.x, self.cursor.y
        self.cursor.y = self._region.top
        move(count or 1)
        self.cursor.x, self.cursor.y = x, y

    # --- inspection ----------------------------------------------------------------------------

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Resize; cells that are cut off are lost, and the cursor stays on the screen."""
        lines, columns = lines or self.lines, columns or self.columns
        for y in range(lines, self.lines):
            self.buffer.pop(y, None)
        for line in self.buffer.values():
            for x in range(columns, self.columns):
                line.pop(x, None)
            if line[columns - 1].data and wcwidth(line[columns - 1].data[0]) == 2:
                line[columns - 1] = _cells_of(line[columns - 1])[" "]
        self.lines, self.columns = lines, columns
        self.margins = None
        self.ensure_hbounds()
        self.ensure_vbounds()
        self.dirty.update(range(lines))

    def row(self, y: int) -> Sequence[EmulatedCell]:
        line = self.buffer[y]
        return [line[x] for x in range(self.columns)]

    def state(self) -> dict[str, object]:
        wraps = pyte.modes.DECAWM in self.mode
        return {
            "events": self.events,
            "cursor": (self.cursor.y, self.cursor.x if wraps else min(self.cursor.x, self.columns - 1)),
            "hidden": self.cursor.hidden,
            "style": self.cursor.attrs,
            "title": self.title,
            "modes": self.mode,
            "margins": self.margins,
            "half said": self._partial,
        }


_DEFAULT: Final = _cells_of(EmulatedCell())[" "]


@lru_cache(maxsize=4096)
def _of_pyte(cell: Char) -> EmulatedCell:
    return EmulatedCell(
        cell.data,
        cell.fg,
        cell.bg,
        cell.bold,
        cell.italics,
        "single" if cell.underscore else "",
        cell.strikethrough,
        cell.reverse,
        "slow" if cell.blink else "",
    )


class PlainEmulator:
    """Pyte's own screen and stream, unchanged."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.Stream(self._screen)
        self.dirty: set[int] = self._screen.dirty
        self.events: list[str] = []

    def feed(self, data: str) -> None:
        """Process output of a program."""
        self._stream.feed(data)

    def resize(self, lines: int, columns: int) -> None:
        """Resize."""
        self.columns, self.lines = columns, lines
        self._screen.resize(lines, columns)

    def row(self, y: int) -> Sequence[EmulatedCell]:
        """Return the cells of a row."""
        line = self._screen.buffer[y]
        return [_of_pyte(line[x]) for x in range(self.columns)]

    def state(self) -> dict[str, object]:
        """Return everything but the cells, by name."""
        screen = self._screen
        return {
            "cursor": (screen.cursor.y, min(screen.cursor.x, self.columns - 1)),
            "hidden": screen.cursor.hidden,
            "title": screen.title,
            "icon": screen.icon_name,
            "modes": screen.mode - {2026 << 5},
            "margins": screen.margins,
            "style": screen.cursor.attrs,
        }
