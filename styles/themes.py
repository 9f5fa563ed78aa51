"""The colour themes: every literal colour of the program is here, by role and never by widget.

Roles follow the conventions of the desk: side, live, waiting, good, attention, bad, idle. Meaning is
always carried by a word or glyph as well, so ``mono`` loses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

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
_COLOUR_BANDS: Final = (("#1E252C", "#D6DADF"), ("#F0A848", "#000000"), ("#B00020", "#FFFFFF"))
_LIGHT_BANDS: Final = (("#E6E8E4", "#1C1F23"), *_COLOUR_BANDS[1:])
_CONTRAST_BANDS: Final = (("#202020", "#FFFFFF"), ("#FFC040", "#000000"), ("#900000", "#FFFFFF"))
_MONO_BANDS: Final = (("#202020", "#E0E0E0"), ("#808080", "#000000"), ("#FFFFFF", "#000000"))

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
MONO: Final = "mono"
"""The theme without colours."""
_LUMINANCE: Final = (0.2126, 0.7152, 0.0722)
"""The share of red, green and blue in relative luminance (WCAG 2.2)."""
EQUAL_CONTRAST: Final = 0.179
"""The relative luminance on which black and white text are equally legible, 4.58 to 1."""
_MONO: Final = dict.fromkeys(ROLES, "#D0D0D0")


def _cursor_row(dark: bool, contrast: bool) -> str:
    if contrast:
        return "#004080"
    return "#2C3A48" if dark else "#CFE0EE"


def _bands(name: str, *, dark: bool, contrast: bool) -> dict[str, str]:
    """Return the colours of the band of each kind of environment, none of them the terminal's."""
    bands = _CONTRAST_BANDS if contrast else _COLOUR_BANDS if dark else _LIGHT_BANDS
    colours: dict[str, str] = {}
    for kind, (background, text) in zip(_BAND_KINDS, _MONO_BANDS if name == MONO else bands, strict=True):
        colours |= {kind: background, f"{kind}-text": text}
    return colours


def profile_band(kind: str, colour: str, theme: str) -> dict[str, str]:
    """Return the colours of the band of an environment of ``kind`` whose profile has a ``colour``.

    ``colour`` is a name or ``#RRGGBB``; any of them is legible with the black or white text chosen here. The
    theme without colours keeps its own band, and so does a profile without one.
    """
    if not colour or theme == MONO:
        return {}
    background = Color.parse(PROFILE_COLOURS.get(colour, colour))
    luminance = sum(
        weight * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
        for weight, part in zip(_LUMINANCE, background.normalized, strict=True)
    )
    band = f"band-{kind.lower()}"
    return {band: background.hex, f"{band}-text": "#000000" if luminance > EQUAL_CONTRAST else "#FFFFFF"}


def _theme(name: str, roles: Mapping[str, str], *, dark: bool = True, contrast: bool = False) -> Theme:
    """Return a theme on the terminal's own background, which costs no bytes; only contrast paints it."""
    foreground = ("#FFFFFF" if contrast else "#D6DADF") if dark else "#1C1F23"
    panel = ("#202020" if contrast else "#1E252C") if dark else "#E6E8E4"
    accent = foreground if name == MONO else roles["live"]
    background = "#000000" if contrast else TERMINAL
    return Theme(
        name=name,
        primary=accent,
        secondary=roles["idle"],
        accent=accent,
        warning=roles["attention"],
        error=roles["bad"],
        success=roles["good"],
        panel=panel,
        dark=dark,
        ansi=not contrast,
        background=background,
        surface=background,
        foreground=foreground if contrast else TERMINAL,
        variables={
            **roles,
            **_bands(name, dark=dark, contrast=contrast),
            "panel": panel,
            "text-muted": roles["idle"],
            "ansi-background": "ansi_black" if dark else "ansi_white",
            "ansi-foreground": "ansi_white" if dark else "ansi_black",
            "cursor-row": _cursor_row(dark, contrast),
            "border": "#3A444E" if dark else "#B8BDB8",
            "border-blurred": "#3A444E" if dark else "#B8BDB8",
            "input-cursor-background": foreground,
            "input-cursor-foreground": panel,
            "input-selection-background": f"{accent} 35%",
            "footer-key-foreground": accent,
        },
    )


THEMES: Final = (
    _theme("blotter", _DARK),
    _theme("classic", _CLASSIC),
    _theme("east", _EAST),
    _theme("high-contrast", _CONTRAST, contrast=True),
    _theme("light", _LIGHT, dark=False),
    _theme(MONO, _MONO),
)
"""All themes; the first is the default, and safe for colour-blind readers."""


def cell_styles(variables: Mapping[str, str]) -> dict[str, Style]:
    """Return the style of each role in a cell, from a theme's variables."""
    styles = {role: Style(color=variables[role]) for role in ROLES if role in variables}
    bold = Style(bold=True)
    styles["attention"] = styles.get("attention", Style()) + bold
    styles["bad"] = styles.get("bad", Style()) + Style(reverse=True)
    styles["intent"] = styles.get("waiting", Style()) + bold
    styles["dim"] = Style(dim=True)
    return styles
