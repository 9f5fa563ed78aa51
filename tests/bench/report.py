"""One line per figure, the same for every benchmark."""

from __future__ import annotations

from math import inf


def heading(text: str) -> None:
    """Print what the next lines are about."""
    print(f"\n{text}", flush=True)


def note(text: str) -> None:
    """Print what a reader must know about the figures."""
    print(f"  {text}", flush=True)


def report(
    name: str, figure: float, target: float | None, unit: str, *, more_is_better: bool = False
) -> None:
    """Print ``figure`` beside ``target`` (None: there for comparison) and their ratio.

    A ratio of at most 1 is within the target, whichever way is better.
    """
    line = f"  {name:<52}{_number(figure):>11} {unit:<7}"
    if target is not None:
        if not (figure and target):
            ratio = inf if figure and not more_is_better else 0.0
        else:
            ratio = target / figure if more_is_better else figure / target
        line += f" target {_number(target):>9}  ratio {ratio:5.2f}{'' if ratio <= 1 else '  over'}"
    print(line.rstrip(), flush=True)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"
