"""Caches what Textual mixes of two colours by the colours alone.

Textual 8 caches it together with what a widget has drawn, so that the last thousand widgets stay in memory
with all their lines, long after their screens were closed.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from textual._styles_cache import StylesCache
from textual.color import Color
from textual.style import Style

MIXED: Final = "get_inner_outer"
MOST: Final = 1024
"""Pairs of colours that are remembered: as many as Textual remembers widgets."""


@lru_cache(MOST)
def _mixed(base_background: Color, background: Color) -> tuple[Style, Style]:
    return Style(background=base_background + background), Style(background=base_background)


def _of_widget(widget: StylesCache, base_background: Color, background: Color) -> tuple[Style, Style]:
    return _mixed(base_background, background)


def cache_by_colours() -> None:
    """Let Textual keep no widget for the sake of its colours."""
    setattr(StylesCache, MIXED, _of_widget)
