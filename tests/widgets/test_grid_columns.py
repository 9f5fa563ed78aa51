"""The width of each column, and the columns in sight."""

from __future__ import annotations

from widgets.grid.columns import FLOOR, GUTTER, GridColumn, lay_out

ID = GridColumn("id", "Order", 10, cut="middle")
NAME = GridColumn("name", "Instrument", 20, flexible=True)
NOTE = GridColumn("note", "Note", 12, flexible=True)
QUANTITY = GridColumn("quantity", "Quantity", 9, align="right", cut="never")
PRICE = GridColumn("price", "Price", 8, align="right", cut="never")


def test_flexible_columns_share_the_spare_width() -> None:
    layout = lay_out([ID, NAME, QUANTITY, NOTE], [0, 0, 0, 0], 101, 1)
    assert layout.widths[0] == 10
    assert layout.widths[2] == 9
    assert GUTTER + sum(width + 1 for width in layout.widths) == 101
    assert layout.widths[1] - 20 == layout.widths[3] - 12


def test_flexible_columns_give_way_to_a_number_that_grew() -> None:
    wide = lay_out([ID, NAME, QUANTITY], [0, 0, 0], 44, 1)
    grown = lay_out([ID, NAME, QUANTITY], [0, 0, 15], 44, 1)
    assert wide.widths == (10, 20, 9)
    assert grown.widths == (10, 14, 15)


def test_flexible_columns_give_way_down_to_a_readable_rest() -> None:
    assert lay_out([ID, NAME, QUANTITY], [0, 0, 0], 32, 1).widths == (10, FLOOR, 9)


def test_a_column_that_does_not_fit_waits_at_the_right_and_the_others_take_its_room() -> None:
    layout = lay_out([ID, NAME, QUANTITY], [0, 0, 0], 31, 1)
    assert layout.widths == (10, 17, 9)
    assert [slot.column for slot in layout.slots(0)] == [0, 1]
    assert layout.goes_on(layout.slots(0))
    assert [slot.column for slot in layout.slots(layout.furthest)] == [0, 2]


def test_the_columns_of_the_smallest_rank_stand_first_in_their_own_order() -> None:
    columns = [
        ID,
        NOTE._replace(rank=3),
        QUANTITY._replace(rank=1),
        NAME._replace(rank=2),
        PRICE._replace(rank=1),
    ]
    wide, narrow = lay_out(columns, [0] * 5, 62, 1), lay_out(columns, [0] * 5, 45, 1)
    assert wide.order == (0, 1, 2, 3, 4)
    assert narrow.order == (0, 2, 3, 4, 1)
    assert [slot.width for slot in narrow.slots(0)] == [10, 9, 12, 8]


def test_a_column_of_a_larger_rank_comes_once_the_others_have_the_width_they_want() -> None:
    columns = [ID, NAME, PRICE._replace(rank=1)]
    assert lay_out(columns, [0] * 3, 41, 1).order == (0, 1, 2)
    assert lay_out(columns, [0] * 3, 41, 1).slots(0)[-1].column == 1
    assert [slot.width for slot in lay_out(columns, [0] * 3, 43, 1).slots(0)] == [10, 20, 8]


def test_equal_columns_stand_as_they_are_declared_though_a_later_one_would_fit() -> None:
    layout = lay_out([ID, QUANTITY._replace(width=20), PRICE], [0, 0, 0], 30, 1)
    assert [slot.column for slot in layout.slots(0)] == [0]
    assert layout.order == (0, 1, 2)


def test_a_state_takes_the_room_it_needs_from_texts_and_codes_take_no_more_than_they_want() -> None:
    code, state = ID._replace(flexible=True), GridColumn("state", "State", 8, cut="last")
    layout = lay_out([code, NAME, state], [0, 0, 19], 42, 1)
    assert layout.widths == (8, 10, 19)
    assert lay_out([code, NAME, state], [0, 0, 19], 100, 1).widths == (10, 66, 19)


def test_every_column_can_be_brought_in_sight_and_the_frozen_ones_stay() -> None:
    columns = [ID, NAME, QUANTITY, PRICE, NOTE]
    layout = lay_out(columns, [0] * 5, 40, 1)
    seen: set[int] = set()
    for hidden in range(layout.furthest + 1):
        slots = layout.slots(hidden)
        assert slots[0].column == 0
        assert slots[0].x == GUTTER
        assert all(slot.x + slot.width <= 40 for slot in slots)
        seen |= {slot.column for slot in slots if slot.width == layout.widths[slot.column]}
    assert seen == set(range(5))


def test_frozen_columns_that_would_fill_the_screen_are_not_frozen() -> None:
    assert lay_out([NAME, QUANTITY], [0, 0], 14, 1).frozen == 0


def test_a_hostile_number_does_not_push_everything_else_out() -> None:
    assert lay_out([QUANTITY, NAME], [4096, 0], 100, 0).widths[0] == 32


def test_no_width_is_too_small() -> None:
    for viewport in range(30):
        layout = lay_out([ID, NAME, QUANTITY], [0, 0, 0], viewport, 1)
        for hidden in range(layout.furthest + 1):
            assert all(slot.width > 0 and slot.x + slot.width <= viewport for slot in layout.slots(hidden))


def test_a_sliver_of_a_text_is_not_shown() -> None:
    layout = lay_out([GridColumn("a", "A", 10), GridColumn("b", "B", 20)], (0, 0), 2 + 11 + 3, 0)
    assert [slot.column for slot in layout.slots(0)] == [0]
    layout = lay_out([GridColumn("a", "A", 10), GridColumn("b", "B", 20)], (0, 0), 2 + 11 + 8, 0)
    assert [slot.width for slot in layout.slots(0)] == [10, 8]
