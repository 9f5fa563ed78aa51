"""After every frame, each cell of the screen is what Textual alone would have drawn.

Random users, a tour of every screen in every theme, and a hostile app are recorded. Each recording is then
played into two terminals, as Textual wrote it and through the thin wire, and the terminals are compared.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from textual.screen import Screen

import tui.screens
from styles.themes import THEMES
from tests.thinwire.differential import Differential, apart
from tests.thinwire.emulators import EASTERN, KINDS, Emulator, PlainEmulator
from tests.thinwire.hostile import DOUBTFUL, SURE, record_hostile
from tests.thinwire.recording import Recording, Resized, Wrote, unfinished
from tests.thinwire.tmux import MISSING, TmuxPanes
from tests.thinwire.users import FORMS, OPENING_KEYS, play, tour
from tui.thinwire.wire import ThinWire

pytestmark = pytest.mark.long

RECORDINGS: Final = Path(__file__).parent / "recordings"
"""Recordings that once showed a difference, each named by its seed and its finding."""
ALL_FRAMES: Final = 10_000
MORE: Final = int(os.environ.get("BLOTTER_WIRE_RUNS", "1"))
"""Multiplies the number of random runs."""
WAYS: Final = 2
TOUR_FRAMES: Final = 270
DESK_SEEDS, DESK_FRAMES = range(4 * MORE), 450
HOSTILE_SEEDS, HOSTILE_FRAMES = range(8 * MORE), 200
TOUR_BYTES, DESK_BYTES = 1_000, 1_300
"""The most bytes that a frame takes on average: a quarter of Textual's, where screens are painted twice."""


def differentials(recording: Recording, seed: int) -> Iterator[Differential]:
    """Yield the two ways to play a recording: frame by frame, and as over a line that is not ideal."""
    kinds = KINDS[seed % len(KINDS)], KINDS[(seed + 1) % len(KINDS)]
    first, second = (
        partial(Differential, recording, partial(Emulator, kind=kind), can_erase=kind.erases_in_colour)
        for kind in kinds
    )
    yield first()
    yield (
        partial(second, every=2 + seed % 7, drops=True),
        partial(second, limit=(200, 700, 2_000)[seed % 3], drops=True),
        partial(second, forgets=random.Random(seed)),
        partial(second, can_scroll=False),
    )[seed % 4]()


def all_alike(recording: Recording, seed: int, folder: Path) -> Differential:
    """Play a recording both ways and return the first; keep a recording that shows a difference."""
    try:
        first, second = [differential.play() for differential in differentials(recording, seed)]
    except AssertionError as error:
        recording.save(kept := folder / f"{seed}.json.gz")
        raise AssertionError(f"seed {seed}, kept in {kept}: {error}") from None
    assert first.frames == second.frames
    return first


def test_ten_thousand_frames_are_played() -> None:
    recorded = len(THEMES) * TOUR_FRAMES + len(DESK_SEEDS) * DESK_FRAMES + len(HOSTILE_SEEDS) * HOSTILE_FRAMES
    assert WAYS * recorded >= ALL_FRAMES


def screens() -> set[str]:
    """Return the names of all screens and dialogs."""
    for module in pkgutil.walk_packages(tui.screens.__path__, "tui.screens."):
        importlib.import_module(module.name)
    kinds: list[type[Screen[Any]]] = [Screen]
    found: set[str] = set()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.__module__.startswith("tui.") and not kind.__subclasses__():
            found.add(kind.__name__)
    return found


def test_random_users_know_keys_to_screens_there_are() -> None:
    assert set(OPENING_KEYS) <= screens()


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_every_screen_and_dialog_is_drawn_in_every_theme(theme: str, tmp_path: Path) -> None:
    number = [each.name for each in THEMES].index(theme)
    recording = await tour(theme, FORMS[number % 2 :: 2], synchronised=number % 4 != 1)
    assert screens() <= set(recording.seen)
    differential = all_alike(recording, number, tmp_path)
    assert differential.frames >= TOUR_FRAMES
    assert differential.sent < TOUR_BYTES * differential.frames


@pytest.mark.parametrize("seed", DESK_SEEDS)
async def test_a_user_of_the_blotter_sees_what_textual_alone_would_have_drawn(
    seed: int, tmp_path: Path
) -> None:
    recording = await play(seed, DESK_FRAMES, synchronised=seed % 4 != 1, ascii=seed % 8 == 2)
    differential = all_alike(recording, seed, tmp_path)
    assert differential.frames >= DESK_FRAMES
    assert differential.sent < DESK_BYTES * differential.frames
    assert len(set(recording.seen) & screens()) >= len(screens()) - 3


@pytest.mark.parametrize("seed", HOSTILE_SEEDS)
async def test_whatever_an_app_draws_is_drawn(seed: int, tmp_path: Path) -> None:
    texts = SURE if seed % 3 == 0 else SURE + DOUBTFUL
    foreign = 0.04 if seed % 2 else 0.0
    recording = await record_hostile(
        seed, HOSTILE_FRAMES, texts=texts, foreign=foreign, synchronised=seed % 5 != 1
    )
    differential = all_alike(recording, seed, tmp_path)
    assert differential.frames >= HOSTILE_FRAMES
    assert differential.sent < differential.came


@pytest.mark.parametrize("file", sorted(RECORDINGS.glob("*.json.gz")), ids=lambda file: file.name)
def test_a_recording_that_once_showed_a_difference_shows_none(file: Path, tmp_path: Path) -> None:
    seed = int(file.name.partition("_")[0].removeprefix("seed"))
    assert all_alike(Recording.load(file), seed, tmp_path).frames >= HOSTILE_FRAMES


def test_the_kept_recordings_are_found() -> None:
    assert {file.name for file in RECORDINGS.iterdir()} == {"seed4_wrapping_with_rows_waiting.json.gz"}


async def test_where_nothing_but_ascii_is_sure_nothing_else_is_relied_on() -> None:
    eastern = partial(Emulator, kind=EASTERN)
    differential = Differential(await record_hostile(102, 150, foreign=0.02), eastern, ascii_only=True).play()
    assert differential.compared >= 150


async def test_pyte_as_it_comes_shows_the_same() -> None:
    differential = Differential(await play(100, 150), PlainEmulator).play()
    assert differential.compared >= 150


@pytest.mark.skipif(bool(MISSING), reason=MISSING)
@pytest.mark.parametrize("hostile", [False, True], ids=["the blotter", "a hostile app"])
async def test_tmux_shows_the_same(hostile: bool) -> None:
    recording = await (record_hostile(101, 200, texts=SURE) if hostile else play(101, 200))
    wire = ThinWire(recording.columns, recording.lines)
    compared, frames, frame = 0, 0, ""
    with TmuxPanes(recording.columns, recording.lines) as panes:
        for event in recording.events:
            if isinstance(event, Resized):
                panes.resize(event.columns, event.lines)
                wire.invalidate(event.columns, event.lines)
            elif isinstance(event, Wrote):
                wire.feed(event.text)
                panes.feed("alone", event.text)
                panes.feed("thin", wire.take())
                frame += event.text
                if unfinished(frame):
                    continue
                frame, frames = "", frames + 1
                if frames % 2 == 0:
                    (where, alone), (its, thin) = panes.shown()
                    rows = enumerate(zip(alone, thin, strict=True))
                    differing = [cell for y, (one, other) in rows for cell in apart(y, one, other)]
                    assert (where, differing) == (its, []), f"frame {frames}"
                    compared += 1
    assert compared >= 100
