"""The base of what stands above a screen that can be seen around it."""

from __future__ import annotations

from typing import Self

from textual.geometry import Region, Size
from textual.screen import ScreenResultType
from textual.strip import Strip

from tui.screens.opens_in_turns import OpensInTurns


class AboveScreen(OpensInTurns[ScreenResultType]):
    """A screen that shows the one beneath around what it holds."""

    _beneath: tuple[Size, list[Strip]] | None = None
    """The lines of the screen beneath and the size they fill, None until they are drawn."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return what is beneath as it is drawn there: no tint, which would take most of a paint."""
        size = Size(max(self.size.width, crop.right), max(self.size.height, crop.bottom))
        if self._beneath is None or self._beneath[0] != size:
            self._beneath = size, self._drawn_beneath(size)
        lines = self._beneath[1][crop.y : crop.bottom]
        return lines if crop.width == size.width else [line.crop(crop.x, crop.right) for line in lines]

    def _drawn_beneath(self, size: Size) -> list[Strip]:
        """Return as many lines as wide as ``size``; a screen beneath may have the one before a resize."""
        stack = self.app.screen_stack
        below = stack[: stack.index(self)] if self in stack else []
        drawn = below[-1]._compositor.render_strips() if below else []
        blank = Strip.blank(size.width, self.rich_style)
        fitted = [line.crop_extend(0, size.width, self.rich_style) for line in drawn[: size.height]]
        return fitted + [blank] * (size.height - len(fitted))

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Draw it all anew, with what is beneath: Textual asks for it when that changed."""
        self._beneath = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
