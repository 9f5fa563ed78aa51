"""Pictures of the main screens as text files: ``python -m tests.pictures.screen_pictures`` makes them anew.

A file holds the text of one screen at one size, and its colours under a dark and a light theme. All are drawn
on the demo data of one afternoon while the app's clock stands, so the same program makes the same bytes.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Final
from zlib import crc32

import pytest
from rich.style import Style
from textual.strip import Strip

from tests.blotter_app import Blotter, blotter, demo
from tests.readme import AFTERNOON
from tui.api.base import ResourceId
from tui.screens.desk.screen import DeskScreen
from tui.service import ids
from tui.service.snapshot.snapshot import EntityKind

SIZES: Final = ((80, 24), (120, 34), (160, 48), (250, 70))
THEMES: Final = {"dark": "blotter", "light": "light"}
SCREENS: Final[dict[str, tuple[str, ...]]] = {
    "desk": (),
    "exceptions": ("0",),
    "activity": ("t",),
    "order": ("n",),
    "placing": ("@BLK-0029", "p"),
    "moving": ("2", "m"),
    "order_line": ("N", *"b 50k VOD lmt 0.82 day"),
    "ticket": ("enter",),
    "history": ("h",),
    "preview": ("@BLK-0029", "p", "tab", *"ALBN", "enter"),
    "cancelling": ("2", "c"),
    "kill": ("K",),
    "columns": ("o",),
    "browse": ("B",),
    "help": ("question_mark",),
    "palette": ("colon",),
    "past": ("T", "ctrl+u", *"15:05", "enter", "left"),
}
"""The keys that lead to each screen from the desk; ``@`` and a code put the cursor on that block.

The past comes last: how high panes are on the way back depends on what was read first.
"""
FOLDER: Final = Path(__file__).parent
TEXTUAL: Final = f"drawn by Textual {version('textual')}"


class SameBits:
    """The same bits at every draw, in the place of secret ones: ids stand on screens."""

    def randbits(self, number: int) -> int:
        """Return so many bits."""
        return Random(7).getrandbits(number)


def file_of(size: tuple[int, int], screen: str) -> Path:
    """Return where the picture of a screen is kept."""
    return FOLDER / f"{size[0]}x{size[1]}" / f"{screen}.txt"


async def pictures(size: tuple[int, int]) -> AsyncIterator[tuple[str, str]]:
    """Yield each screen and its picture at a size in cells."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "secrets", SameBits())
        async with blotter(size, start=AFTERNOON) as user:
            await user.press("down", "up")
            for screen, keys in SCREENS.items():
                await _do(user, keys)
                yield screen, await _picture(user)
                while not isinstance(user.app.screen, DeskScreen):
                    await user.press("escape")
                if user.app.session.snapshot.as_at is not None:
                    await user.press("escape")
                    await user.until(lambda: user.app.session.snapshot.as_at is None)
                await user.until(lambda: user.desk.focused is not None)
                if user.desk.active.kind is not EntityKind.BLOCKS:
                    await user.press("1")


async def _do(user: Blotter, keys: Sequence[str]) -> None:
    for key in keys:
        if key.startswith("@"):
            assert user.pane("blocks").grid.move_to(demo(key[1:]))
            await user.until(partial(_follows, user, demo(key[1:])))
        else:
            await user.press(key)


def _follows(user: Blotter, block: ResourceId) -> bool:
    """Return whether the panes show what belongs to a block."""
    return user.desk._leader == block


async def _picture(user: Blotter) -> str:
    parts = [TEXTUAL, ""]
    for name, theme in THEMES.items():
        user.app.theme = theme
        await user.press()
        strips = user.app.screen._compositor.render_strips()[: user.app.size.height]
        if len(parts) == 2:
            parts += [strip.text.rstrip() for strip in strips]
        parts += ["", f"--- {name}", *_colours(strips)]
    user.app.theme = next(iter(THEMES.values()))
    await user.press()
    return "\n".join(parts) + "\n"


def _colours(strips: Sequence[Strip]) -> Iterator[str]:
    """Yield how each line is styled, as lengths of runs and names of styles, and then what these names mean.

    Lines styled as the one before are left out.
    """
    names: dict[str, str] = {}  # stable, so that one style more changes no other line
    before = ""
    for number, strip in enumerate(strips):
        cells = [(_style(segment.style), segment.cell_length) for segment in strip if segment.text]
        runs = []
        for style, run in groupby(cells, key=lambda cell: cell[0]):
            name = names.setdefault(style, f"{crc32(style.encode()):08x}"[:5])
            runs.append(f"{sum(length for _, length in run)}:{name}")
        if (line := " ".join(runs)) != before:
            yield f"{number}: {line}"
        before = line
    yield from sorted(f"{name} = {style}" for style, name in names.items())


def _style(style: Style | None) -> str:
    return "plain" if style is None else str(style.without_color + style.background_style + _ink(style))


def _ink(style: Style) -> Style:
    return Style(color=style.color)


async def _draw(size: tuple[int, int]) -> None:
    async for screen, picture in pictures(size):
        file = file_of(size, screen)
        file.parent.mkdir(exist_ok=True)
        file.write_text(picture, encoding="utf-8")


def main(sizes: Sequence[str]) -> None:
    """Write the pictures at these sizes, at all where none is named."""
    from tests.idle import idle_by_the_loop

    for size in SIZES:
        if not sizes or f"{size[0]}x{size[1]}" in sizes:
            with idle_by_the_loop():
                asyncio.run(_draw(size))


if __name__ == "__main__":
    main(sys.argv[1:])
