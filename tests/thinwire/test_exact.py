"""The screen is, after every frame, cell for cell what Textual alone would have drawn.

Users who press what comes to mind, a look at every screen in every theme, and an app that draws what makes
terminals disagree are recorded as they run; each recording is then played through Textual alone and through
the thin wire, into two terminals that are compared.
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
from tests.thinwire.users import FORMS, play, tour
from tui.thinwire.wire import ThinWire

pytestmark = pytest.mark.long

RECORDINGS: Final = Path(__file__).parent / "recordings"
"""Runs that once showed a difference, each named by its seed and by what it found."""
ALL_FRAMES: Final = 10_000
MORE: Final = int(os.environ.get("BLOTTER_WIRE_RUNS", "1"))
"""How many times as many runs by chance are played, by whoever has the time."""
WAYS: Final = 2
TOUR_FRAMES: Final = 270
DESK_SEEDS, DESK_FRAMES = range(4 * MORE), 450
HOSTILE_SEEDS, HOSTILE_FRAMES = range(8 * MORE), 200


def duels(recording: Recording, seed: int) -> Iterator[Differential]:
    """Give the two ways a recording is played: frame by frame, and as a line has it that is not ideal."""
    first, second = (partial(Emulator, kind=KINDS[each % len(KINDS)]) for each in (seed, seed + 1))
    yield Differential(recording, first)
    yield (
        Differential(recording, second, every=2 + seed % 7, drops=True),
        Differential(recording, second, limit=(200, 700, 2_000)[seed % 3], drops=True),
        Differential(recording, second, forgets=random.Random(seed)),
        Differential(recording, second, can_scroll=False),
    )[seed % 4]


def all_alike(recording: Recording, seed: int, folder: Path) -> Differential:
    """Play it both ways and give the first; one that shows a difference is kept, to be played again."""
    try:
        first, second = [duel.play() for duel in duels(recording, seed)]
    except AssertionError as error:
        recording.save(kept := folder / f"{seed}.json.gz")
        raise AssertionError(f"seed {seed}, kept in {kept}: {error}") from None
    assert first.frames == second.frames
    return first


def test_ten_thousand_frames_are_played() -> None:
    recorded = len(THEMES) * TOUR_FRAMES + len(DESK_SEEDS) * DESK_FRAMES + len(HOSTILE_SEEDS) * HOSTILE_FRAMES
    assert WAYS * recorded >= ALL_FRAMES


def screens() -> set[str]:
    """Give the names of all screens and dialogs there are."""
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


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_every_screen_and_dialog_is_drawn_in_every_theme(theme: str, tmp_path: Path) -> None:
    number = [each.name for each in THEMES].index(theme)
    recording = await tour(theme, FORMS[number % 2 :: 2], synchronised=number % 4 != 1)
    assert screens() <= set(recording.seen)
    duel = all_alike(recording, number, tmp_path)
    assert duel.frames >= TOUR_FRAMES
    assert duel.sent < duel.came / 4


@pytest.mark.parametrize("seed", DESK_SEEDS)
async def test_whoever_uses_the_blotter_sees_what_textual_alone_would_have_drawn(
    seed: int, tmp_path: Path
) -> None:
    recording = await play(seed, DESK_FRAMES, synchronised=seed % 4 != 1, ascii=seed % 8 == 2)
    duel = all_alike(recording, seed, tmp_path)
    assert duel.frames >= DESK_FRAMES
    assert duel.sent < duel.came / 4
    assert len(set(recording.seen) & screens()) >= len(screens()) - 3


@pytest.mark.parametrize("seed", HOSTILE_SEEDS)
async def test_whatever_an_app_draws_is_drawn(seed: int, tmp_path: Path) -> None:
    texts = SURE if seed % 3 == 0 else SURE + DOUBTFUL
    foreign = 0.04 if seed % 2 else 0.0
    recording = await record_hostile(
        seed, HOSTILE_FRAMES, texts=texts, foreign=foreign, synchronised=seed % 5 != 1
    )
    duel = all_alike(recording, seed, tmp_path)
    assert duel.frames >= HOSTILE_FRAMES
    assert duel.sent < duel.came


@pytest.mark.parametrize("file", sorted(RECORDINGS.glob("*.json.gz")), ids=lambda file: file.name)
def test_a_recording_that_once_showed_a_difference_shows_none(file: Path, tmp_path: Path) -> None:
    seed = int(file.name.partition("_")[0].removeprefix("seed"))
    assert all_alike(Recording.load(file), seed, tmp_path).frames >= HOSTILE_FRAMES


def test_the_kept_recordings_are_found() -> None:
    assert {file.name for file in RECORDINGS.iterdir()} == {"seed4_wrapping_with_rows_waiting.json.gz"}


async def test_where_nothing_but_ascii_is_sure_nothing_else_is_relied_on() -> None:
    eastern = partial(Emulator, kind=EASTERN)
    duel = Differential(await record_hostile(102, 150, foreign=0.02), eastern, ascii_only=True).play()
    assert duel.compared >= 150


async def test_pyte_as_it_comes_shows_the_same() -> None:
    duel = Differential(await play(100, 150), PlainEmulator).play()
    assert duel.compared >= 150


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
