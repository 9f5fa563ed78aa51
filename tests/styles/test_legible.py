"""Every theme is legible: each role on each ground a cell may stand on, as WCAG measures it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from rich.color import Color, ColorSystem
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from textual.theme import Theme

from styles.themes import FRAMES, ROLES, THEMES, cell_styles, luminance

LEGIBLE = 4.5
"""The least contrast of text that WCAG 2.2 calls legible (1.4.3, AA)."""
BOLD_LEGIBLE = 3.0
"""The same for bold text: all of the row under the cursor is, and titles of panes are."""
GROUNDS = ("background", "cursor-row", "selected-row", "panel")
BLINDNESS = {
    "protanopia": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deuteranopia": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
}
"""What an eye without red or green receptors makes of linear red, green and blue (Machado 2009)."""


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def grounds(theme: Theme) -> Iterator[tuple[str, str]]:
    for ground in GROUNDS:
        yield ground, str(theme.background) if ground == "background" else theme.variables[ground]


def pairs(theme: Theme) -> Iterator[tuple[str, str, str]]:
    """Yield what a reader reads in a theme: its name, the colour of the text and that beneath it."""
    for ground, colour in grounds(theme):
        yield f"text on {ground}", str(theme.foreground), colour
        for role, style in cell_styles(theme.variables).items():
            if role in ROLES:
                text, beneath = painted(style, colour)
                yield f"{role} on {ground}", text, beneath
    for state in FRAMES:
        for part in ("", "-focus"):
            name = f"frame-{state}{part}"
            yield name, theme.variables[f"{name}-text"], theme.variables[name]


def painted(style: Style, ground: str) -> tuple[str, str]:
    """Return the colours of text and ground that a cell of ``style`` has on ``ground``."""
    assert style.color is not None
    text = style.color.get_truecolor().hex
    beneath = style.bgcolor.get_truecolor().hex if style.bgcolor else ground
    return (beneath, text) if style.reverse else (text, beneath)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_role_is_legible_on_every_ground(theme: Theme) -> None:
    found = {name: contrast(text, beneath) for name, text, beneath in pairs(theme)}
    assert len(found) == len(GROUNDS) * (1 + len(ROLES)) + 2 * len(FRAMES)
    assert {name: ratio for name, ratio in found.items() if ratio < LEGIBLE} == {}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_role_is_legible_in_256_colours(theme: Theme) -> None:
    def nearest(colour: str) -> str:
        return Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).get_truecolor(DEFAULT_TERMINAL_THEME).hex

    found = {name: contrast(nearest(text), nearest(beneath)) for name, text, beneath in pairs(theme)}
    assert {name: ratio for name, ratio in found.items() if ratio < BOLD_LEGIBLE} == {}


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_the_row_under_the_cursor_those_selected_and_the_frames_differ(theme: Theme) -> None:
    rows = [colour for ground, colour in grounds(theme) if ground != "panel"]
    assert len(set(rows)) == len(rows)
    for part in ("", "-focus"):
        frames = [theme.variables[f"frame-{state}{part}"] for state in FRAMES]
        if theme.name != "mono":
            assert len(set(frames)) == len(frames)


@pytest.mark.parametrize("eye", BLINDNESS)
@pytest.mark.parametrize(("one", "other"), [("buy", "sell"), ("good", "bad"), ("live", "bad")])
def test_the_default_theme_tells_sides_and_states_apart_for_eyes_that_mix_up_red_and_green(
    eye: str, one: str, other: str
) -> None:
    colours = [seen(THEMES[0].variables[role], eye) for role in (one, other)]
    assert sum((a - b) ** 2 for a, b in zip(*colours, strict=True)) ** 0.5 > 40


def seen(colour: str, eye: str) -> tuple[float, float, float]:
    """Return the lightness and the two hues (CIELAB) that an eye sees."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in Color.parse(colour).get_truecolor())
    ]
    red, green, blue = (
        max(0.0, sum(share * part for share, part in zip(row, linear, strict=True))) for row in BLINDNESS[eye]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def test_no_two_themes_that_have_colours_share_all_roles() -> None:
    coloured = [theme for theme in THEMES if theme.name != "mono"]
    for one, other in combinations(coloured, 2):
        assert any(one.variables[role] != other.variables[role] for role in ROLES)
