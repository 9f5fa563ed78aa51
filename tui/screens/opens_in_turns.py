"""The base of every screen: it is laid out once as it opens, drawn in steps, and painted after that.

Textual 8 lays a new screen out and paints it when it is resumed, lays it out and paints it again when it
hears of its size, with every screen beneath, and paints it once more because it was resumed, all in one turn
of the event loop: a key that is pressed then waits for all of it. It also asks for a repaint of the screen
that is covered, which is one of all that is above it, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

from textual import events
from textual.geometry import Region, Size
from textual.screen import Screen, ScreenResultType

from tui.columns.steps import Steps
from tui.screens.turns import Turns

LINES_A_STEP: Final = 8


class OpensInTurns(Screen[ScreenResultType]):
    """A screen that is laid out, drawn and painted over several turns of the event loop."""

    _was_shown = False
    _opening = False

    async def on_event(self, event: events.Event) -> None:
        """Open in steps when the screen is shown first: styles, then a layout, then what is drawn."""
        if isinstance(event, events.ScreenSuspend):
            self._repaint_required = False  # what covers it draws it, where it is seen
        if self._was_shown or not isinstance(event, events.ScreenResume):
            await super().on_event(event)
            return
        self._was_shown = True
        await asyncio.sleep(0)
        if event.refresh_styles:
            self.update_node_styles(animate=False)
            event.refresh_styles = False
            await asyncio.sleep(0)
        self._opening = True
        with self._painted_later():
            await super().on_event(event)
        self._layout_required = False
        await asyncio.sleep(0)

    def _on_timer_update(self) -> None:
        """Lay out what has to be, and paint that in later turns."""
        if not self._layout_required or not self.is_current or self.app._batch_count:
            super()._on_timer_update()
            return
        with self._painted_later():
            self._refresh_layout(scroll=self._scroll_required)
        self._layout_required = self._scroll_required = False
        self._dirty_widgets.clear()

    @contextmanager
    def _painted_later(self) -> Iterator[None]:
        """Have a layout painted after this turn, once all of it has been drawn in steps."""
        self.call_later(self._draw_in_turns)
        with self.app.batch_update():
            yield

    async def _draw_in_turns(self) -> None:
        await Turns().work(self._draw())
        await asyncio.sleep(0)
        self._opening = False

    def _draw(self) -> Steps[None]:
        """Draw the lines in sight of every widget, some at a time: they are kept until they are painted."""
        for widget, (region, clip) in list(self._compositor.visible_widgets.items()):
            shown = region.intersection(clip).translate(-region.offset)
            for top in range(shown.y, shown.bottom, LINES_A_STEP):
                if not self.is_current or not widget.is_attached:
                    return
                height = min(LINES_A_STEP, shown.bottom - top)
                widget.render_lines(Region(0, top, region.width, height))
                yield

    def _screen_resized(self, size: Size) -> None:
        """Lay the screen out, unless it is for that size; what changed since is laid out soon after."""
        if size != self._compositor.size:
            super()._screen_resized(size)

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Repaint the screen; not while it opens, when all of it is about to be painted."""
        repaint = repaint and not self._opening
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
