"""Ids by code, against a list that is sorted and searched as a whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.api.base import ResourceId
from tui.service.snapshot.code_index import CodeIndex, by_code, by_name

IDS = st.builds(ResourceId, st.sampled_from(("desk", "Desk", "other")), st.text("aAb1ß/", max_size=3))
CHANGES = st.lists(st.tuples(st.sets(IDS), st.sets(IDS)), max_size=5)


@given(CHANGES, st.text("aAb1ß/", max_size=2))
def test_ids_are_found_by_their_codes_whatever_came_and_went(
    changes: list[tuple[set[ResourceId], set[ResourceId]]], typed: str
) -> None:
    index, held = CodeIndex(), set[ResourceId]()
    for added, removed in changes:
        index = index.changed(by_code(added), by_code(removed))
        held = (held | added) - removed
    folded = typed.casefold()
    exact = sorted(id for id in held if id.code.casefold() == folded)
    assert list(index.get(folded, ())) == exact
    in_order = sorted(held, key=lambda id: (id.code.casefold(), id))
    assert list(index.beginning(folded)) == [id for id in in_order if id.code.casefold().startswith(folded)]
    assert list(index) == list(dict.fromkeys(id.code.casefold() for id in in_order))
    assert len(index) == len(list(index))


def test_the_former_index_stays_as_it_was() -> None:
    first = CodeIndex().changed(by_name([ResourceId("desk", "A")]), ())
    second = first.changed(by_name([ResourceId("desk", "B")]), by_name([ResourceId("desk", "A")]))
    assert (list(first), list(second)) == (["desk/a"], ["desk/b"])
    assert second.changed((), ()) is second
