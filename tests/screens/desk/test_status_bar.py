"""The environment is never missed: first in the band, the last to be cut, legible in every theme."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.pilot import Pilot

from styles.themes import MONO, PROFILE_COLOURS, THEMES, profile_band
from tests.blotter_app import desk_app
from tui.app import BlotterApp
from tui.columns.format import DisplayContext
from tui.screens.desk.status_bar import StatusBar
from tui.screens.desk_frame import KIND_WORDS
from tui.service.environment import Environment, EnvironmentKind, Health, State
from tui.service.snapshot.snapshot import EMPTY, EntityKind, Snapshot
from tui.service.sync.load_progress import LoadProgress

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
READ = NOW - timedelta(seconds=12)
PAST = structs.replace(EMPTY, as_at=datetime(2026, 11, 19, 17, tzinfo=UTC))
NAME = "twenty-letters-of-it"
LEGIBLE = 4.5
"""The least contrast of text that WCAG 2.2 calls legible (1.4.3, AA)."""


@asynccontextmanager
async def band(
    width: int = 80, *, kind: EnvironmentKind = EnvironmentKind.LOCAL, colour: str = ""
) -> AsyncIterator[tuple[Pilot[None], StatusBar]]:
    """Return the band of a running desk, which nothing but the test writes to."""
    async with (
        desk_app(data="empty", start=NOW, kind=kind, colour=colour) as app,
        app.run_test(size=(width, 24)) as pilot,
    ):
        while app.session.health.state is not State.LIVE:
            await pilot.pause(0.01)
        await pilot.pause()
        yield pilot, app.screen.query_one(StatusBar)


def show(
    bar: StatusBar, kind: EnvironmentKind, state: State, snapshot: Snapshot = EMPTY, **more: Any
) -> None:
    said: dict[str, Any] = {"view": "", "linked": True, "frozen": "", "read_only": False}
    said |= {"unknown": 0, "needs": 0, "proposed": 0, "sending": 0}
    said["open_money"] = ()
    environment = Environment(NAME, kind, "https://desk.lusid.com/api", user="okafor@example.com")
    health = Health(state, READ, missed=3)
    bar.show_status(
        environment,
        health,
        snapshot,
        DisplayContext(zone=UTC, today=NOW.date()),
        **{**said, "silent_s": 0, "pace_s": 2.0, "progress": None, "verdicts_behind": False, **more},
        now=NOW,
    )


def line(app: BlotterApp) -> list[Segment]:
    return [part for part in app.screen._compositor.render_strips()[0] if part.text.strip()]


def contrasts(app: BlotterApp) -> Iterator[tuple[str, float]]:
    """Yield each text of the band with its contrast."""
    for part in line(app):
        yield part.text, _contrast(part)


def _contrast(part: Segment) -> float:
    """Return the contrast of a text, from 1 to 21; both its colours must be its own (WCAG 2.2)."""
    assert part.style is not None
    colours = [part.style.color, part.style.bgcolor]
    assert all(each is not None and each.type is ColorType.TRUECOLOR for each in colours), part
    dark, light = sorted(_luminance(each.get_truecolor()) for each in colours if each is not None)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    """Return the relative luminance of a colour, from 0 to 1 (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


async def test_every_kind_and_state_is_legible_in_every_theme_on_any_terminal() -> None:
    found: dict[tuple[str, str, str, str], float] = {}
    async with band(160) as (pilot, bar):
        app = pilot.app
        assert isinstance(app, BlotterApp)
        for theme in THEMES:
            app.theme = theme.name
            for kind in EnvironmentKind:
                for state in (State.LIVE, State.STALE, State.OFFLINE, State.UNAUTHENTICATED):
                    show(bar, kind, state, PAST, read_only=True, frozen="FROZEN", unknown=2)
                    await pilot.pause()
                    for text, contrast in contrasts(app):
                        found[theme.name, kind.value, state.value, text] = contrast
    assert len(found) > 6 * 3 * 4 * 5
    assert {place: contrast for place, contrast in found.items() if contrast < LEGIBLE} == {}


@pytest.mark.parametrize("kind", [EnvironmentKind.TEST, EnvironmentKind.PROD])
async def test_the_band_of_a_profile_has_its_colour_in_every_theme_that_has_colours(
    kind: EnvironmentKind,
) -> None:
    async with band(kind=kind, colour="teal") as (pilot, bar):
        app = pilot.app
        assert isinstance(app, BlotterApp)
        for theme in THEMES:
            app.theme = theme.name
            show(bar, kind, State.STALE)
            await pilot.pause()
            painted = {
                part.style.bgcolor.get_truecolor().hex
                for part in line(app)
                if part.style and part.style.bgcolor
            }
            assert (PROFILE_COLOURS["teal"].lower() in painted) == (theme.name != MONO)
            assert min(contrast for _, contrast in contrasts(app)) >= LEGIBLE


def test_text_on_any_colour_is_legible() -> None:
    greys = [f"#{level:02X}{level:02X}{level:02X}" for level in range(256)]
    for colour in (*PROFILE_COLOURS, *greys, "#FF0000", "#00FF00", "#0000FF", "#7A7A00", "#e05a2b"):
        background, text = map(Color.parse, profile_band("TEST", colour, THEMES[0].name).values())
        dark, light = sorted(_luminance(each.rgb) for each in (background, text))
        assert (light + 0.05) / (dark + 0.05) >= LEGIBLE, colour


@pytest.mark.parametrize("width", [40, 60, 80])
async def test_what_must_not_be_missed_stands_first_at_any_width(width: int) -> None:
    kinds = {EnvironmentKind.PROD: "!!PROD!!", EnvironmentKind.TEST: "TEST", EnvironmentKind.LOCAL: "LOCAL"}
    states = {State.STALE: "STALE", State.OFFLINE: "OFFLINE"}
    async with band(width) as (pilot, bar):
        app = pilot.app
        assert isinstance(app, BlotterApp)
        for (kind, word), (state, stale) in itertools.product(kinds.items(), states.items()):
            show(bar, kind, state, PAST, read_only=True, frozen="FROZEN", unknown=3, sending=2)
            await pilot.pause()
            shown = "".join(part.text for part in app.screen._compositor.render_strips()[0])
            assert shown.startswith(f" {word} READ-ONLY {stale} PAST FROZEN")
            assert len(shown) == width
            assert ("3 OUTCOMES UNKNOWN" in shown) == (width >= 60)


async def test_what_there_is_room_for_follows_and_the_freshness_stands_at_the_right() -> None:
    async with band(100) as (pilot, bar):
        app = pilot.app
        assert isinstance(app, BlotterApp)
        show(bar, EnvironmentKind.TEST, State.LIVE)
        await pilot.pause()
        shown = "".join(part.text for part in app.screen._compositor.render_strips()[0])
        assert shown.startswith(f" TEST  {NAME}  desk.lusid.com  okafor@example.com")
        assert shown.rstrip().endswith("live 15:29:48 UTC every 2 s")
        show(bar, EnvironmentKind.TEST, State.LIVE, silent_s=9)
        await pilot.pause()
        shown = "".join(part.text for part in app.screen._compositor.render_strips()[0])
        assert shown.rstrip().endswith("read 15:29:48 UTC, no answer for 9 s"), "it is live no more"
        show(bar, EnvironmentKind.TEST, State.STALE, PAST)
        await pilot.pause()
        shown = "".join(part.text for part in app.screen._compositor.render_strips()[0])
        assert shown.startswith(f" TEST STALE PAST  as at 19 Nov 17:00:00 UTC, 22 h ago  {NAME}   ")
        assert shown.rstrip().endswith("data 12 s old")


async def test_with_no_color_the_terminals_own_two_colours_carry_words_that_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with band(40) as (pilot, bar):
        app = pilot.app
        assert isinstance(app, BlotterApp)
        for kind, word in KIND_WORDS.items():
            show(bar, kind, State.STALE, read_only=True)
            await pilot.pause()
            styles = {part.text.strip(): part.style for part in line(app)}
            assert list(styles)[:3] == [word, "READ-ONLY", "STALE"]
            assert all(style is not None and _uncoloured(style) for style in styles.values())
            assert all(
                style is not None and style.reverse for style in (styles["READ-ONLY"], styles["STALE"])
            )
    assert len({len(word) for word in KIND_WORDS.values()}) == 3, "they differ in length, not in letters only"


def _uncoloured(style: Style) -> bool:
    return all(each is None or each.is_default for each in (style.color, style.bgcolor))


async def test_without_colour_the_kinds_differ_in_words_and_in_light() -> None:
    async with band() as (pilot, bar):
        app = pilot.app
        assert isinstance(app, BlotterApp)
        app.theme = MONO
        seen = {}
        for kind in EnvironmentKind:
            show(bar, kind, State.LIVE)
            await pilot.pause()
            first = line(app)[0]
            assert first.style is not None
            assert first.style.bgcolor is not None
            seen[first.text.split()[0]] = _luminance(first.style.bgcolor.get_truecolor())
        assert list(seen) == ["LOCAL", "TEST", "!!PROD!!"]
        assert sorted(seen.values()) == list(seen.values())
        assert len(set(seen.values())) == 3


async def test_a_long_profile_hides_neither_read_only_nor_frozen_nor_the_past() -> None:
    async with desk_app(data="empty", read_only=True, start=NOW) as app:
        app.session._environment = Environment(NAME, EnvironmentKind.PROD, "https://desk.lusid.com/api")
        async with app.run_test(size=(80, 24)) as pilot:
            while app.session.health.state is not State.LIVE:
                await pilot.pause(0.01)
            assert app.session.desk is not None
            app.session.desk.environment = app.session._environment
            await pilot.press("T", "ctrl+u", *"2026-11-20", "space", *"15:00:00", "enter")
            while app.session.snapshot.as_at is None:
                await pilot.pause(0.01)
            await pilot.press("z")
            await pilot.pause()
            shown = "".join(part.text for part in app.screen._compositor.render_strips()[0])
            assert shown.startswith(" !!PROD!! READ-ONLY PAST FROZEN")


async def test_keys_and_fields_bring_both_colours_too() -> None:
    async with band() as (pilot, _):
        app = pilot.app
        assert isinstance(app, BlotterApp)
        await pilot.press("n")
        for theme in THEMES:
            app.theme = theme.name
            await pilot.pause()
            parts = [part for row in app.screen._compositor.render_strips() for part in row]
            for said in ("Filter", "< Day >"):
                [part, *_] = [part for part in parts if said in part.text]
                assert _contrast(part) >= LEGIBLE, (theme.name, said)


async def test_a_load_says_what_is_read_and_what_is_left_at_any_width() -> None:
    read = {EntityKind.BLOCKS: 400, EntityKind.ORDERS: 600}
    progress = LoadProgress(
        read, {EntityKind.ORDERS: 1200, EntityKind.PLACEMENTS: 400}, frozenset({EntityKind.BLOCKS})
    )
    for width in (80, 160):
        async with band(width) as (pilot, bar):
            show(bar, EnvironmentKind.PROD, State.LOADING, progress=progress)
            await pilot.pause()
            app = pilot.app
            assert isinstance(app, BlotterApp)
            shown = "".join(part.text for part in app.screen._compositor.render_strips()[0])
            assert shown.rstrip().endswith("read 1,000 rows, 1,000 left")
            assert ("blocks 400, orders 600 of 1,200, placements 0 of 400" in shown) == (width == 160)
