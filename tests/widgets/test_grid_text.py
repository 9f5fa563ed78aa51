"""Texts fitted into terminal cells."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.api.sanitize import clean
from widgets.grid.text import Align, Cut, fit, width_of


def test_text_is_padded_on_the_side_away_from_its_alignment() -> None:
    assert fit("VOD", 6) == "VOD   "
    assert fit("1,000", 8, "right", "never") == "   1,000"


def test_text_too_long_ends_in_an_ellipsis_and_a_code_loses_its_middle() -> None:
    assert fit("Vodafone Group", 8) == "Vodafon…"
    assert fit("ORD-2026-11-0417", 13, cut="middle") == "ORD-20…1-0417"


def test_a_number_is_whole_or_not_there_at_all() -> None:
    assert fit("1,234,567", 9, "right", "never") == "1,234,567"
    assert fit("1,234,567", 8, "right", "never") == "########"
    assert fit("quiet at PCRC: 5,600,000 left", 24) == f"{'quiet at PCRC: …':24}"
    assert fit("quiet at PCRC: 5,600,000 left", 26) == f"{'quiet at PCRC: 5,600,000 …':26}"
    assert fit("7203", 3) == "72…"


def test_wide_and_combining_characters_count_by_the_cells_they_take() -> None:
    assert fit("日本電信電話", 7) == "日本電…"
    assert fit("日本電信電話", 6) == "日本… "
    assert fit("日本電信電話", 8, cut="middle") == "日本…話 "
    assert fit("e\u0301a\u0300o", 4) == "e\u0301a\u0300o "
    assert width_of("日本") == 4


@pytest.mark.parametrize(
    "hostile", ["\x1b[31m", "\r", "\n", "\t", "\x7f", "\x9b", "\u202e", "\u200b", "\ud800"]
)
def test_what_could_act_on_a_terminal_is_replaced(hostile: str) -> None:
    drawn = fit(f"a{hostile}b", 12)
    assert hostile[0] not in drawn
    assert "\ufffd" in drawn
    assert cell_len(drawn) == 12


def test_markup_is_only_text() -> None:
    assert fit("[b]x[/b] [@click=quit]", 24) == "[b]x[/b] [@click=quit]  "


@given(
    st.text(max_size=40),
    st.integers(0, 24),
    st.sampled_from(get_args(Align)),
    st.sampled_from(get_args(Cut)),
)
def test_any_text_fills_exactly_the_cells_it_is_given(text: str, width: int, align: Align, cut: Cut) -> None:
    drawn = fit(text, width, align, cut)
    assert cell_len(drawn) == width
    assert clean(drawn) == drawn
