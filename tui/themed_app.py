"""An application in the colours of a theme, which may be the terminal's choice: it asks, and follows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from textual.app import App

from styles.themes import (
    AUTO,
    DEFAULT,
    DESCRIPTIONS,
    LIGHT,
    MONO,
    frame_colours,
    profile_band,
    themes,
)
from widgets.colours_cached import cache_by_colours

if TYPE_CHECKING:
    from tui.session import Preferences
    from tui.thinwire.driver import WireHandle

NO_COLOUR: Final = "NO_COLOR is set: there are no colours."


class ThemedApp(App[None]):
    """Registers the themes and shows the one preferred, with the band of an environment of ``kind``."""

    def __init__(self, kind: str, preferences: Preferences, wire: WireHandle | None) -> None:
        cache_by_colours()
        self._kind, self._profile_colour, self._wire = kind, preferences.colour, wire
        self._follows, self._dark = preferences.theme == AUTO, preferences.dark
        if wire is not None:
            from tui.thinwire.background import hear_background

            hear_background(wire, self._background_is, asks=self._follows)
        super().__init__(driver_class=wire.driver_class if wire else None)
        for theme in themes(transparent=preferences.transparent):
            self.register_theme(theme)
        self.theme = (
            MONO if self.no_color else self._theme_of_terminal if self._follows else preferences.theme
        )
        self._parsed_for = self.get_css_variables()
        self.stylesheet.set_variables(self._parsed_for)
        if self.no_color:
            self._take_no_colour()

    def _take_no_colour(self) -> None:
        """Send no colour at all: Textual would paint its own greys over the terminal's colours."""
        from textual.filter import Monochrome, NoColor

        kept = [each for each in self._filters if not isinstance(each, Monochrome | NoColor)]
        self._filters = [*kept, NoColor()]

    def get_css_variables(self) -> dict[str, str]:
        """Return the colours of the theme, with the band and the frame of this desk's environment."""
        of_theme = super().get_css_variables()
        band = profile_band(self._kind, self._profile_colour, self.theme)
        self.theme_variables = of_theme | band | frame_colours(self._kind, band, of_theme)
        return self.theme_variables

    def refresh_css(self, animate: bool = True) -> None:
        """Apply the style sheets anew, parsed again only for other colours: not at the start."""
        colours = self.get_css_variables()
        if colours != self._parsed_for:
            self._parsed_for = colours
            super().refresh_css(animate)
        else:
            self.stylesheet.update(self, animate=animate)

    def theme_choices(self) -> Iterator[tuple[str, str, str]]:
        """Yield each theme, what it looks like, and why it cannot be chosen (empty when it can)."""
        in_use = AUTO if self._follows and not self.no_color else self.theme
        for theme, looks in DESCRIPTIONS.items():
            yield theme, f"In use. {looks}" if theme == in_use else looks, NO_COLOUR if self.no_color else ""

    def show_theme(self, theme: str) -> None:
        """Show a theme, or follow the terminal."""
        self._follows = theme == AUTO
        self.theme = self._theme_of_terminal if self._follows else theme
        if self._follows and self._wire is not None:
            self._wire.ask_background()

    @property
    def _theme_of_terminal(self) -> str:
        return DEFAULT if self._dark else LIGHT

    def _background_is(self, dark: bool) -> None:
        """Heed what the terminal says of its background."""
        self._dark = dark
        if self._follows and not self.no_color:
            self.theme = self._theme_of_terminal
