"""The main screens look as they did when somebody last looked at them, at four sizes, dark and light."""

from __future__ import annotations

import difflib

import pytest

from tests.pictures.screen_pictures import FOLDER, SCREENS, SIZES, TEXTUAL, file_of, pictures

AGAIN = "run python -m tests.pictures.screen_pictures, and look at what differs"


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_main_screen_looks_as_it_did(size: tuple[int, int]) -> None:
    kept = {screen: file_of(size, screen).read_text(encoding="utf-8") for screen in SCREENS}
    if drawn := {text.partition("\n")[0] for text in kept.values()} - {TEXTUAL}:
        pytest.skip(f"{', '.join(drawn)}: another one may draw the same screen otherwise")
    differences = [
        line
        async for screen, picture in pictures(size)
        for line in difflib.unified_diff(
            kept[screen].splitlines(), picture.splitlines(), f"{screen}, as it was", "now", lineterm="", n=1
        )
    ]
    assert not differences, "\n".join([AGAIN, *differences])


def test_no_picture_is_kept_of_a_screen_that_is_no_more() -> None:
    assert {file_of(size, screen) for size in SIZES for screen in SCREENS} == set(FOLDER.glob("*/*.txt"))
