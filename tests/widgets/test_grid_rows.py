"""Rows by identity: cursor and selection through whatever reorders them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widgets.grid.rows import FAR, Rows


def shown(*keys: str, cursor: str) -> Rows:
    """Return rows with the cursor on a key."""
    rows = Rows()
    rows.replace(keys)
    row = rows.find(cursor)
    assert row is not None
    rows.move(row)
    return rows


def test_the_cursor_stays_with_its_key_when_rows_are_sorted() -> None:
    rows = shown("a", "b", "c", "d", cursor="b")
    rows.replace(["d", "c", "b", "a"])
    assert (rows.cursor_key, rows.cursor) == ("b", 2)


def test_a_lost_cursor_goes_to_the_nearest_row_left() -> None:
    rows = shown("a", "b", "c", "d", cursor="b")
    rows.replace(["a", "d"])
    assert rows.cursor_key == "a"
    rows = shown("a", "b", "c", "d", cursor="b")
    rows.replace(["d", "c"])
    assert rows.cursor_key == "c"


def test_other_rows_altogether_start_at_the_first() -> None:
    rows = shown("a", "b", "c", cursor="c")
    rows.replace(["x", "y", "z"])
    assert rows.cursor_key == "x"


def test_a_cursor_far_from_all_that_is_left_starts_at_the_first() -> None:
    rows, cursors = Rows(), []
    for place in (2 * FAR, FAR // 2):
        rows.replace(range(3 * FAR))
        rows.move(place)
        rows.replace([1, 2])
        cursors.append(rows.cursor_key)
    assert cursors == [1, 2]


def test_the_owners_newest_index_is_asked_even_when_the_rows_are_the_same() -> None:
    rows, spent, fresh = Rows(), Index({"a": 0, "b": 1}), Index({"a": 0, "b": 1})
    rows.replace(["a", "b"], spent)
    rows.replace(["a", "b"], fresh)
    spent.clear()
    assert rows.find("b") == 1
    rows.pick_all()
    rows.replace(["b"], Index({"b": 0}))
    assert rows.selected == {"b"}


class Index(dict[str, int]):
    """An owner's own index of its rows."""

    def find(self, key: object, /) -> int | None:
        return self.get(str(key))


def test_a_filter_that_shows_nothing_gives_the_cursor_back_when_lifted() -> None:
    rows = shown("a", "b", "c", cursor="c")
    rows.replace([])
    assert (rows.cursor, rows.cursor_key) == (None, None)
    rows.replace(["a", "b", "c"])
    assert rows.cursor_key == "c"


def test_what_is_hidden_is_not_selected_until_it_is_shown_again() -> None:
    rows = shown("a", "b", "c", cursor="a")
    rows.toggle(0)
    rows.toggle(2)
    rows.replace(["b", "c"])
    assert rows.selected == {"c"}
    rows.replace(["c", "b", "a"])
    assert rows.selected == {"a", "c"}
    rows.clear()
    rows.replace(["a", "b"])
    assert rows.selected == frozenset()


def test_a_range_follows_the_cursor_both_ways() -> None:
    rows = shown("a", "b", "c", "d", cursor="b")
    rows.start_range()
    rows.move(3)
    assert rows.selected == {"b", "c", "d"}
    rows.move(0)
    assert rows.selected == {"a", "b"}
    rows.start_range()
    rows.move(3)
    assert rows.selected == {"a", "b"}


def test_a_row_that_comes_into_a_range_by_itself_is_not_selected() -> None:
    rows = shown("a", "b", "c", cursor="a")
    rows.start_range()
    rows.move(2)
    rows.replace(["a", "new", "b", "c", "d"])
    assert rows.selected == {"a", "b", "c"}
    rows.move(4)
    assert rows.selected == {"a", "b", "c", "d"}


def test_all_and_none() -> None:
    rows = shown("a", "b", "c", cursor="a")
    rows.pick_all()
    assert rows.selected == {"a", "b", "c"}
    rows.pick_all()
    assert rows.selected == frozenset()


KEYS = st.lists(st.integers(0, 12), unique=True, max_size=10)


@given(
    KEYS,
    st.lists(
        st.tuples(st.sampled_from(["move", "toggle", "range", "all", "show"]), st.integers(0, 12), KEYS)
    ),
)
def test_whatever_is_done_cursor_and_selection_speak_of_rows_shown(
    keys: list[int], steps: list[tuple[str, int, list[int]]]
) -> None:
    rows = Rows()
    rows.replace(keys)
    for step, number, others in steps:
        before = rows.cursor_key
        if step == "move":
            rows.move(number)
        elif step == "toggle" and rows.cursor is not None:
            rows.toggle(rows.cursor)
        elif step == "range":
            rows.start_range()
        elif step == "all":
            rows.pick_all()
        elif step == "show":
            chosen = rows.selected
            rows.replace(others)
            assert before not in others or rows.cursor_key == before
            assert rows.selected >= chosen & set(others)
        assert rows.selected == {key for row, key in enumerate(rows.keys) if rows.is_selected(row)}
        assert (rows.cursor is None) == (not rows.keys)
        assert rows.cursor_key is None or rows.find(rows.cursor_key) == rows.cursor
