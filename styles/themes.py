"""The colour themes: every literal colour of the program is here, by role and never by widget.

Roles follow the conventions of the desk: side, live, waiting, good, attention, bad, idle. Meaning is
always carried by a word or glyph as well, so ``mono`` loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

ROLES: Final = ("buy", "sell", "live", "waiting", "good", "attention", "bad", "idle")

_DARK: Final = {
    "buy": "#56B4E9",
    "sell": "#E8743B",
    "live": "#5CC8C8",
    "waiting": "#E6C84F",
    "good": "#3FB68B",
    "attention": "#F0A848",
    "bad": "#D55E00",
    "idle": "#8A8A8A",
}
_CLASSIC: Final = {**_DARK, "buy": "#4EC46A", "sell": "#F0625A", "good": "#4EC46A", "bad": "#F0403A"}
_EAST: Final = {**_DARK, "buy": "#F0625A", "sell": "#4EC46A"}
_CONTRAST: Final = {
    "buy": "#7FD0FF",
    "sell": "#FFA060",
    "live": "#00FFFF",
    "waiting": "#FFFF00",
    "good": "#40FFB0",
    "attention": "#FFC040",
    "bad": "#FF6060",
    "idle": "#C8C8C8",
}
_LIGHT: Final = {
    "buy": "#0060A8",
    "sell": "#B04000",
    "live": "#006C78",
    "waiting": "#7A5C00",
    "good": "#00694A",
    "attention": "#8A4B00",
    "bad": "#B00020",
    "idle": "#606060",
}
_BAND_KINDS: Final = ("band", "band-test", "band-prod")
"""The bands of LOCAL, TEST and PROD; each has a background and a ``-text``, on whatever terminal."""
_COLOUR_BANDS: Final = (("#262626", "#D7D7D7"), ("#F0A848", "#000000"), ("#B00020", "#FFFFFF"))
_LIGHT_BANDS: Final = (("#E4E4E4", "#1C1C1C"), *_COLOUR_BANDS[1:])
_CONTRAST_BANDS: Final = (("#202020", "#FFFFFF"), ("#FFC040", "#000000"), ("#900000", "#FFFFFF"))
_MONO_BANDS: Final = (("#202020", "#E0E0E0"), ("#808080", "#000000"), ("#FFFFFF", "#000000"))

FRAMES: Final = ("local", "test", "prod", "frozen", "past")
"""What the frame of the desk tells by its colour: titles of panes, what separates them, the line of keys."""
_FRAME_PARTS: Final = ("", "-text", "-focus", "-focus-text")
_DARK_FRAMES: Final = ("#262626", "#4A3410", "#5C1019", "#123A5C", "#3B2260")
_LIGHT_FRAMES: Final = ("#E4E4E4", "#FBE3B8", "#F8D3D6", "#CFE6FA", "#E8DCFB")
_CONTRAST_FRAMES: Final = ("#303030", "#5A3A00", "#600000", "#003A70", "#40006A")
_MONO_FRAMES: Final = ("#202020", "#606060", "#909090", "#404040", "#303030")
_FOCUSED: Final = ("#005F87", "#F0A848", "#B00020", "#3E8FD0", "#7D3FC8")
"""The same where the focus is, in all themes that have colours."""
_MONO_FOCUSED: Final = ("#D0D0D0", "#C0C0C0", "#FFFFFF", "#D0D0D0", "#D0D0D0")

PROFILE_COLOURS: Final = {
    "red": "#B00020",
    "orange": "#D9730D",
    "yellow": "#E6C84F",
    "green": "#2E7D32",
    "teal": "#00695C",
    "blue": "#1565C0",
    "violet": "#6A1B9A",
    "pink": "#C2185B",
    "brown": "#6D4C41",
    "grey": "#5F6368",
}
"""Colours by which a profile's band can be told from those of others."""

TERMINAL: Final = "ansi_default"
"""The terminal's own colour."""
DEFAULT: Final = "blotter"
LIGHT: Final = "light"
MONO: Final = "mono"
"""The theme without colours."""
AUTO: Final = "auto"
"""In place of a theme: the default or the light one, as the terminal's background is."""
DESCRIPTIONS: Final = {
    DEFAULT: "Dark; sides and states differ for colour-blind eyes too",
    "classic": "Dark; buys green, sells red",
    "east": "Dark; buys red, sells green",
    "high-contrast": "Black, with strong colours",
    LIGHT: "Dark text on white",
    MONO: "Black, without colours",
    AUTO: f"{DEFAULT.capitalize()} or {LIGHT}, as the terminal's background is",
}
"""What each theme looks like, in the order of the list."""
_LUMINANCE: Final = (0.2126, 0.7152, 0.0722)
"""The share of red, green and blue in relative luminance (WCAG 2.2)."""
EQUAL_CONTRAST: Final = 0.179
"""The relative luminance on which black and white text are equally legible, 4.58 to 1."""
_MONO: Final = dict.fromkeys(ROLES, "#D0D0D0")


_SCROLLBAR_GROUNDS: Final = (
    "scrollbar-background",
    "scrollbar-background-hover",
    "scrollbar-background-active",
    "scrollbar-corner-color",
)


class _Ground(NamedTuple):
    """The grounds that cells stand on, from the quietest, and the text on them.

    What is drawn most is one of the 256 colours exactly: they take fewer bytes of a slow line than others.
    """

    background: str
    panel: str
    border: str
    cursor_row: str
    selected_row: str
    foreground: str


_DARK_GROUND: Final = _Ground("#080808", "#1C1C1C", "#444444", "#13233F", "#1C1C1C", "#D7D7D7")
_LIGHT_GROUND: Final = _Ground("#FFFFFF", "#E4E4E4", "#BCBCBC", "#D8E8F5", "#EAF1F7", "#1C1C1C")
_CONTRAST_GROUND: Final = _Ground("#000000", "#202020", "#808080", "#00005F", "#202020", "#FFFFFF")
_MONO_GROUND: Final = _Ground("#000000", "#202020", "#606060", "#303030", "#1A1A1A", "#E0E0E0")
_CLEAR_DARK: Final = _DARK_GROUND._replace(background=TERMINAL, cursor_row="#2C3A48", selected_row=TERMINAL)
_CLEAR_LIGHT: Final = _LIGHT_GROUND._replace(background=TERMINAL, cursor_row="#CFE0EE", selected_row=TERMINAL)


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, 0 for black to 1 for white (WCAG 2.2)."""
    return sum(
        weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
        for weight, part in zip(_LUMINANCE, Color.parse(colour).normalized, strict=True)
    )


def _text_on(background: str) -> str:
    """Return black or white, whichever is more legible on ``background``."""
    return "#000000" if luminance(background) > EQUAL_CONTRAST else "#FFFFFF"


def _bands(name: str, *, dark: bool, contrast: bool) -> dict[str, str]:
    """Return the colours of the band of each kind of environment, none of them the terminal's."""
    bands = _CONTRAST_BANDS if contrast else _COLOUR_BANDS if dark else _LIGHT_BANDS
    colours: dict[str, str] = {}
    for kind, (background, text) in zip(_BAND_KINDS, _MONO_BANDS if name == MONO else bands, strict=True):
        colours |= {kind: background, f"{kind}-text": text}
    return colours


def _frames(name: str, *, dark: bool, contrast: bool) -> dict[str, str]:
    """Return the colours of the frame in each state, where the focus is and where not, and of text on it.

    Without a state they are those of LOCAL, until an app knows its environment.
    """
    quiet = _CONTRAST_FRAMES if contrast else _DARK_FRAMES if dark else _LIGHT_FRAMES
    focused = _FOCUSED
    if name == MONO:
        quiet, focused = _MONO_FRAMES, _MONO_FOCUSED
    colours: dict[str, str] = {}
    for state, there, here in zip(FRAMES, quiet, focused, strict=True):
        colours |= _frame(f"frame-{state}", there, here)
    return _frame("frame", quiet[0], focused[0]) | colours


def _frame(called: str, quiet: str, focused: str) -> dict[str, str]:
    colours = (quiet, _text_on(quiet), focused, _text_on(focused))
    return {f"{called}{part}": colour for part, colour in zip(_FRAME_PARTS, colours, strict=True)}


def profile_band(kind: str, colour: str, theme: str) -> dict[str, str]:
    """Return the colours of the band of an environment of ``kind`` whose profile has a ``colour``.

    ``colour`` is a name or ``#RRGGBB``; any of them is legible with the black or white text chosen here. The
    theme without colours keeps its own band, and so does a profile without one.
    """
    if not colour or theme == MONO:
        return {}
    background = Color.parse(PROFILE_COLOURS.get(colour, colour)).hex
    return {f"band-{kind.lower()}": background, f"band-{kind.lower()}-text": _text_on(background)}


def frame_colours(kind: str, band: Mapping[str, str], theme: Mapping[str, str]) -> dict[str, str]:
    """Return the colours of the frame on an environment of ``kind``, those of its ``band`` where it has one.

    ``theme`` are the variables of a theme; one that is not of this program has no frames.
    """
    state = kind.lower()
    own = (band[f"band-{state}"], band[f"band-{state}-text"]) * 2 if band else ()
    of_theme = (theme.get(f"frame-{state}{part}", "") for part in _FRAME_PARTS)
    colours = zip((f"frame{part}" for part in _FRAME_PARTS), own or of_theme, strict=True)
    return {name: colour for name, colour in colours if colour}


def _theme(name: str, roles: Mapping[str, str], ground: _Ground, *, dark: bool = True) -> Theme:
    contrast = ground is _CONTRAST_GROUND
    accent = ground.foreground if name == MONO else roles["live"]
    clear = ground.background == TERMINAL
    return Theme(
        name=name,
        primary=accent,
        secondary=roles["idle"],
        accent=accent,
        warning=roles["attention"],
        error=roles["bad"],
        success=roles["good"],
        panel=ground.panel,
        dark=dark,
        ansi=clear,
        background=ground.background,
        surface=ground.background,
        foreground=TERMINAL if clear else ground.foreground,
        variables={
            **roles,
            **_bands(name, dark=dark, contrast=contrast),
            **_frames(name, dark=dark, contrast=contrast),
            "bad-text": _text_on(roles["bad"]),
            "panel": ground.panel,
            "text-muted": roles["idle"],
            "ansi-background": "ansi_black" if dark else "ansi_white",
            "ansi-foreground": "ansi_white" if dark else "ansi_black",
            "cursor-row": ground.cursor_row,
            "selected-row": ground.selected_row,
            "border": ground.border,
            "border-blurred": ground.border,
            **dict.fromkeys(("scrollbar", "scrollbar-hover"), ground.border),
            "scrollbar-active": accent,
            **dict.fromkeys(_SCROLLBAR_GROUNDS, ground.background),
            "input-cursor-background": ground.foreground,
            "input-cursor-foreground": ground.panel,
            "input-selection-background": f"{accent} 35%",
            "footer-key-foreground": accent,
        },
    )


def themes(*, transparent: bool = False) -> tuple[Theme, ...]:
    """Return all themes; the first is the default, and safe for colour-blind readers.

    Each paints its own background, so that light is light on a dark terminal. The ``transparent`` ones stand
    on the terminal's own, but for the one of high contrast.
    """
    dark, light = (_CLEAR_DARK, _CLEAR_LIGHT) if transparent else (_DARK_GROUND, _LIGHT_GROUND)
    return (
        _theme(DEFAULT, _DARK, dark),
        _theme("classic", _CLASSIC, dark),
        _theme("east", _EAST, dark),
        _theme("high-contrast", _CONTRAST, _CONTRAST_GROUND),
        _theme(LIGHT, _LIGHT, light, dark=False),
        _theme(MONO, _MONO, dark if transparent else _MONO_GROUND),
    )


THEMES: Final = themes()


def cell_styles(variables: Mapping[str, str]) -> dict[str, Style]:
    """Return the style of each role in a cell, from a theme's variables.

    What is bad stands on a ground of its own, as legible under the cursor as elsewhere; without colours it is
    reversed.
    """
    styles = {role: Style(color=variables[role]) for role in ROLES if role in variables}
    bold = Style(bold=True)
    styles["attention"] = styles.get("attention", Style()) + bold
    if variables.get("bad") == variables.get("good"):
        styles["bad"] = styles.get("bad", Style()) + Style(reverse=True)
    else:
        styles["bad"] = Style(color=variables["bad-text"], bgcolor=variables["bad"])
    styles["intent"] = styles.get("waiting", Style()) + bold
    styles["dim"] = Style(dim=True)
    return styles
