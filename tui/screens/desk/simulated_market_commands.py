"""The commands for the simulated market, where the server has one: pause, step, speed, halts."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from tui.actions.action import Scope
from tui.api.errors import ApiError
from tui.api.requests import MarketStatus
from tui.screens.desk.desk_command import DeskCommand, Run
from tui.screens.desk.layout import PanesScreen

SPEEDS: Final = (1, 10, 60)
"""The speeds offered, as multiples of real time."""


def _no_market(scope: Scope) -> str | None:
    return "This server has no simulated market." if scope.market is None else None


def _not_running(scope: Scope) -> str | None:
    held = scope.market is not None and not scope.market.running
    return _no_market(scope) or ("The market is paused already." if held else None)


def _running(scope: Scope) -> str | None:
    runs = scope.market is not None and scope.market.running
    return _no_market(scope) or ("The market is running already." if runs else None)


def _no_instrument(scope: Scope) -> str | None:
    return _no_market(scope) or (None if _instrument(scope) else "There is no instrument under the cursor.")


def _instrument(scope: Scope) -> str | None:
    """Return the LUSID instrument id of the first row in focus."""
    for row in scope.rows[:1]:
        luid: str | None = getattr(getattr(row, "block", row), "lusid_instrument_id", None)
        return luid
    return None


async def _change(
    desk: PanesScreen,
    *,
    running: bool | None = None,
    speed: Decimal | None = None,
    steps: int | None = None,
    halt: str | None = None,
    lift: str | None = None,
) -> None:
    """Change what is given, and report the state of the market."""
    server = desk.session.desk
    if server is None:
        return
    try:
        market = await server.market.change(running=running, speed=speed, steps=steps, halt=halt, lift=lift)
    except ApiError as error:
        advice = desk.session.with_keys(error.advice)
        desk.notify(
            f"The market could not be changed: {error.why.rstrip('.')}. {advice}",
            severity="error",
            markup=False,
        )
        return
    await server.refresh()
    desk.session.market = market
    if market is not None:
        desk.notify(_standing(market), markup=False)


def _standing(market: MarketStatus) -> str:
    state = "runs" if market.running else "is paused"
    sentences = [f"The market {state} at speed x{market.speed}; {market.fills} fills so far."]
    if market.phase == "Closed":
        sentences.append("It is closed.")
    if market.halts:
        sentences.append(f"Halted: {', '.join(halt.ticker for halt in market.halts)}.")
    return " ".join(sentences)


def _set(*, running: bool | None = None, speed: Decimal | None = None, steps: int | None = None) -> Run:
    def run(desk: PanesScreen) -> None:
        desk.run_worker(
            _change(desk, running=running, speed=speed, steps=steps), group="market", exit_on_error=False
        )

    return run


def halt_instrument(desk: PanesScreen) -> None:
    """Stop trading in the instrument under the cursor."""
    desk.run_worker(_change(desk, halt=_instrument(desk.scope())), group="market", exit_on_error=False)


def lift_halt(desk: PanesScreen) -> None:
    """Let the instrument under the cursor trade again."""
    desk.run_worker(_change(desk, lift=_instrument(desk.scope())), group="market", exit_on_error=False)


def _command(name: str, label: str, help: str, run: Run, needs: Callable[[Scope], str | None]) -> DeskCommand:
    return DeskCommand(
        f"market_{name}", "", f"Market: {label}", help, "Simulated market", disabled_reason=needs, run=run
    )


MARKET: Final[tuple[DeskCommand, ...]] = (
    _command("pause", "pause", "Pause the simulated market", _set(running=False), _not_running),
    _command("resume", "resume", "Let the market fill placements again", _set(running=True), _running),
    _command("step", "step", "Advance the market by one step", _set(steps=1), _no_market),
    *(
        _command(
            f"speed_{speed}",
            f"speed x{speed}",
            f"Run the market at {speed} times its normal speed",
            _set(speed=Decimal(speed)),
            _no_market,
        )
        for speed in SPEEDS
    ),
    _command(
        "halt",
        "halt this instrument",
        "Stop trading in the instrument under the cursor for some minutes",
        halt_instrument,
        _no_instrument,
    ),
    _command(
        "lift", "lift its halt", "Let the instrument under the cursor trade again", lift_halt, _no_instrument
    ),
)
