"""Takes what Textual writes and returns what differs from what the terminal shows.

It keeps two frames: *shown* is what the terminal shows, *wanted* is what Textual alone would have drawn by
now. :meth:`ThinWire.feed` draws into *wanted*; :meth:`ThinWire.take` returns what turns *shown* into it.
There is no input, no output and no clock in here.

It never guesses. A sequence that is not understood is passed on unchanged, after everything drawn before it,
and both frames become unknown. A run of doubtful width is passed on unchanged, and its row becomes unknown.
An unknown cell equals nothing, so whatever Textual draws there next is sent.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tui.thinwire import painter
from tui.thinwire.cell_styles import DEFAULT, StyleTable
from tui.thinwire.frame import Frame
from tui.thinwire.runs import TAIL, Run, RunReader

SYNC_START: Final = "\x1b[?2026h"
SYNC_END: Final = "\x1b[?2026l"

_CURSOR_POSITION: Final = re.compile(r"\x1b\[(\d+);(\d+)H")
_SYNC: Final = re.compile(r"(\x1b\[\?2026[hl])")
_CONTROL: Final = re.compile(
    r"(?:\x1b\[\?(?:7|25|10(?:0\d|1[56])|20(?:04|31|48))[hl]"  # wrapping, cursor, mouse, focus, paste, sizes
    r"|\x1b\[\?\d+\$p|\x1b\[\d* q|\x1b\[[<>=][\d;]*u"  # queries, cursor shape, keyboard protocol
    r"|\x1b\[2[23];2t"  # keeps and restores the title
    r"|\x1b\](?:[0-2]|9|11|22|52|777);[^\x00-\x1f\x7f-\x9f]*"  # titles, notifications, clipboard
    r"(?:\x1b\\|\x07)|\x07)+"  # bell
)
"""Sequences that change no cell and do not move the cursor."""
_WRAPPING: Final = re.compile(r"\x1b\[\?7[hl]")
"""DECAWM turns wrapping on or off: it decides what happens to text that is wider than its row."""
_MAX_CHARS_BEFORE_CONTROL: Final = 512
"""Characters of a waiting frame that are sent before a bell or a title; the rest does not delay it."""
_LEAVES_SCREEN: Final = re.compile(r"\x1b\[\?10(?:47|49)l")
"""Leaves the alternate screen: what was drawn on it and not yet sent need not be sent."""
_UNFINISHED: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]P_^X][^\x07\x1b]*(?:\x1b)?)?\Z")
_MAX_STYLES: Final = 50_000
"""Styles numbered before everything starts over: a number is one character, surrogates excluded."""
_MAX_DOUBTFUL_CHARS: Final = 1 << 14
"""Characters of doubtful runs kept for one row while the terminal accepts nothing."""


class _PlacedRun(NamedTuple):
    """A run at its place."""

    y: int
    x: int
    run: Run
    raw: str

    def ends_at(self, y: int, x: int) -> bool:
        """Return whether its cells end where ``y`` and ``x`` are."""
        return not self.run.doubtful and self.y == y and self.x + len(self.run.text) == x


class ThinWire:
    """Stands between Textual and a terminal of ``columns`` by ``lines``.

    ``can_scroll`` says that the terminal scrolls between margins, ``can_erase`` that erased cells take the
    background of the current style; ``ascii_only`` says that only ASCII is certain in its encoding, so that
    the width of any other character is in doubt.
    """

    def __init__(
        self,
        columns: int,
        lines: int,
        *,
        can_scroll: bool = True,
        can_erase: bool = False,
        ascii_only: bool = False,
    ) -> None:
        self.lost = False
        """Whether something was dropped that only Textual can draw again; its reader resets it."""
        self._can_scroll = can_scroll
        self._can_erase = can_erase
        self._ascii_only = ascii_only
        self._ready: list[str] = []
        self._doubtful: dict[int, list[str]] = {}
        self._partial = ""
        self._in_update = False
        self._unchanged_text: str | None = ""
        self._start_over(columns, lines)

    def _start_over(self, columns: int, lines: int) -> None:
        self._styles = StyleTable()
        self._runs = RunReader(self._styles, ascii_only=self._ascii_only)
        self._shown, self._wanted = Frame(columns, lines), Frame(columns, lines)
        self._doubtful.clear()
        self._shown_cursor: tuple[int, int] | None = None
        self._cursor: tuple[int, int] | None = None
        self._changed = self._brackets = False
        self._frame_number = 0
        self._drawn_in_frame = [0] * lines
        self._turn = 0

    @property
    def pending(self) -> bool:
        """Return whether there is anything to send now."""
        return not self._in_update and (bool(self._ready) or self._changed)

    def invalidate(self, columns: int, lines: int) -> None:
        """Treat all cells of the terminal, which has this size, as unknown.

        Output that was drawn and not yet sent is dropped: the caller asks Textual to draw everything.
        """
        self._unchanged_text = None
        self._start_over(columns, lines)

    # --- input from Textual --------------------------------------------------------------------

    def feed(self, text: str) -> None:
        """Accept output of Textual; keep a sequence that is cut off until its other half arrives."""
        text = self._partial + text
        self._partial = ""
        last = text.rfind("\x1b")
        for at in (text.rfind("\x1b", 0, max(last, 0)), last):
            if at >= 0 and _UNFINISHED.match(text, at):
                text, self._partial = text[:at], text[at:]
                break
        for part in _SYNC.split(text) if SYNC_START in text or SYNC_END in text else (text,):
            if part == SYNC_START:
                self._in_update = True
            elif part == SYNC_END:
                self._in_update = False
            elif part:
                self._process(part)

    def take_all(self) -> str:
        """Return everything left, including half a sequence and an update that has not ended."""
        self._in_update = False
        held, self._partial = self._partial, ""
        return self.take() + held

    def _process(self, text: str) -> None:
        if len(self._styles) > _MAX_STYLES:
            self._encode()
            self._start_over(self._wanted.columns, self._wanted.lines)
        if (drawn := self._parse_frame(text)) is not None:
            self._unchanged_text = text if self._unchanged_text == "" and not self._changed else None
            self._frame_number += 1
            for each in drawn:
                self._draw(each)
            self._changed = True
            self._brackets = self._brackets or self._in_update
            if any(sum(map(len, kept)) > _MAX_DOUBTFUL_CHARS for kept in self._doubtful.values()):
                self.lost = True
                self._start_over(self._wanted.columns, self._wanted.lines)
        elif _CONTROL.fullmatch(text):
            if _WRAPPING.search(text):
                self._encode()
            elif not self._ready:
                self._encode(_MAX_CHARS_BEFORE_CONTROL)
            self._pass_on(text)
        else:
            if not _LEAVES_SCREEN.fullmatch(text):
                self._encode()
            self._pass_on(text)
            self._start_over(self._wanted.columns, self._wanted.lines)

    def _pass_on(self, text: str) -> None:
        self._ready += (SYNC_START, text, SYNC_END) if self._in_update else (text,)

    def _parse_frame(self, text: str) -> list[_PlacedRun] | None:
        """Return the runs of a frame and record its cursor; None when ``text`` is no frame."""
        before, *pieces = _CURSOR_POSITION.split(text)
        if before or not pieces or pieces[-1]:
            return None
        columns, lines = self._wanted.columns, self._wanted.lines
        drawn: list[_PlacedRun] = []
        for at in range(0, len(pieces), 3):
            y, x, raw = int(pieces[at]) - 1, int(pieces[at + 1]) - 1, pieces[at + 2]
            below = y + raw.count("\n")
            raw = raw.rstrip("\n")
            run = self._runs.read(raw)
            if run is None or not (0 <= x < columns and 0 <= y <= below < lines):
                return None
            if not raw:
                continue
            place = f"\x1b[{y + 1};{x + 1}H"
            last = drawn[-1] if drawn else None
            if last and last.ends_at(y, x) and not run.doubtful:
                drawn[-1] = _PlacedRun(y, last.x, last.run + run, last.raw + place + raw)
            else:
                drawn.append(_PlacedRun(y, x, run, place + raw))
        self._cursor = y, x
        return drawn

    def _draw(self, drawn: _PlacedRun) -> None:
        y, x, run, raw = drawn
        row, end = self._wanted.text[y], x + len(run.text)
        halved = row[x] == TAIL or (end < self._wanted.columns and row[end] == TAIL)
        if not (run.doubtful or halved or end > self._wanted.columns):
            if self._wanted.put(y, x, run.text, run.styles):
                self._drawn_in_frame[y] = self._frame_number
            return
        self._drawn_in_frame[y] = self._frame_number
        kept = self._doubtful.setdefault(y, [])
        kept += (self._difference(self._shown, y), raw)
        self._shown.invalidate(y)
        self._wanted.invalidate(y)

    # --- output to the terminal ----------------------------------------------------------------

    def take(self, limit: int | None = None) -> str:
        """Return what to send, and consider it shown.

        With ``limit`` no further row is begun after so many characters; the rest is sent later, in the state
        it has by then. Nothing is returned within a synchronised update.
        """
        if self._in_update:
            return ""
        if limit is None or sum(map(len, self._ready)) < limit:
            self._encode(limit)
        text = "".join(self._ready).replace(SYNC_END + SYNC_START, "")
        self._ready.clear()
        return text

    def _encode(self, limit: int | None = None) -> None:
        """Encode what was drawn and not yet sent."""
        if not self._changed:
            return
        body = self._encode_scroll_or_rows(limit)
        if self._cursor is not None and (body or self._cursor != self._shown_cursor):
            body += painter.cursor_to(*self._cursor)
            self._shown_cursor = self._cursor
        if self._unchanged_text and not self._changed and len(body) >= len(self._unchanged_text):
            body = self._unchanged_text
        self._unchanged_text = "" if not self._changed else None
        if body:
            self._ready += (SYNC_START, body, SYNC_END) if self._brackets else (body,)
        self._brackets = self._brackets and self._changed

    def _encode_scroll_or_rows(self, limit: int | None) -> str:
        """Return the difference, scrolling rows first where that makes it shorter."""
        scroll = painter.find_scroll(self._shown, self._wanted) if self._can_scroll else None
        if scroll is None or any(scroll.top <= y <= scroll.bottom for y in self._doubtful):
            return self._encode_rows(self._shown, limit)
        still, moved = self._shown, self._shown.copy()
        moved.scroll(*scroll)
        changed = range(scroll.top, scroll.bottom + 1)
        move = scroll.sequence()
        cost = len(move) + sum(len(self._difference(moved, y)) for y in changed)
        if cost >= sum(len(self._difference(still, y)) for y in changed):
            return self._encode_rows(self._shown, limit)
        self._shown = moved
        return move + self._encode_rows(moved, limit)

    def _difference(self, shown: Frame, y: int) -> str:
        return painter.row_difference(shown, self._wanted, y, self._styles, erases=self._can_erase)

    def _encode_rows(self, shown: Frame, limit: int | None) -> str:
        wanted = self._wanted
        parts: list[str] = []
        size, style = 0, DEFAULT
        for y in self._rows_by_priority(shown) if limit is not None else range(wanted.lines):
            if limit is not None and size >= limit:
                break
            doubtful = self._doubtful.pop(y, ())
            if doubtful:
                parts += (self._styles.change(style, DEFAULT), *doubtful)
                style = DEFAULT
            part, style = painter.row_change(shown, wanted, y, self._styles, style, erases=self._can_erase)
            shown.text[y], shown.styles[y] = wanted.text[y], wanted.styles[y]
            parts.append(part)
            size += len(part) + sum(map(len, doubtful))
        else:
            self._changed = False
        return "".join((*parts, self._styles.change(style, DEFAULT)))

    def _rows_by_priority(self, shown: Frame) -> list[int]:
        """Return the rows to send, in the order in which a person wants to see them.

        The row drawn last answers the last key, and the eye follows a row that stands out or did so. Every
        fourth time the row that has waited longest goes first, so that none waits forever.
        """
        wanted, background = self._wanted, self._styles.background(self._wanted.styles)

        def outstanding(row: str) -> bool:
            return self._styles.stands_out(row, background)

        self._turn = (self._turn + 1) % 4
        differing = [
            y
            for y in range(wanted.lines)
            if y in self._doubtful or shown.text[y] != wanted.text[y] or shown.styles[y] != wanted.styles[y]
        ]
        differing.sort(key=lambda y: not (outstanding(wanted.styles[y]) or outstanding(shown.styles[y])))
        differing.sort(key=self._drawn_in_frame.__getitem__, reverse=bool(self._turn))
        return differing
