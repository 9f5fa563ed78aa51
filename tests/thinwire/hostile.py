"""An app that draws text on which terminals disagree, in every style, and sends unexpected sequences."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, RichLog, TextArea

from tests.thinwire.recording import RecordedUser, Recording, hands_on

SURE: Final = (
    *("plain", "0123456789", "  ", " ", "      ", "a", "The quick brown fox", "-" * 30, "naïve café"),
    *(
        "日本語",
        "漢",
        "한국어 텍스트",
        "ｆｕｌｌ　ｗｉｄｔｈ",
        "中文字符測試",
        "a漢b字c",
        "─│┌┐╭╮█▓▒░",
        "§¶°±×÷",
        "①②③",
        "αβγ Ωµ",
    ),
)
"""Texts that every terminal draws alike, some of ambiguous width."""
MARKED: Final = ("e\u0301a\u0308o\u0302", "👍", "😀😃")
"""Texts that each terminal draws in its own way, always the same."""
DOUBTFUL: Final = (
    *(*MARKED, "a\u0300\u0301\u0302", "\u0301", "각", "ก็ำ", "क्षि", "مرحبا", "שלום"),
    *("👍🏽", "👨‍👩‍👧‍👦", "🇬🇧🇯🇵", "❤️", "☎️", "✂", "1️⃣", "🏴‍☠️", "🧑‍💻", "☕", "⌚️", "♥", "\u200b", "\u200d"),
    *("\u00ad", "\u202eabc", "\ue0b0", "ﾊﾟ", "\U000e0041", "漢\u3099", "x\ufe0f", "\u2028"),
)
"""Texts that terminals draw differently."""
ATTRIBUTES: Final = (
    *("bold", "dim", "italic", "underline", "blink", "blink2", "reverse", "conceal", "strike", "underline2"),
    *("frame", "encircle", "overline"),
)
COLOURS: Final = (
    "#56B4E9",
    "#000000",
    "#ffffff",
    "color(9)",
    "color(200)",
    "color(16)",
    "red",
    "bright_blue",
    "default",
)
LINKS: Final = ("https://example.com/", "https://example.com/a;b?c=ü", "mailto:desk@example.com")
SEQUENCES: Final = (
    *(
        "\x1b[5i",
        "\x1b]4;1;rgb:10/20/30\x07",
        "\x1b[?12h",
        "\x1b[2 q",
        "\x1bP+q544e\x1b\\",
        "\x1b_Ga=q\x1b\\",
    ),
    *(
        "\x1b[3;4Hforeign",
        "\x1b[2J",
        "\x1b[5;6H\x1b[K",
        "\x1b[2;8r\x1b[2;1H\x1b[2M\x1b[r",
        "\x1b[?1049l\x1b[?1049h",
    ),
    *(
        "\x1b7\x1b[2;2H\x1b[31mX\x1b[0m\x1b8",
        "\r\nline",
        "\x1b[4;1H\x1b[L",
        "\x1b[6n",
        "\x1b[c",
        "\x1b[>q",
        "漢字",
    ),
    *(
        "\x1b[1;1H\x1b[41mred\x1b[0m\x1b[5;5H",
        "\x1b[?25h",
        "\x1b[?25l",
        "\x1b]7;file:///home\x1b\\",
        "\x1b[1;3H日本\x1b[0m",
    ),
    *(
        "\x1b[2;3H\x1b[58;2;1;2;3mx\x1b[0m",
        "\x1b[3;3H\x1b[4:3mwavy\x1b[0m",
        "\t",
        "\x1b[3G",
        "\x07\x07",
        "\x1b[!p",
        "a\bb",
    ),
)
"""Sequences that an app may write past Textual: each is complete and keeps the style."""
HALVES: Final = (
    ("\x1b", "[31mred\x1b[0m"),
    ("\x1b[2;2", "Hxy"),
    ("\x1b]2;ti", "tle\x07"),
    ("\x1b]52;c;", "YQ==\x1b\\"),
)


class HostileTexts:
    """Makes random texts and styles."""

    def __init__(self, chance: random.Random, texts: Sequence[str]) -> None:
        self.chance, self.texts = chance, texts
        self.styles = [self._style() for _ in range(12)]

    def _style(self) -> Style:
        chance = self.chance
        if chance.random() < 0.2:
            return Style()
        chosen: dict[str, Any] = {name: True for name in ATTRIBUTES if chance.random() < 0.12}
        if chance.random() < 0.6:
            chosen["color"] = chance.choice(COLOURS)
        if chance.random() < 0.5:
            chosen["bgcolor"] = chance.choice(COLOURS)
        if chance.random() < 0.2:
            chosen["link"] = chance.choice(LINKS)
        return Style(**chosen)

    def segments(self, width: int) -> Iterable[Segment]:
        """Return styled texts of at least ``width`` cells."""
        left = width
        while left > 0:
            text = self.chance.choice(self.texts) * self.chance.choice((1, 1, 1, 3))
            yield Segment(text, self.chance.choice(self.styles))
            left -= max(1, Segment(text).cell_length)

    def line(self, width: int) -> Strip:
        """Return a line exactly ``width`` cells wide, which may start and end within a character."""
        start = self.chance.choice((0, 0, 1, 3))
        return Strip(self.segments(start + width)).crop(start, start + width).adjust_cell_length(width)

    def text(self) -> Text:
        """Return a line for a log."""
        return Text.assemble(
            *((self.chance.choice(self.texts), each) for each in self.chance.choices(self.styles, k=3))
        )


class ScribbledWidget(Widget):
    """Draws random lines, which stay until they are changed."""

    def __init__(self, taste: HostileTexts, id: str) -> None:
        super().__init__(id=id)
        self._taste = taste
        self._lines: dict[tuple[int, int], Strip] = {}

    def render_line(self, y: int) -> Strip:
        """Return a line as it was last drawn."""
        key = (y, self.size.width)
        if key not in self._lines:
            self._lines[key] = self._taste.line(self.size.width)
        return self._lines[key]

    def change(self, rows: Iterable[int], region: Region | None = None) -> None:
        """Draw other lines, and report all or a part of them to Textual."""
        for row in rows:
            self._lines.pop((row, self.size.width), None)
        self.refresh(*[region] if region else [])

    def shift(self) -> None:
        """Move every line up by one."""
        width = self.size.width
        self._lines = {(y - 1, width): line for (y, of), line in self._lines.items() if of == width and y}
        self.refresh()


class HostileApp(App[None]):
    """Overlapping scribbles, logs and inputs."""

    CSS = """
    Screen { layers: below above; overflow: hidden; }
    #wide, #back { width: 100%; height: 7; }
    #sides { height: 6; }
    #left { width: 17; } #log { width: 1fr; }
    #full { height: 8; border: none; }
    Input { height: 1; border: none; } TextArea { height: 4; border: none; }
    #over, #under { layer: above; width: 15; height: 5; position: absolute; }
    RichLog { scrollbar-size: 0 0; }
    """
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, taste: HostileTexts) -> None:
        super().__init__(ansi_color=True)
        self.taste = taste
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        """Return the widgets."""
        yield ScribbledWidget(self.taste, "wide")
        with Horizontal(id="sides"):
            yield ScribbledWidget(self.taste, "left")
            yield RichLog(id="log", wrap=False, auto_scroll=True)
        yield RichLog(id="full", wrap=False, auto_scroll=True)
        yield Input(id="input")
        yield TextArea(id="area")
        yield ScribbledWidget(self.taste, "back")
        yield ScribbledWidget(self.taste, "under")
        yield ScribbledWidget(self.taste, "over")


class HostileUser:
    """Changes, moves, scrolls and types at random."""

    def __init__(self, hands: RecordedUser, taste: HostileTexts, *, foreign: float) -> None:
        self.hands, self.taste, self.chance, self.foreign = hands, taste, taste.chance, foreign

    async def act(self) -> None:
        """Do one random thing."""
        app, chance = self.hands.app, self.chance
        assert isinstance(app, HostileApp)
        deeds = (
            self._change,
            self._change,
            self._shift,
            self._log,
            self._log,
            self._move,
            self._scroll,
            self._type,
            self._point,
        )
        if chance.random() < self.foreign:
            self._write()
        elif chance.random() < 0.1:
            self._tell()
        elif chance.random() < 0.03:
            await self.hands.resize(chance.randint(20, 110), chance.randint(6, 40))
        else:
            deed = chance.choice(deeds)
            self.hands.note(deed.__name__)
            deed()
        await self.hands.turn()

    def _scrawl(self) -> ScribbledWidget:
        return self.hands.app.query_one(
            f"#{self.chance.choice(('wide', 'left', 'back', 'under', 'over'))}", ScribbledWidget
        )

    def _change(self) -> None:
        """Draw lines again, and report all or some columns to Textual."""
        scrawl, chance = self._scrawl(), self.chance
        height, width = max(1, scrawl.size.height), max(1, scrawl.size.width)
        row = chance.randrange(height)
        if chance.random() < 0.5:
            x = chance.randrange(width)
            scrawl.change([row], Region(x, row, chance.randint(1, max(1, width - x)), 1))
        else:
            scrawl.change(range(height) if chance.random() < 0.3 else [row])

    def _shift(self) -> None:
        self._scrawl().shift()

    def _log(self) -> None:
        log = self.hands.app.query_one(f"#{self.chance.choice(('log', 'full', 'full'))}", RichLog)
        for _ in range(self.chance.choice((1, 1, 2, 5))):
            log.write(self.taste.text())

    def _move(self) -> None:
        moved = self.hands.app.query_one(f"#{self.chance.choice(('over', 'under'))}", ScribbledWidget)
        moved.styles.offset = (self.chance.randint(-8, 100), self.chance.randint(-3, 30))
        if self.chance.random() < 0.2:
            moved.display = not moved.display

    def _scroll(self) -> None:
        log = self.hands.app.query_one(f"#{self.chance.choice(('log', 'full'))}", RichLog)
        log.scroll_relative(
            x=self.chance.randint(-3, 3), y=self.chance.choice((-1, 1, -1, 1, -3, 5)), animate=False
        )

    def _type(self) -> None:
        into = self.hands.app.query_one(self.chance.choice(("#input", "#area")))
        into.focus()
        key = self.chance.choice(("left", "right", "home", "end", "up", "down", "backspace", "enter", ""))
        text = self.chance.choice(self.taste.texts)
        self.hands.driver.send_message(events.Key(key, None) if key else events.Paste(text))

    def _point(self) -> None:
        width, height = self.hands.app.size
        self.hands.app.cursor_position = Offset(
            self.chance.randrange(width + 5), self.chance.randrange(height + 5)
        )
        self._scrawl().change([0])

    def _tell(self) -> None:
        """Ring the bell, set the title, fill the clipboard, or change the pointer's shape."""
        app, chance = self.hands.app, self.chance
        deed = chance.randrange(4)
        self.hands.note(("bell", "title", "clipboard", "pointer")[deed])
        if deed == 0:
            app.bell()
        elif deed == 1:
            self.hands.driver.write(f"\x1b]{chance.choice('02')};desk {chance.randrange(9)}\x07")
        elif deed == 2:
            app.copy_to_clipboard(chance.choice(self.taste.texts))
        else:
            app._set_pointer_shape(chance.choice(("default", "text", "pointer")))

    def _write(self) -> None:
        """Write past Textual."""
        if self.chance.random() < 0.1:
            halves = self.chance.choice(HALVES)
            self.hands.note(f"writes {halves!r}")
            for half in halves:
                self.hands.driver.write(half)
        else:
            sequence = self.chance.choice(SEQUENCES)
            self.hands.note(f"writes {sequence!r}")
            self.hands.driver.write(sequence)


async def record_hostile(
    seed: int,
    frames: int,
    *,
    texts: Sequence[str] = SURE + DOUBTFUL,
    foreign: float = 0.0,
    synchronised: bool = True,
) -> Recording:
    """Record the hostile app under random actions, for so many frames."""
    chance = random.Random(seed)
    taste = HostileTexts(chance, texts)
    size = (chance.randint(30, 100), chance.randint(12, 40))
    async with hands_on(HostileApp(taste), size, synchronised=synchronised) as hands:
        vandal = HostileUser(hands, taste, foreign=foreign)
        while hands.driver.frames < frames:
            await vandal.act()
        return hands.recording
