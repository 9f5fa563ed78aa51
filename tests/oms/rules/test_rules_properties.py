"""Properties of allocation for any numbers: no unit is lost, invented or allocated in excess."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oms.rules.rules_client import RulesClient
from tui.api.models import Allocation
from tui.oms.rules.apportioning import ALGORITHMS, WEIGHTED_ALGORITHMS, apportion_by_weight, apportion_fills
from tui.oms.rules.sizes import decimal_text, trim_zeros, weighted_average

whole = st.integers(1, 400).map(Decimal)
tenths = st.integers(1, 4000).map(lambda units: Decimal(units) / 10)
sizes = st.lists(whole | tenths, min_size=1, max_size=6)
algorithms = st.sampled_from(sorted(ALGORITHMS))


def reference_allocation(fills: list[Decimal], orders: list[Decimal]) -> list[Decimal]:
    """Allocate by the contract's reference algorithm for whole units, as written there."""
    got = [Decimal(0)] * len(orders)
    for fill in fills:
        room = [size - have for size, have in zip(orders, got, strict=True)]
        total = sum(room)
        units = min(fill, total)
        part = [Decimal(int(each * units) // int(total)) if total else Decimal(0) for each in room]
        left = units - sum(part)
        while left > 0:
            for index in range(len(orders)):
                if left > 0 and room[index] > part[index]:
                    unit = min(Decimal(1), left, room[index] - part[index])
                    part[index] += unit
                    left -= unit
        got = [have + each for have, each in zip(got, part, strict=True)]
    return got


def sum_by_order(shared: list[list[Decimal]]) -> list[Decimal]:
    return [sum(parts, Decimal(0)) for parts in zip(*shared, strict=True)]


@given(st.lists(whole, min_size=1, max_size=5), st.lists(whole, min_size=1, max_size=6))
def test_a2_a4_pr_fifo_is_the_contracts_reference_algorithm(
    fills: list[Decimal], orders: list[Decimal]
) -> None:
    assert sum_by_order(apportion_fills("PR-FIFO", fills, orders, orders)) == reference_allocation(
        fills, orders
    )


@given(algorithms, sizes, sizes)
def test_a3_a6_a7_all_filled_units_are_allocated_within_the_orders_sizes(
    algorithm: str, fills: list[Decimal], orders: list[Decimal]
) -> None:
    got = sum_by_order(apportion_fills(algorithm, fills, orders, orders))
    assert sum(got) == min(sum(fills), sum(orders))
    assert all(0 <= have <= size for have, size in zip(got, orders, strict=True))


@given(st.sampled_from(sorted(WEIGHTED_ALGORITHMS)), whole | tenths, sizes)
def test_a16_weights_share_everything(algorithm: str, units: Decimal, weights: list[Decimal]) -> None:
    got = apportion_by_weight(algorithm, units, weights)
    assert sum(got) == units
    assert all(
        abs(have - units * weight / sum(weights)) <= 1 for have, weight in zip(got, weights, strict=True)
    )


@given(st.lists(st.tuples(whole | tenths, whole | tenths), min_size=1))
def test_a10_an_average_lies_between_its_prices(pairs: list[tuple[Decimal, Decimal]]) -> None:
    price = weighted_average(pairs)
    assert price is not None
    assert min(p for _, p in pairs) <= price <= max(p for _, p in pairs)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_a_number_is_written_without_an_exponent(number: Decimal) -> None:
    assert trim_zeros(number) == number
    assert "E" not in decimal_text(number)
    assert not decimal_text(number).endswith(".")


@settings(max_examples=40)
@given(
    orders=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    rounds=st.lists(
        st.tuples(
            st.lists(st.integers(1, 40), max_size=3), st.sets(st.integers(0, 9), max_size=4), algorithms
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a11_a12_fills_runs_and_bookings_in_any_order_keep_the_sums(
    orders: list[int], rounds: list[tuple[list[int], set[int], str]]
) -> None:
    with RulesClient() as desk:
        desk.create("B", {f"O{number}": size for number, size in enumerate(orders)})
        desk.place("P", "B", sum(orders))
        filled = fills_made = 0
        for fills, booked, algorithm in rounds:
            for size in fills:
                fills_made += 1
                desk.fill(f"E{fills_made}", "P", size)
                filled += size
            desk.allocate("P", algorithm=algorithm)
            if not filled:
                continue
            before = desk.allocated()
            assert sum(before.values()) == min(filled, sum(orders))
            for number, size in enumerate(orders):
                mine = [one for one in desk.all(Allocation) if one.allocated_order_id.code == f"O{number}"]
                assert sum(one.quantity for one in mine) <= size
            codes = sorted(before)
            chosen = {codes[index % len(codes)] for index in booked}
            if chosen:
                desk.book(*sorted(chosen), mark=True)
            desk.allocate("P", algorithm=algorithm)
            assert desk.allocated() == before
            assert not desk.wrote
