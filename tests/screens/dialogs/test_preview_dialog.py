"""The last look before sending: each tier has its own yes, and nothing else is one."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from textual import events
from textual.screen import Screen

from tui.api.base import ResourceId
from tui.screens.dialogs.dialog import GUARD_S
from tui.screens.dialogs.preview_dialog import PreviewDialog
from tui.service.environment import Environment, EnvironmentKind
from tui.service.snapshot.snapshot import EntityKind, Ref
from tui.service.verbs.preview_line import PreviewLine
from tui.service.verbs.verb import Tier
from tui.service.writes.preview import Preview, PreviewWarning, SideTotal

Opened = Callable[[Screen[Any]], Any]
CURL = "curl -X POST 'https://example.com/api' \\\n  -H 'Authorization: Bearer ***' \\\n  -d '{}'"


class StoppedClock:
    """A clock that stands until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StoppedClock:
    made = StoppedClock()
    monkeypatch.setattr("tui.screens.dialogs.dialog.clock", made)
    return made


def line(number: int, side: str = "Buy") -> PreviewLine:
    return PreviewLine(
        Ref(EntityKind.ORDERS, ResourceId("Desk", f"ORD-{number}")),
        side,
        Decimal(50_000),
        Decimal("0.82"),
        "GBP",
        "LUID_VOD",
        ResourceId("Desk", "GROWTH"),
    )


def warning(number: int) -> PreviewWarning:
    texts = tuple(f"ORD-{number}{n}: [b \x1b[31m is {n} % off the last price." for n in range(3))
    return PreviewWarning(f"kind {number}", 3, texts[0], True, texts)


def preview(
    tier: Tier = Tier.T1, *, kind: EnvironmentKind = EnvironmentKind.LOCAL, count: int = 2, soft: int = 0
) -> Preview:
    address = "" if kind is EnvironmentKind.LOCAL else "https://acme.example.com/api"
    totals = (
        SideTotal("Buy", "GBP", 1, Decimal(50_000), Decimal(41_000)),
        SideTotal("SellShort", "USD", 1, Decimal(1200), None, unpriced=1),
    )
    return Preview(
        verb="placeblocks",
        headline=f"Place {count} blocks",
        environment=Environment("demo", kind, address),
        count=count,
        tier=tier,
        hard=("ORD-1: notional 30,000,000 GBP is above the limit.",) if tier is Tier.HARD else (),
        soft=tuple(warning(number) for number in range(soft)),
        totals=totals,
        largest=(line(1), line(2, "SellShort")),
        effects=("BLK-1 will hold 3 orders, 227.",),
        typical="at most 3.4 times the typical order of GROWTH",
        items={
            line(number).ref: f"{side} 50,000 VOD (Vodafone) limit 0.82 GBP, day, for GROWTH · ORD-{number}"
            for number, side in ((1, "Buy"), (2, "Sell short"))
        },
    )


async def answers(
    stage: Opened, clock: StoppedClock, shown: Preview, *keys: str, after: float = 1.0
) -> list[bool | None]:
    app = stage(PreviewDialog(shown, CURL))
    async with app.run_test(size=(80, 24)) as pilot:
        clock.now += after
        await pilot.press(*keys)
        await pilot.pause()
    return list(app.answers)


async def test_enter_sends_the_first_tier_once(stage: Opened, clock: StoppedClock) -> None:
    assert await answers(stage, clock, preview(Tier.T1), "enter", "enter", "enter") == [True]


async def test_the_second_tier_wants_y_and_ignores_enter(stage: Opened, clock: StoppedClock) -> None:
    assert await answers(stage, clock, preview(Tier.T2), "enter", "space", "n") == []
    assert await answers(stage, clock, preview(Tier.T2), "enter", "y", "y") == [True]


async def test_the_third_tier_wants_the_count_typed(stage: Opened, clock: StoppedClock) -> None:
    shown = preview(Tier.T3, count=26)
    assert await answers(stage, clock, shown, "y", "enter", "2", "7", "enter", "2", "enter") == []
    assert await answers(stage, clock, shown, "2", "7", "enter", "2", "6", "6", "backspace", "enter") == [
        True
    ]


async def test_a_hard_refusal_has_no_yes(stage: Opened, clock: StoppedClock) -> None:
    assert await answers(stage, clock, preview(Tier.HARD), "enter", "y", "2", "enter") == []
    assert await answers(stage, clock, preview(Tier.HARD), "enter", "escape") == [False]


async def test_escape_and_ctrl_c_are_no(stage: Opened, clock: StoppedClock) -> None:
    assert await answers(stage, clock, preview(), "escape", "enter") == [False]
    assert await answers(stage, clock, preview(), "ctrl+c") == [False]


async def test_keys_typed_before_it_could_be_read_are_thrown_away(stage: Opened, clock: StoppedClock) -> None:
    assert await answers(stage, clock, preview(), "enter", after=0.0) == []
    assert await answers(stage, clock, preview(), "enter", after=GUARD_S - 0.001) == []
    assert await answers(stage, clock, preview(), "enter", after=GUARD_S + 0.001) == [True]


async def test_a_key_held_down_since_before_never_becomes_a_yes(stage: Opened, clock: StoppedClock) -> None:
    app = stage(PreviewDialog(preview(), CURL))
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(30):
            clock.now += 0.033
            await pilot.press("enter")
        assert app.answers == []
        clock.now += 1
        await pilot.press("enter")
        await pilot.pause()
    assert app.answers == [True]


@pytest.mark.parametrize(("tier", "text"), [(Tier.T1, "\n"), (Tier.T2, "y\n"), (Tier.T3, "2\n")])
async def test_a_paste_never_confirms(stage: Opened, clock: StoppedClock, tier: Tier, text: str) -> None:
    app = stage(PreviewDialog(preview(tier), CURL))
    async with app.run_test(size=(80, 24)) as pilot:
        clock.now += 1
        app.post_message(events.Paste(text))
        await pilot.pause()
        assert app.answers == []
        assert "2_" not in app.text


async def test_what_is_said_is_in_order_and_above_the_fold(stage: Opened, clock: StoppedClock) -> None:
    app = stage(PreviewDialog(preview(Tier.T3, kind=EnvironmentKind.PROD, count=26, soft=7), CURL))
    async with app.run_test(size=(80, 24)):
        text = app.text
        expected = [
            "PROD demo acme.example.com",
            "Place 26 blocks",
            "kind 0 (3)",
            "kind 4 (3)",
            "and 6 more: w shows all",
            "41,000.00 GBP",
            "? USD  no price for 1",
            "3.4 times the typical order",
            "largest 2 of 26",
            "41,000.00 GBP  Buy 50,000 VOD (Vodafone) limit 0.82 GBP, day, for GROWTH",
            "41,000.00 GBP  Sell short 50,000 VOD",
            "BLK-1 will hold 3 orders, 227.",
            "Type the count, 26, and Enter to send",
        ]
        places = [text.find(part) for part in expected]
        assert -1 not in places
        assert places == sorted(places)
        assert "kind 5" not in text
        assert "\x1b" not in text
        assert "[b \ufffd[31m" in text


async def test_numbers_stand_on_their_decimal_points_and_what_is_not_known_is_said(
    stage: Opened, clock: StoppedClock
) -> None:
    totals = (
        SideTotal("Buy", "GBP", 2, Decimal("1200.5"), Decimal(41_000)),
        SideTotal("Buy", "JPY", 12, Decimal(56_000), Decimal(154_840_000)),
        SideTotal("Sell", "USD", 1, None, Decimal(1_500_000), in_money=True),
        SideTotal("Sell", "USD", 3, None, None, unsized=1, unpriced=2),
    )
    dialog = PreviewDialog(replace(preview(), totals=totals), CURL)
    app = stage(dialog)
    async with app.run_test(size=(80, 24)):
        told = [line.strip("│ ") for line in app.text.splitlines() if " items " in line or "JPY" in line]
        assert told == [
            "side  items  quantity            notional",
            "Buy      12  56,000    154,840,000    JPY",
        ]
        assert "│ Buy       2   1,200.5       41,000.00 GBP " in app.text
        assert "│ Sell      1              1,500,000.00 USD " in app.text
        assert "│ Sell      3         ?               ? USD  no size for 1, no price for 2 " in app.text


async def test_money_is_never_cut_in_a_narrow_terminal(stage: Opened, clock: StoppedClock) -> None:
    first, second = preview().largest
    dear = replace(first, quantity=Decimal(123_456_789_012))
    app = stage(PreviewDialog(replace(preview(), largest=(dear, second)), CURL))
    async with app.run_test(size=(40, 24)):
        assert "│ 101,234,566,989.84 GBP " in app.text
        assert "│   Buy 50,000 VOD (Vodafone) limit" in app.text


async def test_a_hard_reason_is_named(stage: Opened, clock: StoppedClock) -> None:
    app = stage(PreviewDialog(preview(Tier.HARD, kind=EnvironmentKind.TEST), CURL))
    async with app.run_test(size=(80, 24)):
        assert "No: ORD-1: notional 30,000,000 GBP is above the limit." in app.text
        assert "This cannot be sent." in app.text


async def test_request_and_warnings_are_looked_at_without_deciding(
    stage: Opened, clock: StoppedClock
) -> None:
    app = stage(PreviewDialog(preview(Tier.T1, soft=6), CURL))
    async with app.run_test(size=(120, 34)) as pilot:
        clock.now += 1
        await pilot.press("r")
        assert "Authorization: Bearer ***" in app.text
        await pilot.press("enter")
        assert app.answers == []
        await pilot.press("escape", "w")
        assert "ORD-52: [b" in app.text
        await pilot.press("enter", "escape")
        assert "Press Enter to send." in app.text
        assert app.answers == []
        await pilot.press("enter")
        await pilot.pause()
    assert app.answers == [True]


@pytest.mark.parametrize("size", [(80, 24), (120, 34), (200, 50), (50, 12)])
async def test_the_question_is_in_sight_at_every_size(
    stage: Opened, clock: StoppedClock, size: tuple[int, int]
) -> None:
    app = stage(PreviewDialog(preview(Tier.T2, soft=7), CURL))
    async with app.run_test(size=size) as pilot:
        assert "Send it? y sends; Enter does nothing." in app.text or "Scroll to the end first" in app.text
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert "Send it?" in app.text or "Scroll to the end first" in app.text
        await pilot.resize_terminal(200, 50)
        await pilot.pause()
        assert "Buy 50,000 VOD (Vodafone) limit" in app.text


async def test_what_changes_under_the_eyes_is_marked_and_asked_again(
    stage: Opened, clock: StoppedClock
) -> None:
    shown = preview(Tier.T3, count=26)
    dialog = PreviewDialog(shown, CURL)
    app = stage(dialog)
    async with app.run_test(size=(120, 34)) as pilot:
        clock.now += 1
        await pilot.press("2", "6")
        dialog.revise(replace(shown, effects=("BLK-1 will hold 2 orders, 100.",)), "Changed at 10:02:11.")
        await pilot.pause()
        assert "Changed at 10:02:11." in app.text
        assert "> BLK-1 will hold 2 orders, 100." in app.text
        assert "> Place 26 blocks" not in app.text
        assert "to send: _" in app.text
        await pilot.press("enter")
        clock.now += 1
        await pilot.press("enter")
        assert app.answers == []
        await pilot.press("2", "6", "enter")
        await pilot.pause()
    assert app.answers == [True]


async def test_more_of_the_same_leaves_what_was_typed(stage: Opened, clock: StoppedClock) -> None:
    shown = preview(Tier.T3, count=26)
    dialog = PreviewDialog(shown, CURL)
    app = stage(dialog)
    async with app.run_test(size=(120, 34)) as pilot:
        clock.now += 1
        await pilot.press("2", "6")
        dialog.revise(replace(shown, effects=("BLK-1 will hold 2 orders, 100.",)))
        await pilot.pause()
        assert "BLK-1 will hold 2 orders, 100." in app.text
        assert "> " not in app.text
        await pilot.press("enter")
        await pilot.pause()
    assert app.answers == [True]


@pytest.mark.parametrize(
    ("tier", "yes"), [(Tier.T1, ["enter"]), (Tier.T2, ["y"]), (Tier.T3, ["2", "6", "enter"])]
)
async def test_what_does_not_fit_is_sent_only_after_all_of_it_was_in_sight(
    stage: Opened, clock: StoppedClock, tier: Tier, yes: list[str]
) -> None:
    shown = preview(tier, kind=EnvironmentKind.PROD, count=26, soft=5)
    app = stage(PreviewDialog(shown, CURL))
    async with app.run_test(size=(60, 12)) as pilot:
        clock.now += 1
        await pilot.press(*yes)
        assert "Scroll to the end first" in app.text
        await pilot.press("pagedown", *yes)
        assert app.answers == [], "the end is further down"
        await pilot.press(*["pagedown"] * 4)
        await pilot.pause()
        assert "BLK-1 will hold 3 orders, 227." in app.text
        assert "Scroll to the end first" not in app.text
        await pilot.press(*yes)
        await pilot.pause()
    assert app.answers == [True]


async def test_an_emergency_is_confirmed_at_once_and_a_key_shows_the_rest(
    stage: Opened, clock: StoppedClock
) -> None:
    shown = replace(preview(Tier.T3, count=26, soft=5), emergency=True)
    dialog = PreviewDialog(shown, CURL)
    app = stage(dialog)
    async with app.run_test(size=(60, 14)) as pilot:
        clock.now += 1
        await pilot.pause()
        assert "Place 26 blocks" in app.text
        assert re.search(r"and \d+ more lines: a shows all", app.text)
        assert "Type the count, 26," in app.text
        await pilot.press("a")
        await pilot.press(*["pagedown"] * 4)
        await pilot.pause()
        assert "BLK-1 will hold 3 orders, 227." in app.text
        await pilot.press("escape", "2")
        dialog.revise(replace(shown, afterwards=("PLC-1: 100 units freed",)))
        await pilot.press("6", "enter")
        await pilot.pause()
    assert app.answers == [True]


@pytest.mark.parametrize("many", [8, 40])
async def test_every_item_and_all_that_comes_of_it_can_be_read(
    stage: Opened, clock: StoppedClock, many: int
) -> None:
    shown = replace(
        preview(Tier.T2, count=many),
        items={line(n).ref: f"Buy {n} VOD (Vodafone) at market, day, for GROWTH" for n in range(many)},
        afterwards=tuple(f"PLC-{n}: {n} of {n} executed units allocated" for n in range(many)),
    )
    app = stage(PreviewDialog(shown, CURL))
    async with app.run_test(size=(80, 120)) as pilot:
        clock.now += 1
        await pilot.pause()
        assert f"largest 2 of {many}: a shows all" in app.text
        assert f"and {many - 5} more: a shows all" in app.text
        await pilot.press("a")
        await app.workers.wait_for_complete()
        await pilot.pause()
        for n in range(many):
            assert f"Buy {n} VOD (Vodafone) at market" in app.text
            assert f"PLC-{n}: {n} of {n} executed units allocated" in app.text
        await pilot.press("y")
        assert app.answers == [], "it is decided on the summary"
        await pilot.press("escape", "y")
        await pilot.pause()
    assert app.answers == [True]


async def test_what_changed_is_read_to_its_end_anew(stage: Opened, clock: StoppedClock) -> None:
    shown = preview(Tier.T2, soft=5)
    dialog = PreviewDialog(shown, CURL)
    app = stage(dialog)
    async with app.run_test(size=(60, 14)) as pilot:
        clock.now += 1
        await pilot.press(*["pagedown"] * 4)
        dialog.revise(replace(shown, effects=("BLK-1 will hold 2 orders, 100.",)), "Changed at 10:02:11.")
        await pilot.pause()
        clock.now += 1
        await pilot.press("y")
        assert app.answers == []
        assert "Changed at 10:02:11." in app.text, "it is shown from its beginning"
        await pilot.press(*["pagedown"] * 4, "y")
        await pilot.pause()
    assert app.answers == [True]


@pytest.mark.parametrize("size", [(20, 5), (40, 8), (30, 40)])
async def test_a_terminal_too_small_to_read_in_sends_nothing(
    stage: Opened, clock: StoppedClock, size: tuple[int, int]
) -> None:
    app = stage(PreviewDialog(preview(Tier.T2, kind=EnvironmentKind.PROD), CURL))
    async with app.run_test(size=size) as pilot:
        clock.now += 1
        await pilot.press("y", "pagedown", "y", "enter")
        assert app.answers == []
        assert "Too small: make" in app.text
        assert "40 x 10" in app.text
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        clock.now += 1
        await pilot.press("y")
        await pilot.pause()
    assert app.answers == [True]
