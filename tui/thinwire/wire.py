"""Takes what Textual writes and gives what differs from what the terminal shows.

Two frames are kept: *shown*, what the terminal shows, and *wanted*, what Textual alone would have drawn by
now. :meth:`ThinWire.feed` draws into *wanted*, :meth:`ThinWire.take` gives what turns *shown* into it. No
input or output and no clock are in here.

What is certain is never guessed: a sequence that is not understood is passed on as it came, after all that
was drawn before it, and both frames forget everything; a strip of doubtful width is passed on as it came,
and its row is forgotten. A forgotten cell is equal to nothing, so whatever Textual draws there next is sent.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from tui.thinwire import painter
from tui.thinwire.cell_styles import Pens
from tui.thinwire.frame import Frame
from tui.thinwire.runs import TAIL, Strip, Strips

SYNC_START: Final = "\x1b[?2026h"
SYNC_END: Final = "\x1b[?2026l"

_PLACE: Final = re.compile(r"\x1b\[(\d+);(\d+)H")
_SYNC: Final = re.compile(r"(\x1b\[\?2026[hl])")
_CONTROL: Final = re.compile(
    r"(?:\x1b\[\?(?:7|25|10(?:0\d|1[56])|2004|2048)[hl]"  # wrapping, cursor, mouse, focus, paste, resizes
    r"|\x1b\[\?\d+\$p|\x1b\[\d* q|\x1b\[[<>=][\d;]*u"  # queries, cursor shape, keyboard protocol
    r"|\x1b\](?:0|1|2|22|52);[^\x00-\x1f\x7f-\x9f]*(?:\x1b\\|\x07)|\x07)+"  # titles, pointer, clipboard, bell
)
"""What changes no cell and moves no cursor."""
_WRAPPING: Final = re.compile(r"\x1b\[\?7[hl]")
"""Turns wrapping on or off, and so decides what becomes of text that is wider than its row: see DECAWM."""
_BEFORE_CONTROL: Final = 512
"""Characters of a frame that is waiting which go before a bell or a title; no more is held up by them."""
_LEFT: Final = re.compile(r"\x1b\[\?10(?:47|49)l")
"""Leaves the alternate screen for good: what was drawn on it and not yet sent needs no sending."""
_UNFINISHED: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]P_^X][^\x07\x1b]*(?:\x1b)?)?\Z")
_MOST_PENS: Final = 50_000
_MOST_DOUBTFUL: Final = 1 << 14
"""Characters of doubtful strips that are kept for one row while the terminal takes nothing."""


class _Drawn(NamedTuple):
    """A strip at its place."""

    y: int
    x: int
    strip: Strip
    raw: str

    def goes_on_at(self, y: int, x: int) -> bool:
        """Tell whether its cells end where ``y`` and ``x`` are."""
        return not self.strip.doubtful and self.y == y and self.x + len(self.strip.text) == x


class ThinWire:
    """Stands between Textual and a terminal of ``columns`` by ``lines``.

    ``can_scroll`` tells whether the terminal moves rows between margins; ``ascii_only`` that its encoding has
    nothing else, so that what becomes of other characters is in doubt.
    """

    def __init__(
        self, columns: int, lines: int, *, can_scroll: bool = True, ascii_only: bool = False
    ) -> None:
        self.lost = False
        """Whether something was dropped that only Textual can draw again; whoever asks it to clears this."""
        self._can_scroll = can_scroll
        self._ascii_only = ascii_only
        self._ready: list[str] = []
        self._doubtful: dict[int, list[str]] = {}
        self._held = ""
        self._inside = False
        self._came: str | None = ""
        self._start_over(columns, lines)

    def _start_over(self, columns: int, lines: int) -> None:
        self._pens = Pens()
        self._strips = Strips(self._pens, ascii_only=self._ascii_only)
        self._shown, self._wanted = Frame(columns, lines), Frame(columns, lines)
        self._doubtful.clear()
        self._shown_cursor: tuple[int, int] | None = None
        self._cursor: tuple[int, int] | None = None
        self._changed = self._brackets = False
        self._frame = 0
        self._drawn = [0] * lines
        self._turn = 0

    @property
    def pending(self) -> bool:
        """Tell whether there is anything to send now."""
        return not self._inside and (bool(self._ready) or self._changed)

    def forget(self, columns: int, lines: int) -> None:
        """Take nothing of what the terminal shows for known, and its size for what is said.

        What was drawn and not yet sent is dropped: whoever forgets asks Textual to draw everything.
        """
        self._came = None
        self._start_over(columns, lines)

    # --- what comes ----------------------------------------------------------------------------

    def feed(self, text: str) -> None:
        """Take what Textual writes; a sequence that is cut off waits for its other half."""
        text = self._held + text
        self._held = ""
        last = text.rfind("\x1b")
        for at in (text.rfind("\x1b", 0, max(last, 0)), last):
            if at >= 0 and _UNFINISHED.match(text, at):
                text, self._held = text[:at], text[at:]
                break
        for part in _SYNC.split(text) if SYNC_START in text or SYNC_END in text else (text,):
            if part == SYNC_START:
                self._inside = True
            elif part == SYNC_END:
                self._inside = False
            elif part:
                self._take_in(part)

    def rest(self) -> str:
        """Give all there is, whatever waits for its other half or the end of an update included."""
        self._inside = False
        held, self._held = self._held, ""
        return self.take() + held

    def _take_in(self, text: str) -> None:
        if len(self._pens) > _MOST_PENS:
            self._settle()
            self._start_over(self._wanted.columns, self._wanted.lines)
        if (drawn := self._read(text)) is not None:
            self._came = text if self._came == "" and not self._changed else None
            self._frame += 1
            for each in drawn:
                self._draw(each)
            self._changed = True
            self._brackets = self._brackets or self._inside
            if any(sum(map(len, kept)) > _MOST_DOUBTFUL for kept in self._doubtful.values()):
                self.lost = True
                self._start_over(self._wanted.columns, self._wanted.lines)
        elif _CONTROL.fullmatch(text):
            if _WRAPPING.search(text):
                self._settle()
            elif not self._ready:
                self._settle(_BEFORE_CONTROL)
            self._pass_on(text)
        else:
            if not _LEFT.fullmatch(text):
                self._settle()
            self._pass_on(text)
            self._start_over(self._wanted.columns, self._wanted.lines)

    def _pass_on(self, text: str) -> None:
        self._ready += (SYNC_START, text, SYNC_END) if self._inside else (text,)

    def _read(self, text: str) -> list[_Drawn] | None:
        """Give the strips of a frame and note its cursor; None when ``text`` is anything else."""
        before, *pieces = _PLACE.split(text)
        if before or not pieces or pieces[-1]:
            return None
        columns, lines = self._wanted.columns, self._wanted.lines
        drawn: list[_Drawn] = []
        for at in range(0, len(pieces), 3):
            y, x, raw = int(pieces[at]) - 1, int(pieces[at + 1]) - 1, pieces[at + 2]
            below = y + raw.count("\n")
            raw = raw.rstrip("\n")
            strip = self._strips.read(raw)
            if strip is None or not (0 <= x < columns and 0 <= y <= below < lines):
                return None
            if not raw:
                continue
            place = f"\x1b[{y + 1};{x + 1}H"
            last = drawn[-1] if drawn else None
            if last and last.goes_on_at(y, x) and not strip.doubtful:
                drawn[-1] = _Drawn(y, last.x, last.strip + strip, last.raw + place + raw)
            else:
                drawn.append(_Drawn(y, x, strip, place + raw))
        self._cursor = y, x
        return drawn

    def _draw(self, drawn: _Drawn) -> None:
        y, x, strip, raw = drawn
        row, end = self._wanted.text[y], x + len(strip.text)
        halved = row[x] == TAIL or (end < self._wanted.columns and row[end] == TAIL)
        if not (strip.doubtful or halved or end > self._wanted.columns):
            if self._wanted.put(y, x, strip.text, strip.pens):
                self._drawn[y] = self._frame
            return
        self._drawn[y] = self._frame
        kept = self._doubtful.setdefault(y, [])
        kept += (painter.row(self._shown, self._wanted, y, self._pens), raw)
        self._shown.forget(y)
        self._wanted.forget(y)

    # --- what goes -----------------------------------------------------------------------------

    def take(self, limit: int | None = None) -> str:
        """Give what to send, and take it for shown.

        With ``limit`` no further row is begun once so many characters are made: the rest stays to be sent,
        and will be what is newest by then. Within a synchronised update nothing of it is given.
        """
        if self._inside:
            return ""
        if limit is None or sum(map(len, self._ready)) < limit:
            self._settle(limit)
        text = "".join(self._ready).replace(SYNC_END + SYNC_START, "")
        self._ready.clear()
        return text

    def _settle(self, limit: int | None = None) -> None:
        """Make ready what was drawn."""
        if not self._changed:
            return
        body = self._scrolled_or_not(limit)
        if self._cursor is not None and (body or self._cursor != self._shown_cursor):
            body += painter.place(*self._cursor)
            self._shown_cursor = self._cursor
        if self._came and not self._changed and len(body) >= len(self._came):
            body = self._came
        self._came = "" if not self._changed else None
        if body:
            self._ready += (SYNC_START, body, SYNC_END) if self._brackets else (body,)
        self._brackets = self._brackets and self._changed

    def _scrolled_or_not(self, limit: int | None) -> str:
        """Give the difference, by moving rows first where that makes it shorter."""
        scroll = painter.find_scroll(self._shown, self._wanted) if self._can_scroll else None
        if scroll is None or any(scroll.top <= y <= scroll.bottom for y in self._doubtful):
            return self._difference(self._shown, limit)
        still, moved = self._shown, self._shown.copy()
        moved.scroll(*scroll)
        changed = range(scroll.top, scroll.bottom + 1)
        move = scroll.text()
        cost = len(move) + sum(self._cost(moved, y) for y in changed)
        if cost >= sum(self._cost(still, y) for y in changed):
            return self._difference(self._shown, limit)
        self._shown = moved
        return move + self._difference(moved, limit)

    def _cost(self, shown: Frame, y: int) -> int:
        return len(painter.row(shown, self._wanted, y, self._pens))

    def _difference(self, shown: Frame, limit: int | None) -> str:
        wanted = self._wanted
        parts: list[str] = []
        size = 0
        for y in self._order(shown) if limit is not None else range(wanted.lines):
            if limit is not None and size >= limit:
                break
            doubtful = self._doubtful.pop(y, ())
            part = painter.row(shown, wanted, y, self._pens)
            shown.text[y], shown.pens[y] = wanted.text[y], wanted.pens[y]
            parts += (*doubtful, part)
            size += len(part) + sum(map(len, doubtful))
        else:
            self._changed = False
        return "".join(parts)

    def _order(self, shown: Frame) -> list[int]:
        """Give the rows to send, in the order in which a person wants them.

        What was drawn last answers the last key, and what stands out, or did, is what the eye follows. Every
        fourth time what waits longest goes first, so that nothing waits for good.
        """
        wanted, outstanding = self._wanted, self._pens.stand_out
        self._turn = (self._turn + 1) % 4
        differing = [
            y
            for y in range(wanted.lines)
            if y in self._doubtful or shown.text[y] != wanted.text[y] or shown.pens[y] != wanted.pens[y]
        ]
        differing.sort(key=lambda y: not (outstanding(wanted.pens[y]) or outstanding(shown.pens[y])))
        differing.sort(key=self._drawn.__getitem__, reverse=bool(self._turn))
        return differing
